r"""Points in the plane whose true groups are known.

A method that finds groups can only be judged where the answer is known, so every data set here remembers which group
drew each point. All fit roughly into $[-12, 12]^2$ at noise 1, so that pictures of them can be compared.

References:
    Composing Graphical Models with Neural Networks (Johnson, Duvenaud, Wiltschko, Datta & Adams, 2016): the pinwheel.
    Improved Training of Wasserstein GANs (Gulrajani et al., 2017): the ring of eight and the 5 × 5 grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.seeding import numpy_rng
from genlib.settings import PointsConfig

__all__ = ["DATASETS", "Dataset", "Points", "known_gaussians", "make_points"]

Rng = np.random.Generator | np.random.RandomState


@dataclass(frozen=True, eq=False)
class Points:
    """Points and where they came from.

    Attributes:
        x: Coordinates, shape (N, 2).
        groups: True group of each point, counted from 0, or -1 when unknown, shape (N,).
    """

    x: NDArray[np.float64]
    groups: NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    r"""A distribution in the plane.

    Attributes:
        make: Draws positions (N, 2) for ``groups`` (N,), ``noise`` and ``rng``.
        groups: Number of true groups, the natural K.
        description: One sentence for the reader.
        gaussians: Where each group is a Gaussian, its centre, (K, 2), and the factor $A_k$ of its covariance
            $\Sigma_k = \text{noise}^2 A_k A_k^\top$, (K, 2, 2); else None.
    """

    make: Callable[[NDArray[np.int64], float, Rng], NDArray[np.float64]]
    groups: int
    description: str
    gaussians: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None


def make_points(config: PointsConfig) -> Points:
    """Draw the points that ``config`` asks for, group after group.

    The groups share the points as evenly as they can.

    Returns:
        N = ``config.n`` points; the same configuration always gives the same ones.
    """
    dataset = DATASETS[config.dataset]
    groups = np.arange(config.n) * dataset.groups // config.n
    if config.dataset == "classic":
        # This pair is known by the numbers of NumPy's older generator, so it is drawn with that one.
        rng: Rng = np.random.RandomState(config.seed)
    else:
        rng = numpy_rng(config.seed, "points", config.dataset)
    return Points(dataset.make(groups, config.noise, rng), groups)


def known_gaussians(config: PointsConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Means (K, 2) and covariances (K, 2, 2) of the equally likely Gaussians that the points come from, if they do."""
    gaussians = DATASETS[config.dataset].gaussians
    if gaussians is None or config.noise == 0:
        return None
    centres, factors = gaussians
    return centres, config.noise**2 * factors @ factors.swapaxes(1, 2)


def _gaussians(
    centres: NDArray[np.float64], factors: NDArray[np.float64], groups: NDArray[np.int64], noise: float, rng: Rng
) -> NDArray[np.float64]:
    r"""Draw $x = \mu_k + \text{noise} \cdot A_k \epsilon$ with $\epsilon \sim N(0, I)$.

    Arguments:
        centres: Means $\mu_k$, shape (K, 2).
        factors: Matrices $A_k$, so that $\Sigma_k = A_k A_k^\top$ at noise 1, shape (K, 2, 2).
    """
    offsets = np.einsum("nij,nj->ni", factors[groups], rng.normal(size=(len(groups), 2)))
    return centres[groups] + noise * offsets


def _classic(groups: NDArray[np.int64], noise: float, rng: Rng) -> NDArray[np.float64]:
    # Two calls, the wider group first: with seed 42 these are the numbers everyone else has.
    wide, narrow = np.bincount(groups, minlength=2)
    return np.concatenate([rng.normal(0, 5 * noise, (wide, 2)), rng.normal(0, 3 * noise, (narrow, 2))])


def _moons(groups: NDArray[np.int64], noise: float, rng: Rng) -> NDArray[np.float64]:
    angle = rng.uniform(0, np.pi, len(groups))
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
    # The lower moon is the upper one turned by half a circle about the origin.
    return 7 * np.where(groups[:, None] == 0, upper, -upper) + 0.5 * noise * rng.normal(size=(len(groups), 2))


def _circles(groups: NDArray[np.int64], noise: float, rng: Rng) -> NDArray[np.float64]:
    angle = rng.uniform(0, 2 * np.pi, len(groups))
    radius = np.where(groups == 0, 9.0, 4.0)[:, None]
    return radius * _directions(angle) + 0.5 * noise * rng.normal(size=(len(groups), 2))


def _pinwheel(groups: NDArray[np.int64], noise: float, rng: Rng) -> NDArray[np.float64]:
    """Five arms, each a stretched normal that is twisted more the farther out it lies (Johnson et al., 2016)."""
    along = rng.normal(1.0, 0.3, len(groups))
    across = noise * rng.normal(0.0, 0.1, len(groups))
    angle = 2 * np.pi * groups / 5 + 0.25 * np.exp(along)
    outward = _directions(angle)
    sideways = _directions(angle + np.pi / 2)
    return 6 * (along[:, None] * outward + across[:, None] * sideways)


def _spirals(groups: NDArray[np.int64], noise: float, rng: Rng) -> NDArray[np.float64]:
    # The square root spreads the points evenly along the arm: its length grows with the square of the angle.
    turn = np.sqrt(rng.uniform(0.01, 1.0, len(groups)))
    arm = 11 * turn[:, None] * _directions(3 * np.pi * turn + np.pi * groups)
    return arm + 0.35 * noise * rng.normal(size=(len(groups), 2))


def _directions(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors at ``angle`` (radians), shape (N, 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _ellipse(long: float, short: float, degrees: float) -> NDArray[np.float64]:
    """Factor of a covariance with these standard deviations, its long axis turned by ``degrees``."""
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation * [long, short]


def _mixture(centres: ArrayLike, factors: ArrayLike, description: str) -> Dataset:
    pair = np.asarray(centres, np.float64), np.asarray(factors, np.float64)
    return Dataset(partial(_gaussians, *pair), len(pair[0]), description, pair)


_CORNERS = np.array([(-5.5, -4.5), (5.0, -6.0), (6.0, 4.5), (-4.5, 6.0)])
_TRIANGLE = 3.6 * _directions(np.radians([90.0, 210.0, 330.0]))
_EIGHT = 9.0 * _directions(np.arange(8) * np.pi / 4)
_LATTICE = np.array([(x, y) for y in np.linspace(-9, 9, 5) for x in np.linspace(-9, 9, 5)])
_STRETCHED = np.stack([_ellipse(3.2, 0.7, 25), _ellipse(3.0, 0.8, 140), _ellipse(2.6, 0.6, 80)])


DATASETS: dict[str, Dataset] = {
    "classic": Dataset(
        _classic,
        2,
        "Two round groups around one centre, with spreads 5 and 3: EM pulls them apart all the same.",
        (np.zeros((2, 2)), np.stack([5 * np.eye(2), 3 * np.eye(2)])),
    ),
    "blobs": _mixture(
        _CORNERS, [1.2 * np.eye(2)] * 4, "Four round groups far apart, where every method should succeed."
    ),
    "stretched": _mixture(
        [(-5.5, 3.5), (5.0, 4.5), (0.5, -5.5)],
        _STRETCHED,
        "Three long groups at different angles, which need full covariances.",
    ),
    "overlapping": _mixture(
        _TRIANGLE,
        [2.5 * np.eye(2)] * 3,
        "Three round groups that run into each other, so that many points belong to two.",
    ),
    "ring": _mixture(
        _EIGHT,
        [0.6 * np.eye(2)] * 8,
        "Eight small groups on a circle, the usual test for a generator that drops modes.",
    ),
    "grid": _mixture(
        _LATTICE, [0.5 * np.eye(2)] * 25, "Twenty-five small groups on a square grid, where a bad start loses some."
    ),
    "moons": Dataset(_moons, 2, "Two bent groups that hold each other, which no single ellipse can follow."),
    "circles": Dataset(_circles, 2, "Two circles with one centre, where the groups share their mean."),
    "pinwheel": Dataset(_pinwheel, 5, "Five twisted arms that meet in the middle."),
    "spirals": Dataset(_spirals, 2, "Two arms wound around each other, the hardest shape here for ellipses."),
}
