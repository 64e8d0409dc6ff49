r"""A table with gaps, outliers and columns of unlike width; and what each way of dealing with it costs.

Rows are parted first, and everything is learned from the training part: scaling, what is put into gaps, the mixture.
The other part is only judged by.

References:
    Statistical Analysis with Missing Data (Little & Rubin, 2019), Wiley
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.gmm import EMStep, Mixture, check_points, fit_em, fit_incomplete
from genlib.knobs import InputError
from genlib.metrics import energy_distance
from genlib.preprocess.gaps import deviations, lose, stray
from genlib.preprocess.ways import WAYS
from genlib.seeding import numpy_rng
from genlib.settings import BenchConfig, MixtureConfig

__all__ = ["COMPLETE", "Bench", "Outcome", "Tried", "prepare", "scaler", "try_scalings", "try_ways", "unequal"]

COMPLETE = "complete"  # what would be if nothing were missing

_FEWEST = 20
_TAUGHT = 0.7  # share of the rows
_COMPARED = 1000  # points of a mixture, and of the test part, whose distance is taken: all pairs are looked at
_MOST = 100_000  # cells; each row may have gaps of its own, and EM looks at them one by one
_UNEQUAL = 10.0  # times wider, from which one column hides another

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bench:
    """A table in two parts.

    Attributes:
        train: Rows to learn from, (N, D), with outliers, NaN where a value is missing.
        clean: The same rows as they were.
        dirty: The same rows with outliers, but no gaps that were not in the table.
        strays: Which of them have an outlier, by their places.
        test: Rows to be judged by, (M, D), NaN where a value is missing.
        truth: The same rows as they were; NaN where even that is not known.
    """

    train: _Array
    clean: _Array
    dirty: _Array
    strays: NDArray[np.int64]
    test: _Array
    truth: _Array

    @property
    def reach(self) -> _Array:
        """From where to where a picture of the test rows goes, a row for each column, (D, 2)."""
        ends = np.stack([np.nanmin(self.truth, axis=0), np.nanmax(self.truth, axis=0)], axis=1)
        return ends + 0.15 * np.ptp(ends, axis=1, keepdims=True) * [-1, 1]

    def outside(self, x: _Array) -> float:
        """Share of rows that lie outside that picture in one of the first two columns."""
        low, high = self.reach[:2].T
        return float(np.mean(((x[:, :2] < low) | (x[:, :2] > high)).any(axis=1)))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one way of dealing with gaps costs.

    Attributes:
        error: Root mean squared error of what was put into the gaps of the test part, in standard deviations of the
            column; None where nothing was put in, or nothing is missing.
        log_likelihood: Of complete test rows under the mixture, in nats a row and in the unit of the table, so that it
            may be compared between scalings.
        stderr: Its standard error.
        energy: Energy distance between points of the mixture and the test rows, in standard deviations.
        rows: Rows that the mixture was fitted to.
        filled: The test part as it was completed, (M, D); None where it was not.
        samples: Points of the mixture, in the unit of the table.
    """

    error: float | None
    log_likelihood: float
    stderr: float
    energy: float
    rows: int
    filled: _Array | None
    samples: _Array


@dataclass(frozen=True, eq=False)
class Tried:
    """How far a bench is.

    Attributes:
        done: Share of the ways, or scalings, that were tried.
        bench: The table.
        outcomes: What came of each, by name, or why nothing did.
        unequal: As :func:`unequal` says.
    """

    done: float
    bench: Bench
    outcomes: dict[str, Outcome | str]
    unequal: str


def prepare(x: ArrayLike, config: BenchConfig) -> Bench:
    """Part a table, and do to it what ``config`` says.

    Arguments:
        x: (N, D), at least 20 rows and 2 columns; NaN where a value is not known. Of more than 100,000 cells so many
            rows are drawn at random.

    Raises:
        InputError: If it is too small, or a column holds one value only.
    """
    x = np.array(x, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2 or len(x) < _FEWEST:
        raise InputError(f"The bench needs a table of at least 2 columns and {_FEWEST} rows: add some.")
    if np.isnan(x).all(axis=0).any():
        raise InputError("A column has no value at all: leave it out.")
    check_points(np.where(np.isnan(x), np.nanmean(x, axis=0), x), 1)
    x[:, 1] *= config.stretch
    rng = numpy_rng(config.bench_seed, "bench")
    order = rng.permutation(len(x))[: _MOST // x.shape[1]]
    cut = round(_TAUGHT * len(order))
    clean, truth = x[order[:cut]], x[order[cut:]]
    dirty, strays = stray(clean, config.outliers, rng)
    train, test = (np.where(lose(part, config, rng), np.nan, part) for part in (dirty, truth))
    if (empty := np.isnan(train).all(axis=0)).any():
        raise InputError(f"Column {empty.argmax() + 1} has no value left to learn from: choose fewer gaps.")
    return Bench(train, clean, dirty, strays, test, truth)


def try_ways(x: ArrayLike, config: BenchConfig, mixture: MixtureConfig) -> Iterator[Tried]:
    """Scale, complete, fit and judge, in each of ``WAYS``; after what would be if nothing were missing.

    Arguments:
        x: The table, as for :func:`prepare`.
        config: What is wrong with it, and how it is scaled.
        mixture: What to fit.

    Raises:
        InputError: As :func:`prepare`; what a single way cannot do is said in its place.
    """
    bench = prepare(x, config)
    scale = scaler(config.scaling).fit(bench.train)
    train = scale.transform(bench.train)
    warning = unequal(bench, config, mixture)
    shared = cache(lambda: _last(fit_incomplete(train, mixture)))
    tried: dict[str, Outcome | str] = {}
    for name in (COMPLETE, *WAYS):
        try:
            with np.errstate(all="ignore"):
                tried[name] = _try(bench, scale, name, shared, mixture, config.bench_seed)
        except InputError as error:
            tried[name] = str(error)
        yield Tried(len(tried) / (1 + len(WAYS)), bench, dict(tried), warning)


def _try(
    bench: Bench, scale: Any, name: str, shared: Callable[[], Mixture], mixture: MixtureConfig, seed: int
) -> Outcome:
    train, how, filled = scale.transform(bench.train), WAYS.get(name), None
    if how is None:
        rows = scale.transform(bench.dirty)
        rows = rows[~np.isnan(rows).any(axis=1)]
    elif how.learn is None:
        rows = train[~np.isnan(train).any(axis=1)]
    else:
        complete = how.learn(train, shared, seed)
        rows = train if how.direct else complete(train)
        filled = scale.inverse_transform(complete(scale.transform(bench.test)))
        filled = np.where(np.isnan(bench.test), filled, bench.test)  # what was there is unchanged, to the last bit
    if len(rows) < _FEWEST // 2:
        raise InputError(f"Only {len(rows)} rows are complete, too few to fit: choose another way or fewer gaps.")
    fitted = shared() if how is not None and how.direct else _last(fit_em(rows, mixture))
    return _judge(bench, fitted, scale, filled, len(rows), seed)


def try_scalings(x: ArrayLike, config: BenchConfig, mixture: MixtureConfig) -> Iterator[Tried]:
    """What each scaling makes of the same table, where the mixture is fitted to what is there; by name."""
    bench, found = prepare(x, config), dict[str, Outcome | str]()
    names = BenchConfig.knob("scaling").choices
    for name in names:
        scale = scaler(name).fit(bench.train)
        train = scale.transform(bench.train)
        try:
            fitted = _last(fit_incomplete(train, mixture))
            found[name] = _judge(bench, fitted, scale, None, len(train), config.bench_seed)
        except InputError as error:
            found[name] = str(error)
        yield Tried(len(found) / len(names), bench, dict(found), "")


def _last(steps: Iterator[EMStep]) -> Mixture:
    *_, last = steps
    return last.mixture


def _judge(bench: Bench, fitted: Mixture, scale: Any, filled: _Array | None, rows: int, seed: int) -> Outcome:
    whole = bench.truth[~np.isnan(bench.truth).any(axis=1)]
    if len(whole) < 2:
        raise InputError("No row of the test part is complete, so nothing can be judged by: give more complete rows.")
    # A density in scaled columns times the factors by which they were scaled is one in the unit of the table.
    zero, one = scale.transform(np.array([np.zeros(whole.shape[1]), np.ones(whole.shape[1])]))
    logs = fitted.log_prob(scale.transform(whole)) + np.log(np.abs(one - zero)).sum()
    unit = deviations(bench.truth)
    samples = scale.inverse_transform(fitted.sample(_COMPARED, numpy_rng(seed, "compared"))[0])
    some = whole[:_COMPARED]
    hidden, error = np.isnan(bench.test) & ~np.isnan(bench.truth), None
    if filled is not None and hidden.any():
        error = float(np.sqrt(np.square(((filled - bench.truth) / unit)[hidden]).mean()))
    return Outcome(
        error=error,
        log_likelihood=float(logs.mean()),
        stderr=float(logs.std() / math.sqrt(len(logs))),
        energy=energy_distance(samples / unit, some / unit),
        rows=rows,
        filled=filled,
        samples=samples,
    )


def scaler(name: str) -> Any:
    """What scales columns, from scikit-learn: it leaves gaps as they are, and learns from the rest."""
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

    made = {"raw": FunctionTransformer, "minmax": MinMaxScaler, "standard": StandardScaler, "robust": RobustScaler}
    return made[name]()


def unequal(bench: Bench, config: BenchConfig, mixture: MixtureConfig) -> str:
    """What is wrong with columns of unlike width after scaling, in a sentence; empty where nothing is."""
    scale = scaler(config.scaling).fit(bench.train)
    widths = deviations(scale.transform(bench.train))
    ratio = widths.max() / widths.min()
    if ratio < _UNEQUAL:
        return ""
    one = f"Column {widths.argmax() + 1} is {ratio:,.0f} times wider than column {widths.argmin() + 1}"
    if mixture.covariance == "spherical":
        return (
            f"{one}, and a spherical Gaussian has one radius for all columns: as wide as the wide one needs, so that "
            "it knows nothing of the narrow one. Scale the columns first."
        )
    return (
        f"{one}: k-means, by which the fit begins, and neighbours measure distances in which only the wide one counts; "
        "ellipses can make up for it, as far as the beginning lets them. Scale the columns first."
    )
