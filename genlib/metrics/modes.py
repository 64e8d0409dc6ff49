r"""Whether each group of points was learnt, where the groups are known Gaussians.

References:
    VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning (Srivastava et al., 2017), NeurIPS
    PacGAN: The Power of Two Samples in Generative Adversarial Networks (Lin et al., 2018), NeurIPS
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["WIDE", "Modes", "modes"]

WIDE = 3.0  # standard deviations to which a mode reaches


@dataclass(frozen=True, eq=False)
class Modes:
    """Modes and the points in them.

    Attributes:
        found: Which modes have a point within three standard deviations of their centre, (K,).
        good: Which points lie so near to a mode, (N,): their share is the high-quality share. Of points from such a
            mode itself in the plane it is $1 - e^{-9/2}$, 98.9 %.
    """

    found: NDArray[np.bool_]
    good: NDArray[np.bool_]


def modes(x: NDArray[np.float64], means: NDArray[np.float64], covariances: NDArray[np.float64]) -> Modes:
    r"""Find the modes that points lie in.

    Near to mode k is $(x - \mu_k)^\top \Sigma_k^{-1} (x - \mu_k) \le 3^2$.

    Arguments:
        x: Points, (N, D).
        means: Centres of the modes, (K, D).
        covariances: Their shapes, (K, D, D).
    """
    whitening = np.linalg.inv(np.linalg.cholesky(covariances))
    white = np.einsum("kde,nke->nkd", whitening, x[:, None] - means)
    near = np.square(white).sum(2) <= WIDE**2
    return Modes(near.any(0), near.any(1))
