r"""Gaussians on pixels that lie along few axes: their density, and what seen pixels say of missing ones.

References:
    Mixtures of Probabilistic Principal Component Analysers (Tipping & Bishop, 1999), Neural Computation 11, 443-482
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib.models.stepwise import log_densities

__all__ = ["Conditional", "Subspace"]


@dataclass(frozen=True, eq=False)
class Subspace:
    r"""K Gaussians on P pixels, each any ellipse along D axes and a ball of noise in all directions across them.

    $$x = m + A z + r, \qquad z \sim \mathcal{N}(\mu_k, \Sigma_k), \qquad
    r \sim \mathcal{N}(0, \sigma^2 (I - A A^\top))$$

    $$C_k = A \Sigma_k A^\top + \sigma^2 (I - A A^\top) = \sigma^2 I + A M_k A^\top, \qquad
    M_k = \Sigma_k - \sigma^2 I$$

    Attributes:
        mean: $m$, (P,).
        axes: $A$, orthogonal columns of length 1, (P, D).
        noise: $\sigma^2$, a scalar.
        means: $\mu_k$, (K, D).
        covariances: $\Sigma_k$, (K, D, D).
    """

    mean: Tensor
    axes: Tensor
    noise: Tensor
    means: Tensor
    covariances: Tensor

    def log_densities(self, x: Tensor) -> Tensor:
        r"""$\log \mathcal{N}(x_n; m + A \mu_k, C_k)$ in nats, (N, P) to (N, K)."""
        z, noise = self.split(x)
        return log_densities(z, self.means, self.covariances) + noise.unsqueeze(1)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""The codes $z = A^\top (x - m)$, (N, D), and $\log \mathcal{N}(r; 0, \sigma^2 I)$ across the axes, (N,)."""
        x = x - self.mean
        z = x @ self.axes
        # What lies across the axes is what is left of the length (Pythagoras).
        distances = x.square().sum(1) - z.square().sum(1)
        directions = x.shape[1] - z.shape[1]
        return z, -0.5 * (directions * torch.log(2 * math.pi * self.noise) + distances / self.noise)

    def excess(self) -> Tensor:
        r"""$M_k$, by how much more than the noise the pixels vary along the axes, (K, D, D)."""
        eye = torch.eye(self.axes.shape[1], dtype=self.noise.dtype, device=self.noise.device)
        return self.covariances - self.noise * eye


class Conditional:
    r"""The distribution of the missing pixels given the seen ones, of each component.

    With the singular values $A_o = U h V^\top$ of the axes' seen rows, the seen pixels $o$ are Gaussians of the same
    form: along the axes $U$ with means $h V^\top \mu_k$ and covariances $B_k = \sigma^2 I + h V^\top M_k V h$, and
    noise across them. So all that conditioning asks for is done in D dimensions:

    $$\mathrm{E}[x_m | x_o, k] = m_m + A_m t_k, \qquad
    t_k = \mu_k + G_k \left[U^\top (x_o - m_o) - h V^\top \mu_k\right], \qquad G_k = M_k V h B_k^{-1}$$

    $$\mathrm{Cov}[x_m | k] = \sigma^2 I + A_m N_k A_m^\top, \qquad N_k = M_k - G_k h V^\top M_k$$

    which is $C_{mo} C_{oo}^{-1}$ and $C_{mm} - C_{mo} C_{oo}^{-1} C_{om}$ for $C = \sigma^2 I + A M A^\top$.

    Arguments:
        whole: The Gaussians on all pixels, float64.
        seen: Which pixels are seen, (P,), true or false.
    """

    def __init__(self, whole: Subspace, seen: Tensor) -> None:
        self.whole, self.seen = whole, seen
        excess = whole.excess()
        u, h, vt = torch.linalg.svd(whole.axes[seen], full_matrices=False)
        down = h.unsqueeze(1) * vt  # h V^T, (R, D)
        crossed = down @ excess  # (K, R, D)
        covariances = crossed @ down.T + whole.noise * torch.eye(len(h), dtype=h.dtype, device=h.device)
        self.margin = Subspace(whole.mean[seen], u, whole.noise, whole.means @ down.T, covariances)
        # G^T = B^-1 h V^T M, for both B and M are symmetric.
        self.gains = torch.linalg.solve(covariances, crossed).mT  # (K, D, R)
        self.left = excess - self.gains @ crossed  # (K, D, D)

    def log_densities(self, x: Tensor) -> Tensor:
        r"""$\log p(x_o | k)$ of the seen pixels of images, in nats, (N, P) to (N, K)."""
        return self.margin.log_densities(x[:, self.seen])

    def mean(self, x: Tensor, responsibilities: Tensor) -> Tensor:
        r"""Images whose missing pixels are $\sum_k r_{nk}\,\mathrm{E}[x_m | x_o, k]$, (N, P)."""
        codes = torch.zeros(len(x), self.whole.axes.shape[1], dtype=x.dtype, device=x.device)
        for k, share in enumerate(responsibilities.T):
            codes += share.unsqueeze(1) * self._codes(x, k)
        return self._filled(x, codes @ self.whole.axes[~self.seen].T)

    def draw(self, x: Tensor, components: Tensor, noise: Tensor) -> Tensor:
        r"""Images whose missing pixels are drawn from those components.

        Arguments:
            x: Images, (N, P).
            components: Which one for each image, (N,).
            noise: Standard normal numbers, (N, P), of which those of the missing pixels are taken.
        """
        axes = self.whole.axes[~self.seen]
        u, h, vt = torch.linalg.svd(axes, full_matrices=False)
        down, sigma = h.unsqueeze(1) * vt, self.whole.noise.sqrt()
        eye = torch.eye(len(h), dtype=h.dtype, device=h.device)
        missing = sigma * noise[:, ~self.seen]
        for k in components.unique().tolist():
            rows = components == k
            factor = torch.linalg.cholesky(self.whole.noise * eye + down @ self.left[k] @ down.T)
            # Along U the noise gets the spread that the seen pixels leave, across it keeps its own.
            along = missing[rows] @ u / sigma @ (factor - sigma * eye).T
            missing[rows] += self._codes(x[rows], k) @ axes.T + along @ u.T
        return self._filled(x, missing)

    def _codes(self, x: Tensor, k: int) -> Tensor:
        """The t of component k, (N, D)."""
        seen = (x[:, self.seen] - self.margin.mean) @ self.margin.axes  # (N, R)
        return self.whole.means[k] + (seen - self.margin.means[k]) @ self.gains[k].T

    def _filled(self, x: Tensor, missing: Tensor) -> Tensor:
        filled = x.clone()
        filled[:, ~self.seen] = self.whole.mean[~self.seen] + missing
        return filled
