r"""Generative adversarial networks.

References:
    Generative Adversarial Nets (Goodfellow et al., 2014), arXiv:1406.2661
    Unsupervised Representation Learning with Deep Convolutional GANs (Radford, Metz & Chintala, 2015), arXiv:1511.06434
    Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018), arXiv:1802.05957
    cGANs with Projection Discriminator (Miyato & Koyama, 2018), arXiv:1802.05637
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import Adam, Optimizer

from genlib.knobs import InputError
from genlib.models.base import DIGITS, Network
from genlib.models.gan_losses import PROBABILITIES, discriminator_loss, generator_loss, gradient_penalty
from genlib.models.nets import Linear, generator
from genlib.models.pixels import Unit, pixels
from genlib.settings import GANConfig, TrainConfig

__all__ = ["GAN", "Discriminator"]

_D_ALONE, _G_ALONE = 1, 2  # values of the knob "turns"
_HIDDEN = 128  # units between the windows of a convolutional D and its score
_SLOPE = 0.2  # of LeakyReLU below 0, as in Radford et al.: D passes gradients on even where it is sure


class GAN(Network):
    r"""A generative adversarial network: G draws images, D tells them from real ones.

    $$\min_G \max_D \; \mathbb{E}_{x \sim p(x)}[\log D(x)] + \mathbb{E}_{z \sim N(0, I)}[\log(1 - D(G(z)))]$$

    Eq. (1) of Goodfellow et al. (2014): $D(x)$ is the probability that $x$ is real, which D makes large for real images
    and small for drawn ones, and G does what it can against that. For a given G the best D is
    $D(x) = p(x) / (p(x) + p_G(x))$. In practice G makes $\log D(G(z))$ large instead, for the gradient of the above
    vanishes while G is bad (non-saturating); hinge and wasserstein replace the probability by a score.

    A step is an update of D, then one of G. Told labels, D adds to its score how the features of the image fit the
    label, $s(x, y) = \psi(\phi(x)) + e_y^\top \phi(x)$ (Miyato & Koyama, 2018), and G is told them beside $z$.

    Arguments:
        config: Size of $z$ and of the networks, the loss and what keeps D in bounds, and who learns how often.

    Metrics:
        loss_d: What D makes small, without the gradient penalty: nats for minimax and non-saturating, 1.39 ($2 \log 2$)
            where it can only guess; for wasserstein its negative is an estimate of how far the images are apart.
        loss_g: What G makes small: nats for non-saturating, 0.69 ($\log 2$) where D can only guess, and for minimax,
            there -0.69.
        real: Mean $D(x)$ of real images: a probability, or for hinge and wasserstein a score.
        fake: Mean $D(G(z))$ of drawn images.
        gradient_d: Length of the gradient that D takes its step by, penalty included.
        gradient_g: Length of the gradient that G takes its step by; only at steps where G learns.
        spread: Mean squared distance between two drawn images as a share of that between two real ones: 1 is as varied
            as the data, near 0 is a G that draws always the same; only on validation images.
    """

    family: ClassVar[str] = "gan"
    config_class: ClassVar[type[GANConfig]] = GANConfig
    can_encode: ClassVar[bool] = False
    config: GANConfig

    def __init__(self, config: GANConfig) -> None:
        super().__init__(config)
        self.generator, self.discriminator = self.make_generator(), self.make_discriminator()
        self.average("generator")

    def make_generator(self) -> nn.Module:
        """What gives a number for each pixel, for codes and labels."""
        return generator(self.config)

    def make_discriminator(self) -> Judge:
        """What gives a score for each image, or each pack of them, for images and labels."""
        return Discriminator(self.config)

    @property
    def pixels(self) -> Unit:
        """How grey levels go into D, and come out of G."""
        return self.discriminator.pixels

    def prepare(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> None:
        self.pixels.fit(images)

    def configure_optimizers(self, train_config: TrainConfig) -> dict[str, Optimizer]:
        """One Adam for each side, with the shorter memory of the gradient, 0.5, that Radford et al. (2015) found."""
        rates = self.learning_rates(train_config.learning_rate)
        return {
            name: Adam(getattr(self, name).parameters(), lr=rate, betas=(0.5, 0.999), fused=True)
            for name, rate in rates.items()
        }

    def learning_rates(self, rate: float) -> dict[str, float]:
        return {"generator": rate, "discriminator": rate * self.config.d_rate}

    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        """Update D once, then G where it is its turn: at each ``config.d_steps``-th step, or whenever it is alone.

        The images are new at each step, and so is the noise. Who waits while the other is alone stays as it is.
        For the arguments see :meth:`genlib.models.base.Model.training_step`.

        Returns:
            Losses and scores as they stood before the updates, and the lengths of the gradients.
        """
        config = self.config
        x = self._real(x, rng)
        d_learns, g_learns = self.learners(step)
        # Who is left out is not to change at all, and means and lengths that layers keep change in training mode.
        self.discriminator.train(d_learns)
        self.generator.train(config.turns != _D_ALONE)
        z = torch.randn(len(x), self.latent_dim, generator=rng, device=x.device)
        with torch.set_grad_enabled(g_learns):
            drawn = self.pixels.out(self.generator(z, labels))
        with torch.set_grad_enabled(d_learns):
            # D looks at each image alone, so both kinds can go through it together.
            both = [self.discriminator.packed(images) for images in (x, drawn.detach())]
            scores = self.discriminator(torch.cat(both), torch.cat([labels, labels]))
            real, fake = scores.chunk(2)
            loss = discriminator_loss(config.loss, real, fake, config.smoothing)
        told = {"loss_d": loss, "loss_g": generator_loss(config.loss, fake), **self._seen(real, fake)}
        if d_learns:
            if config.loss == "wasserstein" and config.penalty:
                real_packs, fake_packs = both
                slope = gradient_penalty(lambda x: self.discriminator(x, labels), real_packs, fake_packs, rng)
                loss = loss + config.penalty * slope
            told["gradient_d"] = _descend(loss, self.discriminator, optimizers["discriminator"])
        if g_learns:
            # G has not changed since it drew these images, so they and their graph serve again: only D is asked anew.
            self.discriminator.requires_grad_(False)  # it need not know its own gradient
            loss = generator_loss(config.loss, self.discriminator(drawn, labels))
            told["gradient_g"] = _descend(loss, self.generator, optimizers["generator"])
            self.discriminator.requires_grad_(True)
            self.follow_average(step)
        return {name: value.detach() for name, value in told.items()}

    def learners(self, step: int) -> tuple[bool, bool]:
        """Whether D, and whether G, takes a step after so many."""
        turns = self.config.turns
        return turns != _G_ALONE, turns == _G_ALONE or (turns != _D_ALONE and (step + 1) % self.config.d_steps == 0)

    @torch.no_grad()
    def metrics(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The scores of real and of drawn images, and how varied these are, in evaluation mode.

        Returns:
            ``real``, ``fake`` and ``spread``; of a single image the spread is 0.
        """
        self.eval()
        x = self._real(x, rng)
        drawn = self.decode(torch.randn(len(x), self.latent_dim, generator=rng, device=x.device), labels)
        seen = self._seen(self.discriminator(x, labels), self.discriminator(drawn, labels))
        # The mean squared distance between two images is twice the sum of the variances of the pixels, of which all
        # images give a mean with far less noise than as many pairs would.
        drawn_spread, real_spread = (images.var(0, correction=0).sum() for images in (drawn, x))
        return seen | {"spread": drawn_spread / real_spread.clamp(min=1e-6)}

    def opinions(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The :meth:`scores` of the images, ``real_scores`` (n,), and of as many drawn ones, ``new_scores`` (n,)."""
        drawn = self.sample(len(x), rng, labels if self.config.labels else None)
        return {"real_scores": self.scores(self._real(x, rng), labels), "new_scores": self.scores(drawn, labels)}

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        raise InputError("A GAN cannot find the code of an image: choose an autoencoder or a VAE.")

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        # Standardised pixels know no bounds.
        return self.pixels.shown(self.pixels.out(self.part("generator")(z, labels)))

    @torch.no_grad()
    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """What D says of each image, (B,): the probability that it is real, or for hinge and wasserstein a score.

        Raises:
            InputError: If the model is conditional and was not told the labels.
        """
        self.eval()
        return self._shown(self.discriminator(x, labels))

    def _real(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Real images as D is shown them."""
        return torch.bernoulli(x, generator=rng) if self.config.binarise else x

    def _seen(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": self._shown(real).mean(), "fake": self._shown(fake).mean()}

    def _shown(self, scores: Tensor) -> Tensor:
        return scores.sigmoid() if self.config.loss in PROBABILITIES else scores


class Judge(nn.Module):
    """What D is to a GAN: scores of what it is shown."""

    pixels: Unit

    def packed(self, x: Tensor) -> Tensor:
        """What is judged together, as rows: here each x alone."""
        return x


class Discriminator(Judge):
    r"""From an image, and its label if told, to a score $s(x, y) = \psi(\phi(x)) + e_y^\top \phi(x)$, (B,).

    Fully connected it has half of G's widths, in at most two hidden layers: 784 - H/2 - H/4 - 1. No layer looks at more
    than one image, as batch normalisation would.
    """

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        self.pixels = pixels(config.standardise)
        # Scaled by its largest singular value a layer stretches nothing (Miyato et al., 2018).
        limit: Callable[[nn.Module], nn.Module] = spectral_norm if config.spectral else lambda layer: layer

        def block(layer: nn.Module) -> list[nn.Module]:
            return [limit(layer), nn.LeakyReLU(_SLOPE)]

        if config.network == "conv":
            c, width = config.channels, _HIDDEN
            windows = block(nn.Conv2d(1, c, 4, stride=2, padding=1)) + block(
                nn.Conv2d(c, 2 * c, 4, stride=2, padding=1)
            )
            phi = [*windows, nn.Flatten(), *block(nn.Linear(2 * c * 7 * 7, width))]
        else:
            widths = [28 * 28, *(max(1, config.hidden_dim // 2 ** (i + 1)) for i in range(min(config.layers, 2)))]
            # The fast layer can be differentiated once, and a gradient penalty needs it twice.
            dense = nn.Linear if config.loss == "wasserstein" else Linear
            phi, width = [nn.Flatten()], widths[-1]
            for a, b in pairwise(widths):
                phi += block(dense(a, b))
        self.phi = nn.Sequential(*phi)
        self.psi = limit(nn.Linear(width, 1, bias=False))  # a constant would cancel where scores are subtracted
        self.embedding = limit(nn.Embedding(DIGITS, width)) if config.labels else None

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores (B,) of images (B, 1, 28, 28); ``labels`` (B,) are needed if it is told them, else left aside."""
        features = self.phi(self.pixels.into(x))  # (B, width)
        score: Tensor = self.psi(features).squeeze(1)
        if self.embedding is None:
            return score
        if labels is None:
            raise InputError("This model was trained with labels: say which digit is meant.")
        return score + (self.embedding(labels) * features).sum(1)


def _descend(loss: Tensor, side: nn.Module, optimizer: Optimizer) -> Tensor:
    """One step down the gradient of the loss; returns the length of that gradient, which stays on the device."""
    optimizer.zero_grad()
    loss.backward()
    length = get_total_norm([weight.grad for weight in side.parameters() if weight.grad is not None])
    optimizer.step()
    return length
