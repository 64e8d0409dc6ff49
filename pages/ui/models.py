"""What elements in the browser get of models: decoders, atlases and images, as bytes.

What takes PyTorch is done in the worker, once for all visitors who ask for the same state of a model.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import images_of
from genlib.export import is_exported, pack_decoder
from genlib.knobs import InputError
from genlib.latent import atlas_bytes, atlas_images, nearest, parse_atlas, read_atlas
from genlib.portraits import pack_gallery
from genlib.studio import FURTHEST, decode, make_atlas
from pages.ui.element import encode
from pages.ui.opened import Opened
from pages.ui.server import compute

__all__ = [
    "MOST_CODES",
    "MOST_NEIGHBOURS",
    "atlas",
    "codes_csv",
    "codes_from_text",
    "decoder",
    "images",
    "neighbours",
    "portraits",
    "tests",
]

MOST_CODES = 256  # in one address
MOST_NEIGHBOURS = 12


def decoder(shown: Opened) -> bytes:
    """What :func:`genlib.export.pack_decoder` gives.

    Raises:
        InputError: If the model draws no images, has saved no weights, or its files were altered.
    """
    path = shown.run.path
    if is_exported(path):
        return _written(pack_decoder, path, _stamp(path, "decoder.json", "decoder.safetensors"))
    return _made(_packed, path, _saved(path))


def atlas(shown: Opened) -> bytes:
    """What :func:`genlib.latent.atlas_bytes` gives.

    Raises:
        InputError: If the model draws no images, has saved no weights, or its files were altered.
    """
    path = shown.run.path
    if stamp := _stamp(path, "atlas.safetensors"):
        return _written(_read, path, stamp)
    return _made(_surveyed, path, _saved(path))


def images(shown: Opened, codes: str, label: str) -> bytes:
    """Images of codes, decoded in the worker: 784 bytes each.

    Arguments:
        codes: For :func:`codes_from_text`.
        label: The number of the class that a conditional model is to draw; others do not look at it.

    Raises:
        InputError: If that is not what was given, or the model draws no images or has saved no weights.
    """
    settings, path = shown.settings, shown.run.path
    z = codes_from_text(codes, settings.model.latent_dim)
    labels = None
    if settings.model.labels and settings.family != "mixture":
        if label not in tuple("0123456789"):
            raise InputError("This model draws the class it is asked for: give a label from 0 to 9.")
        labels = np.full(len(z), int(label))
    _saved(path)
    return compute(decode, path, z, labels).tobytes()


def neighbours(shown: Opened, image: bytes) -> dict[str, Any]:
    """The training images most like one: their pixels as text, their classes, and how far each is.

    Arguments:
        image: 28 x 28 bytes.

    Raises:
        InputError: If it is of another length, or what the model learned from is gone.
    """
    if len(image) != 28 * 28:
        raise InputError("An image has 28 x 28 bytes: send no other.")
    images = images_of(shown.run.path)
    found, squared = nearest(np.frombuffer(image, np.uint8).reshape(28, 28), MOST_NEIGHBOURS, images)
    return {
        "images": encode(images.train[found], np.uint8),
        "labels": images.train_labels[found].tolist(),
        "distances": (255 * np.sqrt(squared / 28**2)).tolist(),  # root mean squared, grey levels
    }


def codes_csv(shown: Opened) -> bytes:
    """The codes of a model's atlas as a table: digit or class, then the numbers of the code.

    Raises:
        InputError: As :func:`atlas`.
    """
    found = parse_atlas(atlas(shown))
    names = [name.lstrip("=+-@") for name in shown.classes]  # somebody chose them, and none is to be a formula
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["class" if shown.own else "digit", *(f"z{i + 1}" for i in range(found.codes.shape[1]))])
    for label, code in zip(found.labels, found.codes, strict=True):
        rows.writerow([names[label], *(f"{x:.4g}" for x in code)])
    return table.getvalue().encode()


def tests(shown: Opened) -> bytes:
    """The test images that a model's atlas has the codes of, 784 bytes each.

    Raises:
        InputError: If what it learned from is gone.
    """
    images = images_of(shown.run.path)
    return images.test[atlas_images(images)].tobytes()


@lru_cache(maxsize=1)
def portraits() -> bytes:
    """What :func:`genlib.portraits.pack_gallery` gives.

    Raises:
        InputError: If files that come with genlib are missing or were altered.
    """
    return pack_gallery()


def codes_from_text(text: str, size: int) -> NDArray[np.float32]:
    """Codes out of an address, (n, size): "0.5,-1;2,0" is two codes of two numbers.

    Raises:
        InputError: If it is anything but 1 to ``MOST_CODES`` codes of that size.
    """
    try:
        rows = [[float(number) for number in row.split(",")] for row in text.split(";", MOST_CODES)]
    except ValueError:
        rows = []
    if not 1 <= len(rows) <= MOST_CODES or any(len(row) != size for row in rows):
        raise InputError(
            f"The codes cannot be read: give 1 to {MOST_CODES}, {size} numbers each, with commas between numbers and "
            "semicolons between codes."
        )
    z = np.array(rows)
    if not (np.abs(z) <= FURTHEST).all():  # nor is it where a number is none
        raise InputError(f"A code has numbers from {-FURTHEST:,.0f} to {FURTHEST:,.0f}: give no others.")
    return z.astype(np.float32)


_Stamp = tuple[tuple[int, int], ...]


def _stamp(folder: Path, *names: str) -> _Stamp:
    """What tells the states of files apart; empty if one is missing."""
    try:
        found = [(folder / name).stat() for name in names]
    except OSError:
        return ()
    return tuple((each.st_mtime_ns, each.st_size) for each in found)


def _saved(folder: Path) -> _Stamp:
    """The newest checkpoint of a run, or the one before while that is moved aside."""
    for name in ("checkpoint", "checkpoint.previous"):
        if stamp := _stamp(folder / name, "checkpoint.json", "tensors.safetensors"):
            return stamp
    raise InputError("This run has saved no weights yet: pause it, which saves them, or wait a few seconds.")


@lru_cache(maxsize=32)
def _written(read: Callable[[Path], bytes], folder: Path, stamp: _Stamp) -> bytes:
    return read(folder)


def _made(make: Callable[[Path], bytes], folder: Path, stamp: _Stamp) -> bytes:
    with _turn(make, folder):
        return _kept(make, folder, stamp)


@lru_cache(maxsize=8)
def _kept(make: Callable[[Path], bytes], folder: Path, stamp: _Stamp) -> bytes:
    return make(folder)


@lru_cache(maxsize=32)
def _turn(make: Callable[[Path], bytes], folder: Path) -> Lock:
    """Held by the one who makes it: others wait for the same, not for the worker to make it again."""
    return Lock()


def _packed(folder: Path) -> bytes:
    return compute(pack_decoder, folder)


def _read(folder: Path) -> bytes:
    return atlas_bytes(read_atlas(folder))


def _surveyed(folder: Path) -> bytes:
    return atlas_bytes(compute(make_atlas, folder))
