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

__all__ = ["search_codes"]

_TRIED = 512  # codes from the prior, of which the best are the starts
_RATE = 0.1
_PRIOR, _REALISM = 0.05, 0.2


def search_codes(
    model: Model, x: Tensor, mask: Tensor, labels: Tensor | None, starts: int, steps: int, rng: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    r"""Look for codes whose images are like ``x`` where it is seen, and look real all over.

    $$\min_z \; \|m \odot (x - G(z))\|^2 + 0.05\,\|z\|^2 - 0.2 \log D(G(z))$$

    by Adam from several codes of the prior, with steps that become smaller. Yeh et al. (2017) take the absolute error,
    weigh pixels near the hole more, and $\log(1 - D(G(z)))$. The last term is for a GAN whose D answers with a
    probability; others have none.

    Arguments:
        model: Anything that decodes; it is not changed.
        x: Images, (B, 1, 28, 28).
        mask: True where a pixel is seen, (28, 28).
        labels: Their digits, (B,), for a conditional model.
        starts: Codes that are followed for each image.
        steps: Of Adam.
        rng: Noise of the starts.

    Yields:
        After each step what is decoded from the codes, (starts, B, 1, 28, 28), the best first, and their objectives,
        (starts, B).
    """
    model.eval()
    batch = len(x)
    told = None if labels is None else labels.repeat(starts)

    def judge(z: Tensor) -> tuple[Tensor, Tensor]:
        drawn = model.decode(z.flatten(0, 1), told)
        errors = (mask * (drawn.view(starts, *x.shape) - x)).square().sum((2, 3, 4))
        objective = errors + _PRIOR * z.square().sum(2)
        if isinstance(model, GAN) and model.config.loss in PROBABILITIES:
            objective = objective + _REALISM * F.softplus(-model.discriminator(drawn, told)).view(starts, batch)
        return drawn, objective

    z = _begin(model, x, mask, labels, starts, rng).requires_grad_(True)
    adam = Adam([z], lr=_RATE)
    for step in range(steps):
        with torch.enable_grad():
            adam.param_groups[0]["lr"] = _RATE * (1 + math.cos(math.pi * step / steps)) / 2
            (z.grad,) = torch.autograd.grad(judge(z)[1].sum(), z)
            adam.step()
        with torch.no_grad():
            drawn, objective = judge(z)
            order = objective.argsort(dim=0, stable=True)
            yield drawn.view(starts, *x.shape)[order, torch.arange(batch)], objective.gather(0, order)


@torch.no_grad()
def _begin(model: Model, x: Tensor, mask: Tensor, labels: Tensor | None, starts: int, rng: torch.Generator) -> Tensor:
    """Of codes drawn from the prior those whose images fit best where ``x`` is seen, (starts, B, D)."""
    z = torch.randn(max(_TRIED, starts), model.latent_dim, generator=rng, device=rng.device)
    found = []
    for i in range(len(x)):
        # Codes mean something else for each digit, so a conditional model draws them anew.
        if not i or labels is not None:
            drawn = model.decode(z, None if labels is None else labels[i].expand(len(z)))
        errors = (mask * (drawn - x[i])).square().sum((1, 2, 3))
        found.append(z[errors.topk(starts, largest=False).indices])
    return torch.stack(found, 1)
