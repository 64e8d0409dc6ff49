"""Repairs of images that are bytes: what pages and commands ask for, in the worker process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genlib.data.damage import kernel, noise
from genlib.knobs import InputError
from genlib.repair.names import DIGITS, METHODS, Learnt
from genlib.settings import DamageConfig

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.models.measuring import Measurement

__all__ = ["Mended", "check_mask", "mend", "mend_whole", "restore", "watch"]

_MOST = 64  # images at once
_WATCHED = 25
_Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Mended:
    """A repair, as it stands.

    Arguments:
        progress: Share of the work that is done, 0 to 1.
        images: The best guess, (B, 28, 28), one byte a pixel; seen pixels are what they were.
        samples: Several answers, (n, B, 28, 28); none where the method has but one.
    """

    progress: float
    images: _Bytes
    samples: _Bytes

    @property
    def spread(self) -> NDArray[np.float64]:
        """Standard deviation of each pixel over the samples, (B, 28, 28), in grey levels 0 to 1; 0 where none are."""
        if not len(self.samples):
            return np.zeros(self.images.shape)
        return np.asarray((self.samples / 255).std(axis=0))


def mend(
    images: _Bytes,
    mask: NDArray[np.bool_],
    method: str,
    n: int = 8,
    seed: int = 0,
    label: int | None = None,
    learnt: Learnt = DIGITS,
) -> Iterator[Mended]:
    """Repair images that have the same hole.

    Arguments:
        images: (B, 28, 28), one byte a pixel, at most 64; what stands at missing pixels is not looked at.
        mask: True where a pixel is seen, (28, 28).
        method: A name in ``METHODS``.
        n: Samples of each image, 1 to 32.
        seed: Of the noise.
        label: Their digit or class, if it is told; methods whose model cannot be told leave it aside.
        learnt: What the method has learned from; by default MNIST.

    Yields:
        The repair as it stands; the last is the answer.

    Raises:
        InputError: If any of these cannot be.
    """
    import torch

    from genlib.models.measuring import Measurement

    check_mask(mask)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8 or not 1 <= len(images) <= _MOST:
        raise InputError(f"Images must have 28 x 28 pixels of one byte, at most {_MOST} at once: give such.")
    _check(method, n, label)
    look = Measurement(torch.tensor(mask))
    for guess in _guesses(look(torch.tensor(images).unsqueeze(1) / 255), look, method, n, seed, label, learnt):
        # Bytes that were seen come back as they were, whatever numbers make of them.
        yield Mended(guess.progress, np.where(mask, images, guess.images), np.where(mask, images, guess.samples))


def restore(
    known: NDArray[np.float32],
    config: DamageConfig,
    method: str,
    n: int = 8,
    seed: int = 0,
    label: int | None = None,
    learnt: Learnt = DIGITS,
) -> Iterator[Mended]:
    """Repair images that are noisy, blurred or small.

    Arguments:
        known: What :func:`genlib.data.damage.damage` left of them, (B, S, S), at most 64.
        config: How they were damaged.
        method: A name in ``METHODS``, of those that can mend such damage.
        n: Samples of each image, 1 to 32.
        seed: Of the noise of the method.
        label: As for :func:`mend`.
        learnt: As for :func:`mend`.

    Yields:
        The repair as it stands; the last is the answer.

    Raises:
        InputError: If any of these cannot be.
    """
    import torch

    from genlib.models.measuring import Measurement

    if config.damage == "hole":
        raise InputError(
            "A hole is no damage of the whole image: mend it as one, or choose noise, blur or a low resolution."
        )
    side = len(kernel(config))
    if known.ndim != 3 or known.shape[1:] != (side, side) or not 1 <= len(known) <= _MOST:
        raise InputError(f"Images damaged so must have {side} x {side} pixels, at most {_MOST} at once: give such.")
    if not np.isfinite(known).all():
        raise InputError("A pixel of the damaged images is no finite number: give black as 0 and white as 1.")
    _check(method, n, label)
    if config.damage not in METHODS[method].mends:
        raise InputError(f"{METHODS[method].title} cannot mend this: {METHODS[method].why}")
    everywhere = torch.ones(side, side, dtype=torch.bool)
    changes = None if config.damage == "noise" else torch.tensor(kernel(config), dtype=torch.float32)
    look = Measurement(everywhere, changes, noise(config))
    yield from _guesses(torch.tensor(known, dtype=torch.float32).flatten(1), look, method, n, seed, label, learnt)


def mend_whole(
    images: _Bytes,
    mask: NDArray[np.bool_],
    method: str,
    n: int = 8,
    seed: int = 0,
    label: int | None = None,
    learnt: Learnt = DIGITS,
) -> Mended:
    """The end of :func:`mend`."""
    *_, last = mend(images, mask, method, n, seed, label, learnt)
    return last


def watch(
    image: NDArray[Any],
    damage: NDArray[np.bool_] | DamageConfig,
    method: str,
    n: int,
    seed: int,
    label: int | None,
    learnt: Learnt = DIGITS,
) -> tuple[Mended, _Bytes]:
    """Repair one image, (28, 28) bytes with a mask or what else :func:`restore` takes, and keep guesses on the way.

    Returns:
        The end, and at most 25 guesses from the first to the last, (T, 28, 28).
    """
    if isinstance(damage, DamageConfig):
        repair = restore(image[None], damage, method, n, seed, label, learnt)
    else:
        repair = mend(image[None], damage, method, n, seed, label, learnt)
    steps = list(repair)
    kept = np.linspace(0, len(steps) - 1, min(len(steps), _WATCHED)).round().astype(int)
    return steps[-1], np.stack([steps[i].images[0] for i in kept])


def check_mask(mask: NDArray[np.bool_]) -> None:
    """Refuse what is no mask, or leaves nothing to repair.

    Raises:
        InputError: If it is so.
    """
    if mask.shape != (28, 28) or mask.dtype != np.bool_:
        raise InputError("A mask must have 28 x 28 pixels, each seen or missing: give such a one.")
    if mask.all():
        raise InputError("Nothing is missing, so there is nothing to repair: paint a hole or choose one.")


def _check(method: str, n: int, label: int | None) -> None:
    if method not in METHODS:
        raise InputError(f"There is no repair called {str(method)[:20]!r}: choose {', '.join(METHODS)}.")
    if not 1 <= n <= 32:
        raise InputError(f"The number of samples cannot be {n}: choose 1 to 32.")
    if label is not None and not 0 <= label <= 9:
        raise InputError(f"There is no digit {label}: choose 0 to 9.")


def _guesses(
    y: Tensor, look: Measurement, method: str, n: int, seed: int, label: int | None, learnt: Learnt
) -> Iterator[Mended]:
    import torch

    from genlib.repair.methods import Task, run
    from genlib.seeding import torch_rng

    labels = None if label is None else torch.full((len(y),), label)
    for guess in run(method, Task(y, look, labels, n, torch_rng(seed, "repair", method), learnt)):
        samples = torch.empty(0, *guess.x.shape) if guess.samples is None else guess.samples
        yield Mended(guess.progress, _bytes(guess.x), _bytes(samples))


def _bytes(x: Tensor) -> _Bytes:
    """Images (..., 1, 28, 28) in [0, 1] as bytes, (..., 28, 28)."""
    drawn: _Bytes = (x.squeeze(-3) * 255).round().clamp(0, 255).byte().numpy()
    return drawn
