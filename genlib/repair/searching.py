r"""Repairs by looking for the code whose image fits what is seen.

References:
    Semantic Image Inpainting with Deep Generative Models (Yeh et al., 2017), CVPR, arXiv:1607.07539
    Adam: A Method for Stochastic Optimization (Kingma & Ba, 2015), ICLR
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam

from genlib.models import GAN, Model
from genlib.models.gan_losses import PROBABILITIES
from genlib.models.measuring import Measurement

__all__ = ["search_codes"]

_TRIED = 512  # codes from the prior, of which the best are the starts
_RATE = 0.1
_PRIOR, _REALISM = 0.05, 0.2


def search_codes(
    model: Model, y: Tensor, look: Measurement, labels: Tensor | None, starts: int, steps: int, rng: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Look for codes whose images explain what is known, and look real all over.

    $$\min_z \; \frac{0.05}{0.05 + \sigma^2} \|y - L\,G(z)\|^2 + 0.05\,\|z\|^2 - 0.2 \log D(G(z))$$

    where $L$ takes the seen pixels, or blurs and shrinks, and $\sigma$ is the noise of what is known; by Adam from
    several codes of the prior, with steps that become smaller. Yeh et al. (2017) take the absolute error, weigh pixels
    near the hole more, and $\log(1 - D(G(z)))$. The last term is for a GAN whose D answers with a probability; others
    have none.

    Arguments:
        model: Anything that decodes; it is not changed.
        y: What is known, (B, M).
        look: How it comes from the image.
        labels: Their digits, (B,), for a conditional model.
        starts: Codes that are followed for each image.
        steps: Of Adam.
        rng: Noise of the starts.

    Yields:
        After each step what is decoded from the codes, (starts, B, 1, 28, 28), the best first, and their objectives,
        (starts, B).
    """
    model.eval()
    batch = len(y)
    weight = _PRIOR / (_PRIOR + look.noise**2)
    told = None if labels is None else labels.repeat(starts)

    def judge(z: Tensor) -> tuple[Tensor, Tensor]:
        drawn = model.decode(z.flatten(0, 1), told)
        errors = (look(drawn).view(starts, *y.shape) - y).square().sum(2)
        objective = weight * errors + _PRIOR * z.square().sum(2)
        if isinstance(model, GAN) and model.config.loss in PROBABILITIES:
            objective = objective + _REALISM * F.softplus(-model.discriminator(drawn, told)).view(starts, batch)
        return drawn, objective

    z = _begin(model, y, look, labels, starts, rng).requires_grad_(True)
    adam = Adam([z], lr=_RATE)
    for step in range(steps + 1):
        with torch.enable_grad():
            drawn, objective = judge(z)
        if step:  # where the step before has led
            order = objective.detach().argsort(dim=0, stable=True)
            found = drawn.detach().view(starts, batch, 1, 28, 28)[order, torch.arange(batch)]
            yield found, objective.detach().gather(0, order)
        if step < steps:
            (z.grad,) = torch.autograd.grad(objective.sum(), z)
            adam.param_groups[0]["lr"] = _RATE * (1 + math.cos(math.pi * step / steps)) / 2
            adam.step()


@torch.no_grad()
def _begin(
    model: Model, y: Tensor, look: Measurement, labels: Tensor | None, starts: int, rng: torch.Generator
) -> Tensor:
    """Of codes drawn from the prior those whose images explain best what is known, (starts, B, D)."""
    z = torch.randn(max(_TRIED, starts), model.latent_dim, generator=rng, device=rng.device)
    found = []
    for i in range(len(y)):
        # Codes mean something else for each digit, so a conditional model draws them anew.
        if not i or labels is not None:
            known = look(model.decode(z, None if labels is None else labels[i].expand(len(z))))
        errors = (known - y[i]).square().sum(1)
        found.append(z[errors.topk(starts, largest=False).indices])
    return torch.stack(found, 1)
