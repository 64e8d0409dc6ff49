"""How many components? Information criteria and held-out data."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.gmm.em import EMStep, check_points, fit_em
from genlib.gmm.mixture import Array
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import MixtureConfig

__all__ = ["Selection", "parameter_count", "select", "select_components"]

FOLDS = 5


@dataclass(frozen=True)
class Selection:
    r"""How well one number of components K explains the data.

    With $\ell$ the log-likelihood of all N points and $P$ free parameters,

    $$\mathrm{BIC} = P \ln N - 2 \ell, \qquad \mathrm{AIC} = 2 P - 2 \ell$$

    (Schwarz, 1978; Akaike, 1974). Smaller is better for both.

    Attributes:
        components: K.
        bic: Bayesian information criterion.
        aic: Akaike's information criterion.
        train_log_likelihood: Mean over the points that were fitted (all of them), nats per point.
        held_out_log_likelihood: Mean over five folds, each scored by a fit to the other four, nats per point.
    """

    components: int
    bic: float
    aic: float
    train_log_likelihood: float
    held_out_log_likelihood: float


def select_components(x: ArrayLike, config: MixtureConfig, components: Sequence[int]) -> Iterator[Selection]:
    """Compare numbers of components, one event a number. Each costs six fits: all points, and five folds.

    Arguments:
        x: Points, shape (N, D).
        config: How to fit; its own number of components is not used.
        components: The numbers to try.

    Raises:
        InputError: At once if the points cannot be fitted, while iterating if a component collapses.
    """
    configs = [replace(config, components=k) for k in components]
    points = check_points(x, max(components, default=1))
    if len(points) < 2 * FOLDS:
        raise InputError(f"Comparing numbers of components takes at least {2 * FOLDS} points: add some.")
    folds = np.array_split(numpy_rng(config.seed, "folds").permutation(len(points)), FOLDS)
    return (_select(points, each, folds) for each in configs)


def select(x: ArrayLike, config: MixtureConfig, components: int) -> Selection:
    """As :func:`select_components`, for one number."""
    return next(select_components(x, config, [components]))


def parameter_count(components: int, dimensions: int, covariance: str) -> int:
    """Number of free parameters P of a mixture: weights that add up to 1, means, and covariances of this type."""
    triangle = dimensions * (dimensions + 1) // 2
    shapes = {
        "full": components * triangle,
        "tied": triangle,
        "diag": components * dimensions,
        "spherical": components,
    }
    return components - 1 + components * dimensions + shapes[covariance]


def _select(x: Array, config: MixtureConfig, folds: list[NDArray[np.int64]]) -> Selection:
    train = _last_step(x, config).log_likelihood
    held_out = []
    for fold in folds:
        fitted = _last_step(np.delete(x, fold, axis=0), config).mixture
        held_out.append(fitted.log_prob(x[fold]).mean())
    free = parameter_count(config.components, x.shape[1], config.covariance)
    twice = 2 * train * len(x)
    return Selection(
        config.components, free * math.log(len(x)) - twice, 2 * free - twice, train, float(np.mean(held_out))
    )


def _last_step(x: Array, config: MixtureConfig) -> EMStep:
    return deque(fit_em(x, config), maxlen=1)[0]
