r"""Fitting a mixture of Gaussians to batches: EM that goes on a little with each.

References:
    Some Methods for Classification and Analysis of Multivariate Observations (MacQueen, 1967), Berkeley Symposium 5
    Maximum Likelihood from Incomplete Data via the EM Algorithm (Dempster, Laird & Rubin, 1977), JRSS B 39, 1-38
    On-line Expectation-Maximization Algorithm for Latent Data Models (Cappé & Moulines, 2009), JRSS B 71, 593-613
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["SMALLEST", "Gaussians", "beginning", "em_step", "exact", "log_densities"]

_LOOKED_AT, _ROUNDS = 5000, 5  # points and iterations of k-means: more make no better end
SMALLEST = 1e-30  # weight of a component that explains nothing; its logarithm is still a number


class Gaussians(NamedTuple):
    r"""K Gaussians in D dimensions.

    Attributes:
        weights: $\alpha_k$, (K,).
        means: $\mu_k$, (K, D).
        covariances: $\Sigma_k$, (K, D, D).
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor


def exact(tensor: Tensor) -> Tensor:
    """As float64, on the processor where the device has none."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def log_densities(z: Tensor, means: Tensor, covariances: Tensor) -> Tensor:
    r"""$\log \mathcal{N}(z_n; \mu_k, \Sigma_k)$ in nats, (N, K), in the precision of ``z``.

    $$-\tfrac12 \left[ D \log 2\pi + \log|\Sigma_k| + \|L_k^{-1}(z_n - \mu_k)\|^2 \right], \qquad
    L_k L_k^\top = \Sigma_k$$

    Arguments:
        z: Points, (N, D).
        means: (K, D).
        covariances: (K, D, D); they are factored as float64, whatever ``z`` is, for this costs next to nothing.
    """
    factors = torch.linalg.cholesky(exact(covariances))
    eye = torch.eye(z.shape[1], dtype=factors.dtype, device=factors.device)
    whitening = torch.linalg.solve_triangular(factors, eye.expand_as(factors), upper=False)
    shifts = -(whitening @ exact(means).unsqueeze(2)).squeeze(2).to(z.dtype).to(z.device)  # (K, D)
    half_log_dets = factors.diagonal(dim1=1, dim2=2).log().sum(1)
    constants = -(half_log_dets + z.shape[1] / 2 * math.log(2 * math.pi)).to(z.dtype).to(z.device)
    whitening = whitening.to(z.dtype).to(z.device)
    # One component at a time: all at once, the points in K frames would no longer lie in the cache.
    squares = [torch.addmm(b, z, w.T).square_().sum(1) for w, b in zip(whitening, shifts, strict=True)]
    return torch.stack(squares, dim=1).mul_(-0.5).add_(constants)


def beginning(z: Tensor, k: int, rng: torch.Generator, means: Tensor | None = None) -> Gaussians:
    """K equal Gaussians where k-means (MacQueen, 1967) finds its centres, all as wide as its groups on average.

    From means at single points and one width of all points, EM in many dimensions would give nearly all of them to the
    most central component at once, and lose the others.

    Arguments:
        z: Points, (N, D), of which some are looked at; fewer than K are taken more than once.
        k: How many.
        rng: Chooses them.
        means: Where the search for the centres starts, (K, D); by default at any of the points.
    """
    z = z[torch.randperm(len(z), generator=rng, device=rng.device)[:_LOOKED_AT]]
    if means is None:
        means = z[torch.arange(k, device=z.device) % len(z)]
    for _ in range(_ROUNDS):
        owns = F.one_hot(torch.cdist(z, means).argmin(1), k).to(z)  # (N, K)
        sizes = owns.sum(0).unsqueeze(1)
        means = torch.where(sizes > 0, owns.T @ z / sizes.clamp(min=1), means)
    around = z - means[torch.cdist(z, means).argmin(1)]
    covariances = (around.T @ around / len(z)).expand(k, -1, -1)
    return Gaussians(torch.full((k,), 1 / k, dtype=z.dtype, device=z.device), means, covariances)


def em_step(old: Gaussians, z: Tensor, responsibilities: Tensor, rate: float, count: int) -> Gaussians:
    r"""The M-step, on statistics of which a share $1 - \eta$ is old and $\eta$ comes from the batch.

    With the batch's own $\hat\alpha_k = \frac1B \sum_n r_{nk}$, $\hat\mu_k$ and $\hat\Sigma_k$, the mean and
    covariance of its points weighted by $r_{nk}$:

    $$\alpha_k' = (1 - \eta) \alpha_k + \eta \hat\alpha_k, \qquad \gamma_k = \eta \hat\alpha_k / \alpha_k'$$

    $$\mu_k' = \mu_k + \gamma_k \delta_k, \qquad \delta_k = \hat\mu_k - \mu_k$$

    $$\Sigma_k' = (1 - \gamma_k) \Sigma_k + \gamma_k \hat\Sigma_k + \gamma_k (1 - \gamma_k)\,\delta_k \delta_k^\top$$

    These are the averages $s \leftarrow (1 - \eta) s + \eta \hat s$ of the sums of $r$, $r z$ and $r z z^\top$ (Cappé
    & Moulines, 2009, eq. 12), written around the means, so that no digits are lost. For $\eta = 1$ and all points in
    the batch this is a step of EM. A component that no point belongs to stays where it is.

    Arguments:
        old: Before.
        z: Points, (N, D).
        responsibilities: $r_{nk}$, (N, K).
        rate: $\eta$ in (0, 1].
        count: B, the points of the batch; more than N where ``old`` are the components of some of its points.
    """
    sums = responsibilities.sum(0)
    means = responsibilities.T @ z / sums.clamp(min=SMALLEST).unsqueeze(1)
    scatters = torch.empty_like(old.covariances)
    for k, mean in enumerate(means):
        around = z - mean
        torch.mm((around * responsibilities[:, k : k + 1]).T, around, out=scatters[k])
    scatters /= sums.clamp(min=SMALLEST)[:, None, None]
    weights = ((1 - rate) * old.weights + rate * sums / count).clamp(min=SMALLEST)
    share = rate * sums / count / weights
    step = means - old.means
    outer = step.unsqueeze(2) * step.unsqueeze(1)
    mixed = torch.lerp(old.covariances, scatters, share[:, None, None])
    return Gaussians(
        weights,
        old.means + share.unsqueeze(1) * step,
        mixed + (share * (1 - share))[:, None, None] * outer,
    )
