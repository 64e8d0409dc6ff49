r"""How good a repair is, inside the hole.

References:
    Image Quality Assessment: From Error Visibility to Structural Similarity (Wang, Bovik, Sheikh & Simoncelli, 2004),
    IEEE Transactions on Image Processing 13
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["Score", "psnr", "rmse", "score", "ssim"]

_WINDOW = 7
_C1, _C2 = 0.01**2, 0.03**2  # of Wang et al., for grey levels 0 to 1
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How near a repair is to its original, inside the hole.

    Arguments:
        psnr: Peak signal-to-noise ratio, dB; infinite for a perfect repair.
        ssim: Structural similarity, -1 to 1: the mean over windows around the missing pixels.
        rmse: Root mean squared error, grey levels 0 to 1.
    """

    psnr: float
    ssim: float
    rmse: float


def score(repair: NDArray[np.uint8], original: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Score:
    """All figures of one repair, (28, 28) each."""
    a, b = (image[None].astype(np.float64) / 255 for image in (repair, original))
    return Score(float(psnr(a, b, mask)[0]), float(ssim(a, b, mask)[0]), float(rmse(a, b, mask)[0]))


def rmse(a: _Floats, b: _Floats, mask: NDArray[np.bool_]) -> _Floats:
    """Root mean squared error of the missing pixels of each image, (B, 28, 28) to (B,)."""
    return np.asarray(np.sqrt(np.square((a - b)[:, ~mask]).mean(axis=1)))


def psnr(a: _Floats, b: _Floats, mask: NDArray[np.bool_]) -> _Floats:
    r"""Peak signal-to-noise ratio of the missing pixels of each image, (B,), dB.

    $$\mathrm{PSNR} = -10 \log_{10} \frac{1}{|m|} \sum_{i \in m} (x_i - \hat x_i)^2$$
    """
    with np.errstate(divide="ignore"):
        return np.asarray(-20 * np.log10(rmse(a, b, mask)))


def ssim(a: _Floats, b: _Floats, mask: NDArray[np.bool_]) -> _Floats:
    r"""Structural similarity of each image, (B,), averaged over the windows whose middle is missing.

    $$\frac{(2 \mu_a \mu_b + c_1)(2 \sigma_{ab} + c_2)}{(\mu_a^2 + \mu_b^2 + c_1)(\sigma_a^2 + \sigma_b^2 + c_2)}$$

    Windows of 7 x 7 pixels (Wang et al., 2004); at the border the image goes on as in a mirror.
    """
    half = _WINDOW // 2

    def windows(x: _Floats) -> _Floats:
        padded = np.pad(x, ((0, 0), (half, half), (half, half)), mode="symmetric")
        return sliding_window_view(padded, (_WINDOW, _WINDOW), axis=(1, 2)).mean(axis=(3, 4))

    mean_a, mean_b = windows(a), windows(b)
    unbiased = _WINDOW**2 / (_WINDOW**2 - 1)
    variance_a, variance_b = ((windows(x * x) - m * m) * unbiased for x, m in ((a, mean_a), (b, mean_b)))
    covariance = (windows(a * b) - mean_a * mean_b) * unbiased
    top = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    values = top / ((mean_a**2 + mean_b**2 + _C1) * (variance_a + variance_b + _C2))
    return np.asarray(values[:, ~mask].mean(axis=1))
