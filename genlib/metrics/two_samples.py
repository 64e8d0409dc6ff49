r"""Whether two samples come from one distribution, of which nothing need be known.

References:
    Energy Statistics: A Class of Statistics Based on Distances (Székely & Rizzo, 2013), J. Stat. Planning and Inference
    Revisiting Classifier Two-Sample Tests (Lopez-Paz & Oquab, 2017), ICLR
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.metrics.balls import squared_distances

__all__ = ["Told", "energy_distance", "tell_apart"]

_Array = NDArray[np.float64]
_AT_ONCE = 1000  # rows of distances that are held at once


def energy_distance(a: _Array, b: _Array) -> float:
    r"""How far two samples are from each other: by how much points differ more between them than within.

    $$D^2 = 2\,\mathrm E\|X - Y\| - \mathrm E\|X - X'\| - \mathrm E\|Y - Y'\|$$

    It is 0 only for equal distributions. The means run over all pairs, also of a point with itself, so that it is never
    negative, and a little above 0 for two samples of one distribution.

    Arguments:
        a: (N, D).
        b: (M, D).

    Returns:
        $D^2$, in the unit of the points.
    """
    centre = a.mean(0)  # where squares are small, their differences are the more exact
    a, b = a - centre, b - centre
    return max(2 * _apart(a, b) - _apart(a, a) - _apart(b, b), 0.0)


def _apart(a: _Array, b: _Array) -> float:
    """Mean distance over all pairs."""
    sums = [np.sqrt(squared_distances(a[i : i + _AT_ONCE], b)).sum() for i in range(0, len(a), _AT_ONCE)]
    return float(sum(sums)) / (len(a) * len(b))


@dataclass(frozen=True)
class Told:
    """How well a classifier tells real from made.

    Attributes:
        accuracy: Share of points it had not seen that it calls by their right name; one half where both are the same.
        stderr: Standard error of that, if both are the same.
        p: How probable so much accuracy or more is, if both are the same.
    """

    accuracy: float
    stderr: float
    p: float


def tell_apart(a: _Array, b: _Array, rng: np.random.Generator) -> Told:
    r"""The classifier two-sample test (Lopez-Paz & Oquab, 2017), by nearest neighbours.

    One half of both samples teaches, the other is told apart by the vote of the $\sqrt n$ nearest (an odd number) of
    the n that teach. If both come from one distribution, the accuracy is near $\mathcal N(\frac12, \frac1{4n})$.

    Arguments:
        a: (N, D), at least four points.
        b: As many.
        rng: Which half teaches.
    """
    from sklearn.neighbors import KNeighborsClassifier

    n = min(len(a), len(b))
    parts = [x[rng.permutation(len(x))[:n]] for x in (a, b)]
    half = n // 2
    x, y = np.concatenate([part[:half] for part in parts]), np.repeat([0, 1], half)
    unseen, truth = np.concatenate([part[half:] for part in parts]), np.repeat([0, 1], n - half)
    told = KNeighborsClassifier(math.isqrt(len(x)) | 1).fit(x, y).predict(unseen)  # odd, so that no vote is a draw
    accuracy, stderr = float(np.mean(told == truth)), 0.5 / math.sqrt(len(truth))
    return Told(accuracy, stderr, 0.5 * math.erfc((accuracy - 0.5) / stderr / math.sqrt(2)))
