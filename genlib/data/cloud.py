"""Points in the plane to learn from: standardised, in parts that share nothing where there are enough of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from genlib.data.toy2d import known_gaussians, make_points
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import FEWEST_POINTS, PlanePoints

__all__ = ["Cloud", "known_groups", "load_cloud", "noticed"]

_JUDGED = 2000  # fresh points of a known distribution, to validate and to test with
_ENOUGH = 50  # points that are given, of which some are held back
_FAR, _UNEQUAL = 20.0, 100.0  # quartile distances from the median, ratio of two axes, that are worth a word


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points in three parts, each standardised by the mean and the deviation of those to learn from.

    Arguments:
        train: Points to learn from, (N, 2), float32.
        validation: Points to choose by, (M, 2).
        test: Points that nothing is chosen by, (M, 2).
        centre: Mean of each coordinate in the data's own unit, (2,).
        scale: Deviation of each, (2,).
        truth: Means (K, 2) and covariances (K, 2, 2) of the equally likely Gaussians that the points come from, in the
            data's own unit; None where nobody knows.
        apart: Whether validation and test points are others than those to learn from.
    """

    train: NDArray[np.float32]
    validation: NDArray[np.float32]
    test: NDArray[np.float32]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    truth: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    apart: bool

    @property
    def train_labels(self) -> NDArray[np.uint8]:
        return np.zeros(len(self.train), np.uint8)

    @property
    def validation_labels(self) -> NDArray[np.uint8]:
        return np.zeros(len(self.validation), np.uint8)

    def own(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Standardised points in the data's own unit, (N, 2)."""
        return x * self.scale + self.centre

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, lower and upper end of the plane around the points, in the data's own unit."""
        low, high = self.own(self.train).min(0), self.own(self.train).max(0)
        margin = 0.15 * np.maximum(high - low, 1e-9)
        return low[0] - margin[0], high[0] + margin[0], low[1] - margin[1], high[1] + margin[1]


def known_groups(points: PlanePoints) -> int:
    """Of how many known Gaussians the points come; 0 where nobody knows."""
    truth = known_gaussians(points.drawn) if points.drawn is not None and not points.given else None
    return 0 if truth is None else len(truth[0])


@lru_cache(maxsize=16)
def load_cloud(points: PlanePoints) -> Cloud:
    """The points that a run learns from.

    Of a known distribution all points are learnt from, and fresh ones are drawn to judge with. Where points are given
    alone a fifth is held back, unless they are fewer than fifty: then they are judged by those they learn from.

    Raises:
        InputError: If all points are equal.
    """
    given = np.array(points.given, np.float64).reshape(-1, 2)
    if points.drawn is None:
        order = numpy_rng(0, "held back").permutation(len(given))
        held = given[order[: len(given) // 5]]
        apart = len(given) >= _ENOUGH
        train, judged = (given[order[len(given) // 5 :]], held) if apart else (given, given)
        return _standardised(train, judged, judged, None, apart)
    train = np.concatenate([given, make_points(points.drawn).x])
    rng = numpy_rng(points.drawn.seed, "judged")
    fresh = make_points(replace(points.drawn, n=2 * _JUDGED, seed=int(rng.integers(2**32)))).x
    fresh = fresh[rng.permutation(len(fresh))]
    # Points that somebody put belong to no known distribution.
    truth = None if len(given) else known_gaussians(points.drawn)
    return _standardised(train, fresh[:_JUDGED], fresh[_JUDGED:], truth, True)


def noticed(points: PlanePoints) -> list[str]:
    """What a person should know about the points that a run is to learn from, each in a sentence.

    Raises:
        InputError: If all points are equal.
    """
    cloud = load_cloud(points)
    x, found = cloud.own(cloud.train), []
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    far = (np.abs(x - middle) > _FAR * np.maximum(high - low, 1e-12 + 1e-9 * cloud.scale)).any(1)
    if 0 < far.sum() <= max(1, len(x) // 100):
        many = "One point lies" if far.sum() == 1 else f"{far.sum()} points lie"
        found.append(
            f"{many} so far from all others that those shrink to a spot: leave it out to see what becomes of the rest."
        )
    ratio = cloud.scale.max() / cloud.scale.min()
    if ratio > _UNEQUAL:
        found.append(
            f"One axis is {ratio:,.0f} times as wide as the other: both are standardised for the models, so that each "
            "counts the same, and drawn in their own units."
        )
    if not cloud.apart:
        found.append(f"Fewer than {_ENOUGH} points: models are judged by the very points they learn from.")
    return found


def _standardised(
    train: NDArray[np.float64],
    validation: NDArray[np.float64],
    test: NDArray[np.float64],
    truth: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    apart: bool,
) -> Cloud:
    if len(train) < FEWEST_POINTS:
        raise InputError(f"{len(train)} points are too few to learn from: give at least {FEWEST_POINTS}.")
    centre, scale = train.mean(0), train.std(0)
    if not (scale > 1e-12 * (1 + np.abs(centre))).any():
        raise InputError("All points are equal, so there is nothing to learn from them: give at least two places.")
    scale = np.where(scale > 1e-12 * (1 + np.abs(centre)), scale, 1.0)  # points on a line along an axis
    parts = [((x - centre) / scale).astype(np.float32) for x in (train, validation, test)]
    for part in parts:
        part.flags.writeable = False
    return Cloud(parts[0], parts[1], parts[2], centre, scale, truth, apart)
