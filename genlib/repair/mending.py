"""Repairs of images that are bytes: what pages and commands ask for, in the worker process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genlib.knobs import InputError
from genlib.repair.names import METHODS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Mended", "check_mask", "mend", "mend_whole"]

_MOST = 64  # images at once
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
    images: _Bytes, mask: NDArray[np.bool_], method: str, n: int = 8, seed: int = 0, label: int | None = None
) -> Iterator[Mended]:
    """Repair images that have the same hole.

    Arguments:
        images: (B, 28, 28), one byte a pixel, at most 64; what stands at missing pixels is not looked at.
        mask: True where a pixel is seen, (28, 28).
        method: A name in ``METHODS``.
        n: Samples of each image, 1 to 32.
        seed: Of the noise.
        label: Their digit, if it is told; methods whose model cannot be told leave it aside.

    Yields:
        The repair as it stands; the last is the answer.

    Raises:
        InputError: If any of these cannot be.
    """
    import torch

    from genlib.repair.methods import Task, run
    from genlib.seeding import torch_rng

    check_mask(mask)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8 or not 1 <= len(images) <= _MOST:
        raise InputError(f"Images must have 28 x 28 pixels of one byte, at most {_MOST} at once: give such.")
    if method not in METHODS:
        raise InputError(f"There is no repair called {str(method)[:20]!r}: choose {', '.join(METHODS)}.")
    if not 1 <= n <= 32:
        raise InputError(f"The number of samples cannot be {n}: choose 1 to 32.")
    if label is not None and not 0 <= label <= 9:
        raise InputError(f"There is no digit {label}: choose 0 to 9.")
    labels = None if label is None else torch.full((len(images),), label)
    x = torch.tensor(images).unsqueeze(1) / 255
    for guess in run(method, Task(x, torch.tensor(mask), labels, n, torch_rng(seed, "repair", method))):
        drawn = [] if guess.samples is None else [_bytes(each, images, mask) for each in guess.samples]
        samples = np.stack(drawn) if drawn else np.empty((0, *images.shape), np.uint8)
        yield Mended(guess.progress, _bytes(guess.x, images, mask), samples)


def mend_whole(
    images: _Bytes, mask: NDArray[np.bool_], method: str, n: int = 8, seed: int = 0, label: int | None = None
) -> Mended:
    """The end of :func:`mend`."""
    *_, last = mend(images, mask, method, n, seed, label)
    return last


def check_mask(mask: NDArray[np.bool_]) -> None:
    """Refuse what is no mask, or leaves nothing to repair.

    Raises:
        InputError: If it is so.
    """
    if mask.shape != (28, 28) or mask.dtype != np.bool_:
        raise InputError("A mask must have 28 x 28 pixels, each seen or missing: give such a one.")
    if mask.all():
        raise InputError("Nothing is missing, so there is nothing to repair: paint a hole or choose one.")


def _bytes(x: Tensor, images: _Bytes, mask: NDArray[np.bool_]) -> _Bytes:
    """Images (B, 1, 28, 28) in [0, 1] as bytes, with the pixels that were seen as they were."""
    drawn: _Bytes = (x[:, 0] * 255).round().clamp(0, 255).byte().numpy()
    return np.where(mask, images, drawn)
