"""Codes of images: how they are spread, and new ones for models that were never taught where codes lie."""

from __future__ import annotations

import torch
from torch import Tensor

from genlib.data.images import Images
from genlib.models.base import Model
from genlib.models.stepwise import Gaussians, em_step, log_densities

__all__ = ["draw_codes", "draw_images", "fit_codes", "training_codes"]

_CODES, _COMPONENTS, _ROUNDS = 5000, 10, 10
_FLOOR = 1e-3  # of the mean variance is added to each, so that none can vanish


@torch.no_grad()
def fit_codes(codes: Tensor, rng: torch.Generator, components: int = _COMPONENTS) -> Gaussians:
    """A mixture of Gaussians for codes, (N, D), after the fact: ten rounds of EM from random codes.

    As in From Variational to Deterministic Autoencoders (Ghosh et al., 2020), who sample autoencoders in this way.
    """
    n, d = codes.shape
    covariance = torch.cov(codes.T).reshape(d, d)
    floor = torch.eye(d, device=codes.device) * (_FLOOR * covariance.diagonal().mean() + 1e-12)
    chosen = torch.randperm(n, generator=rng, device=rng.device)[:components]
    start = codes[chosen] if components > 1 else codes.mean(0, keepdim=True)
    k = len(start)
    found = Gaussians(torch.full((k,), 1 / k, device=codes.device), start, covariance.expand(k, d, d) + floor)
    for _ in range(_ROUNDS if k > 1 else 0):
        joint = log_densities(codes, found.means, found.covariances) + found.weights.log()
        found = em_step(found, codes, joint.softmax(1), 1.0, n)
        found = found._replace(covariances=found.covariances + floor)
    return found


@torch.no_grad()
def draw_codes(mixture: Gaussians, n: int, rng: torch.Generator) -> Tensor:
    """New codes, (n, D)."""
    which = torch.multinomial(mixture.weights, n, replacement=True, generator=rng)
    noise = torch.randn(n, mixture.means.shape[1], generator=rng, device=rng.device)
    factors = torch.linalg.cholesky(mixture.covariances.cpu().double()).float().to(rng.device)
    return mixture.means[which] + (factors[which] @ noise.unsqueeze(2)).squeeze(2)


@torch.no_grad()
def training_codes(model: Model, images: Images, device: torch.device | str = "cpu") -> Tensor:
    """The codes of the first 5,000 training images, (N, D)."""
    model.eval()
    x = torch.tensor(images.train[:_CODES], device=device).unsqueeze(1) / 255
    return model.encode(x, torch.tensor(images.train_labels[:_CODES], device=device).long())


def draw_images(model: Model, images: Images, n: int, rng: torch.Generator, labels: Tensor | None = None) -> Tensor:
    """New images of any model that makes images, (n, 1, 28, 28); labels as in :meth:`genlib.models.Model.sample`.

    Where the model has no distribution of codes, one is fitted to those of training images first.
    """
    if model.can_sample:
        return model.sample(n, rng, labels if model.config.labels else None)
    codes = training_codes(model, images, rng.device)
    with torch.no_grad():
        return model.decode(draw_codes(fit_codes(codes, rng), n, rng), labels)
