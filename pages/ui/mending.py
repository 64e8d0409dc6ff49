"""What is to be repaired, and what methods make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.data.damage import damage
from genlib.repair import METHODS, Mended, Score, score
from genlib.settings import DamageConfig
from pages.ui import cached

__all__ = ["Found", "Hole", "Task", "ask"]

Hole = NDArray[np.bool_]
_SAMPLES, _SEED = 8, 0
_ORANGE = (232, 131, 58)


@dataclass(frozen=True)
class Task:
    """A damaged image.

    Arguments:
        pixels: The image before, 28 x 28 bytes.
        mask: A byte for each pixel, 1 where it is as it was.
        label: Its digit, where that is told.
        config: How the whole is damaged, unless it has a hole.
    """

    pixels: bytes
    mask: bytes
    label: int | None
    config: DamageConfig

    @property
    def image(self) -> NDArray[np.uint8]:
        return np.frombuffer(self.pixels, np.uint8).reshape(28, 28)

    @property
    def seen(self) -> Hole:
        return np.frombuffer(self.mask, np.bool_).reshape(28, 28)

    @property
    def holed(self) -> bool:
        return self.config.damage == "hole"

    @property
    def known(self) -> NDArray[np.float32]:
        """What noise, blur or low resolution leave, (S, S)."""
        return damage(self.image[None], self.config)[0]

    @property
    def damaged(self) -> NDArray[np.uint8]:
        """What it looks like, (28, 28, 3): a hole is in colour."""
        if not self.holed:
            grey = np.clip(self.known * 255, 0, 255).astype(np.uint8)
            wide = 28 // len(grey)
            return grey.repeat(wide, 0).repeat(wide, 1)[:, :, None].repeat(3, 2)
        image = np.repeat(self.image[:, :, None], 3, axis=2)
        image[~self.seen] = _ORANGE
        return image


@dataclass(frozen=True, eq=False)
class Found:
    """What a method made of a task, how near that is, what the classifier reads, and how it came about."""

    mended: Mended
    score: Score
    digit: int
    sure: float
    steps: NDArray[np.uint8]

    @property
    def image(self) -> NDArray[np.uint8]:
        return self.mended.images[0]


def ask(task: Task, name: str) -> Found:
    """The repair by one method; kept for all visitors.

    Raises:
        InputError: If its model is missing, or it takes too long.
    """
    label = task.label if METHODS[name].labelled else None
    if task.holed:
        mended, steps = cached.mended(task.pixels, task.mask, name, _SAMPLES, _SEED, label)
    else:
        mended, steps = cached.restored(task.known.tobytes(), task.config, name, _SAMPLES, _SEED, label)
    ((digit, sure),) = cached.read(mended.images.tobytes())
    return Found(mended, score(mended.images[0], task.image, task.seen), digit, sure, steps)
