"""What is to be repaired, and what methods make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from genlib.data.damage import damage
from genlib.data.images import load_images
from genlib.repair import METHODS, Learnt, Mended, Score, score, watch
from genlib.runs import RunFolder, saved_digest
from genlib.settings import FAMILIES, FAMILY_NAMES, MNIST, DamageConfig
from pages.ui import cached
from pages.ui.server import compute

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
        label: Its digit or class, where that is told.
        config: How the whole is damaged, unless it has a hole.
        data: What methods know: "mnist", or the hash of a visitor's data set.
        runs: Of a visitor's data set the runs whose models mend, by family.
    """

    pixels: bytes
    mask: bytes
    label: int | None
    config: DamageConfig
    data: str = MNIST
    runs: Mapping[str, RunFolder] = field(default_factory=dict)

    def why_not(self, name: str) -> str:
        """Why a method cannot mend this; empty if it can."""
        method = METHODS[name]
        if self.config.damage not in method.mends:
            return f"cannot mend this: {method.why}"
        if self.data != MNIST and method.family and method.family not in self.runs:
            how = "train one" if method.family in FAMILIES else "the command line trains one"
            return f"needs a run of yours of the family {FAMILY_NAMES[method.family]} on these images: {how}."
        return ""

    @property
    def classes(self) -> tuple[str, ...]:
        """What the images show."""
        return load_images(self.data).classes

    def learnt(self, name: str) -> Learnt:
        """What a method takes."""
        run = self.runs.get(METHODS[name].family)
        return Learnt(self.data, None if run is None else run.path)

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
    """What a method made of a task, how near that is, what is read in it and how surely, and how it came about."""

    mended: Mended
    score: Score
    digit: int
    sure: float | None
    steps: NDArray[np.uint8]

    @property
    def image(self) -> NDArray[np.uint8]:
        return self.mended.images[0]


@lru_cache(maxsize=1024)
def _watched(
    known: bytes, damage: bytes | DamageConfig, name: str, label: int | None, learnt: Learnt, state: str
) -> tuple[Mended, NDArray[np.uint8]]:
    """A repair and its steps.

    Arguments:
        known: 28 x 28 bytes if there is a hole, else what is left, in single precision.
        damage: A byte for each pixel, 1 where it is as it was; or what was done to the whole.
        name: Of the method.
        label: What it is told.
        learnt: What it has learned from.
        state: Tells the states of its model apart.
    """
    if isinstance(damage, bytes):
        image, seen = np.frombuffer(known, np.uint8).reshape(28, 28), np.frombuffer(damage, np.bool_).reshape(28, 28)
        return compute(watch, image, seen, name, _SAMPLES, _SEED, label, learnt)
    left = np.frombuffer(known, np.float32)
    side = round(len(left) ** 0.5)
    return compute(watch, left.reshape(side, side), damage, name, _SAMPLES, _SEED, label, learnt)


def ask(task: Task, name: str) -> Found:
    """The repair by one method; kept for all visitors.

    Raises:
        InputError: If its model is missing, or it takes too long.
    """
    label = task.label if METHODS[name].labelled or task.data != MNIST else None
    learnt = task.learnt(name)
    state = "" if learnt.folder is None else saved_digest(learnt.folder)
    known = task.pixels if task.holed else task.known.tobytes()
    mended, steps = _watched(known, task.mask if task.holed else task.config, name, label, learnt, state)
    ((digit, sure),) = cached.read(mended.images.tobytes(), task.data)
    return Found(mended, score(mended.images[0], task.image, task.seen), digit, sure, steps)
