"""The plain networks that models are made of, and the matrix product that their speed hangs on.

Encoders and decoders bend by SiLU, x sigmoid(x) (Elfwing, Uchibe & Doya, 2018): a VAE of two layers of 512 came to 88.2
nats within 200 s, with ReLU to 92.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from genlib.knobs import InputError
from genlib.settings import NetworkConfig

__all__ = ["Linear", "Net", "decoder", "encoder", "generator"]

_PIXELS = 28 * 28
_CORNER = 7  # images are halved twice: 28 - 14 - 7


class Net(nn.Module):
    """Layers one after another, the first of which may be told a label.

    A label shifts what the first layer gives by a vector of its own, which equals giving that layer the label beside
    its input, as ten numbers of which one is 1.

    Arguments:
        first: Linear or convolution.
        rest: What follows.
        labels: Whether it is told labels.
    """

    def __init__(self, first: nn.Linear | nn.Conv2d, rest: nn.Sequential, labels: bool) -> None:
        super().__init__()
        self.first, self.rest = first, rest
        width, inputs = first.weight.shape[0], first.weight[0].numel()
        self.shift = nn.Embedding(10, width) if labels else None
        if self.shift is not None:
            nn.init.uniform_(self.shift.weight, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Send ``x`` through all layers; ``labels`` (B,) are needed by a net that is told them, else left aside."""
        h = self.first(x)
        if self.shift is not None:
            if labels is None:
                raise InputError("This model was trained with labels: say which digit is meant.")
            shift = self.shift(labels)
            h = h + shift.reshape(*shift.shape, *[1] * (h.dim() - 2))
        y: Tensor = self.rest(h)
        return y


def encoder(config: NetworkConfig, out: int) -> Net:
    """From an image to ``out`` numbers: 784 - H - ... - out, or by windows, 28 x 28 - 14 x 14 - 7 x 7 - out."""
    if config.network == "conv":
        c = config.channels
        rest = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(c, 2 * c, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * c * _CORNER**2, out),
        )
        return Net(nn.Conv2d(1, c, 4, stride=2, padding=1), rest, config.labels)
    widths = [config.hidden_dim] * config.layers
    first = _Flat(_PIXELS, widths[0])
    layers = [each for a, b in pairwise(widths) for each in (nn.SiLU(), Linear(a, b))]
    return Net(first, nn.Sequential(*layers, nn.SiLU(), nn.Linear(widths[-1], out)), config.labels)


def decoder(config: NetworkConfig) -> Net:
    """From a code to one number per pixel, any real number, by the way that :func:`encoder` came."""
    return _painter(config, [config.hidden_dim] * config.layers, lambda width: [nn.SiLU()])


def generator(config: NetworkConfig) -> Net:
    """A decoder whose widths double up to the image, with batch normalisation (Ioffe & Szegedy, 2015)."""
    widths = [max(1, config.hidden_dim // 2**i) for i in reversed(range(config.layers))]
    normal = nn.BatchNorm2d if config.network == "conv" else nn.BatchNorm1d
    return _painter(config, widths, lambda width: [normal(width), nn.ReLU()])


def _painter(config: NetworkConfig, widths: list[int], between: Callable[[int], list[nn.Module]]) -> Net:
    """From a code to an image; ``between`` makes what follows a layer of so many units or channels."""
    if config.network == "conv":
        c = config.channels
        corner = (2 * c, _CORNER, _CORNER)
        rest = nn.Sequential(
            nn.Unflatten(1, corner),
            *between(2 * c),
            nn.ConvTranspose2d(2 * c, c, 4, stride=2, padding=1),
            *between(c),
            nn.ConvTranspose2d(c, 1, 4, stride=2, padding=1),
        )
        return Net(nn.Linear(config.latent_dim, math.prod(corner)), rest, config.labels)
    layers = [each for a, b in pairwise([*widths, _PIXELS]) for each in (*between(a), Linear(a, b))]
    rest = nn.Sequential(*layers, nn.Unflatten(1, (1, 28, 28)))
    return Net(nn.Linear(config.latent_dim, widths[0]), rest, config.labels)


class Linear(nn.Linear):
    r"""A linear layer $y = x W^\top + b$ for large matrices, faster on some processors.

    PyTorch multiplies float32 matrices on the processor with MKL. oneDNN, which is inside PyTorch too, was measured at
    twice its speed on one core of an AMD EPYC (Zen 5): 205 against 98 GFLOP/s for these shapes. The numbers agree to
    float32 rounding. Where oneDNN is missing, or for anything but float32 matrices on the processor, this is PyTorch's
    own layer. It can be differentiated once, not twice.
    """

    def forward(self, x: Tensor) -> Tensor:
        if _ONEDNN and x.device.type == "cpu" and x.dtype == self.weight.dtype == torch.float32 and x.dim() == 2:
            y: Tensor = _Linear.apply(x, self.weight, self.bias)
            return y
        return F.linear(x, self.weight, self.bias)


class _Flat(Linear):
    """A linear layer on images, laid out as rows."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(1))


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _times(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors  # (B, in), (out, in); the gradient is (B, out)
        for_x, for_weight, for_bias = ctx.needs_input_grad
        return (
            _times(gradient, weight.T) if for_x else None,
            _times(gradient.T, x.T) if for_weight else None,
            gradient.sum(0) if for_bias else None,
        )


def _times(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """$a b^\\top + bias$ by oneDNN."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    return product


_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
