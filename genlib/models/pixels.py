r"""How grey levels go into a network and come out of it: as they are, or standardised.

References:
    Efficient BackProp (LeCun, Bottou, Orr & Müller, 1998), section 4.3
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["Coordinates", "Standardised", "Unbounded", "Unit", "pixels"]


class Unit(nn.Module):
    r"""Grey levels in [0, 1]: they go in as they are, and come out as $1 / (1 + e^{-a})$."""

    scale, log_scale = 1.0, 0.0

    def fit(self, images: Tensor) -> None:
        """Nothing is to be learnt."""

    def into(self, x: Tensor) -> Tensor:
        return x

    def out(self, a: Tensor) -> Tensor:
        return a.sigmoid()

    def shown(self, x: Tensor) -> Tensor:
        """What can be shown of ``x``: grey levels lie in [0, 1]."""
        return x.clamp(0, 1)


class Unbounded(Unit):
    """Grey levels in [0, 1] that go in as they are, and come out as the network puts them: nothing holds them there."""

    def out(self, a: Tensor) -> Tensor:
        return a


class Coordinates(Unbounded):
    """Coordinates of points: they go in and come out as they are, and any number is one."""

    def shown(self, x: Tensor) -> Tensor:
        return x


class Standardised(Unit):
    r"""Grey levels less their mean, in standard deviations, both of all pixels of all training images.

    $$y = \frac{x - m}{s}, \qquad x = m + s\,a$$

    where $a$ is what the network puts out: no function holds it in bounds, so $x$ may leave [0, 1]. A density of $y$
    and one of $x$ differ by the factor $s$ for each pixel, so that for P pixels
    $\log p(x) = \log p(y) - P \log s$ (LeCun et al., 1998, on why scaled inputs are learnt faster).

    ``mean`` and ``deviation`` are kept with the weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("deviation", torch.ones(()))

    @property
    def scale(self) -> Tensor:  # type: ignore[override]
        """Standard deviation $s$ of the pixels that were learnt from, in grey levels of [0, 1], a scalar."""
        return self.get_buffer("deviation")

    @property
    def log_scale(self) -> Tensor:  # type: ignore[override]
        return self.scale.log()

    def fit(self, images: Tensor) -> None:
        """Take mean and deviation from images, bytes of any shape."""
        # A sum of squares of bytes needs more than single precision, and not all at once.
        sums, squares = 0.0, 0.0
        for part in images.flatten().split(2**22):
            x = part.double()
            sums, squares = sums + float(x.sum()), squares + float(x.square().sum())
        mean = sums / images.numel()
        self.get_buffer("mean").fill_(mean / 255)
        self.scale.fill_(max(math.sqrt(max(squares / images.numel() - mean**2, 0.0)), 1.0) / 255)

    def into(self, x: Tensor) -> Tensor:
        return (x - self.get_buffer("mean")) / self.scale

    def out(self, a: Tensor) -> Tensor:
        return self.get_buffer("mean") + self.scale * a


def pixels(standardise: bool) -> Unit:
    """How the pixels of a model go in and come out."""
    return Standardised() if standardise else Unit()
