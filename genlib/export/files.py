"""The two files of a decoder.

``decoder.json`` says what is done in which order, and ``decoder.safetensors`` has the arrays: the array "weight" of
the operation with number 3, counted from 0, is called "3.weight" there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib.export.contents import described, parse
from genlib.export.operations import Decoder
from genlib.knobs import InputError
from genlib.runs.files import bounded

if TYPE_CHECKING:
    from genlib.models.base import Model

__all__ = ["is_exported", "read_decoder", "stored", "write_decoder"]

_DESCRIPTION, _ARRAYS = "decoder.json", "decoder.safetensors"
_LONGEST, _LARGEST = 2**16, 2**25  # bytes of either file that are read at all; the largest decoder has half of them


def write_decoder(model: Model, folder: Path) -> None:
    """Write what :func:`operations` finds into ``folder``.

    Arrays are kept in half precision where that moves no pixel by more than half a grey level, for codes drawn from
    $N(0, I)$; the others in single precision.

    Raises:
        InputError: If the model draws no images or has numbers that are not finite, or the disk refuses.
    """
    description, content = described(model, halved=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / _ARRAYS, content)
        _replace(folder / _DESCRIPTION, (json.dumps(description, indent=1) + "\n").encode())
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise InputError(f"The decoder could not be written ({reason}): make room and export it again.") from None


def is_exported(folder: Path) -> bool:
    """Whether a folder has the files of a decoder."""
    return (folder / _DESCRIPTION).exists()


def read_decoder(folder: Path) -> Decoder:
    """What :func:`write_decoder` wrote into ``folder``; its arrays are float32, whatever they are kept in.

    Raises:
        InputError: If it is missing, incomplete, altered, or of another version.
    """
    return stored(folder)[2]


def stored(folder: Path) -> tuple[dict[str, Any], bytes, Decoder]:
    """What both files hold, and the decoder that it makes.

    Raises:
        InputError: As :func:`read_decoder`.
    """
    from safetensors import SafetensorError

    try:
        told, content = json.loads(_read(folder / _DESCRIPTION, _LONGEST)), _read(folder / _ARRAYS, _LARGEST)
        return told, content, parse(told, content)
    except InputError:
        raise
    except OSError:
        raise InputError("The decoder of this model is missing or cannot be read: export the model again.") from None
    except (SafetensorError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise InputError("The decoder of this model is damaged: export the model again.") from None


def _read(path: Path, limit: int) -> bytes:
    content = bounded(path, limit)
    if len(content) > limit:
        raise ValueError
    return content


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
