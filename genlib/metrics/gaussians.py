r"""The distance of two clouds of points by their means and covariances.

References:
    The Fréchet Distance between Multivariate Normal Distributions (Dowson & Landau, 1982), J. Multivariate Analysis
    GANs Trained by a Two Time-Scale Update Rule (Heusel et al., 2017): of features of images, as FID
    Effectively Unbiased FID and Inception Score (Chong & Forsyth, 2020): its bias in n
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["frechet", "frechet_of"]

_Array = NDArray[np.floating]


def frechet(mean_a: _Array, cov_a: _Array, mean_b: _Array, cov_b: _Array) -> float:
    r"""The squared Fréchet distance of two Gaussians.

    $$d^2 = \|\mu_a - \mu_b\|^2 + \operatorname{tr}\!\big(\Sigma_a + \Sigma_b - 2(\Sigma_a \Sigma_b)^{1/2}\big)$$

    The trace of the root is the sum of the roots of the eigenvalues of $\Sigma_a^{1/2} \Sigma_b \Sigma_a^{1/2}$, which
    is symmetric, so that singular covariances are no exception.

    Arguments:
        mean_a: (F,).
        cov_a: (F, F), symmetric and not negative.
        mean_b: (F,).
        cov_b: (F, F).
    """
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    crossed = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    apart = np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * crossed
    return max(float(apart), 0.0)  # rounding may leave a little less than nothing


def frechet_of(a: _Array, b: _Array) -> float:
    """The squared Fréchet distance of the Gaussians fitted to two samples, (N, F) and (M, F).

    It is too large, the more so the smaller the samples: compare only figures from samples of one size.
    """
    return frechet(*_fitted(a), *_fitted(b))


def _fitted(x: _Array) -> tuple[_Array, _Array]:
    x = x.astype(np.float64)
    return x.mean(0), np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1])
