r"""Codes of portraits, whole or with a hole, by search.

References:
    Conditioning Normal Densities by Randomized Maximum Likelihood (Oliver, He & Reynolds, 1996), ECMOR V
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Prior", "fit_prior", "search", "several_codes"]

_STEPS, _RATE = 150, 0.1
_LEAST = 1e-4  # variance


class Prior(NamedTuple):
    """A Gaussian over codes.

    Attributes:
        mean: (D,).
        factor: Lower triangle L of the covariance L L^T, (D, D).
    """

    mean: Tensor
    factor: Tensor

    def draw(self, n: int, rng: torch.Generator) -> Tensor:
        """Codes, (n, D)."""
        return self.mean + torch.randn(n, len(self.mean), generator=rng) @ self.factor.T


def fit_prior(codes: Tensor) -> Prior:
    """The Gaussian of the mean and covariance of codes, (N, D); a little wider, where a number says nothing."""
    covariance = torch.cov(codes.T, correction=0) + _LEAST * torch.eye(codes.shape[1])
    return Prior(codes.mean(0), torch.linalg.cholesky(covariance))


def search(
    decode: Callable[[Tensor], Tensor],
    x: Tensor,
    seen: Tensor,
    prior: Prior,
    sigma: float,
    start: Tensor,
    *,
    towards: Tensor | None = None,
    steps: int = _STEPS,
) -> Iterator[Tensor]:
    r"""The most probable code of each image, by going down

    $$\frac{1}{2\sigma^2} \sum_{p\ \text{seen}} (x_p - \hat x(z)_p)^2 + \tfrac12 \|u - u_0\|^2, \qquad z = m + L u$$

    with Adam, in the coordinates $u$ in which the prior is $N(0, I)$.

    Arguments:
        decode: From codes, (B, D), to images, (B, 1, H, W) in [0, 1].
        x: Images, (B, 1, H, W); what is not seen is not looked at.
        seen: 1 where a pixel is seen, else 0, (B, 1, H, W).
        prior: $m$ and $L$.
        sigma: $\sigma$, what a pixel may be off by.
        start: Codes to begin at, (B, D).
        towards: $u_0$, (B, D); by default 0, the prior's mean.
        steps: How many.

    Yields:
        The codes so far, (B, D), ten times, the last at the end.
    """
    middle = torch.zeros_like(start) if towards is None else towards
    u = torch.linalg.solve_triangular(prior.factor, (start - prior.mean).T, upper=False).T.clone().requires_grad_()
    optimizer = torch.optim.Adam([u], lr=_RATE)
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - 0.9 * step / steps)
        off = (seen * (x - decode(prior.mean + u @ prior.factor.T))).square().sum() / (2 * sigma**2)
        loss = off + (u - middle).square().sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % max(1, steps // 10) == 0 or step == steps:
            yield (prior.mean + u @ prior.factor.T).detach()


def several_codes(
    decode: Callable[[Tensor], Tensor],
    x: Tensor,
    seen: Tensor,
    prior: Prior,
    sigma: float,
    n: int,
    rng: torch.Generator,
) -> Iterator[Tensor]:
    r"""Codes that may have been those of one image: first the most probable, then draws.

    Each draw is the search for an image with new noise $\epsilon \sim N(0, \sigma^2)$ on what is seen, drawn towards
    a new $u_0 \sim N(0, I)$. Of a linear decoder these are exact draws of the posterior (Oliver et al., 1996); of this
    one, near it.

    Arguments:
        decode: As for :func:`search`.
        x: One image, (1, 1, H, W).
        seen: Its mask, (1, 1, H, W).
        prior: Of codes.
        sigma: What a pixel may be off by.
        n: How many draws.
        rng: Noise.

    Yields:
        (1 + n, D), ten times.
    """
    towards = torch.randn(1 + n, len(prior.mean), generator=rng)
    noise = sigma * torch.randn((1 + n, *x.shape[1:]), generator=rng)
    towards[0], noise[0] = 0, 0
    start = prior.mean.expand(1 + n, -1)
    yield from search(decode, x + noise, seen.expand_as(noise), prior, sigma, start, towards=towards)
