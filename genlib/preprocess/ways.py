r"""What to do about missing values: each learns from the training rows, and then completes any.

References:
    Missing Value Estimation Methods for DNA Microarrays (Troyanskaya et al., 2001), Bioinformatics 17: neighbours
    mice: Multivariate Imputation by Chained Equations in R (van Buuren & Groothuis-Oudshoorn, 2011), J. Stat. Software
    Supervised Learning from Incomplete Data via an EM Approach (Ghahramani & Jordan, 1994), NeurIPS 6
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.gmm import Mixture, fill
from genlib.seeding import numpy_rng

__all__ = ["WAYS", "Way"]

_Array = NDArray[np.float64]
_Completes = Callable[[_Array], _Array]
_Fitted = Callable[[], Mixture]  # asked for only where it is needed
_NEIGHBOURS, _ASKED = 5, 2000  # the nearest, and the rows that are looked through


@dataclass(frozen=True)
class Way:
    """One way to go on with missing values.

    Attributes:
        title: What to call it.
        how: What it does, and what that costs, in a sentence.
        learn: From training rows (N, D) with NaN, the mixture fitted to what is there of them, and a seed, to what
            completes rows; None for a way that completes none: rows with a gap are dropped.
        direct: Whether the mixture is fitted to what is there, without putting anything in.
    """

    title: str
    how: str
    learn: Callable[[_Array, _Fitted, int], _Completes] | None
    direct: bool = False


def _mean(train: _Array, mixture: _Fitted, seed: int) -> _Completes:
    from sklearn.impute import SimpleImputer

    transform: _Completes = SimpleImputer().fit(train).transform
    return transform


def _neighbours(train: _Array, mixture: _Fitted, seed: int) -> _Completes:
    from sklearn.impute import KNNImputer

    order = numpy_rng(seed, "neighbours").permutation(len(train))
    # A column that is nearly empty must have a value among those that are looked through.
    told = ~np.isnan(train[order])
    asked = order[np.union1d(np.arange(min(_ASKED, len(order))), told.argmax(axis=0))]
    transform: _Completes = KNNImputer(n_neighbors=_NEIGHBOURS).fit(train[asked]).transform
    return transform


def _iterative(train: _Array, mixture: _Fitted, seed: int) -> _Completes:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        transform: _Completes = IterativeImputer(random_state=seed).fit(train).transform
    return transform


def _mixture_mean(train: _Array, mixture: _Fitted, seed: int) -> _Completes:
    return lambda x: fill(mixture(), x)


def _mixture_draw(train: _Array, mixture: _Fitted, seed: int) -> _Completes:
    rng = numpy_rng(seed, "draws")
    return lambda x: fill(mixture(), x, rng)


WAYS: Mapping[str, Way] = {
    "drop": Way(
        "Drop rows",
        "Rows with a gap are left out: fewer to learn from, and the wrong ones if gaps depend on values.",
        None,
    ),
    "mean": Way(
        "Column mean",
        "The mean of the column is put in: all alike, on a line that is not in the data.",
        _mean,
    ),
    "neighbours": Way(
        "5 neighbours",
        "The mean of the five nearest of 2,000 rows, by what is seen: so it depends on how columns are scaled.",
        _neighbours,
    ),
    "iterative": Way(
        "Regression",
        "Each column is predicted from the others by a straight line, round after round; no line follows groups.",
        _iterative,
    ),
    "mixture_mean": Way(
        "Mixture, mean",
        "The conditional mean of a mixture: the least squared error, and thinner groups than there are.",
        _mixture_mean,
    ),
    "mixture_draw": Way(
        "Mixture, draw",
        "A draw from the conditional distribution: farther off one by one, and together like the data.",
        _mixture_draw,
    ),
    "direct": Way(
        "EM on what is there",
        "Nothing is put in: the mixture is fitted to the values that are there. For the error, its conditional mean.",
        _mixture_mean,
        direct=True,
    ),
}
