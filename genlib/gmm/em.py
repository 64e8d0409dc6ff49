"""The EM algorithm, one event an iteration."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from genlib.gmm.mixture import Array, Mixture, positive_definite
from genlib.knobs import InputError
from genlib.settings import MixtureConfig

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

__all__ = ["EMStep", "check_points", "collapse", "fit_em", "several_starts"]

LARGEST = 1e9  # squares of larger coordinates keep too few digits for the differences between them


@dataclass(frozen=True, eq=False)
class EMStep:
    """One iteration of EM.

    Attributes:
        iteration: 0 for the initialisation, then 1, 2, ...
        mixture: The parameters after this iteration.
        log_likelihood: Mean log-likelihood of the data under this mixture, nats per point.
        converged: Whether EM stopped here because its bound had settled; only ever true of the last iteration.
    """

    iteration: int
    mixture: Mixture
    log_likelihood: float
    converged: bool


def fit_em(x: ArrayLike, config: MixtureConfig) -> Iterator[EMStep]:
    r"""Fit a mixture with the EM algorithm (Dempster, Laird & Rubin, 1977), one event an iteration.

    E-step, with the parameters as they are:

    $$r_{nk} = \frac{\alpha_k \, \mathcal{N}(x_n; \mu_k, \Sigma_k)}{p(x_n)}$$

    M-step, with the responsibilities as they are and $N_k = \sum_n r_{nk}$:

    $$\alpha_k = \frac{N_k}{N}, \quad \mu_k = \frac{1}{N_k} \sum_n r_{nk} x_n, \quad
    \Sigma_k = \frac{1}{N_k} \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top + \lambda I$$

    The log-likelihood never falls while the regularisation $\lambda$ is negligible; a large one is a pull away from
    the best fit, and the curve may then dip. The iterations are scikit-learn's, number for number.

    Arguments:
        x: Points, shape (N, D).
        config: Components, covariance type, beginning, $\lambda$ and when to stop.

    Yields:
        The initialisation and every iteration after it, each computed when it is asked for.

    Raises:
        InputError: At once if the points cannot be fitted, while iterating if a component collapses.
    """
    return _iterations(check_points(x, config.components), config)


def several_starts(x: ArrayLike, config: MixtureConfig, n: int, seconds: float = math.inf) -> list[list[EMStep]]:
    """Fit ``n`` times from different beginnings: the seeds are ``config.seed``, the next one, and so on.

    EM climbs to the nearest top, so the fit with the highest last log-likelihood is the one to keep.

    Raises:
        InputError: As :func:`fit_em`; or if all of it takes longer than ``seconds``.
    """
    fits, ends = [], time.monotonic() + seconds
    for start in range(n):
        steps = []
        for step in fit_em(x, replace(config, seed=(config.seed + start) % 2**32)):
            steps.append(step)
            if time.monotonic() > ends:
                raise InputError(
                    f"This fit takes longer than {seconds:g} seconds: choose fewer points, components or iterations."
                )
        fits.append(steps)
    return fits


def check_points(x: ArrayLike, components: int) -> Array:
    """The points as a float64 array of shape (N, D) that ``components`` Gaussians can be fitted to.

    Raises:
        InputError: If they are no finite numbers of a usable size, too few, or all alike along a coordinate.
    """
    try:
        points = np.ascontiguousarray(x, dtype=np.float64)
    except (ValueError, TypeError):
        raise InputError("The points must be numbers: give one row a point and one column a coordinate.") from None
    if points.ndim != 2 or points.size == 0:
        raise InputError(
            f"The points must be a table of shape (N, D), not {points.shape}: "
            "give one row a point and one column a coordinate."
        )
    if not (np.abs(points) <= LARGEST).all():  # also false for NaN
        raise InputError(
            f"A coordinate is missing, infinite or beyond {LARGEST:,.0f} in size: correct it, or rescale the points."
        )
    if len(points) < 2 or (points == points[0]).all():
        raise InputError("All points are the same, so there is no spread to fit: take points that differ.")
    # Variances are differences of squares, which keep 16 digits: a spread below 1e-8 of the size would be rounding.
    flat = np.ptp(points, axis=0) <= 1e-7 * np.abs(points).max(axis=0)
    if flat.any():
        raise InputError(
            f"Coordinate {int(flat.argmax()) + 1} is the same for all points or nearly so: "
            "leave it out, or subtract its mean and rescale it."
        )
    different = _count_different(points, components)
    if different < components:
        raise InputError(
            f"{components} components need at least {components} different points and there are {different}: "
            "take fewer components or more points."
        )
    return points


def _iterations(x: Array, config: MixtureConfig) -> Iterator[EMStep]:
    """Step scikit-learn's EM through its public parameters."""
    # No iteration: initialise only. Later each fit is one iteration that goes on from the last; the endless tolerance
    # and a finite bound to compare with make it count as converged, so that it never warns.
    estimator = _estimator(config, max_iter=0, tol=1e300, warm_start=True)
    _fit(estimator, x)
    estimator.max_iter, estimator.lower_bound_ = 1, 0.0
    previous, converged, iteration = -np.inf, False, 0
    while iteration < config.max_iterations and not converged:
        mixture = _parameters(estimator)
        _fit(estimator, x)
        # The bound after a step is the mean log-likelihood before its M-step, so it belongs to the mixture before.
        bound = float(estimator.lower_bound_)
        yield _step(iteration, mixture, bound, converged=False)
        converged = abs(bound - previous) < config.tolerance
        previous = bound
        iteration += 1
    yield _step(iteration, _parameters(estimator), float(estimator.score(x)), converged)


def _step(iteration: int, mixture: Mixture, bound: float, converged: bool) -> EMStep:
    if iteration == 0:
        # Started from single points, scikit-learn's first weights add up to K/N: no density yet. Its M-step mends
        # that; here the weights are divided by their sum, which lifts each log-density by the log of it.
        total = float(mixture.weights.sum())
        mixture, bound = replace(mixture, weights=mixture.weights / total), bound - float(np.log(total))
    return EMStep(iteration, mixture, bound, converged)


def _estimator(config: MixtureConfig, **changes: Any) -> GaussianMixture:
    from sklearn.mixture import GaussianMixture

    class Stepped(GaussianMixture):
        # Each fit ends with an E-step, and the next begins with the same one: same points, same parameters. Kept, it
        # is computed once. Should scikit-learn rename it, stepping stays right and costs 1.9 times a plain fit.
        _scored: Any = None
        _result: Any = None

        def _e_step(self, *args: Any, **kwargs: Any) -> Any:
            if self._scored is not self.precisions_cholesky_:
                self._scored, self._result = self.precisions_cholesky_, super()._e_step(*args, **kwargs)
            return self._result

    arguments = {
        "n_components": config.components,
        "covariance_type": config.covariance,
        "tol": config.tolerance,
        "reg_covar": config.regularisation,
        "max_iter": config.max_iterations,
        "init_params": config.initialisation,
        "random_state": config.seed,
    }
    return Stepped(**arguments | changes)


def _parameters(estimator: GaussianMixture) -> Mixture:
    """A copy of the estimator's parameters, each covariance written out as a full matrix.

    Raises:
        InputError: If a component has collapsed.
    """
    (k, d), covariances = estimator.means_.shape, estimator.covariances_
    full = {
        "full": lambda: covariances.copy(),
        "tied": lambda: np.tile(covariances, (k, 1, 1)),
        "diag": lambda: covariances[:, :, None] * np.eye(d),
        "spherical": lambda: covariances[:, None, None] * np.eye(d),
    }[estimator.covariance_type]()
    # Just above zero by rounding alone, a variance passes scikit-learn's own check and means nothing.
    if not positive_definite(full):
        raise collapse(k)
    return Mixture(estimator.weights_.copy(), estimator.means_.copy(), full)


def _fit(estimator: GaussianMixture, x: Array) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            estimator.fit(x)
        except ValueError:
            # The points were checked, so this is scikit-learn's "ill-defined empirical covariance".
            raise collapse(estimator.n_components) from None


def collapse(components: int) -> InputError:
    return InputError(
        f"With {components} component{'s' * (components > 1)} one collapsed onto too few points to have a spread: "
        "raise the regularisation or take fewer components."
    )


def _count_different(points: Array, enough: int) -> int:
    """Number of different points, counted only up to ``enough``."""
    seen = set()
    for point in points:
        seen.add(tuple(point.tolist()))
        if len(seen) >= enough:
            break
    return len(seen)
