r"""Variational autoencoders.

References:
    Auto-Encoding Variational Bayes (Kingma & Welling, 2013), arXiv:1312.6114
    beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework (Higgins et al., 2017), ICLR
    Simple and Effective VAE Training with Calibrated Decoders (Rybkin, Daniilidis & Levine, 2021), ICML
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Bernoulli, Distribution, Normal

from genlib.models.base import Descent
from genlib.models.importance import importance_weighted_bound, reparameterise_doubly, several
from genlib.models.nets import decoder, encoder
from genlib.models.pixels import Unit, pixels
from genlib.settings import VAEConfig

__all__ = ["VAE", "gaussian_kl", "negative_bound", "rsample"]

# One grey level. Where an image can be rebuilt exactly, a smaller sigma makes its density grow without end.
_LOWEST = math.log(1 / 255)


class VAE(Descent):
    r"""A variational autoencoder with a Gaussian posterior.

    $$\log p(x) \ge E_{q(z|x)}[\log p(x|z)] - \beta\,\mathrm{KL}(q(z|x)\,\|\,p(z))$$

    Eq. (3) of Kingma & Welling (2013) for $\beta = 1$; Higgins et al. (2017) for $\beta > 1$, where it still bounds.
    For $\beta < 1$ the right side is no longer a bound. The prior is $p(z) = N(0, I)$, the posterior
    $q(z|x) = N(\mu(x), \mathrm{diag}\,\sigma^2(x))$, and $\hat x(z)$ is the decoded image:

    $$\log p_{\text{bernoulli}}(x|z) = \sum_i \left[x_i \log \hat x_i + (1 - x_i) \log(1 - \hat x_i)\right]$$

    $$\log p_{\text{gaussian}}(x|z) = -\sum_i \left[\frac{(x_i - \hat x_i)^2}{2 \sigma^2} +
    \log \sigma + \tfrac12 \log 2\pi\right]$$

    The first reads each grey level as the probability of a white pixel. The second has one $\sigma$ for all pixels,
    learnt with the weights; the best is the root mean squared error (Rybkin, Daniilidis & Levine, 2021). It is told in
    grey levels of [0, 1] also where pixels are standardised.

    With $k > 1$ importance samples, training raises the tighter bound of Burda et al. (2016) instead, which has no
    $\beta$.

    Arguments:
        config: Size of the code and of the network, likelihood, $\beta$, and importance samples.

    Metrics:
        loss: Negative right side, nats per image: reconstruction + beta * kl. With importance samples the negative
            tighter bound, on average below reconstruction + kl.
        reconstruction: $-\log p(x|z)$ for $z$ drawn from $q$, nats per image. The gaussian $p$ is a density, which
            may exceed 1, so its nats may be negative; they cannot be compared with the bernoulli ones.
        kl: KL term before weighting, nats per image.
        squared_error: Squared error of the image decoded from $\mu(x)$, summed over pixels; only on validation images.
    """

    family: ClassVar[str] = "vae"
    config_class: ClassVar[type[VAEConfig]] = VAEConfig
    config: VAEConfig

    def __init__(self, config: VAEConfig) -> None:
        super().__init__(config)
        self.pixels = self.make_pixels()
        self.encoder, self.decoder = self.make_encoder(), self.make_decoder()
        self.average("encoder", "decoder")
        if config.likelihood == "gaussian":
            # From sigma = 1 it comes down with the error, and codes find their order before details count.
            self.log_sigma = nn.Parameter(torch.zeros(()))

    def prepare(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> None:
        self.pixels.fit(images)

    def make_pixels(self) -> Unit:
        """How x goes in and comes out."""
        return pixels(self.config.standardise)

    def make_encoder(self) -> nn.Module:
        r"""What gives mean and log variance of $q(z|x)$, (B, 2D), for images and labels."""
        return encoder(self.config, 2 * self.config.latent_dim)

    def make_decoder(self) -> nn.Module:
        """What gives a logit for each pixel, for codes and labels."""
        return decoder(self.config)

    @property
    def sigma(self) -> Tensor:
        r"""Standard deviation $\sigma$ of a pixel, in [0, 1]'s unit, a scalar; only of the gaussian likelihood."""
        # A soft lower end, as in the code of Rybkin et al.: it is never passed, and the gradient never ends.
        lowest = _LOWEST - self.pixels.log_scale
        return (lowest + F.softplus(self.log_sigma - lowest)).exp() * self.pixels.scale

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Normal:
        r"""$q(z|x)$, whose mean and log variance are the outputs of the encoder, (B, D) each."""
        mean, log_variance = self.part("encoder")(self.pixels.into(x), labels).chunk(2, dim=1)
        # Far too large a learning rate makes these infinite: training reports that, so the check would only cost time.
        return Normal(mean, (log_variance / 2).exp(), validate_args=False)

    def likelihood(self, z: Tensor, labels: Tensor | None = None) -> Bernoulli | Normal:
        r"""$p(x|z)$, (B, 1, 28, 28), whose mean is the decoded image."""
        logits = self.part("decoder")(z, labels)
        if self.config.likelihood == "gaussian":
            return Normal(self.pixels.out(logits), self.sigma, validate_args=False)
        # From logits, so that certainty about a pixel costs no infinite nats.
        return Bernoulli(logits=logits, validate_args=False)

    def losses(self, x: Tensor, labels: Tensor, rng: torch.Generator, step: int | None = None) -> dict[str, Tensor]:
        if self.config.binarise:
            x = torch.bernoulli(x, generator=rng)
        q = self.posterior(x, labels)
        if self.config.importance > 1:
            z = several(q, self.config.importance, rng)
            still = Normal(q.mean.detach(), q.stddev.detach(), validate_args=False)
            log_weights, log_p = self.log_weights(x, labels, still, z)
            reparameterise_doubly(z, log_weights)
            loss = -importance_weighted_bound(log_weights).mean()
            return {"loss": loss, "reconstruction": -log_p.mean(), "kl": gaussian_kl(q).mean()}
        z = rsample(q, rng)
        # In the end the weight is beta, whatever it grew from.
        grown = 1.0 if step is None or step >= self.config.warmup else step / self.config.warmup
        return negative_bound(x, q, self.likelihood(z, labels), self.config.beta * grown)

    def log_weights(self, x: Tensor, labels: Tensor | None, q: Normal, z: Tensor) -> tuple[Tensor, Tensor]:
        r"""$\log w_i = \log p(x|z_i) + \log p(z_i) - \log q(z_i|x)$ of $k$ codes of each image.

        Arguments:
            x: Images, (B, 1, 28, 28).
            labels: Their digits, (B,), for a conditional model.
            q: Their posterior, (B, D).
            z: Codes drawn from it, (k, B, D).

        Returns:
            The logarithms of the weights, and their part $\log p(x|z_i)$; (k, B) each, in nats.
        """
        k = len(z)
        p = self.likelihood(z.flatten(0, 1), None if labels is None else labels.repeat(k))
        log_p = p.log_prob(x.repeat(k, *[1] * (x.dim() - 1))).flatten(1).sum(1).view(k, -1)
        prior = Normal(0.0, 1.0, validate_args=False)
        return log_p + (prior.log_prob(z) - q.log_prob(z)).sum(2), log_p

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.posterior(x, labels).mean

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.pixels.shown(self.likelihood(z, labels).mean)  # standardised pixels know no bounds


def negative_bound(x: Tensor, q: Normal, p: Distribution, beta: float = 1.0) -> dict[str, Tensor]:
    r"""The two terms of the negative bound, and their sum, in nats per image.

    $$\mathcal{L} = \underbrace{-\log p(x|z)}_{\text{reconstruction}} +
    \beta\,\underbrace{\mathrm{KL}(q(z|x)\,\|\,p(z))}_{\text{kl}}, \qquad z \sim q(z|x)$$

    Arguments:
        x: Data, (B, ...).
        q: Posterior of each, (B, D).
        p: Likelihood for one draw from ``q``, (B, ...).
        beta: Weight of the KL term.
    """
    reconstruction = -p.log_prob(x).flatten(1).sum(1).mean()
    kl = gaussian_kl(q).mean()
    return {"loss": reconstruction + beta * kl, "reconstruction": reconstruction, "kl": kl}


def gaussian_kl(q: Normal) -> Tensor:
    r"""KL divergence from the standard normal prior, in nats, (B, D) to (B,).

    $$\mathrm{KL}(q\,\|\,N(0, I)) = \tfrac12 \sum_d \left(\mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2\right)$$

    Appendix B of Kingma & Welling (2013).
    """
    return 0.5 * (q.mean.square() + q.stddev.square() - 1 - 2 * q.stddev.log()).sum(1)


def rsample(q: Normal, rng: torch.Generator) -> Tensor:
    r"""Draw $z = \mu + \sigma\,\epsilon$ with $\epsilon \sim N(0, I)$ from ``rng``: a sample with a gradient.

    The reparameterisation of section 2.4 of Kingma & Welling (2013); PyTorch's own takes no generator.
    """
    return several(q, 1, rng)[0]
