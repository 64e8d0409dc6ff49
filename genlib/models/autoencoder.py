r"""Autoencoders.

References:
    Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006), Science 313, 504-507
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from genlib.models.base import Model
from genlib.models.nets import decoder, encoder
from genlib.settings import AutoencoderConfig

__all__ = ["Autoencoder"]


class Autoencoder(Model):
    r"""An autoencoder: an image is squeezed through a code of $D$ numbers and rebuilt.

    $$\min_{\mathrm{Enc}, \mathrm{Dec}} \; \mathbb{E}\,\ell(x, \hat x), \qquad
    \hat x = \mathrm{Dec}(\mathrm{Enc}(x))$$

    Hinton & Salakhutdinov (2006), who took the squared error for faces and the cross-entropy for digits:

    $$\ell_{\text{gaussian}} = \sum_i (x_i - \hat x_i)^2, \qquad
    \ell_{\text{bernoulli}} = -\sum_i \left[x_i \log \hat x_i + (1 - x_i) \log(1 - \hat x_i)\right]$$

    Each is, up to constants, the $-\log p(x|\hat x)$ of the distribution it is named after. Nothing says how the codes
    are distributed, so there is nothing to draw new ones from: it cannot sample.

    Arguments:
        config: Size of the code and of the hidden layers, and likelihood.

    Metrics:
        loss: gaussian: squared error, summed over the pixels of an image; bernoulli: cross-entropy, nats per image, at
            least the entropy of the grey levels and so above 0 even for perfect images.
        squared_error: Squared error, summed over the pixels of an image; only on validation images.
    """

    family: ClassVar[str] = "ae"
    config_class: ClassVar[type[AutoencoderConfig]] = AutoencoderConfig

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        self.encoder = encoder(config.hidden_dim, config.latent_dim)
        self.decoder = decoder(config.latent_dim, config.hidden_dim)

    def losses(self, x: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        logits = self.decoder(self.encode(x))
        if self.config.likelihood == "gaussian":
            errors = (x - logits.sigmoid()).square()
        else:
            # From logits, so that certainty about a pixel costs no infinite nats.
            errors = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return {"loss": errors.sum((1, 2, 3)).mean()}

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z).sigmoid()
