r"""Mixtures of Gaussians on points in the plane, fitted by EM that goes on a little with each batch.

References:
    k-means++: The Advantages of Careful Seeding (Arthur & Vassilvitskii, 2007), SODA
    On-line Expectation-Maximization Algorithm for Latent Data Models (Cappé & Moulines, 2009), JRSS B 71, 593-613
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.optim import Optimizer

from genlib.models.base import Model
from genlib.models.stepwise import Gaussians, beginning, em_step, exact, log_densities
from genlib.settings import PlaneMixtureConfig

__all__ = ["PlaneMixture"]

_BEGINNINGS = 8  # of which the best is taken: one alone finds all of eight groups about every second time
_PATIENCE = 2  # points for each axis of each component, which the statistics of the beginning are averaged over


class PlaneMixture(Model):
    r"""A mixture of Gaussians on points.

    $$p(x) = \sum_k \alpha_k\,\mathcal{N}(x; \mu_k, \Sigma_k)$$

    Each step is one of EM on the statistics of this batch and of those before (Cappé & Moulines, 2009), with the rate
    $\eta_t = \min\{1, b\,(1 + b t)^{-0.6}\}$ for batches of $B$ points, $b = B / (4 K)$. A point is its own code.

    Arguments:
        config: Number of components, and what is added to each variance.

    Metrics:
        loss: $-\log p(x)$ in nats per point, a density of standardised points.
        squared_error: 0, since a point is its own code; only on validation points.
    """

    family: ClassVar[str] = "mixture2d"
    form: ClassVar[tuple[int, ...]] = (2,)
    config_class = PlaneMixtureConfig
    halves: ClassVar[bool] = False  # a covariance that is rounded so far may no longer be one
    config: PlaneMixtureConfig

    weights: Tensor  # (K,)
    means: Tensor  # (K, 2)
    scatters: Tensor  # (K, 2, 2), covariances before anything is added

    def __init__(self, config: PlaneMixtureConfig) -> None:
        super().__init__(config)
        k = config.components
        self.register_buffer("weights", torch.full((k,), 1 / k))
        self.register_buffer("means", torch.zeros(k, 2))
        self.register_buffer("scatters", torch.eye(2).repeat(k, 1, 1))

    @property
    def covariances(self) -> Tensor:
        r"""$\Sigma_k$, (K, 2, 2), with what is added to each variance."""
        return self.scatters + self.config.regularisation * torch.eye(2, device=self.scatters.device)

    @torch.no_grad()
    def prepare(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> None:
        """Begin where the points are likeliest of some beginnings, each of which starts at points far apart."""
        k, found = self.config.components, []
        for _ in range(_BEGINNINGS):
            self.weights[:], self.means[:], self.scatters[:] = start = beginning(
                images, k, rng, _far_apart(images, k, rng)
            )
            found.append((float(self.log_prob(images).mean()), start))
        self.weights[:], self.means[:], self.scatters[:] = max(found, key=lambda each: each[0])[1]

    @torch.no_grad()
    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        """One step of EM on the statistics of this batch and of those before."""
        portion = len(x) / (_PATIENCE * 2 * len(self.weights))
        rate = min(1.0, portion * (1 + portion * step) ** -0.6)
        joint = self._joint(x)
        old = Gaussians(self.weights, self.means, self.scatters)
        self.weights[:], self.means[:], self.scatters[:] = em_step(old, x, joint.softmax(1), rate, len(x))
        return {"loss": -joint.logsumexp(1).mean()}

    @torch.no_grad()
    def metrics(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        self.eval()
        return {"loss": -self.log_prob(x).mean(), "squared_error": torch.zeros((), device=x.device)}

    def log_prob(self, x: Tensor) -> Tensor:
        r"""$\log p(x)$ in nats, (B, 2) to (B,)."""
        return self._joint(x).logsumexp(1)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return x

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return z

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """New points, (n, 2): a component by its weight, then a point of its bell curve."""
        self.eval()
        noise = torch.randn(n, 3, generator=rng, device=rng.device)
        # By a number of its own for each point, so that the same noise gives a picture that changes little by little.
        levels = torch.special.ndtr(exact(noise[:, 0])) * self.weights.double().sum()
        sums = exact(self.weights).cumsum(0)
        chosen = torch.searchsorted(sums, levels).clamp(max=len(self.weights) - 1).to(rng.device)
        factors = torch.linalg.cholesky(exact(self.covariances)).to(noise.dtype).to(rng.device)
        return self.means[chosen] + (factors[chosen] @ noise[:, 1:, None]).squeeze(2)

    def _joint(self, x: Tensor) -> Tensor:
        r"""$\log \alpha_k \mathcal{N}(x; \mu_k, \Sigma_k)$, (B, K)."""
        return log_densities(x, self.means, self.covariances) + self.weights.log()


def _far_apart(x: Tensor, k: int, rng: torch.Generator) -> Tensor:
    """K of the points (N, 2), each chosen by its squared distance to those before (Arthur & Vassilvitskii, 2007)."""
    chosen = x[torch.randint(len(x), (1,), generator=rng, device=rng.device)]
    for _ in range(k - 1):
        squares = torch.cdist(x, chosen).amin(1).square() + 1e-12  # where all points are taken, any is as good
        chosen = torch.cat([chosen, x[torch.multinomial(squares, 1, generator=rng)]])
    return chosen
