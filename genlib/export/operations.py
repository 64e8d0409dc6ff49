"""The operations that decoders are made of, and what each of them means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.knobs import InputError

__all__ = ["Decoder", "Floats", "Operation", "evaluate"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Operation:
    """A step from a code to its image.

    Arguments:
        kind: One of those in :func:`evaluate`.
        shape: Of its result for one code, without the batch.
        arrays: What it needs, by name, float32.
    """

    kind: str
    shape: tuple[int, ...]
    arrays: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Decoder:
    """What makes images of codes: the family it comes from, the size D of a code, and its operations."""

    family: str
    latent_dim: int
    operations: Sequence[Operation]

    @property
    def labels(self) -> bool:
        """Whether it has to be told which digit is meant."""
        return any(operation.kind == "shift" for operation in self.operations)


def evaluate(operations: Sequence[Operation], z: NDArray[Any], labels: NDArray[Any] | None = None) -> Floats:
    """The image of each code, (B, D) to (B, 1, H, W) in [0, 1].

    Arguments:
        operations: Done one after another.
        z: Codes, (B, D).
        labels: Their digits, (B,), or shares of the ten digits, (B, 10), for images between two of them; only a decoder
            with labels looks at them.

    Raises:
        InputError: If labels are needed and missing.
    """
    x = z.astype(np.float32)
    for operation in operations:
        a = operation.arrays
        match operation.kind:
            case "linear":
                x = x @ a["weight"].T + a["bias"]  # weight (out, in)
            case "shift":
                if labels is None:
                    raise InputError("This model was trained with labels: say which digit is meant.")
                table = a["table"]  # (10, width)
                x = x + (table[labels] if labels.ndim == 1 else labels.astype(np.float32) @ table)
            case "relu":
                x = np.maximum(x, 0)
            case "silu":
                x = x * _sigmoid(x)
            case "reshape":
                x = x.reshape(-1, *operation.shape)
            case "conv_transpose":
                x = _conv_transpose(x, a["weight"]) + a["bias"][:, None, None]
            case "bend":
                x = _bend(x, a["basis"], a["reach"])
            case "sigmoid":
                x = _sigmoid(x)
            case "clamp":
                x = x.clip(0, 1)
    return x


def _sigmoid(x: Floats) -> Floats:
    r"""$1 / (1 + e^{-x})$, by a function that does not overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _conv_transpose(x: Floats, weight: Floats) -> Floats:
    r"""Every pixel stamps its window of $4 \times 4$, two pixels from that of its neighbour; a frame of 1 is cut off.

    $$y_{o,\,2i+k-1,\,2j+l-1} \mathrel{+}= \sum_c x_{c,i,j}\,w_{c,o,k,l}$$

    Arguments:
        x: (B, C, H, W).
        weight: (C, O, 4, 4).

    Returns:
        (B, O, 2H, 2W).
    """
    b, _, height, width = x.shape
    stamps = np.tensordot(x, weight, (1, 0)).transpose(0, 3, 1, 2, 4, 5)  # (B, O, H, W, 4, 4)
    y = np.zeros((b, weight.shape[1], 2 * height + 2, 2 * width + 2), np.float32)
    for k in range(4):
        for l in range(4):  # noqa: E741
            y[:, :, k : k + 2 * height : 2, l : l + 2 * width : 2] += stamps[..., k, l]
    return y[:, :, 1:-1, 1:-1]


def _bend(x: Floats, basis: Floats, reach: Floats) -> Floats:
    r"""A drawing, each pixel of which shows what lies where a field points, between pixels interpolated linearly.

    $$y_p = d_{p + v_p}, \qquad v = W\,r \tanh(h)\,W^\top$$

    The field $v$ is in pixels, to the right and down; beyond the edge lies what lies at the edge.

    Arguments:
        x: The drawing $d$, row by row, then the handles $h$, first all to the right, (B, H H + 2 G G).
        basis: $W$, (H, G).
        reach: $r$, (1,).

    Returns:
        (B, 1, H, H).
    """
    side, grid = basis.shape
    drawn = x[:, : side**2].reshape(-1, side, side)
    field = basis @ (reach * np.tanh(x[:, side**2 :]).reshape(-1, 2, grid, grid)) @ basis.T
    rows, columns = np.indices((side, side), np.float32)
    across, down = (columns + field[:, 0]).clip(0, side - 1), (rows + field[:, 1]).clip(0, side - 1)
    left, top = np.floor(across).astype(int), np.floor(down).astype(int)
    right, below = np.minimum(left + 1, side - 1), np.minimum(top + 1, side - 1)
    a, b, each = across - left, down - top, np.arange(len(x))[:, None, None]
    upper = (1 - a) * drawn[each, top, left] + a * drawn[each, top, right]
    lower = (1 - a) * drawn[each, below, left] + a * drawn[each, below, right]
    return ((1 - b) * upper + b * lower)[:, None].astype(np.float32)
