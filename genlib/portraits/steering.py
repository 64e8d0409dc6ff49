r"""Directions of change with a name, and how far they keep their promise.

References:
    Interpreting the Latent Space of GANs for Semantic Face Editing (Shen et al., 2020), CVPR
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.portraits.readings import read

__all__ = ["Directions", "entanglement", "plain_directions", "slopes", "untangled_directions"]

_STEP = 0.25  # of a number of a code, by which slopes are measured
_Floats = NDArray[np.floating[Any]]
_Decode = Callable[[_Floats], _Floats]


@dataclass(frozen=True, eq=False)
class Directions:
    """One way through the codes for each reading, as long as raises that reading by one standard deviation.

    Arguments:
        rows: What a code gains, (R, D), in the order of ``READINGS``.
        matrix: The entanglement matrix: by how many standard deviations the photographs' readings (columns) change
            when slider (rows) moves by one, (R, R).
        spread: Standard deviation of each entry over the faces it was measured at, (R, R).
    """

    rows: _Floats
    matrix: _Floats
    spread: _Floats


def slopes(decode: _Decode, codes: _Floats, unit: _Floats) -> NDArray[np.float64]:
    r"""How much each reading of the drawn face changes with each number of the code, on average over some faces.

    $$G_{jd} = \frac1n \sum_z \frac{1}{\sigma_j} \frac{\partial s_j(\hat x(z))}{\partial z_d}$$

    Arguments:
        decode: From codes, (n, D), to faces, (n, 64, 64) in [0, 1].
        codes: Faces at which it is measured, (n, D).
        unit: $\sigma_j$, the standard deviation of each reading among photographs, (R,).

    Returns:
        (R, D).
    """
    columns = []
    for step in _STEP * np.eye(codes.shape[1], dtype=codes.dtype):
        columns.append((read(decode(codes + step)) - read(decode(codes - step))).mean(0) / (2 * _STEP * unit))
    return np.stack(columns, 1)


def plain_directions(slopes: _Floats, covariance: _Floats) -> NDArray[np.float64]:
    r"""How codes differ on average where one reading is higher by one, whatever else is then different too.

    $$d_j = \frac{C g_j}{g_j^\top C g_j}$$

    with the rows $g_j$ of the slopes and the covariance $C$ of the codes of photographs: the mean of a code given that
    $g_j^\top z$ is one larger, if codes are Gaussian. A beard comes with glasses here, if those with a beard wear them.

    Arguments:
        slopes: $G$, (R, D).
        covariance: $C$, (D, D).

    Returns:
        (R, D).
    """
    along = slopes @ covariance
    rows: NDArray[np.float64] = along / (along * slopes).sum(1, keepdims=True)
    return rows


def untangled_directions(slopes: _Floats, covariance: _Floats) -> NDArray[np.float64]:
    r"""How codes differ on average where one reading is higher by one and all others are the same.

    $$(d_1, \dots, d_R) = C G^\top (G C G^\top)^{-1}$$

    so that $G d_j$ is 1 in its own place and 0 elsewhere: of all such directions the most probable one. What Shen et
    al. (2020) call conditional manipulation, with the distances of the codes themselves.

    Arguments:
        slopes: $G$, (R, D).
        covariance: $C$, (D, D).

    Returns:
        (R, D).
    """
    along = slopes @ covariance
    return np.asarray(np.linalg.solve(along @ slopes.T, along), np.float64)


def entanglement(decode: _Decode, codes: _Floats, directions: _Floats, unit: _Floats) -> Directions:
    r"""Move one slider, and measure what else changes.

    $$E_{ij} = \frac1n \sum_z \frac{s_j(\hat x(z + d_i)) - s_j(\hat x(z - d_i))}{2\,\sigma_j}$$

    Of a slider that does what it says and nothing else, the diagonal is 1 and the rest of its row 0. What is measured
    is the face that is drawn, not the code.

    Arguments:
        decode: As for :func:`slopes`.
        codes: Faces at which it is measured, (n, D).
        directions: $d_i$, (R, D).
        unit: $\sigma_j$, (R,).
    """
    rows, spreads = [], []
    for direction in directions:
        change = (read(decode(codes + direction)) - read(decode(codes - direction))) / (2 * unit)
        rows.append(change.mean(0))
        spreads.append(change.std(0))
    return Directions(np.asarray(directions, np.float64), np.stack(rows), np.stack(spreads))
