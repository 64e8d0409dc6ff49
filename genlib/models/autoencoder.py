r"""Autoencoders.

References:
    Extracting and Composing Robust Features with Denoising Autoencoders (Vincent et al., 2008), ICML
    Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006), Science 313, 504-507
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlib.models.base import Descent
from genlib.models.nets import decoder, encoder
from genlib.models.pixels import Unit
from genlib.settings import AutoencoderConfig

__all__ = ["Autoencoder"]


class Autoencoder(Descent):
    r"""An autoencoder: an image is squeezed through a code of $D$ numbers and rebuilt.

    $$\min_{\mathrm{Enc}, \mathrm{Dec}} \; \mathbb{E}\,\ell(x, \hat x), \qquad
    \hat x = \mathrm{Dec}(\mathrm{Enc}(x))$$

    Hinton & Salakhutdinov (2006), who took the squared error for faces and the cross-entropy for digits:

    $$\ell_{\text{gaussian}} = \sum_i (x_i - \hat x_i)^2, \qquad
    \ell_{\text{bernoulli}} = -\sum_i \left[x_i \log \hat x_i + (1 - x_i) \log(1 - \hat x_i)\right]$$

    Each is, up to constants, the $-\log p(x|\hat x)$ of the distribution it is named after. Nothing says how the codes
    are distributed, so there is nothing to draw new ones from: it cannot sample.

    A denoising autoencoder (Vincent et al., 2008) is shown $x + \sigma\epsilon$ with $\epsilon \sim N(0, I)$ and asked
    for $x$, so that it learns what belongs to a digit and what does not.

    Arguments:
        config: Size of the code and of the network, likelihood, and the noise $\sigma$.

    Metrics:
        loss: gaussian: squared error, summed over the pixels of an image; bernoulli: cross-entropy, nats per image, at
            least the entropy of the grey levels and so above 0 even for perfect images.
        squared_error: Squared error, summed over the pixels of an image; only on validation images.
    """

    family: ClassVar[str] = "ae"
    config_class: ClassVar[type[AutoencoderConfig]] = AutoencoderConfig
    can_sample: ClassVar[bool] = False
    config: AutoencoderConfig

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        self.pixels = self.make_pixels()
        self.encoder, self.decoder = self.make_encoder(), self.make_decoder()
        self.average("encoder", "decoder")

    def make_pixels(self) -> Unit:
        """How x goes in and comes out."""
        return Unit()

    def make_encoder(self) -> nn.Module:
        """What gives a code, (B, D), for images and labels."""
        return encoder(self.config, self.config.latent_dim)

    def make_decoder(self) -> nn.Module:
        """What gives a number for each pixel, for codes and labels."""
        return decoder(self.config)

    def losses(self, x: Tensor, labels: Tensor, rng: torch.Generator, step: int | None = None) -> dict[str, Tensor]:
        seen = x
        if self.config.noise:
            seen = x + self.config.noise * torch.randn(x.shape, generator=rng, device=x.device)
        logits = self.part("decoder")(self.encode(seen, labels), labels)
        if self.config.likelihood == "gaussian":
            errors = (x - self.pixels.out(logits)).square()
        else:
            # From logits, so that certainty about a pixel costs no infinite nats.
            errors = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return {"loss": errors.flatten(1).sum(1).mean()}

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        codes: Tensor = self.part("encoder")(x, labels)
        return codes

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.pixels.out(self.part("decoder")(z, labels))
