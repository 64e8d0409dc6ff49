r"""What can be measured on a portrait without asking anybody: light, turn of the head, hair, beard, brows.

Each reading is a number taken from the pixels, so it can be taken of a photograph and of a made face alike. None of
them knows what a face is: a dark wall behind a bald head is hair to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from genlib.portraits.photographs import SIDE

__all__ = ["READINGS", "Reading", "read"]

_Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Reading:
    r"""A number that is read from a portrait $x$ with a map of weights $w$.

    $$\text{mean}: \bar x = \sum_p w_p x_p \qquad \text{spread}: \sqrt{\textstyle\sum_p w_p (x_p - \bar x)^2}$$

    Arguments:
        name: What it tells of.
        more: What a larger number looks like.
        how: What is measured, in words.
        kind: Which of the two.
        weights: $w$, (64, 64).
    """

    name: str
    more: str
    how: str
    kind: Literal["mean", "spread"]
    weights: NDArray[np.float64]


def _where(inside: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Equal weights, 1 in all, of the pixels for which it is true; rows and columns count from 0 to 63."""
    rows, columns = np.indices((SIDE, SIDE), np.float64)
    found = inside(rows, columns).astype(np.float64)
    weights: NDArray[np.float64] = found / found.sum()
    return weights


_ALL = _where(lambda r, c: r >= 0)
_CHEEKS = _where(lambda r, c: (r >= 34) & (r < 42) & (abs(c - 31.5) > 8) & (abs(c - 31.5) < 20))

READINGS = {
    "light": Reading("Light", "brighter", "the mean grey of all pixels", "mean", _ALL),
    "contrast": Reading("Contrast", "harder", "the standard deviation of all pixels", "spread", _ALL),
    "turn": Reading(
        "Turn",
        "turned to the left of the picture",
        "how much brighter the left half is than the right: left-right asymmetry",
        "mean",
        _where(lambda r, c: c < SIDE / 2) - _where(lambda r, c: c >= SIDE / 2),
    ),
    "hair": Reading(
        "Hair",
        "darker and lower",
        "how much darker the top of the head is than the cheeks",
        "mean",
        _CHEEKS - _where(lambda r, c: (r < 9) & (abs(c - 31.5) < 18)),
    ),
    "beard": Reading(
        "Beard",
        "darker round the mouth",
        "how much darker mouth and chin are than the cheeks",
        "mean",
        _CHEEKS - _where(lambda r, c: (r >= 45) & (r < 62) & (abs(c - 31.5) < 12)),
    ),
    "eyes": Reading(
        "Brows",
        "darker brows, eyes or glasses",
        "how much darker the band of brows and eyes is than the cheeks",
        "mean",
        _CHEEKS - _where(lambda r, c: (r >= 21) & (r < 32) & (abs(c - 31.5) < 20)),
    ),
    "wall": Reading(
        "Wall",
        "brighter behind the head",
        "the mean grey of the upper corners",
        "mean",
        _where(lambda r, c: (r < 14) & (abs(c - 31.5) > 27)),
    ),
}


def read(images: _Floats) -> NDArray[np.float64]:
    """All readings of portraits, (n, 64, 64) in [0, 1] to (n, readings), in the order of ``READINGS``."""
    return np.stack([_one(each, images.astype(np.float64)) for each in READINGS.values()], 1)


def _one(reading: Reading, x: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = np.einsum("nij,ij->n", x, reading.weights)
    if reading.kind == "mean":
        return mean
    return np.sqrt(np.einsum("nij,ij->n", np.square(x - mean[:, None, None]), reading.weights))
