r"""What is known of an image: pixels around a hole, or what noise, blur and low resolution leave of the whole.

References:
    Deep Learning Techniques for Inverse Problems in Imaging (Ongie et al., 2020), arXiv:2005.06001, eq. 1
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Measurement"]

_PIXELS = 28 * 28


@dataclass(frozen=True, eq=False)
class Measurement:
    r"""Numbers that are known of an image, each a weighted sum of its pixels with some noise.

    $$y = (K x K^\top)_s + \sigma \epsilon, \qquad \epsilon \sim \mathcal{N}(0, I)$$

    Around a hole $K$ is the identity, $\sigma$ is 0 and $s$ are the seen pixels. Of a blurred or smaller image
    all is seen, and the rows of $K$ average neighbours.

    Attributes:
        seen: $s$, which places are known, (S, S), true or false.
        kernel: $K$, (S, 28); None for the image as it is, with S = 28.
        noise: $\sigma$, in grey levels from 0 to 1.
    """

    seen: Tensor
    kernel: Tensor | None = None
    noise: float = 0.0

    def __call__(self, x: Tensor) -> Tensor:
        """What would be known of images without noise: (..., 1, 28, 28) to (..., M)."""
        if self.kernel is not None:
            kernel = self.kernel.to(x)
            x = kernel @ x @ kernel.T
        return x.flatten(-3)[..., self.seen.flatten()]

    @property
    def exact(self) -> bool:
        """Whether what is known are pixels themselves."""
        return self.kernel is None and not self.noise

    def keep(self, x: Tensor, y: Tensor) -> Tensor:
        """Images (..., B, 1, 28, 28) with what is known of them, (B, M), put back, where that are pixels."""
        if not self.exact:
            return x
        kept = x.flatten(-2).clone()
        kept[..., self.seen.flatten()] = y.to(x).unsqueeze(1)
        return kept.view_as(x)

    def matrix(self, like: Tensor) -> Tensor:
        """The weights of all pixels in each number, (M, 784), of the type of ``like`` and where that is."""
        return self(torch.eye(_PIXELS, dtype=like.dtype, device=like.device).view(-1, 1, 28, 28)).T
