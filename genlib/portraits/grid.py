"""The grid of handles that a face is bent by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["REACH", "spline_basis"]

REACH = 16.0  # pixels: so far can a handle pull


def spline_basis(n: int, grid: int) -> NDArray[np.float64]:
    """Cubic B-splines, evenly spaced over n pixels: the weight of each handle at the middle of each pixel, (n, grid).

    They add up to 1 everywhere, so that equal handles move all pixels alike.

    Arguments:
        n: Pixels along a side.
        grid: Handles along a side, at least 4; the outermost lie beyond the edge.
    """
    at = (np.arange(n) + 0.5) * (grid - 3) / n
    u = np.abs(at[:, None] - np.arange(grid) + 1)  # distance to each handle
    basis: NDArray[np.float64] = np.where(u < 1, (4 - 6 * u**2 + 3 * u**3) / 6, np.maximum(2 - u, 0) ** 3 / 6)
    return basis
