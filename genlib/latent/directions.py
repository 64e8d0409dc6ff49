r"""Ways through the space of codes: between two codes, and from one kind of image to another.

References:
    Sampling Generative Networks (White, 2016), arXiv:1609.04468
    Unsupervised Representation Learning with Deep Convolutional GANs (Radford, Metz & Chintala, 2015), arXiv:1511.06434
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genlib.knobs import InputError
from genlib.latent.atlas import Atlas

__all__ = ["circle", "class_difference", "difference", "line"]

_Floats = NDArray[np.float64]


def line(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> _Floats:
    r"""Codes on the straight line $(1 - t)\,a + t\,b$.

    Arguments:
        a: Where it begins, (D,).
        b: Where it ends, (D,).
        t: From 0 at ``a`` to 1 at ``b``: a number, or (T,).

    Returns:
        (D,), or (T, D).
    """
    start, end, at = _ends(a, b, t)
    return (1 - at) * start + at * end


def circle(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> _Floats:
    r"""Codes on the great circle around 0: the angle from ``a`` grows in proportion to $t$, and so does the length.

    $$z(t) = \big((1 - t)\,|a| + t\,|b|\big)\left[\cos(t \omega)\,\hat a + \sin(t \omega)\,\hat w\right], \qquad
    \hat w \propto \hat b - (\hat a^\top \hat b)\,\hat a$$

    with the angle $\omega$ between both: the spherical interpolation of White (2016). Codes that are drawn from
    $N(0, I)$ in many dimensions all lie about as far from 0, and the straight line between two of them comes nearer to
    0 than any of them.

    Of the great circles to the opposite side one is chosen. Where there is no angle, since a code is 0, or no circle,
    since opposite codes have one dimension, it is the line.

    Arguments:
        a: Where it begins, (D,).
        b: Where it ends, (D,).
        t: From 0 at ``a`` to 1 at ``b``: a number, or (T,).

    Returns:
        (D,), or (T, D).
    """
    start, end, at = _ends(a, b, t)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if not all(lengths):
        return line(a, b, t)
    first, last = start / lengths[0], end / lengths[1]
    aside = last - (first @ last) * first
    sine = np.linalg.norm(aside)
    if sine < 1e-12:
        # Opposite or the same: any direction across will do, so that of the coordinate that is least along the first.
        aside = np.eye(len(first))[np.abs(first).argmin()]
    aside = aside - (first @ aside) * first
    if not aside.any():
        return line(a, b, t)
    angle = at * np.arctan2(sine, first @ last)
    towards = np.cos(angle) * first + np.sin(angle) * aside / np.linalg.norm(aside)
    return ((1 - at) * lengths[0] + at * lengths[1]) * towards


def difference(codes: NDArray[np.floating], a: ArrayLike, b: ArrayLike) -> _Floats:
    """From the mean code of one group of images to that of another, (D,).

    Arguments:
        codes: (N, D).
        a: Which of them are the first group, whole numbers.
        b: Which are the second.

    Raises:
        InputError: If a group is empty, or names a code that is not there.
    """
    means = []
    for group in (np.asarray(a), np.asarray(b)):
        if group.ndim != 1 or not group.size:
            raise InputError("A group of images is empty: pick at least one for each group.")
        if group.dtype.kind not in "iu" or group.min() < 0 or group.max() >= len(codes):
            raise InputError(f"A group names an image that is not there: choose from 0 to {len(codes) - 1}.")
        means.append(codes[group].mean(0, dtype=np.float64))
    return means[1] - means[0]


def class_difference(atlas: Atlas, a: int, b: int) -> _Floats:
    """From the mean code of digit ``a`` to that of digit ``b``, (D,).

    Raises:
        InputError: If one is no digit.
    """
    for digit in (a, b):
        if not 0 <= digit <= 9:
            raise InputError(f"There is no digit {digit}: choose 0 to 9.")
    return atlas.class_means[b].astype(np.float64) - atlas.class_means[a]


def _ends(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> tuple[_Floats, _Floats, _Floats]:
    at = np.asarray(t, np.float64)
    return np.asarray(a, np.float64), np.asarray(b, np.float64), at[:, None] if at.ndim else at
