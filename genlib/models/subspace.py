r"""Gaussians on pixels that lie along few axes: their density, and what measurements say of them.

References:
    Mixtures of Probabilistic Principal Component Analysers (Tipping & Bishop, 1999), Neural Computation 11, 443-482
    Mining Geostatistics (Journel & Huijbregts, 1978), Academic Press, on drawing by conditioning
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genlib.models.stepwise import exact, log_densities

__all__ = ["CHUNK", "Conditional", "Subspace", "principal_components"]

CHUNK = 2000  # images that are held as numbers at once


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
    r"""The distribution of pixels given linear measurements of them, $y = L x + \sigma_y \epsilon$, of each component.

    What noise is in $y$ beside the codes is whitened, $R = \sigma_y^2 I + \sigma^2 L L^\top$ and
    $H = R^{-1/2} L A$; then all that conditioning asks for is done in D dimensions:

    $$G_k = M_k (I + H^\top H M_k)^{-1}, \qquad
    t_k = \mu_k + G_k H^\top \left[R^{-1/2} (y - L m) - H \mu_k\right]$$

    $$\mathrm{E}[x | y, k] = m + A t_k + \sigma^2 L^\top R^{-1} (y - L m - L A t_k)$$

    which is $m + A \mu_k + C_k L^\top (L C_k L^\top + \sigma_y^2 I)^{-1} (y - L m - L A \mu_k)$. With rows of the
    identity as $L$ and no noise, $y$ are seen pixels, and stay as they are.

    Arguments:
        whole: The Gaussians on all pixels, float64.
        look: $L$, (M, P), its rows independent.
        noise: $\sigma_y$.
    """

    def __init__(self, whole: Subspace, look: Tensor, noise: float = 0.0) -> None:
        self.whole, self.look, self.noise = whole, look, noise
        eye = torch.eye(len(look), dtype=look.dtype, device=look.device)
        self.factor = torch.linalg.cholesky(noise**2 * eye + whole.noise * look @ look.T)  # (M, M)
        self.down = self._white(look @ whole.axes)  # H, (M, D)
        self.gram = self.down.T @ self.down
        excess = whole.excess()
        wide = torch.eye(len(self.gram), dtype=look.dtype, device=look.device) + self.gram @ excess  # (K, D, D)
        self.gains = torch.linalg.solve(wide.mT, excess).mT
        self.widths = torch.linalg.slogdet(wide).logabsdet + 2 * self.factor.diagonal().log().sum()  # (K,)

    def log_densities(self, y: Tensor) -> Tensor:
        r"""$\log p(y | k)$ in nats, (N, M) to (N, K)."""
        white = self._white((y - self.look @ self.whole.mean).T).T
        found = []
        for mean, gain, width in zip(self.whole.means, self.gains, self.widths, strict=True):
            apart = white - self.down @ mean
            codes = apart @ self.down
            distances = apart.square().sum(1) - ((codes @ gain.T) * codes).sum(1)
            found.append(-0.5 * (y.shape[1] * math.log(2 * math.pi) + width + distances))
        return torch.stack(found, 1)

    def mean(self, y: Tensor, responsibilities: Tensor) -> Tensor:
        r"""$\sum_k r_{nk}\,\mathrm{E}[x | y_n, k]$, (N, P)."""
        apart = y - self.look @ self.whole.mean
        codes = torch.zeros(len(y), self.whole.axes.shape[1], dtype=y.dtype, device=y.device)
        for k, share in enumerate(responsibilities.T):
            mean = self.whole.means[k]
            codes += share.unsqueeze(1) * (mean + self._codes(apart - self.look @ (self.whole.axes @ mean), k))
        return self.whole.mean + self._pixels(apart, codes)

    def draw(self, y: Tensor, components: Tensor, noise: Tensor) -> Tensor:
        r"""Images drawn from those components given what is known of them.

        An image $x'$ is drawn without regard to $y$, measured, and moved by what that is off (Journel & Huijbregts,
        1978): $x' + \mathrm{E}[x | y, k] - \mathrm{E}[x | y', k]$.

        Arguments:
            y: What is known, (N, M).
            components: Which one for each image, (N,).
            noise: Standard normal numbers, (N, P + M).
        """
        whole, pixels = self.whole, noise[:, : len(self.whole.mean)]
        along = pixels @ whole.axes  # (N, D)
        drawn = whole.mean + whole.noise.sqrt() * (pixels - along @ whole.axes.T)
        for k in components.unique().tolist():
            rows = components == k
            factor = torch.linalg.cholesky(whole.covariances[k])
            drawn[rows] += (whole.means[k] + along[rows] @ factor.T) @ whole.axes.T
            apart = y[rows] - drawn[rows] @ self.look.T - self.noise * noise[rows, pixels.shape[1] :]
            drawn[rows] += self._pixels(apart, self._codes(apart, k))
        return drawn

    def _white(self, apart: Tensor) -> Tensor:
        return torch.linalg.solve_triangular(self.factor, apart, upper=False)

    def _codes(self, apart: Tensor, k: int) -> Tensor:
        """How codes of component k answer to deviations of what is known, (N, M) to (N, D)."""
        return self._white(apart.T).T @ self.down @ self.gains[k].T

    def _pixels(self, apart: Tensor, codes: Tensor) -> Tensor:
        """The deviations of the pixels, (N, P), given those of what is known and of the codes."""
        along = codes @ self.whole.axes.T
        rest = torch.cholesky_solve((apart - along @ self.look.T).T, self.factor).T  # R^-1 of what codes leave
        return along + self.whole.noise * rest @ self.look


def principal_components(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (P,), all axes (P, P) and the variances along them (P,), the largest first, of images (N, 28, 28) uint8."""
    pixels = images.flatten(1)
    mean = exact(pixels.sum(0)) / (255 * len(images))
    covariance = exact(torch.zeros_like(mean)).diag()
    for chunk in pixels.split(CHUNK):
        # Single precision suffices for 2,000 images around their mean, and is twice as fast.
        around = chunk.float() / 255 - mean.float().to(chunk.device)
        covariance += exact(around.T @ around)
    variances, axes = torch.linalg.eigh(covariance / len(images))
    variances, axes = variances.flip(0).clamp(min=0), axes.flip(1)
    # An axis has no sign of its own: its largest entry is made positive.
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return mean, axes * largest.sign(), variances
