r"""How far two distributions are from each other in nats, from samples alone.

References:
    Divergence Estimation for Multidimensional Densities via k-Nearest-Neighbor Distances (Wang, Kulkarni & Verdú,
    2009), IEEE Transactions on Information Theory 55, 2392-2405
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from genlib.metrics.balls import squared_distances

__all__ = ["divergence"]

_CLOSEST = 1e-12  # squared; points that are equal have no distance, of which a logarithm could be taken


def divergence(x: NDArray[np.float64], y: NDArray[np.float64], k: int = 5) -> tuple[float, float]:
    r"""The Kullback-Leibler divergence of the distribution of ``x`` from that of ``y``, and its standard error.

    $$\widehat{\mathrm{KL}}(p\,\|\,q) = \frac dN \sum_i \log \frac{\nu_k(x_i)}{\rho_k(x_i)} + \log \frac M{N - 1}$$

    where $\rho_k$ and $\nu_k$ are the distances of $x_i$ to the $k$-th nearest other of ``x`` and of ``y``; eq. (14) of
    Wang, Kulkarni & Verdú (2009). It has a bias that falls with the number of points, so that two samples of one
    distribution come out near 0 and not at it; where ``y`` leaves out what ``x`` has, it grows without end.

    Arguments:
        x: (N, d), more than k points.
        y: (M, d), more than k points.
        k: Neighbours.

    Returns:
        The estimate, and the standard deviation of its terms over $\sqrt N$; both in nats.
    """
    centre = x.mean(0)  # where squares are small, their differences are the more exact
    x, y = x - centre, y - centre
    own, other = squared_distances(x, x), squared_distances(x, y)
    np.fill_diagonal(own, np.inf)
    least = _CLOSEST * max(float(np.square(x).sum(1).mean() + np.square(y).sum(1).mean()), 1e-300)
    rho, nu = (np.partition(each, k - 1, axis=1)[:, k - 1].clip(min=least) for each in (own, other))
    terms = x.shape[1] / 2 * np.log(nu / rho)
    found = float(terms.mean()) + math.log(len(y) / (len(x) - 1))
    return found, float(terms.std()) / math.sqrt(len(x))
