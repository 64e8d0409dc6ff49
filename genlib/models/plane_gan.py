r"""GANs of points in the plane.

References:
    Generative Adversarial Nets (Goodfellow et al., 2014), arXiv:1406.2661
    PacGAN: The Power of Two Samples in Generative Adversarial Networks (Lin et al., 2018), arXiv:1712.04086
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import Adam, Optimizer

from genlib.models.dense import Dense, VectorAdam
from genlib.models.gan import GAN, Judge
from genlib.models.gan_losses import discriminator_loss, discriminator_slope, generator_loss, generator_slope
from genlib.models.pixels import Coordinates
from genlib.models.plane import net
from genlib.settings import PlaneGANConfig, TrainConfig

__all__ = ["PlaneDiscriminator", "PlaneGAN"]

_SLOPE = 0.2  # of LeakyReLU below 0, as for images
_PACKS = 8


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
    generator: Dense
    discriminator: PlaneDiscriminator

    def make_generator(self) -> Dense:
        return net(self.config, self.config.latent_dim, 2)

    def make_discriminator(self) -> PlaneDiscriminator:
        return PlaneDiscriminator(self.config)

    def configure_optimizers(self, train_config: TrainConfig) -> dict[str, Optimizer]:
        adam = VectorAdam if self.by_hand else Adam
        return {
            name: adam(getattr(self, name).parameters(), lr=rate, betas=(0.5, 0.999), fused=True)
            for name, rate in self.learning_rates(train_config.learning_rate).items()
        }

    @property
    def by_hand(self) -> bool:
        """Whether D is differentiated only once in a step, so that its derivative can be written out."""
        return isinstance(self.discriminator.layers, Dense)

    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        """The update of :meth:`genlib.models.gan.GAN.training_step`, in a third of the time where it is by hand."""
        if not self.by_hand:
            return super().training_step(x, labels, optimizers, rng, step)
        with torch.no_grad():
            return self._step_by_hand(x, optimizers, rng, step)

    def _step_by_hand(
        self, x: Tensor, optimizers: dict[str, Any], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        config, g, d = self.config, self.generator, self.discriminator.layers
        assert isinstance(d, Dense)
        d_learns, g_learns = self.learners(step)
        if config.packing > 1:
            x = x[: len(x) // config.packing * config.packing]
        codes = torch.randn(len(x), self.latent_dim, generator=rng, device=x.device)
        drawing = g.run(codes)
        drawn = self.discriminator.packed(drawing[-1])
        judging = d.run(torch.cat([self.discriminator.packed(x), drawn]))
        real, fake = judging[-1].chunk(2)
        loss = discriminator_loss(config.loss, real, fake, config.smoothing)
        told = {"loss_d": loss, "loss_g": generator_loss(config.loss, fake), **self._seen(real, fake)}
        if d_learns:
            d.back(judging, discriminator_slope(config.loss, real, fake, config.smoothing))
            told["gradient_d"] = optimizers["discriminator"].descend(d.gradient)
        if g_learns:
            # Through the new D to the points, and from there through G to its weights.
            judging = d.run(drawn)
            towards = d.back(judging, generator_slope(config.loss, judging[-1]), for_weights=False, for_x=True)
            g.back(drawing, towards.view_as(drawing[-1]))
            told["gradient_g"] = optimizers["generator"].descend(g.gradient)
            self.follow_average(step)
        return told

    @torch.no_grad()
    def follow_average(self, step: int) -> None:
        if "generator" in self.averages:
            average = self.averages.get_parameter("generator.weights")
            average.lerp_(self.generator.weights, self.averaged_share(step))

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


class PlaneDiscriminator(Judge):
    """From points to scores: 2 - H - ... - 1, or from packs of m of them, 2m - H - ... - 1.

    The scores of B points are (B / m,), each of m neighbours in the batch; of fewer than m left over there is none.
    """

    def __init__(self, config: PlaneGANConfig) -> None:
        super().__init__()
        self.pixels = Coordinates()
        self.width = 2 * config.packing
        widths = [self.width, *[config.hidden_dim] * config.layers]
        # A constant would cancel where scores are subtracted, so the last layer has none.
        if not config.spectral and config.loss != "wasserstein":
            self.layers: nn.Module = Dense([*widths, 1], _SLOPE, bias=False)
            return
        limit: Callable[[nn.Module], nn.Module] = spectral_norm if config.spectral else lambda layer: layer
        hidden = [each for a, b in pairwise(widths) for each in (limit(nn.Linear(a, b)), nn.LeakyReLU(_SLOPE))]
        self.layers = nn.Sequential(*hidden, limit(nn.Linear(widths[-1], 1, bias=False)))

    def packed(self, x: Tensor) -> Tensor:
        """Points (B, 2) as packs, (B / m, 2m)."""
        points, m = x.reshape(-1, 2), self.width // 2
        return points if m == 1 else points[: len(points) // m * m].reshape(-1, self.width)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        scores: Tensor = self.layers(self.packed(x))
        return scores.squeeze(1)
