"""The two files of a decoder, and both in one piece.

``decoder.json`` says what is done in which order, and ``decoder.safetensors`` has the arrays: the array "weight" of
the operation with number 3, counted from 0, is called "3.weight" there.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genlib.export.operations import Decoder, Operation, evaluate
from genlib.export.translation import operations
from genlib.knobs import InputError
from genlib.runs import newest_checkpoint
from genlib.seeding import numpy_rng
from genlib.settings import FAMILIES

if TYPE_CHECKING:
    from genlib.models.base import Model

__all__ = ["is_exported", "pack_decoder", "pack_model", "read_decoder", "write_decoder"]

_FORMAT = 1
_DESCRIPTION, _ARRAYS = "decoder.json", "decoder.safetensors"
_LONGEST, _LARGEST = 2**16, 2**25  # bytes of either file that are read at all; the largest decoder has half of them
_MOST_OPERATIONS = 32
# Half a grey level, so that with codes that were not tried, and in other arithmetic, it stays below a whole one.
_LIMIT, _TRIED = 0.5 / 255, 256
_DIGITS, _IMAGE = 10, (1, 28, 28)
_Array = NDArray[np.floating[Any]]


def write_decoder(model: Model, folder: Path) -> None:
    """Write what :func:`operations` finds into ``folder``.

    Arrays are kept in half precision where that moves no pixel by more than half a grey level, for codes drawn from
    $N(0, I)$; the others in single precision.

    Raises:
        InputError: If the model draws no images or has numbers that are not finite, or the disk refuses.
    """
    description, content = _described(model, halved=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / _ARRAYS, content)
        _replace(folder / _DESCRIPTION, (json.dumps(description, indent=1) + "\n").encode())
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise InputError(f"The decoder could not be written ({reason}): make room and export it again.") from None


def pack_decoder(folder: Path) -> bytes:
    """The decoder of the model saved in ``folder`` in one piece: from its files, else by PyTorch from its checkpoint.

    Four bytes, little endian, tell how long the JSON after them is: what ``decoder.json`` has, and the model's "step".
    It is padded so that the content of ``decoder.safetensors`` follows at a multiple of eight.

    Raises:
        InputError: If the files are altered, or there are none and no usable checkpoint, or the model draws no images.
    """
    if is_exported(folder):
        description, content, _ = _usable(folder)
        saved = newest_checkpoint(folder)
        step = json.loads(saved[0]).get("step") if saved else None
        return _packed(description | {"step": step if type(step) is int else 0}, content)
    from genlib.checkpoint import load

    run = load(folder, "cpu", trainable=False)
    return pack_model(run.model, run.step)


def pack_model(model: Model, step: int) -> bytes:
    """As :func:`pack_decoder`, of a model after ``step`` steps.

    Arrays are in single precision, since codes need not be drawn from $N(0, I)$. If the model draws images but cannot
    be exported, there are none, and the JSON has "family", "latent_dim", "labels", "step", an "error" that says why,
    and "fallback", which is true.

    Raises:
        InputError: If it draws no images.
    """
    try:
        description, content = _described(model, halved=False)
    except InputError as error:
        if model.family not in FAMILIES:
            raise
        labels = model.config.labels and model.family != "mixture"
        told = {"family": model.family, "latent_dim": model.latent_dim, "labels": labels}
        return _packed(told | {"step": step, "error": str(error), "fallback": True}, b"")
    return _packed(description | {"step": step}, content)


def _packed(told: dict[str, Any], content: bytes) -> bytes:
    text = json.dumps(told, separators=(",", ":")).encode()
    text += b" " * (-(4 + len(text)) % 8)
    return len(text).to_bytes(4, "little") + text + content


def _described(model: Model, *, halved: bool) -> tuple[dict[str, Any], bytes]:
    """What the two files of a model hold."""
    decoder = Decoder(model.family, model.latent_dim, operations(model))
    arrays = _arrays(decoder)
    arrays |= _halves(decoder, arrays) if halved else {}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise InputError("The model has weights that are not finite, so it cannot be exported: train it anew.")
    from safetensors.numpy import save

    content = save(arrays)
    description = {
        "format": _FORMAT,
        "family": decoder.family,
        "latent_dim": decoder.latent_dim,
        "labels": decoder.labels,
        "operations": [
            {"kind": o.kind, "shape": list(o.shape), "arrays": {name: list(a.shape) for name, a in o.arrays.items()}}
            for o in decoder.operations
        ],
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return description, content


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


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def is_exported(folder: Path) -> bool:
    """Whether a folder has the files of a decoder."""
    return (folder / _DESCRIPTION).exists()


def read_decoder(folder: Path) -> Decoder:
    """What :func:`write_decoder` wrote into ``folder``; its arrays are float32, whatever they are kept in.

    Raises:
        InputError: If it is missing, incomplete, altered, or of another version.
    """
    return _usable(folder)[2]


def _usable(folder: Path) -> tuple[dict[str, Any], bytes, Decoder]:
    """What both files hold, and the decoder that it makes."""
    from safetensors import SafetensorError

    try:
        told, content = json.loads(_read(folder / _DESCRIPTION, _LONGEST)), _read(folder / _ARRAYS, _LARGEST)
        return told, content, _parse(told, content)
    except InputError:
        raise
    except OSError:
        raise InputError("The decoder of this model is missing or cannot be read: export the model again.") from None
    except (SafetensorError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise InputError("The decoder of this model is damaged: export the model again.") from None


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError
    return content


def _parse(told: dict[str, Any], content: bytes) -> Decoder:
    """The decoder in the two files; anything that fails is a file that was altered."""
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
