"""The honest scoreboard in the plane, where the truth is known: of a mixture, beside real points and a bad model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.data.toy2d import known_gaussians, make_points
from genlib.gmm import Mixture, check_points, fit_em
from genlib.knobs import InputError
from genlib.metrics import energy_distance, jackknife, modes, tell_apart
from genlib.seeding import numpy_rng
from genlib.settings import MixtureConfig, PointsConfig

__all__ = ["MOST", "PointScore", "Reference", "fresh", "halves", "point_figures", "score_mixture"]

MOST = 2000  # points of each kind: all pairs are looked at
_FEWEST = 40
_MANY = 20_000
_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reference:
    """What made points are compared with.

    Attributes:
        real: Points that nothing was fitted to, (N, 2), in an order by chance.
        again: As many more that come from where these came from, (N, 2).
        groups: True group of each of ``real``, (N,); None where nobody knows.
        truth: The distribution they come from, where it has a formula.
    """

    real: _Array
    again: _Array
    groups: NDArray[np.int64] | None
    truth: Mixture | None


@dataclass(frozen=True)
class PointScore:
    """What was measured of a mixture.

    Attributes:
        n: Points made, and real points they were compared with.
        seed: Of all draws.
        modes: How many modes there are; 0 where they are not known.
        own: Whether the mixture was fitted to a half of the visitor's own points, to be compared with the other.
        metrics: Figures by name.
        stderr: Standard errors of some of them.
        real_vs_real: The same figures, where more real points, and the truth, take the place of the model's.
        bad: And where a Gaussian does that knows the mean and spread of each coordinate, and nothing else.
    """

    n: int
    seed: int
    modes: int
    own: bool
    metrics: Mapping[str, float]
    stderr: Mapping[str, float]
    real_vs_real: Mapping[str, float]
    bad: Mapping[str, float]


def score_mixture(x: ArrayLike, config: MixtureConfig, origin: PointsConfig | None, n: int = 1000) -> PointScore:
    """Fit a mixture, and compare points of it with real ones that it was not fitted to.

    Arguments:
        x: Points, (N, 2).
        config: How to fit; its seed is that of all draws.
        origin: The data set that ``x`` is drawn from, of which fresh points are drawn; None where there is none: then
            it is fitted to a half of ``x`` and compared with the other.
        n: Points of each kind, where there are enough.

    Raises:
        InputError: As :func:`genlib.gmm.fit_em`; or if too few points are left.
    """
    x = check_points(x, config.components)
    if type(n) is not int or not _FEWEST <= n <= MOST:
        raise InputError(f"The number of points cannot be {n}: choose a whole number from {_FEWEST} to {MOST}.")
    if origin is None:
        x, reference = halves(x, n, config.seed)
    else:
        reference = fresh(origin, n, config.seed)
    *_, last = fit_em(x, config)
    bad = Mixture(np.ones(1), x.mean(0)[None], np.diag(x.var(0))[None])
    found, real, worst = (
        point_figures(points, reference, config.seed, density)
        for points, density in (
            (draw(last.mixture, reference, config.seed, "mixture"), last.mixture),
            (reference.again, reference.truth),
            (draw(bad, reference, config.seed, "bad"), bad),
        )
    )
    known = 0 if reference.truth is None else len(reference.truth.weights)
    return PointScore(len(reference.real), config.seed, known, origin is None, *found, real[0], worst[0])


def draw(mixture: Mixture, reference: Reference, seed: int, name: str) -> _Array:
    """As many points as there are real ones."""
    return mixture.sample(len(reference.real), numpy_rng(seed, "score", name))[0]


def fresh(config: PointsConfig, n: int, seed: int) -> Reference:
    """Points of a data set that nothing was fitted to, drawn for the purpose."""
    rng = numpy_rng(seed, "fresh", config.seed)
    # A data set shares its points evenly among its groups. Few of very many fall into them by chance, as a model's do.
    many = make_points(replace(config, n=_MANY, seed=int(rng.integers(2**32))))
    chosen, others = rng.permutation(_MANY)[: 2 * n].reshape(2, n)
    known = known_gaussians(config)
    truth = None if known is None else Mixture(np.full(len(known[0]), 1 / len(known[0])), *known)
    return Reference(many.x[chosen], many.x[others], many.groups[chosen], truth)


def halves(x: _Array, n: int, seed: int) -> tuple[_Array, Reference]:
    """Half of some points to be fitted, and the other half to compare with, at most ``n`` of it.

    Raises:
        InputError: If there are too few.
    """
    if len(x) < _FEWEST:
        raise InputError(f"Fitting to a half and comparing with the other takes at least {_FEWEST} points: add some.")
    x = x[numpy_rng(seed, "halves").permutation(len(x))]
    half = len(x) // 2
    n = min(n, half)
    return x[:half], Reference(x[half : half + n], x[:n], None, None)


def point_figures(
    made: _Array, reference: Reference, seed: int, density: Mixture | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Compare points with real ones.

    Arguments:
        made: (N, 2).
        reference: The real ones.
        seed: Of the halves of the two-sample test.
        density: The distribution that made them, if it has a formula.

    Returns:
        Figures by name, and the standard errors of some of them.
    """
    from sklearn.metrics import adjusted_rand_score

    real = reference.real
    metrics: dict[str, float] = {}
    stderr: dict[str, float] = {}
    if reference.truth is not None:
        truth = reference.truth
        metrics["modes"] = _found(truth, made)
        stderr["modes"] = jackknife(made, made, lambda some, _: _found(truth, some))
        metrics["high_quality"], stderr["high_quality"] = _mean(modes(made, truth.means, truth.covariances).good)
    metrics["energy"], stderr["energy"] = energy_distance(real, made), jackknife(real, made, energy_distance)
    told = tell_apart(real, made, numpy_rng(seed, "halves of two"))
    metrics["told_apart"], stderr["told_apart"], metrics["told_apart_p"] = told.accuracy, told.stderr, told.p
    if density is not None:
        metrics["log_likelihood"], stderr["log_likelihood"] = _mean(density.log_prob(real))
        if reference.groups is not None:
            found = density.responsibilities(real).argmax(1)
            metrics["rand"] = float(adjusted_rand_score(reference.groups, found))
            stderr["rand"] = jackknife(reference.groups, found, adjusted_rand_score)
    return metrics, stderr


def _found(truth: Mixture, x: _Array) -> int:
    return int(modes(x, truth.means, truth.covariances).found.sum())


def _mean(values: NDArray[np.floating | np.bool_]) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(np.mean(values)), float(np.std(values)) / math.sqrt(len(values))
