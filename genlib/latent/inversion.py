r"""Finding the code of an image for a model that has no encoder, such as a GAN.

References:
    Generative Visual Manipulation on the Natural Image Manifold (Zhu et al., 2016), ECCV, arXiv:1609.03552
    Precise Recovery of Latent Vectors from Generative Adversarial Networks (Lipton & Tripathi, 2017), arXiv:1702.04782
    Inverting the Generator of a Generative Adversarial Network (Creswell & Bharath, 2018), arXiv:1611.05644
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from genlib.models.base import Model

__all__ = ["PART", "PRIOR", "STARTS", "STEPS", "Found", "Search", "advance", "begin", "search"]

STEPS, STARTS = 120, 16
PART = 20  # steps between two looks at how far it is
PRIOR = 0.1  # of |z|^2 is added to the squared error
_TRIED = 512  # codes from the prior, of which the best are the starts
_ROUNDS = 5  # after each but the last the worse half of the starts is given up
_RATE = 0.2
_FIRST, _SECOND = 0.9, 0.99  # how long Adam remembers
_Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Search:
    """A search on its way, as plain arrays: it can be sent to another process and taken up there.

    Arguments:
        z: Codes that are still followed, (S, D).
        first: Adam's running mean of the gradient of each, (S, D).
        second: And of its square, (S, D).
        step: Steps made.
        steps: Steps in all.
    """

    z: _Floats
    first: _Floats
    second: _Floats
    step: int
    steps: int


@dataclass(frozen=True, eq=False)
class Found:
    """The best code so far.

    Arguments:
        step: Steps made.
        z: The code, (D,).
        image: What is decoded from it, (28, 28), one byte a pixel.
        squared_error: Of that to the image that is looked for, summed over pixels that are 0 to 1.
        search: How it goes on.
    """

    step: int
    z: _Floats
    image: NDArray[np.uint8]
    squared_error: float
    search: Search

    @property
    def done(self) -> bool:
        return self.step >= self.search.steps


def search(
    model: Model,
    x: Tensor,
    rng: torch.Generator,
    steps: int = STEPS,
    starts: int = STARTS,
    labels: Tensor | None = None,
) -> Iterator[Found]:
    r"""Look for the code whose image is most like ``x``.

    $$\min_z \; \|x - G(z)\|^2 + 0.1\,\|z\|^2$$

    by Adam from several starts (Zhu et al., 2016; Lipton & Tripathi, 2017), the best of 512 codes from the prior; the
    second term keeps the code where the model learned to draw (Creswell & Bharath, 2018). Four times on the way the
    worse half of the starts is given up, and the steps become smaller, down to none.

    Arguments:
        model: Anything that decodes; it is not changed.
        x: The image, (1, 1, 28, 28).
        rng: Noise of the starts.
        steps: Of Adam.
        starts: How many codes are followed at first.
        labels: The digit, (1,), for a conditional model.

    Yields:
        The best so far, at the start and after every 20 steps; the last is the answer.
    """
    found = begin(model, x, rng, steps, starts, labels)
    yield found
    while not found.done:
        found = advance(model, x, found.search, labels)
        yield found


def begin(
    model: Model,
    x: Tensor,
    rng: torch.Generator,
    steps: int = STEPS,
    starts: int = STARTS,
    labels: Tensor | None = None,
) -> Found:
    """The starts of a search; for the arguments see :func:`search`."""
    import torch

    model.eval()
    z = torch.randn(max(_TRIED, starts), model.latent_dim, generator=rng)
    with torch.no_grad():
        best = _objective(model, x, z, labels)[1].argsort(stable=True)[:starts]
    blank = np.zeros((starts, model.latent_dim), np.float32)
    return _found(model, x, labels, Search(z[best].numpy(), blank, blank, 0, steps))


def advance(model: Model, x: Tensor, search: Search, labels: Tensor | None = None, steps: int = PART) -> Found:
    """Make the next ``steps`` steps of a search, as far as it has any left.

    In how many parts it is made changes nothing.
    """
    import torch

    model.eval()
    z, first, second = (torch.tensor(array) for array in (search.z, search.first, search.second))
    until = min(search.steps, search.step + steps)
    for step in range(search.step, until):
        z.requires_grad_(True)
        objective = _objective(model, x, z, labels)[1]
        (slope,) = torch.autograd.grad(objective.sum(), z)
        z = z.detach()
        if step and step % max(1, search.steps // _ROUNDS) == 0:
            kept = objective.argsort(stable=True)[: math.ceil(len(z) / 2)]
            z, first, second, slope = z[kept], first[kept], second[kept], slope[kept]
        first = first.lerp(slope, 1 - _FIRST)
        second = second.lerp(slope.square(), 1 - _SECOND)
        rate = _RATE * (1 + math.cos(math.pi * step / search.steps)) / 2
        fair = first / (1 - _FIRST ** (step + 1)), second / (1 - _SECOND ** (step + 1))
        z = z - rate * fair[0] / (fair[1].sqrt() + 1e-8)
    return _found(model, x, labels, Search(z.numpy(), first.numpy(), second.numpy(), until, search.steps))


def _found(model: Model, x: Tensor, labels: Tensor | None, search: Search) -> Found:
    import torch

    with torch.no_grad():
        errors, objective, drawn = _objective(model, x, torch.tensor(search.z), labels)
    best = int(objective.argmin())
    image = (drawn[best, 0] * 255).round().to(torch.uint8).numpy()
    return Found(search.step, search.z[best], image, float(errors[best]), search)


def _objective(model: Model, x: Tensor, z: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The squared error and the objective of each code, (S,), and what is decoded, (S, 1, 28, 28)."""
    drawn = model.decode(z, None if labels is None else labels.expand(len(z)))
    errors = (drawn - x).square().sum((1, 2, 3))
    return errors, errors + PRIOR * z.square().sum(1), drawn
