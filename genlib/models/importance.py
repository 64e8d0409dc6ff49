r"""The importance-weighted bound, and what it says about the likelihood of a VAE.

References:
    Importance Weighted Autoencoders (Burda, Grosse & Salakhutdinov, 2016), ICLR, arXiv:1509.00519
    Doubly Reparameterized Gradient Estimators for Monte Carlo Objectives (Tucker et al., 2019), ICLR, arXiv:1810.04152
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.distributions import Normal

if TYPE_CHECKING:
    from genlib.models.vae import VAE

__all__ = ["bounds", "importance_weighted_bound", "log_likelihood", "reparameterise_doubly", "several"]

_CODES = 1000  # decoded at once: about what fits into a processor's cache
_IMAGES = 20  # looked at together


def importance_weighted_bound(log_weights: Tensor) -> Tensor:
    r"""The bound $\mathcal{L}_k$ on $\log p(x)$ from $k$ codes of each image, (k, B) to (B,), in nats.

    $$\mathcal{L}_k = \log \frac1k \sum_{i=1}^k w_i, \qquad
    w_i = \frac{p(x|z_i)\,p(z_i)}{q(z_i|x)}, \quad z_i \sim q(z|x)$$

    Eq. (8) of Burda et al. (2016). $\mathbb{E}\,\mathcal{L}_1$ is the ordinary bound; $\mathbb{E}\,\mathcal{L}_k$ never
    falls as $k$ grows, never exceeds $\log p(x)$, and comes as near to it as one likes (their theorem 1).

    Arguments:
        log_weights: $\log w_i$, (k, B).
    """
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def reparameterise_doubly(z: Tensor, log_weights: Tensor) -> None:
    r"""Make the gradient of the bound reach the posterior's parameters $\phi$ with little noise: through codes alone.

    $$\nabla_\phi \mathcal{L}_k = \mathbb{E} \sum_{i=1}^k \tilde w_i^2 \,
    \frac{\partial \log w_i}{\partial z_i} \frac{\partial z_i}{\partial \phi}, \qquad
    \tilde w_i = \frac{w_i}{\sum_j w_j}$$

    The estimator of Tucker et al. (2019). Differentiating $\mathcal{L}_k$ as it stands has the same mean, but $\phi$ in
    $\log q_\phi(z_i|x)$ adds noise that drowns it as $k$ grows. All other gradients stay as they are.

    Arguments:
        z: Codes, (k, B, D), changed in what gradients do when they come through.
        log_weights: $\log w_i$, (k, B), in which $\phi$ is held fixed apart from ``z``.
    """
    if z.requires_grad:
        shares = log_weights.detach().softmax(0).unsqueeze(2)
        # The bound itself brings the first power of the shares.
        z.register_hook(lambda gradient: shares * gradient)


def log_likelihood(model: VAE, x: Tensor, labels: Tensor | None, k: int, rng: torch.Generator) -> Tensor:
    r"""An estimate of $\log p(x)$ of each image, (B,), in nats: $\mathcal{L}_k$, on average a little too low.

    A conditional model gives $\log p(x|y)$ of its ``labels`` $y$. For the arguments see :func:`bounds`.
    """
    return torch.cat([tight for tight, _ in bounds(model, x, labels, k, rng)])


@torch.no_grad()
def bounds(
    model: VAE, x: Tensor, labels: Tensor | None, k: int, rng: torch.Generator, codes: int = _CODES
) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Bounds on $\log p(x)$ from $k$ codes of each image, in bounded memory however large $k$ is.

    Arguments:
        model: Set to evaluation mode.
        x: Images as the likelihood reads them, (B, 1, 28, 28).
        labels: Their digits, (B,), for a conditional model.
        k: Codes drawn for each image.
        rng: Noise.
        codes: How many are decoded at once, about.

    Yields:
        For a few images at a time, in their order: $\mathcal{L}_k$ and, from the same codes, the mean of $\log w_i$,
        which estimates the ordinary bound; each of shape (images,), in nats.
    """
    model.eval()
    images = max(_IMAGES, codes // k)
    for first in range(0, len(x), images):
        part = slice(first, first + images)
        digits = None if labels is None else labels[part]
        q = model.posterior(x[part], digits)
        sums, means = [], []
        at_once = max(1, codes // len(q.mean))
        for done in range(0, k, at_once):
            z = several(q, min(at_once, k - done), rng)
            log_weights = model.log_weights(x[part], digits, q, z)[0]
            sums.append(log_weights.logsumexp(0))
            means.append(log_weights.sum(0))
        yield torch.stack(sums).logsumexp(0) - math.log(k), torch.stack(means).sum(0) / k


def several(q: Normal, k: int, rng: torch.Generator) -> Tensor:
    r"""Draw $k$ codes of each image, (k, B, D), with a gradient: $z_i = \mu + \sigma\,\epsilon_i$."""
    noise = torch.randn((k, *q.mean.shape), generator=rng, device=q.mean.device, dtype=q.mean.dtype)
    return q.mean + q.stddev * noise
