"""What the two files of a decoder hold, written and understood."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genlib.export.operations import Decoder, Operation, evaluate
from genlib.export.translation import operations
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import FAMILIES

if TYPE_CHECKING:
    from genlib.models.base import Model

__all__ = ["described", "described_decoder", "parse"]

_FORMAT = 1
_MOST_OPERATIONS = 32
# Half a grey level, so that with codes that were not tried, and in other arithmetic, it stays below a whole one.
_LIMIT, _TRIED = 0.5 / 255, 256
_DIGITS, _IMAGE = 10, (1, 28, 28)
_Array = NDArray[np.floating[Any]]


def described(model: Model, *, halved: bool) -> tuple[dict[str, Any], bytes]:
    """What the two files of a model hold: the description, and the arrays as bytes.

    Arguments:
        model: What is exported.
        halved: Whether arrays are kept in half precision where nobody sees it.

    Raises:
        InputError: If the model draws no images or has numbers that are not finite.
    """
    decoder = Decoder(model.family, model.latent_dim, operations(model))
    arrays = _arrays(decoder)
    arrays |= _halves(decoder, arrays) if halved else {}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise InputError("The model has weights that are not finite, so it cannot be exported: train it anew.")
    from safetensors.numpy import save

    content = save(arrays)
    return described_decoder(decoder) | {"sha256": hashlib.sha256(content).hexdigest()}, content


def described_decoder(decoder: Decoder) -> dict[str, Any]:
    """What a decoder does in which order, without the arrays."""
    return {
        "format": _FORMAT,
        "family": decoder.family,
        "latent_dim": decoder.latent_dim,
        "labels": decoder.labels,
        "operations": [
            {"kind": o.kind, "shape": list(o.shape), "arrays": {name: list(a.shape) for name, a in o.arrays.items()}}
            for o in decoder.operations
        ],
    }


def parse(told: dict[str, Any], content: bytes) -> Decoder:
    """The decoder that the two files of a model hold.

    Raises:
        InputError: If they are of another version.
        Exception: Of whatever kind, if they were altered.
    """
    from safetensors.numpy import load

    if told["format"] != _FORMAT:
        raise InputError("The decoder of this model is of another version of genlib: export the model again.")
    if told["sha256"] != hashlib.sha256(content).hexdigest():
        raise ValueError
    if len(told["operations"]) > _MOST_OPERATIONS:
        raise ValueError
    arrays, made = load(content), list[Operation]()
    for i, each in enumerate(told["operations"]):
        own = {name: arrays.pop(f"{i}.{name}") for name in each["arrays"]}
        if {name: list(array.shape) for name, array in own.items()} != each["arrays"]:
            raise ValueError
        if not all(array.dtype in (np.float16, np.float32) and np.isfinite(array).all() for array in own.values()):
            raise ValueError
        made.append(Operation(each["kind"], tuple(each["shape"]), {n: a.astype(np.float32) for n, a in own.items()}))
    decoder = Decoder(told["family"], told["latent_dim"], made)
    before: tuple[int, ...] = (decoder.latent_dim,)
    for operation in made:
        if not _fits(operation, before):
            raise ValueError
        before = operation.shape
    whole = before == _IMAGE and made[-1].kind in ("sigmoid", "clamp") and not arrays
    if not whole or decoder.family not in FAMILIES or told["labels"] is not decoder.labels:
        raise ValueError
    return decoder


def _arrays(decoder: Decoder) -> dict[str, _Array]:
    """All arrays by the names they have in the file."""
    return {f"{i}.{name}": array for i, each in enumerate(decoder.operations) for name, array in each.arrays.items()}


def _halves(decoder: Decoder, arrays: dict[str, _Array]) -> dict[str, _Array]:
    """Those arrays, in half precision, of which nobody sees it, the largest first."""
    rng = numpy_rng(0, "decoder")
    z, labels = rng.standard_normal((_TRIED, decoder.latent_dim)), np.arange(_TRIED) % _DIGITS
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large for half precision becomes infinite
        exact = evaluate(decoder.operations, z, labels)

        def unseen(halves: dict[str, _Array]) -> bool:
            return bool(np.abs(evaluate(_with(decoder, halves), z, labels) - exact).max() <= _LIMIT)

        largest_first = sorted(arrays, key=lambda place: -arrays[place].size)
        halves = {place: arrays[place].astype(np.float16) for place in largest_first}
        halves = {place: half for place, half in halves.items() if np.isfinite(half).all()}
        if not unseen(halves):
            chosen: dict[str, _Array] = {}
            for place, half in halves.items():
                chosen |= {place: half} if unseen(chosen | {place: half}) else {}
            halves = chosen
    return halves


def _with(decoder: Decoder, others: dict[str, _Array]) -> list[Operation]:
    """The operations with other arrays, by their names in the file."""
    return [
        replace(each, arrays={n: others.get(f"{i}.{n}", a).astype(np.float32) for n, a in each.arrays.items()})
        for i, each in enumerate(decoder.operations)
    ]


def _fits(operation: Operation, before: tuple[int, ...]) -> bool:
    """Whether an operation can be done to what has the shape ``before``, and gives what it says."""
    shape = operation.shape
    sizes = {name: array.shape for name, array in operation.arrays.items()}
    if not all(type(n) is int and n > 0 for n in (*shape, *before)):
        return False
    match operation.kind, before, shape:
        case "linear", (inputs,), (outputs,):
            return sizes == {"weight": (outputs, inputs), "bias": shape}
        case "shift", (width,), _:
            return shape == before and sizes == {"table": (_DIGITS, width)}
        case "conv_transpose", (inputs, height, width), (outputs, *_):
            doubled = shape == (outputs, 2 * height, 2 * width)
            return doubled and sizes == {"weight": (inputs, outputs, 4, 4), "bias": (outputs,)}
        case "reshape", _, _:
            return math.prod(shape) == math.prod(before) and not sizes
        case "relu" | "silu" | "sigmoid" | "clamp", _, _:
            return shape == before and not sizes
    return False
