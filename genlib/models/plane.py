"""The same families on points in the plane: smaller networks, and coordinates in the place of pixels.

Update rules, losses and formulas are those of the images; only the networks differ. Points are standardised before a
model sees them, so x has mean 0 and deviation 1 along each axis.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from genlib.models.autoencoder import Autoencoder
from genlib.models.gan import GAN, Judge
from genlib.models.nets import Net
from genlib.models.pixels import Coordinates, Unit
from genlib.models.vae import VAE
from genlib.settings import NetworkConfig, PlaneAutoencoderConfig, PlaneGANConfig, PlaneVAEConfig

__all__ = ["PlaneAutoencoder", "PlaneDiscriminator", "PlaneGAN", "PlaneVAE"]

_SLOPE = 0.2  # of LeakyReLU below 0, as for images


class PlaneAutoencoder(Autoencoder):
    r"""An autoencoder of points: each is squeezed through a code of $D$ numbers and rebuilt.

    $$\min_{\mathrm{Enc}, \mathrm{Dec}} \; \mathbb{E}\,\|x - \mathrm{Dec}(\mathrm{Enc}(x))\|^2$$

    With $D = 1$ all that it can rebuild lies on a curve, which training bends through the points.

    Metrics:
        loss: Squared error of a point, in standard deviations of the data, summed over both coordinates.
        squared_error: The same on validation points.
    """

    family: ClassVar[str] = "ae2d"
    form: ClassVar[tuple[int, ...]] = (2,)
    config_class = PlaneAutoencoderConfig

    def make_pixels(self) -> Unit:
        return Coordinates()

    def make_encoder(self) -> nn.Module:
        return _net(self.config, 2, self.config.latent_dim)

    def make_decoder(self) -> nn.Module:
        return _net(self.config, self.config.latent_dim, 2)


class PlaneVAE(VAE):
    r"""A variational autoencoder of points.

    $$\log p(x) \ge \mathbb{E}_{q(z|x)}[\log p(x|z)] - \beta\,\mathrm{KL}(q(z|x)\,\|\,p(z)), \qquad
    p(x|z) = \mathcal{N}(\mathrm{Dec}(z), \sigma^2 I)$$

    Kingma & Welling (2013); one $\sigma$ for both coordinates, learnt with the weights.

    Metrics:
        loss: Negative right side, nats per point: reconstruction + beta * kl.
        reconstruction: $-\log p(x|z)$ for $z$ drawn from $q$, nats per point, of a density of standardised points.
        kl: KL term before weighting, nats per point.
        squared_error: Squared error of the point decoded from the mean of $q$; only on validation points.
    """

    family: ClassVar[str] = "vae2d"
    form: ClassVar[tuple[int, ...]] = (2,)
    config_class = PlaneVAEConfig

    def make_pixels(self) -> Unit:
        return Coordinates()

    def make_encoder(self) -> nn.Module:
        return _net(self.config, 2, 2 * self.config.latent_dim)

    def make_decoder(self) -> nn.Module:
        return _net(self.config, self.config.latent_dim, 2)


class PlaneGAN(GAN):
    r"""A generative adversarial network of points: G makes points, D tells them from real ones.

    $$\min_G \max_D \; \mathbb{E}_{x \sim p(x)}[\log D(x)] + \mathbb{E}_{z \sim N(0, I)}[\log(1 - D(G(z)))]$$

    Goodfellow et al. (2014). Where the density $p$ is known, so is the best D for a given G,
    $D^*(x) = p(x) / (p(x) + p_G(x))$.

    With packing $m > 1$, D judges $m$ points together: $m$ real ones, or $m$ made ones. Points that are all alike are
    then easily told from real ones, so that G gains nothing by making the same over and over (Lin et al., 2018, PacGAN:
    The Power of Two Samples in Generative Adversarial Networks).

    Metrics:
        loss_d: What D makes small, without the gradient penalty; see the GAN of images.
        loss_g: What G makes small.
        real: Mean $D(x)$ of real points: a probability, or for hinge and wasserstein a score.
        fake: Mean $D(G(z))$ of made points.
        gradient_d: Length of the gradient that D takes its step by, penalty included.
        gradient_g: Length of the gradient that G takes its step by.
        spread: Mean squared distance between two made points as a share of that between two real ones.
    """

    family: ClassVar[str] = "gan2d"
    form: ClassVar[tuple[int, ...]] = (2,)
    config_class = PlaneGANConfig
    config: PlaneGANConfig

    def make_generator(self) -> nn.Module:
        return _net(self.config, self.config.latent_dim, 2)

    def make_discriminator(self) -> Judge:
        return PlaneDiscriminator(self.config)

    def surface(self, x: Tensor, others: Tensor) -> Tensor:
        """What D says of points, (N, 2) to (N,): a probability, or for hinge and wasserstein a score.

        Where it judges several together, the mean over packs in which the other points are real.

        Arguments:
            x: Points.
            others: Real points, (M, 2), some more than ``config.packing``.
        """
        self.eval()
        m = self.config.packing
        if m == 1:
            return self.scores(x)
        packs = others[: len(others) // (m - 1) * (m - 1)].reshape(-1, m - 1, 2)[:_PACKS]
        rows = [torch.cat([x.unsqueeze(1), pack.expand(len(x), -1, -1)], 1) for pack in packs]
        return torch.stack([self.scores(row) for row in rows]).mean(0)


_PACKS = 8


class PlaneDiscriminator(Judge):
    """From points to scores: 2 - H - ... - 1, or from packs of m of them, 2m - H - ... - 1.

    The scores of B points are (B / m,), each of m neighbours in the batch; of fewer than m left over there is none.
    """

    def __init__(self, config: PlaneGANConfig) -> None:
        super().__init__()
        self.pixels = Coordinates()
        self.width = 2 * config.packing
        limit: Callable[[nn.Module], nn.Module] = spectral_norm if config.spectral else lambda layer: layer
        widths = [self.width, *[config.hidden_dim] * config.layers]
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [limit(nn.Linear(a, b)), nn.LeakyReLU(_SLOPE)]
        # A constant would cancel where scores are subtracted.
        self.layers = nn.Sequential(*layers, limit(nn.Linear(widths[-1], 1, bias=False)))

    def packed(self, x: Tensor) -> Tensor:
        """Points (B, 2) as packs, (B / m, 2m)."""
        points, m = x.reshape(-1, 2), self.width // 2
        return points[: len(points) // m * m].reshape(-1, self.width)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.layers(self.packed(x))
        return scores.squeeze(1)


def _net(config: NetworkConfig, a: int, b: int) -> Net:
    """From a to b numbers: a - H - ... - H - b."""
    widths = [config.hidden_dim] * config.layers
    rest = [each for before, after in pairwise(widths) for each in (nn.ReLU(), nn.Linear(before, after))]
    return Net(nn.Linear(a, widths[0]), nn.Sequential(*rest, nn.ReLU(), nn.Linear(widths[-1], b)), labels=False)
