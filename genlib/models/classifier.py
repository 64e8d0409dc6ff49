r"""A network that reads digits: the judge of what other models draw, and what predicting costs beside generating."""

from __future__ import annotations

from typing import ClassVar, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlib.knobs import InputError
from genlib.models.base import DIGITS, Descent
from genlib.models.nets import encoder
from genlib.settings import ClassifierConfig

__all__ = ["Classifier", "shifted"]


class Classifier(Descent):
    r"""A classifier, which learns $p(y|x)$ for digits $y$ and nothing about $p(x)$.

    $$\min_\theta \; -\mathbb{E} \log p_\theta(y|x), \qquad
    p_\theta(y|x) = \mathrm{softmax}\big(W\,h(x) + b\big)_y$$

    with the features $h(x) \ge 0$, the last layer but one.

    Arguments:
        config: Number of features, size of the network, and how far training images are moved.

    Metrics:
        loss: Cross-entropy, nats per image.
        accuracy: Share of the images whose digit is the most probable one.
    """

    family: ClassVar[str] = "classifier"
    config_class = ClassifierConfig
    can_sample: ClassVar[bool] = False
    can_encode: ClassVar[bool] = False
    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__(config)
        self.encoder = encoder(config, config.latent_dim)
        self.head = nn.Linear(config.latent_dim, DIGITS)
        self.average("encoder", "head")

    def features(self, x: Tensor) -> Tensor:
        """What the answer is read from, (B, 1, 28, 28) to (B, F), none negative."""
        features: Tensor = self.part("encoder")(x).relu()
        return features

    def logits(self, x: Tensor) -> Tensor:
        r"""$\log p(y|x)$ up to a constant for each image, (B, 1, 28, 28) to (B, 10)."""
        logits: Tensor = self.part("head")(self.features(x))
        return logits

    def losses(self, x: Tensor, labels: Tensor, rng: torch.Generator, step: int | None = None) -> dict[str, Tensor]:
        if self.training and self.config.shift:
            x = shifted(x, self.config.shift, rng)
        logits = self.logits(x)
        accuracy = (logits.argmax(1) == labels).float().mean()
        return {"loss": F.cross_entropy(logits, labels), "accuracy": accuracy}

    def encode(self, x: Tensor, labels: Tensor | None = None) -> NoReturn:
        raise InputError("A classifier reads digits and has no codes: choose an autoencoder, a VAE or a mixture.")

    def decode(self, z: Tensor, labels: Tensor | None = None) -> NoReturn:
        raise InputError("A classifier reads digits and draws none: choose a VAE, a GAN or a mixture.")


def shifted(x: Tensor, furthest: int, rng: torch.Generator) -> Tensor:
    """Move each image by up to ``furthest`` pixels along both axes, at random; what comes in from outside is black."""
    n, _, height, width = x.shape
    padded = F.pad(x, [furthest] * 4)
    down, right = torch.randint(2 * furthest + 1, (2, n, 1), generator=rng, device=x.device)
    rows = down + torch.arange(height, device=x.device)  # (B, height)
    columns = right + torch.arange(width, device=x.device)
    each = torch.arange(n, device=x.device)
    return padded[each[:, None, None], 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)
