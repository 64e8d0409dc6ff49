"""The training images most like an image: is what a model draws new, or a copy?"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import Images, load_images
from genlib.knobs import InputError

__all__ = ["nearest"]

_AT_ONCE = 500  # images that are held as single precision at once: 1.6 MB, what a processor keeps close
_PIXELS = 28 * 28
# Sums of 784 products of two bytes, in single precision, are wrong by less than this.
_ROUNDING = 784 * 255**2 * 784 * 2.0**-24


def nearest(
    image: NDArray[np.uint8], n: int, images: Images | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    r"""The ``n`` training images with the least squared error $\|x - x_i\|^2$ to an image, the nearest first.

    All are looked at. Among equals the first in the file is first.

    Arguments:
        image: (28, 28), one byte a pixel.
        n: How many, from 1 to 1,000.
        images: Those whose training images are looked at; by default MNIST.

    Returns:
        Which of ``images.train`` they are, (n,), and the squared error of each, summed over pixels that are 0 to
        1, (n,).

    Raises:
        InputError: If it is no such image or number.
    """
    if image.shape != (28, 28) or image.dtype != np.uint8:
        raise InputError("The image must have 28 x 28 pixels of one byte: scale it first.")
    if not 1 <= n <= 1000:
        raise InputError(f"The number of nearest images cannot be {n}: choose 1 to 1,000.")
    images = images or load_images()
    train = images.train.reshape(-1, _PIXELS)
    n = min(n, len(train))
    x = image.reshape(-1).astype(np.float32)
    products = np.concatenate([part.astype(np.float32) @ x for part in _parts(train)])
    near = _squares(images) - 2.0 * products  # short of what is the same for all
    within = np.partition(near, n - 1)[n - 1] + 4 * _ROUNDING
    candidates = np.flatnonzero(near <= within)
    apart = np.square(train[candidates].astype(np.int64) - image.reshape(-1)).sum(1)
    first = np.argsort(apart, kind="stable")[:n]
    return candidates[first], apart[first] / 255.0**2


@lru_cache(maxsize=2)
def _squares(images: Images) -> NDArray[np.float64]:
    """Sum of the squares of each training image, (N,), exact."""
    parts = (part.astype(np.float64) for part in _parts(images.train.reshape(-1, _PIXELS)))
    return np.concatenate([np.einsum("ij,ij->i", part, part) for part in parts])


def _parts(rows: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
