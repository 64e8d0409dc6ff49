r"""Mixtures of Gaussians on whole images: no network, and yet a proper density on pixels.

References:
    Mixtures of Probabilistic Principal Component Analysers (Tipping & Bishop, 1999), Neural Computation 11, 443-482
    On-line Expectation-Maximization Algorithm for Latent Data Models (Cappé & Moulines, 2009), JRSS B 71, 593-613
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.optim import Optimizer

from genlib.models.base import DIGITS, Model, digits
from genlib.models.measuring import Measurement
from genlib.models.stepwise import SMALLEST, Gaussians, beginning, em_step, exact, log_densities
from genlib.models.subspace import CHUNK, Conditional, Subspace, principal_components
from genlib.settings import PixelMixtureConfig

__all__ = ["PixelMixture"]

_PIXELS = 28 * 28
_FINEST = 1 / 255**2  # one grey level, squared: with less noise a density would grow without end
_PATIENCE = 2  # images for each axis of each component, which the statistics of the beginning are averaged over


class PixelMixture(Model):
    r"""A mixture of Gaussians on the pixels, each of which varies along the first principal components.

    $$x = m + A z + r, \qquad z \sim \sum_k \alpha_k \mathcal{N}(\mu_k, \Sigma_k), \qquad
    r \sim \mathcal{N}(0, \sigma^2 (I - A A^\top))$$

    $$\log p(x) = \log \sum_k \alpha_k \mathcal{N}(z; \mu_k, \Sigma_k) - \frac{P - D}{2} \log 2\pi\sigma^2 -
    \frac{\|x - m\|^2 - \|z\|^2}{2\sigma^2}, \qquad z = A^\top (x - m)$$

    The mean $m$, the $D$ axes $A$ and the noise $\sigma^2$, the mean variance across the axes, come from the images at
    once (Tipping & Bishop, 1999, eq. 8); weights, means and full covariances are learnt by EM, a little with each batch
    (Cappé & Moulines, 2009), with the rate $\eta_t = \min\{1, b\,(1 + b t)^{-0.6}\}$ for batches of $B$ images,
    $b = B / (2 D K)$, where $K$ counts all components.

    With labels each digit $y$ has components of its own, and $p(x) = \sum_y p(y)\,p(x|y)$: one mixture for each class,
    fitted to the images of that class alone.

    Arguments:
        config: Number of axes and of components, and what is added to each variance.

    Metrics:
        loss: $-\log p(x)$, or $-\log p(x|y)$ with labels, nats per image: a density on pixels between 0 and 1, so it
            is often negative, and cannot be compared with models of black and white pixels.
        squared_error: Squared error of $m + A z$, summed over pixels; only on validation images. It is that of PCA.
    """

    family: ClassVar[str] = "mixture"
    config_class = PixelMixtureConfig
    halves: ClassVar[bool] = False  # a covariance that is rounded so far may no longer be one
    config: PixelMixtureConfig

    mean: Tensor  # (P,)
    axes: Tensor  # (P, D)
    noise: Tensor  # ()
    weights: Tensor  # (K,), of all digits together
    means: Tensor  # (K, D)
    scatters: Tensor  # (K, D, D), covariances before anything is added

    def __init__(self, config: PixelMixtureConfig) -> None:
        super().__init__(config)
        d, k = config.latent_dim, config.components * (DIGITS if config.labels else 1)
        self.register_buffer("mean", torch.zeros(_PIXELS))
        self.register_buffer("axes", torch.eye(_PIXELS, d))
        self.register_buffer("noise", torch.ones(()))
        self.register_buffer("weights", torch.full((k,), 1 / k))
        self.register_buffer("means", torch.zeros(k, d))
        self.register_buffer("scatters", torch.eye(d).repeat(k, 1, 1))

    @property
    def covariances(self) -> Tensor:
        r"""$\Sigma_k$, (K, D, D), with what is added to each variance."""
        return self.scatters + self.config.regularisation * torch.eye(self.latent_dim, device=self.scatters.device)

    @torch.no_grad()
    def prepare(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> None:
        """Find mean, axes and noise, and where the components begin: those of a digit that is not there, anywhere."""
        mean, axes, variances = principal_components(images)
        d = self.latent_dim
        self.mean.copy_(mean)
        self.axes.copy_(axes[:, :d])
        self.noise.copy_(variances[d:].mean().clamp(min=_FINEST))
        z = torch.cat([self.encode(part.float() / 255) for part in images.split(CHUNK)])
        self.weights.fill_(1 / len(self.weights))
        for digit, part in enumerate(self._parts()):
            own = labels == digit if self.config.labels and (labels == digit).any() else labels >= 0
            _, self.means[part], self.scatters[part] = beginning(z[own], self.config.components, rng)

    @torch.no_grad()
    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        """One step of EM on the statistics of this batch and of those before, for each digit at its own components."""
        portion = len(x) / (_PATIENCE * self.latent_dim * len(self.weights))
        rate = min(1.0, portion * (1 + portion * step) ** -0.6)
        whole = Subspace(self.mean, self.axes, self.noise, self.means, self.covariances)
        z, noise = whole.split(x.flatten(1))
        total = noise.sum()
        for digit, part in enumerate(self._parts()):
            codes = z[labels == digit] if self.config.labels else z
            old = Gaussians(self.weights[part], self.means[part], self.scatters[part])
            joint = log_densities(codes, old.means, whole.covariances[part]) + old.weights.log()
            total += (joint.logsumexp(1) - old.weights.sum().log()).sum()
            new = em_step(old, codes, joint.softmax(1), rate, len(x))
            self.weights[part], self.means[part], self.scatters[part] = new
        return {"loss": -total / len(x)}

    @torch.no_grad()
    def metrics(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        self.eval()
        squared_error = (x - self.reconstruct(x)).square().sum((1, 2, 3)).mean()
        loss = -self.log_prob(x, labels if self.config.labels else None).mean()
        return {"loss": loss, "squared_error": squared_error}

    @torch.no_grad()
    def log_prob(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        r"""$\log p(x)$, or with labels $\log p(x|y)$, in nats, (B, 1, 28, 28) to (B,).

        The density is one on all of $\mathbb{R}^{784}$: some of it lies where no grey level is.
        """
        densities = self._exact().log_densities(exact(x.flatten(1)))
        return (densities + self._log_weights(labels)).logsumexp(1).to(x)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        r"""$z = A^\top (x - m)$, (B, 1, 28, 28) to (B, D)."""
        return (x.flatten(1) - self.mean) @ self.axes

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        r"""$m + A z$ where that is a grey level, else black or white, (B, D) to (B, 1, 28, 28)."""
        return (self.mean + z @ self.axes.T).clamp(0, 1).unflatten(1, (1, 28, 28))

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """New images, (n, 1, 28, 28), without the noise across the axes, as :meth:`decode` draws them.

        What is darker than black becomes black there, so the mean of many samples is a little brighter than that of the
        images.
        """
        self.eval()
        if self.config.labels and labels is None:
            labels = digits(n, rng.device)
        noise = torch.randn(n, self.latent_dim + 1, generator=rng, device=rng.device)
        components = _chosen(self._log_weights(labels), noise[:, :1])
        factors = torch.linalg.cholesky(exact(self.covariances)).to(noise.dtype).to(rng.device)
        z = torch.empty_like(noise[:, 1:])
        for k in components.unique().tolist():
            rows = components == k
            z[rows] = self.means[k] + noise[rows, 1:] @ factors[k].T
        return self.decode(z)

    @torch.no_grad()
    def fill(self, y: Tensor, look: Measurement, labels: Tensor | None = None) -> Tensor:
        r"""What images are on average given what is known of them, $\mathrm{E}[x | y]$, as far as it is grey levels.

        $$p(x | y) = \sum_k p(k | y)\, p(x | y, k), \qquad p(k | y) \propto \alpha_k\, p(y | k)$$

        Of all guesses the mean has the least squared error, and it blurs what is uncertain.

        Arguments:
            y: What is known, (B, M).
            look: How it comes from the image.
            labels: Which digits they are, (B,), if a conditional model is to know.

        Returns:
            (B, 1, 28, 28).
        """
        given, log_weights = self._given(y, look, labels)
        return self._grey(given.mean(exact(y), log_weights.softmax(1)), y, look)

    @torch.no_grad()
    def fill_samples(
        self,
        y: Tensor,
        look: Measurement,
        n: int,
        rng: torch.Generator,
        labels: Tensor | None = None,
        grain: bool = True,
    ) -> Tensor:
        r"""Images that are drawn from $p(x | y)$, as far as they are grey levels.

        Arguments:
            y: What is known, (B, M).
            look: How it comes from the image.
            n: How many of each.
            rng: Noise.
            labels: As for :meth:`fill`.
            grain: With the noise across the axes, as the distribution has it, or without, as :meth:`sample` does.

        Returns:
            (n, B, 1, 28, 28).
        """
        given, log_weights = self._given(y, look, labels)
        noise = exact(torch.randn(n * len(y), 1 + _PIXELS + y.shape[1], generator=rng, device=rng.device))
        components = _chosen(log_weights.repeat(n, 1), noise[:, :1])
        drawn = given.draw(exact(y).repeat(n, 1), components, noise[:, 1:])
        if not grain:
            drawn = given.whole.mean + given.whole.split(drawn)[0] @ given.whole.axes.T
        return torch.stack([self._grey(each, y, look) for each in drawn.chunk(n)])

    def _given(self, y: Tensor, look: Measurement, labels: Tensor | None) -> tuple[Conditional, Tensor]:
        r"""The conditional distribution, and $\log p(k | y)$ up to a constant, (B, K)."""
        whole = self._exact()
        given = Conditional(whole, look.matrix(whole.mean), look.noise)
        return given, given.log_densities(exact(y)) + self._log_weights(labels)

    def _grey(self, pixels: Tensor, y: Tensor, look: Measurement) -> Tensor:
        return look.keep(pixels.clamp(0, 1).to(y).view(-1, 1, 28, 28), y)

    def _parts(self) -> list[slice]:
        """Which components belong together: those of each digit, or all."""
        k = self.config.components
        return [slice(start, start + k) for start in range(0, len(self.weights), k)]

    def _exact(self) -> Subspace:
        return Subspace(*map(exact, (self.mean, self.axes, self.noise, self.means, self.covariances)))

    def _log_weights(self, labels: Tensor | None) -> Tensor:
        r"""$\log \alpha_k$, (1, K), or of components given a digit, (B, K): minus infinity at those of other digits."""
        log_weights = exact(self.weights).log()
        if labels is None or not self.config.labels:
            return log_weights.log_softmax(0).unsqueeze(0)
        owners = torch.arange(len(log_weights), device=log_weights.device) // self.config.components
        others = owners != labels.to(log_weights.device).unsqueeze(1)
        return log_weights.masked_fill(others, -torch.inf).log_softmax(1)


def _chosen(log_weights: Tensor, noise: Tensor) -> Tensor:
    """Components drawn by their weights, (N, K) or (1, K), up to a constant, each by a standard normal number (N, 1).

    A number of its own for each, so that who else is drawn changes nothing.
    """
    sums = log_weights.softmax(1).cumsum(1)
    level = torch.special.ndtr(exact(noise)).clamp(min=SMALLEST) * sums[:, -1:]
    return (sums < level).sum(1).clamp(max=sums.shape[1] - 1).to(noise.device)
