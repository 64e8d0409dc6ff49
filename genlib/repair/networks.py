r"""Repairs by models that encode and decode.

References:
    Extracting and Composing Robust Features with Denoising Autoencoders (Vincent et al., 2008), ICML
    Stochastic Backpropagation and Approximate Inference in Deep Generative Models (Rezende, Mohamed & Wierstra, 2014),
    ICML, appendix F
    MIWAE: Deep Generative Modelling and Imputation of Incomplete Data Sets (Mattei & Frellsen, 2019), ICML
    Optimally Combining Sampling Techniques for Monte Carlo Rendering (Veach & Guibas, 1995), SIGGRAPH
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import Normal

from genlib.models import VAE, Model
from genlib.models.measuring import Measurement
from genlib.models.vae import rsample

__all__ = ["gibbs", "project", "weigh_codes"]

_UNTOLD = 0.05  # variance of what is known around what a code says, beside its noise


@torch.no_grad()
def project(
    model: Model, x: Tensor, mask: Tensor, labels: Tensor | None, start: Tensor, steps: int
) -> Iterator[Tensor]:
    r"""Fill the hole with what an autoencoder makes of the whole, again and again.

    $$x_m \leftarrow \mathrm{Dec}(\mathrm{Enc}(x))_m$$

    Each step moves the image towards those that the autoencoder rebuilds unchanged. Nothing says that it arrives at the
    most probable one.

    Arguments:
        model: An autoencoder.
        x: Images, (B, 1, 28, 28).
        mask: True where a pixel is seen, (28, 28).
        labels: Their digits, (B,), for a conditional model.
        start: What stands in the hole at first, (B, 1, 28, 28).
        steps: How often.

    Yields:
        The images after each step.
    """
    model.eval()
    for _ in range(steps):
        start = torch.where(mask, x, model.reconstruct(start, labels))
        yield start


@torch.no_grad()
def gibbs(
    model: VAE, x: Tensor, mask: Tensor, labels: Tensor | None, starts: Tensor, steps: int, rng: torch.Generator
) -> Iterator[Tensor]:
    r"""Pseudo-Gibbs sampling (Rezende et al., 2014): a code of the filled image, then new pixels by that code.

    $$z \sim q(z|x_o, x_m), \qquad x_m \leftarrow \mathrm{E}[x_m|z]$$

    Were $q$ the exact posterior and $x_m$ drawn instead of its mean taken, the chain would end in $p(x_m|x_o)$; the
    mean leaves out the noise of single pixels, which nobody calls a repair.

    Arguments:
        model: A VAE.
        x: Images, (B, 1, 28, 28).
        mask: True where a pixel is seen, (28, 28).
        labels: Their digits, (B,), for a conditional model.
        starts: What stands in the hole at first in each chain, (n, B, 1, 28, 28).
        steps: Length of the chains.
        rng: Noise.

    Yields:
        The images of all chains after each step, (n, B, 1, 28, 28).
    """
    model.eval()
    n = len(starts)
    told = None if labels is None else labels.repeat(n)
    for _ in range(steps):
        q = model.posterior(starts.flatten(0, 1), told)
        drawn = model.decode(rsample(q, rng), told).view_as(starts)
        starts = torch.where(mask, x, drawn)
        yield starts


@torch.no_grad()
def weigh_codes(
    model: VAE, y: Tensor, look: Measurement, labels: Tensor | None, guesses: Tensor, k: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    r"""Codes of damaged images, and how much each counts: importance sampling (Mattei & Frellsen, 2019).

    $$p(x|y) \approx \sum_i \tilde w_i\, p(x|z_i), \qquad
    w_i = \frac{p(y|z_i)\,p(z_i)}{r(z_i)}, \qquad r(z) = \frac1J \sum_j q(z | g_j)$$

    They draw from $q$ with zeros in the hole. Here the image is mended by several guesses $g_j$, from each of which as
    many codes are drawn; any $r$ is right in the limit, and this one (Veach & Guibas, 1995) covers several answers.
    Of seen pixels $p(y|z)$ is the model's own. Of what is blurred, noisy or small it is a Gaussian around what would be
    known of the decoded image, with the noise of the measurement and 0.05 more for what no code tells.

    Arguments:
        model: A VAE.
        y: What is known, (B, M).
        look: How it comes from the image.
        labels: Their digits, (B,), for a conditional model.
        guesses: Ways to mend them, (J, B, 1, 28, 28).
        k: Codes of each image for each guess.
        rng: Noise.

    Returns:
        The codes, (J k, B, D), and the logarithms of their weights, which sum to 1 over the codes, (J k, B).
    """
    model.eval()
    count, batch = guesses.shape[:2]
    q = model.posterior(guesses.flatten(0, 1), None if labels is None else labels.repeat(count))
    mean, spread = (each.view(count, 1, batch, -1) for each in (q.mean, q.stddev))
    noise = torch.randn(count, k, batch, mean.shape[-1], generator=rng, device=y.device)
    z = (mean + spread * noise).flatten(0, 1)  # (J k, B, D)
    proposed = Normal(mean, spread, validate_args=False).log_prob(z).sum(3).logsumexp(0)
    prior = Normal(0.0, 1.0, validate_args=False).log_prob(z).sum(2)
    told = None if labels is None else labels.repeat(len(z))
    if look.exact:
        x = look.keep(torch.zeros_like(guesses[0]), y)
        likely = look(model.likelihood(z.flatten(0, 1), told).log_prob(x.repeat(len(z), 1, 1, 1)))
    else:
        known, width = look(model.decode(z.flatten(0, 1), told)), math.sqrt(look.noise**2 + _UNTOLD)
        likely = Normal(known, width, validate_args=False).log_prob(y.repeat(len(z), 1))
    explained = likely.sum(1).view(len(z), batch)
    return z, (explained + prior - proposed).log_softmax(0)
