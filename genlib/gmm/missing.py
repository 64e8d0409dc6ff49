r"""What is missing of points: filled in by a mixture of Gaussians, and no hindrance to fitting one.

References:
    Supervised Learning from Incomplete Data via an EM Approach (Ghahramani & Jordan, 1994), NeurIPS 6
    Multiple Imputation for Nonresponse in Surveys (Rubin, 1987), Wiley, on why a draw and not the mean
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.gmm.em import EMStep, collapse, fit_em
from genlib.gmm.mixture import Array, Mixture, log_sum_exp, positive_definite
from genlib.settings import MixtureConfig

__all__ = ["fill", "fit_incomplete"]

_Mask = NDArray[np.bool_]


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
    for rows, m in _patterns(x):
        if not m.any():
            continue
        given = _given(mixture, x[rows], m)
        if rng is None:
            filled = np.einsum("nk,knm->nm", given.r, given.means)
        else:
            r = given.r
            k = (r.cumsum(axis=1) < rng.random((len(r), 1)) * r.sum(axis=1, keepdims=True)).sum(axis=1)
            noise = rng.normal(size=(len(r), int(m.sum()), 1))
            filled = given.means[k, np.arange(len(r))] + (np.linalg.cholesky(given.left)[k] @ noise)[:, :, 0]
        x[np.ix_(rows, m)] = filled
    return x


def fit_incomplete(x: ArrayLike, config: MixtureConfig) -> Iterator[EMStep]:
    r"""Fit a mixture to points of which coordinates are missing, by EM over those that are there
    (Ghahramani & Jordan, 1994), one event an iteration.

    The E-step asks of each point what is known of the rest of it: the responsibilities $r_{nk} = p(k | x_{n,o})$, the
    point $\hat x_{nk}$ with the conditional mean of component k put in, and the covariance $C_{nk}$ of what was put in,
    zero elsewhere. The M-step is that of complete points, with that covariance added:

    $$\mu_k = \frac{1}{N_k} \sum_n r_{nk} \hat x_{nk}, \quad
    \Sigma_k = \frac{1}{N_k} \sum_n r_{nk} \big[(\hat x_{nk} - \mu_k)(\hat x_{nk} - \mu_k)^\top + C_{nk}\big]
    + \lambda I$$

    Nothing is invented: the likelihood of what is there never falls while $\lambda$ is negligible. Filling in the mean
    once and fitting then leaves $C_{nk}$ out, and so makes the groups thinner than they are. Where nothing is missing
    it is :func:`genlib.gmm.fit_em`. It begins where that begins with the mean of each column put in.

    Arguments:
        x: Points, shape (N, D), NaN where a coordinate is missing; a point without any counts for nothing.
        config: As for complete points.

    Yields:
        Iterations; their log-likelihood is that of the coordinates that are there, nats per point.

    Raises:
        InputError: As :func:`genlib.gmm.fit_em`.
    """
    points: Array = np.array(x, dtype=np.float64)
    points = points[~np.isnan(points).all(axis=1)]
    start = np.where(np.isnan(points), np.nanmean(points, axis=0), points) if len(points) else points
    return _iterations(points, next(fit_em(start, config)).mixture, config)


def _iterations(x: Array, mixture: Mixture, config: MixtureConfig) -> Iterator[EMStep]:
    groups = list(_patterns(x))
    previous, converged, iteration = -np.inf, False, 0
    while iteration < config.max_iterations and not converged:
        parts = [(x[rows], m, _given(mixture, x[rows], m)) for rows, m in groups]
        bound = _mean_log(parts)
        yield EMStep(iteration, mixture, bound, converged=False)
        mixture = _m_step(parts, config)
        converged = abs(bound - previous) < config.tolerance
        previous = bound
        iteration += 1
    parts = [(x[rows], m, _given(mixture, x[rows], m)) for rows, m in groups]
    yield EMStep(iteration, mixture, _mean_log(parts), converged)


@dataclass(frozen=True, eq=False)
class _Given:
    """What is known of points that lack the same coordinates, given those that are there.

    Attributes:
        log_prob: Log-density of what is there, (n,).
        r: Responsibilities, (n, K).
        means: Conditional mean of what is missing under each component, (K, n, m).
        left: Its conditional covariance, (K, m, m).
    """

    log_prob: Array
    r: Array
    means: Array
    left: Array


_Parts = list[tuple[Array, _Mask, _Given]]


def _patterns(x: Array) -> Iterator[tuple[NDArray[np.int64], _Mask]]:
    """The points that lack the same coordinates, by their places; and which these are, (D,)."""
    kinds, which = np.unique(np.isnan(x), axis=0, return_inverse=True)
    for i, m in enumerate(kinds):
        yield np.flatnonzero(which.ravel() == i), m


def _given(mixture: Mixture, x: Array, m: _Mask) -> _Given:
    o = ~m
    seen = Mixture(mixture.weights, mixture.means[:, o], mixture.covariances[:, o][:, :, o])
    crossed = mixture.covariances[:, o][:, :, m]  # (K, o, m)
    gains = np.linalg.solve(seen.covariances, crossed)
    apart = x[:, o] - seen.means[:, None]  # (K, n, o)
    means = mixture.means[:, None, m] + apart @ gains  # (K, n, m)
    left = mixture.covariances[:, m][:, :, m] - crossed.swapaxes(1, 2) @ gains
    joint = seen.log_joint(x[:, o])
    log_prob = log_sum_exp(joint)
    return _Given(log_prob, np.exp(joint - log_prob[:, None]), means, left)


def _mean_log(parts: _Parts) -> float:
    return float(np.concatenate([given.log_prob for _, _, given in parts]).mean())


def _m_step(parts: _Parts, config: MixtureConfig) -> Mixture:
    r = np.concatenate([given.r for _, _, given in parts])
    n_k = r.sum(axis=0) + 10 * np.finfo(float).eps  # as scikit-learn does, so that none divides by zero
    k, d = r.shape[1], parts[0][0].shape[1]
    whole = [_completed(x, m, given) for x, m, given in parts]
    means = (
        sum(np.einsum("nk,knd->kd", given.r, x) for x, (_, _, given) in zip(whole, parts, strict=True)) / n_k[:, None]
    )
    scatter = np.zeros((k, d, d))
    for x, (_, m, given) in zip(whole, parts, strict=True):
        apart = x - means[:, None]
        scatter += (given.r.T[:, :, None] * apart).swapaxes(1, 2) @ apart
        scatter[:, np.flatnonzero(m)[:, None], np.flatnonzero(m)] += given.r.sum(axis=0)[:, None, None] * given.left
    if config.covariance == "tied":
        covariances = np.tile(scatter.sum(axis=0) / n_k.sum(), (k, 1, 1))
    else:
        covariances = scatter / n_k[:, None, None]
    if config.covariance in ("diag", "spherical"):
        variances = np.diagonal(covariances, axis1=1, axis2=2)
        if config.covariance == "spherical":
            variances = np.repeat(variances.mean(axis=1, keepdims=True), d, axis=1)
        covariances = variances[:, :, None] * np.eye(d)
    covariances = covariances + config.regularisation * np.eye(d)
    if not positive_definite(covariances):
        raise collapse(k)
    return Mixture(n_k / n_k.sum(), means, covariances)


def _completed(x: Array, m: _Mask, given: _Given) -> Array:
    """Points with the conditional mean under each component put in, (K, n, D)."""
    whole = np.repeat(x[None], len(given.means), axis=0)
    whole[:, :, m] = given.means
    return whole
