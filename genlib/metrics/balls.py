r"""Whether what is made lies among what is real, and reaches all of it.

Around each point of a sample lies the ball that just reaches its k-th nearest neighbour; together they stand for the
region where points of that kind lie.

References:
    Improved Precision and Recall Metric for Assessing Generative Models (Kynkäänniemi et al., 2019), NeurIPS
    Reliable Fidelity and Diversity Metrics for Generative Models (Naeem et al., 2020), ICML
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Manifolds", "manifolds", "squared_distances"]

_Array = NDArray[np.floating]
_AT_ONCE = 1000  # rows of distances that are held at once


@dataclass(frozen=True, eq=False)
class Manifolds:
    r"""Four shares and what they are made of.

    $$\text{precision} = \frac1M \sum_j \mathbb 1[y_j \in \textstyle\bigcup_i B(x_i)] \qquad
    \text{recall} = \frac1N \sum_i \mathbb 1[x_i \in \textstyle\bigcup_j B(y_j)]$$

    $$\text{density} = \frac1{kM} \sum_j \sum_i \mathbb 1[y_j \in B(x_i)] \qquad
    \text{coverage} = \frac1N \sum_i \mathbb 1[\exists j: y_j \in B(x_i)]$$

    with $x_i$ real, $y_j$ made and $B$ the ball that reaches to the k-th nearest of the same kind. Precision and
    density say whether what is made is like what is real, recall and coverage whether nothing real is left out.

    Arguments:
        holding: In how many balls of real points each made one lies, (M,).
        reached: Which real points lie in a ball of a made one, (N,).
        covered: Which real points have a made one in their ball, (N,).
        k: Neighbours.
    """

    holding: NDArray[np.int64]
    reached: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    k: int

    @property
    def means(self) -> dict[str, float]:
        """The four by name."""
        return {name: float(np.mean(each)) for name, each in self._parts().items()}

    @property
    def stderrs(self) -> dict[str, float]:
        """Their standard errors: the spread over the points that are counted, the balls taken as they are."""
        return {name: float(np.std(each)) / math.sqrt(len(each)) for name, each in self._parts().items()}

    def _parts(self) -> dict[str, NDArray[Any]]:
        inside: NDArray[np.bool_] = self.holding > 0
        return {
            "precision": inside, "recall": self.reached, "density": self.holding / self.k, "coverage": self.covered
        }  # fmt: skip


def manifolds(real: _Array, made: _Array, k: int = 5) -> Manifolds:
    """Compare two samples by the balls around their points.

    Exact: all pairs are looked at, a thousand rows at a time, so that memory grows with N and not with its square.

    Arguments:
        real: (N, F), more than k points.
        made: (M, F), more than k points.
        k: Neighbours.
    """
    centre = real.mean(0)  # where squares are small, their differences are the more exact
    real, made = real - centre, made - centre
    real_radii, made_radii = _radii(real, k), _radii(made, k)
    holding = np.zeros(len(made), np.int64)
    reached, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for start in range(0, len(real), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        apart = squared_distances(real[rows], made)
        inside = apart < real_radii[rows, None]
        holding += inside.sum(0)
        covered[rows] = inside.any(1)
        reached[rows] = (apart < made_radii).any(1)
    return Manifolds(holding, reached, covered, k)


def _radii(x: _Array, k: int) -> _Array:
    """Squared distance of each point to its k-th nearest other, (N,)."""
    found = []
    for start in range(0, len(x), _AT_ONCE):
        apart = squared_distances(x[start : start + _AT_ONCE], x)
        own = np.arange(len(apart))
        apart[own, start + own] = np.inf
        found.append(np.partition(apart, k - 1, axis=1)[:, k - 1])
    return np.concatenate(found)


def squared_distances(a: _Array, b: _Array) -> _Array:
    """Squared distances, (N, F) and (M, F) to (N, M)."""
    apart: _Array = np.square(a).sum(1)[:, None] + np.square(b).sum(1)
    apart -= 2 * (a @ b.T)
    return apart.clip(0, out=apart)
