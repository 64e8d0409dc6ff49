r"""Portraits with a hole, mended in four ways.

References:
    Probabilistic Principal Component Analysis (Tipping & Bishop, 1999), JRSS B 61
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.knobs import InputError
from genlib.portraits.gallery import Gallery, load_gallery, load_portraits
from genlib.portraits.photographs import SIDE, load_photographs
from genlib.repair import score
from genlib.seeding import numpy_rng, torch_rng

__all__ = ["ANSWERS", "HOLES", "METHODS", "Mended", "conditional_mean", "hole", "mend"]

ANSWERS = 5
_Bytes = NDArray[np.uint8]
_Mask = NDArray[np.bool_]
_Floats = NDArray[np.floating[Any]]

HOLES: dict[str, tuple[str, Callable[[_Floats, _Floats], _Mask]]] = {
    "eyes": ("Eyes", lambda r, c: (r >= 19) & (r < 35)),
    "mouth": ("Mouth and chin", lambda r, c: r >= 42),
    "left": ("Left half", lambda r, c: c < SIDE / 2),
    "middle": ("Middle", lambda r, c: (abs(r - 31.5) < 16) & (abs(c - 31.5) < 16)),
    "random": ("9 of 10 pixels", lambda r, c: numpy_rng(0, "portrait hole").random(r.shape) < 0.9),
}
METHODS = {
    "mean": ("Mean face", "the mean of all photographs that were learnt from"),
    "nearest": ("Nearest photograph", "the one of them that is most like what is left"),
    "gaussian": ("Eigenfaces", "the exact mean of what is missing, given what is left, under a Gaussian of 40 axes"),
    "bent": ("This model", "the most probable code of what is left, by search, decoded"),
}


@dataclass(frozen=True, eq=False)
class Mended:
    """Repairs of one portrait.

    Arguments:
        repairs: By method, (64, 64) bytes; what is seen stays as it is.
        psnr: How near each is inside the hole, dB.
        answers: Others that may have been, (5, 64, 64), drawn by this model.
    """

    repairs: dict[str, _Bytes]
    psnr: dict[str, float]
    answers: _Bytes


def hole(kind: str) -> _Mask:
    """Where a hole of ``HOLES`` is, (64, 64): true where a pixel is seen.

    Raises:
        InputError: If there is none of that name.
    """
    if kind not in HOLES:
        raise InputError(f"There is no hole {kind}: choose {', '.join(HOLES)}.")
    rows, columns = np.indices((SIDE, SIDE), np.float64)
    seen: _Mask = ~HOLES[kind][1](rows, columns)
    return seen


def mend(image: _Bytes, seen: _Mask, seed: int = 0) -> Mended:
    """Mend a portrait by every method.

    Arguments:
        image: (64, 64), one byte a pixel; what is missing is only compared with.
        seen: True where a pixel is seen, (64, 64).
        seed: Of the several answers.

    Raises:
        InputError: If nothing is missing or next to nothing is left.
    """
    if image.shape != (SIDE, SIDE) or seen.shape != (SIDE, SIDE):
        raise InputError(f"A portrait has {SIDE} x {SIDE} pixels: give no other.")
    if seen.all() or seen.sum() < SIDE:
        raise InputError(f"The hole must have a pixel, and leave at least {SIDE}: paint another.")
    gallery, learnt = load_gallery(), load_photographs().train
    nearest = np.square(learnt[:, seen].astype(float) - image[seen]).sum(1).argmin()
    ours = _searched(gallery, image, seen, seed)
    drawn: dict[str, _Floats] = {
        "mean": learnt.mean(0),
        "nearest": learnt[nearest].astype(float),
        "gaussian": 255 * conditional_mean(gallery, image / 255, seen),
        "bent": 255 * ours[0],
    }
    repairs = {name: _pasted(each, image, seen) for name, each in drawn.items()}
    answers = np.stack([_pasted(255 * each, image, seen) for each in ours[1:]])
    return Mended(repairs, {name: score(each, image, seen).psnr for name, each in repairs.items()}, answers)


def conditional_mean(gallery: Gallery, image: _Floats, seen: _Mask) -> NDArray[np.float64]:
    r"""The mean of a Gaussian over faces, given the pixels that are seen.

    $$x = m + A y + \epsilon, \qquad y \sim N(0, \Lambda), \quad \epsilon \sim N(0, \sigma^2 I)$$

    $$\mathrm{E}[x | x_o] = m + A\,(A_o^\top A_o + \sigma^2 \Lambda^{-1})^{-1} A_o^\top (x_o - m_o)$$

    with the main axes $A$ of the photographs and the variances $\Lambda$ along them: probabilistic PCA (Tipping &
    Bishop, 1999). $\sigma$ is its error on people that were not learnt from.

    Arguments:
        gallery: Has the axes.
        image: (64, 64) in [0, 1].
        seen: Where it is looked at, (64, 64).

    Returns:
        (64, 64).
    """
    o, axes = seen.ravel(), gallery.pca_axes.astype(np.float64)
    noise = gallery.told["models"]["pca"]["best"]["validation"]
    precision = axes[o].T @ axes[o] + np.diag(noise / gallery.pca_variances)
    y = np.linalg.solve(precision, axes[o].T @ (image.ravel() - gallery.pca_mean)[o])
    return np.asarray(gallery.pca_mean + axes @ y, np.float64).reshape(image.shape)


def _searched(gallery: Gallery, image: _Bytes, seen: _Mask, seed: int) -> NDArray[np.float32]:
    """The most probable face and several others, (1 + n, 64, 64) in [0, 1]."""
    import torch

    from genlib.portraits.codes import Prior, several_codes

    model = load_portraits()
    prior = Prior(torch.tensor(gallery.mean), torch.tensor(gallery.factor))
    x, mask = torch.tensor(image)[None, None] / 255, torch.tensor(seen)[None, None].float()
    *_, z = several_codes(model.decode, x, mask, prior, gallery.sigma, ANSWERS, torch_rng(seed, "answers"))
    return gallery.decode(z.numpy())


def _pasted(drawn: _Floats, image: _Bytes, seen: _Mask) -> _Bytes:
    found: _Bytes = np.where(seen, image, np.round(drawn.clip(0, 255))).astype(np.uint8)
    return found
