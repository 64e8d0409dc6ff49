"""The same families on points in the plane: smaller networks, and coordinates in the place of pixels.

Update rules, losses and formulas are those of the images; only the networks differ. Points are standardised before a
model sees them, so x has mean 0 and deviation 1 along each axis.
"""

from __future__ import annotations

import math
from typing import ClassVar

from torch import nn

from genlib.models.autoencoder import Autoencoder
from genlib.models.dense import Dense
from genlib.models.pixels import Coordinates, Unit
from genlib.models.vae import VAE
from genlib.settings import NetworkConfig, PlaneAutoencoderConfig, PlaneVAEConfig

__all__ = ["PlaneAutoencoder", "PlaneVAE", "net"]

_NARROW = 0.1  # deviations of the data: sigma of a VAE before training


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
        return net(self.config, 2, self.config.latent_dim)

    def make_decoder(self) -> nn.Module:
        return net(self.config, self.config.latent_dim, 2)


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

    def __init__(self, config: PlaneVAEConfig) -> None:
        super().__init__(config)
        # At sigma = 1 the points, of deviation 1, are explained by noise alone, and the codes would never say a word.
        self.log_sigma.data.fill_(math.log(_NARROW))

    def make_pixels(self) -> Unit:
        return Coordinates()

    def make_encoder(self) -> nn.Module:
        return net(self.config, 2, 2 * self.config.latent_dim)

    def make_decoder(self) -> nn.Module:
        return net(self.config, self.config.latent_dim, 2)


def net(config: NetworkConfig, a: int, b: int) -> Dense:
    """From a to b numbers: a - H - ... - H - b."""
    return Dense([a, *[config.hidden_dim] * config.layers, b])
