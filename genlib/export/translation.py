"""From a model to the operations of its decoder."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genlib.export.operations import Floats, Operation
from genlib.knobs import InputError
from genlib.settings import FAMILY_NAMES

if TYPE_CHECKING:
    from torch import Tensor, nn

    from genlib.models.base import Model

__all__ = ["operations"]

_PARTS = {"ae": "decoder", "vae": "decoder", "gan": "generator"}
_IMAGE = (1, 28, 28)


def operations(model: Model) -> list[Operation]:
    """What ``model`` does to a code, as it is shown: in evaluation mode, with averages where it has them.

    Raises:
        InputError: If it draws no images.
    """
    from genlib.models.base import Network
    from genlib.models.pixel_mixture import PixelMixture
    from genlib.models.pixels import Standardised

    if isinstance(model, PixelMixture):
        mean, axes = _array(model.mean), _array(model.axes)
        linear = Operation("linear", mean.shape, {"weight": axes, "bias": mean})
        return [linear, Operation("reshape", _IMAGE, {}), Operation("clamp", _IMAGE, {})]
    part = _PARTS.get(model.family)
    if part is None or not isinstance(model, Network):
        raise InputError(f"{FAMILY_NAMES[model.family]}: it draws no images, so there is nothing to export.")
    net = model.eval().part(part)
    made: list[Operation] = []
    for layer in (net.first, net.shift, *net.rest):
        if layer is not None:
            _add(made, layer)
    pixels = getattr(model, "pixels", None)
    if isinstance(pixels, Standardised):
        _stretch(made, float(pixels.scale), float(pixels.get_buffer("mean")))
        return [*made, Operation("clamp", _IMAGE, {})]
    return [*made, Operation("sigmoid", _IMAGE, {})]


def _add(made: list[Operation], layer: nn.Module) -> None:
    from torch import nn

    shape = made[-1].shape if made else ()
    match layer:
        case nn.Linear():
            made.append(Operation("linear", (layer.out_features,), _weights(layer)))
        case nn.Embedding():
            made.append(Operation("shift", shape, {"table": _array(layer.weight)}))
        case nn.ReLU():
            made.append(Operation("relu", shape, {}))
        case nn.SiLU():
            made.append(Operation("silu", shape, {}))
        case nn.Unflatten():
            made.append(Operation("reshape", tuple(layer.unflattened_size), {}))
        case nn.ConvTranspose2d(stride=(2, 2), padding=(1, 1)):
            made.append(Operation("conv_transpose", (layer.out_channels, 2 * shape[1], 2 * shape[2]), _weights(layer)))
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            _fold(made, layer)
        case _:
            raise InputError(f"A decoder with a layer {type(layer).__name__} cannot be exported: choose another model.")


def _stretch(made: list[Operation], scale: float, mean: float) -> None:
    """Put what brings standardised pixels back, mean + scale a, into the last weights."""
    i = max(i for i, each in enumerate(made) if "bias" in each.arrays)
    arrays = {"weight": scale * made[i].arrays["weight"], "bias": scale * made[i].arrays["bias"] + np.float32(mean)}
    made[i] = replace(made[i], arrays=arrays)


def _fold(made: list[Operation], norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    r"""Put a normalisation, whose statistics stand still, into the weights before it.

    $$\gamma\,\frac{w^\top x + b + s_y - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta =
    (g w)^\top x + (g (b - \mu) + \beta) + g s_y, \qquad g = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}$$

    for each channel, where $s_y$ is the shift of label $y$.
    """
    mean, variance, gamma, beta = map(_array, (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    scale = gamma / np.sqrt(variance + norm.eps)
    for i in reversed(range(len(made))):
        arrays = made[i].arrays
        match made[i].kind:
            case "reshape":
                # What comes before has each channel once for every pixel.
                pixels = math.prod(made[i].shape[1:])
                scale, mean, beta = (np.repeat(values, pixels) for values in (scale, mean, beta))
            case "shift":
                made[i] = replace(made[i], arrays={"table": arrays["table"] * scale})
            case kind:
                by = scale[:, None] if kind == "linear" else scale[:, None, None]
                folded = {"weight": arrays["weight"] * by, "bias": (arrays["bias"] - mean) * scale + beta}
                made[i] = replace(made[i], arrays=folded)
                return


def _weights(layer: nn.Linear | nn.ConvTranspose2d) -> dict[str, Floats]:
    return {"weight": _array(layer.weight), "bias": _array(layer.bias)}


def _array(tensor: Tensor | None) -> Floats:
    if tensor is None:
        raise InputError("A decoder with a layer that lacks a part cannot be exported: choose another model.")
    array: Floats = tensor.detach().cpu().float().numpy()
    return array.copy()  # the model may go on learning
