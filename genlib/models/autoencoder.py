r"""Autoencoders.

References:
    Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006), Science 313, 504-507
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from genlib.models.base import Model
from genlib.models.nets import decoder, encoder
from genlib.settings import AutoencoderConfig

__all__ = ["Autoencoder"]


class Autoencoder(Model):
    r"""An autoencoder: an image is squeezed through a code of $D$ numbers and rebuilt.

    $$\min_{\mathrm{Enc}, \mathrm{Dec}} \; \mathbb{E}\,\|x - \mathrm{Dec}(\mathrm{Enc}(x))\|^2$$

    Nothing says how the codes are distributed, so there is nothing to draw new ones from: it cannot sample.

    Arguments:
        config: Size of the code and of the hidden layers.

    Metrics:
        loss: Squared error, summed over the pixels of an image.
    """

    family: ClassVar[str] = "ae"
    config_class: ClassVar[type[AutoencoderConfig]] = AutoencoderConfig

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        self.encoder = encoder(config.hidden_dim, config.latent_dim)
        self.decoder = decoder(config.latent_dim, config.hidden_dim)

    def losses(self, x: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        return {"loss": (x - self.decode(self.encode(x))).square().sum((1, 2, 3)).mean()}

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z).sigmoid()
