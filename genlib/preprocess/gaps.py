r"""How tables lose values.

References:
    Inference and Missing Data (Rubin, 1976), Biometrika 63: at random, and not at random
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genlib.settings import BenchConfig

__all__ = ["deviations", "lose", "stray"]

_STEEP = 3.0  # how much sooner a value is lost one standard deviation further up, as a factor of e
_FAR = 10.0  # standard deviations

_Array = NDArray[np.float64]


def lose(x: _Array, config: BenchConfig, rng: np.random.Generator) -> NDArray[np.bool_]:
    r"""Which values are missing: one in each of ``config.share`` of the rows, so that something is left of each.

    With $m$ what is missing and $x$ what there is (Rubin, 1976): *completely at random* (MCAR) if $p(m)$ depends on
    nothing; *at random* (MAR) if it depends on what is seen, here on the first column, which is always there; *not at
    random* (MNAR) if it depends on the lost value itself. What depends does so steeply: rows are drawn without
    replacement by weights $e^{3 u}$ of the value in standard deviations $u$.

    Arguments:
        x: (N, D); what is missing already stays so, and no row loses its last value.
        config: How many, and by what.
        rng: Of the draws.

    Returns:
        (N, D), true where a value is missing.
    """
    n, d = x.shape
    missing = np.isnan(x)
    every = np.arange(n)
    column = rng.integers(0 if config.gaps == "mcar" else 1, d, size=(n,))
    u = np.zeros(n)
    if config.gaps != "mcar":
        told = column if config.gaps == "mnar" else np.zeros(n, int)
        seen = np.where(missing, 0.0, x - _mean(x)) / deviations(x)
        u = seen[every, told]
    left = ~np.isnan(x[every, column]) & ((~missing).sum(axis=1) > 1)
    # The largest of logarithm of weight and Gumbel noise are a draw without replacement.
    order = np.argsort(-np.where(left, _STEEP * u.clip(-3, 3) + rng.gumbel(size=n), -np.inf), kind="stable")
    rows = order[: min(round(config.share * n), int(left.sum()))]
    missing[rows, column[rows]] = True
    return missing


def stray(x: _Array, share: float, rng: np.random.Generator) -> tuple[_Array, NDArray[np.int64]]:
    """Move one value of a share of the rows ten standard deviations up or down; returns the table and the rows."""
    x, rows = x.copy(), rng.permutation(len(x))[: round(share * len(x))]
    columns = rng.integers(0, x.shape[1], len(rows))
    x[rows, columns] += _FAR * rng.choice([-1, 1], len(rows)) * deviations(x)[columns]
    return x, rows


def deviations(x: _Array) -> _Array:
    """Standard deviation of what is there of each column, (D,); 1 where nothing is, or all of it is alike."""
    seen = ~np.isnan(x)
    squares = np.where(seen, np.square(x - _mean(x)), 0.0).sum(axis=0) / seen.sum(axis=0).clip(1)
    return np.where(squares > 0, np.sqrt(squares), 1.0)


def _mean(x: _Array) -> _Array:
    seen: NDArray[np.bool_] = ~np.isnan(x)
    return np.where(seen, x, 0.0).sum(axis=0) / seen.sum(axis=0).clip(1)
