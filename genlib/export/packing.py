"""A decoder in one piece, as a browser gets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib.export.contents import described
from genlib.export.files import is_exported, stored
from genlib.knobs import InputError
from genlib.runs import saved_step
from genlib.settings import FAMILIES

if TYPE_CHECKING:
    from genlib.models.base import Model

__all__ = ["pack_decoder", "pack_model", "packed"]


def pack_decoder(folder: Path) -> bytes:
    """The decoder of the model saved in ``folder`` in one piece: from its files, else by PyTorch from its checkpoint.

    Four bytes, little endian, tell how long the JSON after them is: what ``decoder.json`` has, and the model's "step".
    It is padded so that the content of ``decoder.safetensors`` follows at a multiple of eight.

    Raises:
        InputError: If the files are altered, or there are none and no usable checkpoint, or the model draws no images.
    """
    if is_exported(folder):
        description, content, _ = stored(folder)
        return packed(description | {"step": saved_step(folder) or 0}, content)
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
        description, content = described(model, halved=False)
    except InputError as error:
        if model.family not in FAMILIES:
            raise
        labels = model.config.labels and model.family != "mixture"
        told = {"family": model.family, "latent_dim": model.latent_dim, "labels": labels}
        return packed(told | {"step": step, "error": str(error), "fallback": True}, b"")
    return packed(description | {"step": step}, content)


def packed(told: dict[str, Any], content: bytes) -> bytes:
    """A description and the content of a safetensors file in one piece, as :func:`pack_decoder` says."""
    text = json.dumps(told, separators=(",", ":")).encode()
    text += b" " * (-(4 + len(text)) % 8)
    return len(text).to_bytes(4, "little") + text + content
