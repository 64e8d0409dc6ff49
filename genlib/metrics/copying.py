r"""Whether what is made was learnt, or learnt by heart.

References:
    A Non-Parametric Test to Detect Data-Copying in Generative Models (Meehan, Chaudhuri & Dasgupta, 2020), AISTATS
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Nearest", "nearest_of"]

_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest image of each of some.

    Arguments:
        which: Number of the nearest in the pool, (n,).
        squared: Squared distance to it, summed over pixels of 0 to 1, (n,).
    """

    which: NDArray[np.int64]
    squared: NDArray[np.float64]


def nearest_of(images: NDArray[np.uint8], pool: NDArray[np.uint8]) -> Nearest:
    """For each image the nearest of a pool, by the squared error of the pixels; all pairs are looked at.

    Arguments:
        images: (n, 28, 28), one byte a pixel.
        pool: (N, 28, 28).
    """
    x = images.reshape(len(images), -1).astype(np.float32) / 255
    best, which = np.full(len(x), np.inf, np.float32), np.zeros(len(x), np.int64)
    for start in range(0, len(pool), _AT_ONCE):
        part = pool[start : start + _AT_ONCE].reshape(-1, x.shape[1]).astype(np.float32) / 255
        apart = np.square(part).sum(1) - 2 * (x @ part.T)  # short of what is the same for all of the pool
        first = apart.argmin(1)
        least = apart[np.arange(len(x)), first]
        nearer = least < best
        best[nearer], which[nearer] = least[nearer], start + first[nearer]
    found = pool[which].reshape(len(x), -1).astype(np.float64) / 255
    return Nearest(which, np.square(found - images.reshape(len(x), -1) / 255).sum(1))
