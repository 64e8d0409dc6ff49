r"""What is missing of points, filled in by a mixture of Gaussians.

References:
    Supervised Learning from Incomplete Data via an EM Approach (Ghahramani & Jordan, 1994), NeurIPS 6
    Multiple Imputation for Nonresponse in Surveys (Rubin, 1987), Wiley, on why a draw and not the mean
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.gmm.em import check_points, fit_em
from genlib.gmm.mixture import Array, Mixture
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import GapsConfig, MixtureConfig

__all__ = ["Filled", "fill", "fill_gaps", "hide"]


def fill(mixture: Mixture, x: ArrayLike, rng: np.random.Generator | None = None) -> Array:
    r"""Put in what is missing of points, by its distribution given what is there of the same point.

    $$p(x_m | x_o) = \sum_k r_k \, \mathcal{N}\big(x_m;\; \mu_{k,m} + \Sigma_{k,mo} \Sigma_{k,oo}^{-1}
    (x_o - \mu_{k,o}),\; \Sigma_{k,mm} - \Sigma_{k,mo} \Sigma_{k,oo}^{-1} \Sigma_{k,om}\big), \qquad
    r_k \propto \alpha_k \, \mathcal{N}(x_o; \mu_{k,o}, \Sigma_{k,oo})$$

    Arguments:
        mixture: K Gaussians in D dimensions.
        x: Points, shape (N, D), NaN where a coordinate is missing.
        rng: Noise for draws from that distribution; None for its mean, which has the least squared error.

    Returns:
        Shape (N, D), without NaN; what was there is unchanged.
    """
    x = np.array(x, dtype=np.float64)
    missing = np.isnan(x)
    for m in np.unique(missing[missing.any(axis=1)], axis=0):
        rows, o = (missing == m).all(axis=1), ~m
        seen = Mixture(mixture.weights, mixture.means[:, o], mixture.covariances[:, o][:, :, o])
        r = seen.responsibilities(x[rows][:, o])  # (n, K)
        crossed = mixture.covariances[:, o][:, :, m]  # (K, o, m)
        gains = np.linalg.solve(seen.covariances, crossed)
        apart = x[rows][:, o] - seen.means[:, None]  # (K, n, o)
        means = mixture.means[:, None, m] + apart @ gains  # (K, n, m)
        if rng is None:
            filled = np.einsum("nk,knm->nm", r, means)
        else:
            left = mixture.covariances[:, m][:, :, m] - crossed.swapaxes(1, 2) @ gains
            k = (r.cumsum(axis=1) < rng.random((len(r), 1)) * r.sum(axis=1, keepdims=True)).sum(axis=1)
            noise = rng.normal(size=(len(r), int(m.sum()), 1))
            filled = means[k, np.arange(len(r))] + (np.linalg.cholesky(left)[k] @ noise)[:, :, 0]
        x[np.ix_(rows, m)] = filled
    return x


def hide(x: ArrayLike, config: GapsConfig) -> Array:
    """Points of which a share has lost a coordinate, completely at random.

    Arguments:
        x: Points, shape (N, 2).
        config: How many of them, and which coordinate.

    Returns:
        Shape (N, 2), NaN where a coordinate is missing.
    """
    x, rng = np.array(x, dtype=np.float64), numpy_rng(config.gap_seed, "gaps")
    rows = rng.permutation(len(x))[: round(config.share * len(x))]
    columns = rng.integers(2, size=len(rows)) if config.lost == "either" else int(config.lost == "vertical")
    x[rows, columns] = np.nan
    return x


@dataclass(frozen=True, eq=False)
class Filled:
    """Points of which some coordinates were hidden, and what was put there.

    Attributes:
        missing: Which coordinates were hidden, (N, 2), true or false.
        column_mean: With the mean of the other points' coordinate put in, (N, 2).
        mean: With the mixture's conditional mean.
        draw: With a draw from its conditional distribution.
        errors: Root mean squared error of the three at hidden coordinates, in the units of the points.
    """

    missing: NDArray[np.bool_]
    column_mean: Array
    mean: Array
    draw: Array
    errors: tuple[float, float, float]


def fill_gaps(x: ArrayLike, gaps: GapsConfig, config: MixtureConfig) -> Filled:
    """Hide coordinates, fit a mixture to the points that are left whole, and fill them in three ways.

    Raises:
        InputError: If too few points are left whole.
    """
    x = check_points(x, 1)
    hidden = hide(x, gaps)
    missing = np.isnan(hidden)
    if not missing.any():
        raise InputError("No coordinate is missing: take a larger share, or more points.")
    whole = x[~missing.any(axis=1)]
    *_, last = fit_em(whole, config)
    ways = (
        np.where(missing, whole.mean(axis=0), x),
        fill(last.mixture, hidden),
        fill(last.mixture, hidden, numpy_rng(gaps.gap_seed, "draws")),
    )
    errors = tuple(float(np.sqrt(np.square((way - x)[missing]).mean())) for way in ways)
    return Filled(missing, *ways, (errors[0], errors[1], errors[2]))
