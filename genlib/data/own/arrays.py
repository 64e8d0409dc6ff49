"""Images and labels as arrays: the files of NPZ archives, and IDX files."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from genlib.data.idx import parse_idx
from genlib.data.own.zips import MOST_UNPACKED
from genlib.knobs import InputError, shown

__all__ = ["MOST_IMAGES", "Block", "blocks", "idx_array", "npz_arrays"]

MOST_IMAGES = 60_000
_SIDES = (4, 1024)  # pixels
_PART = 4_000_000  # pixels
_GREY = np.array([0.299, 0.587, 0.114], np.float32)

Block = tuple[NDArray[np.uint8], NDArray[Any] | None]  # images (N, H, W), and their labels (N,)


def idx_array(name: str, content: bytes) -> NDArray[np.uint8]:
    """The images or labels in an IDX file.

    Raises:
        InputError: If it is none.
    """
    return parse_idx(shown(name).strip("'"), content, 1 if content[3:4] == b"\x01" else 3)


def npz_arrays(data: bytes, left: int) -> dict[str, NDArray[Any]]:
    """The arrays in an NPZ file, by name; at most ``left`` bytes.

    Raises:
        InputError: If it is damaged, too large, or holds Python objects.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist()[:100]:
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise NotImplementedError  # others are unpacked without any bound
                with archive.open(entry) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise InputError(
                        f"There are more than {MOST_UNPACKED // 2**20} MB in it once unpacked: give fewer images."
                    )
                arrays[entry.filename.removesuffix(".npy")] = _npy(entry.filename, content)
    except InputError:
        raise
    except Exception:  # what damaged archives and headers raise is of every kind
        raise InputError("The NPZ is damaged, or not whole: save it anew with numpy.savez_compressed.") from None
    return arrays


def _npy(name: str, content: bytes) -> NDArray[Any]:
    """An array without a copy; nothing is allocated by what its header declares, and nothing in it is run."""
    file = io.BytesIO(content)
    version = npy.read_magic(file)
    shape, fortran, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise InputError(
            f"The array {shown(name)} holds Python objects, and genlib never reads pickles: save numbers only."
        )
    rest = len(content) - file.tell()
    if math.prod(shape) * dtype.itemsize != rest or min(shape, default=1) < 0:
        raise InputError(f"The array {shown(name)} declares another size than it has: save it anew.")
    array = np.frombuffer(content, dtype, offset=file.tell()) if rest else np.zeros(0, dtype)
    return array.reshape(shape[::-1]).transpose() if fortran else array.reshape(shape)


def blocks(arrays: Sequence[tuple[str, NDArray[Any]]]) -> Iterator[Block]:
    """Images with their labels, a part at a time: those of equal number belong together, in the order of coming.

    Raises:
        InputError: If there are no images, too many, or any that are none.
    """
    labels = [array for _, array in arrays if array.ndim == 1 and array.dtype.kind in "iubUS"]
    images = [(name, array) for name, array in arrays if array.ndim >= 2]
    if not images:
        raise InputError("There are no images in it: give an array of N images of H x W pixels.")
    count = sum(len(array) for _, array in images)
    if count > MOST_IMAGES:
        raise InputError(f"There are {count:,} images where {MOST_IMAGES:,} are allowed: give fewer.")
    for name, array in images:
        fits = next((i for i, each in enumerate(labels) if len(each) == len(array)), None)
        mine = None if fits is None else labels.pop(fits)
        start = 0
        for part in _grey(name, array):
            yield part, None if mine is None else mine[start : start + len(part)]
            start += len(part)


def _grey(name: str, array: NDArray[Any]) -> Iterator[NDArray[np.uint8]]:
    """Images of any usual form as (N, H, W), one byte a pixel, some at a time: as numbers they take much room."""
    refusal = InputError(
        f"The array {shown(name)} of {' x '.join(map(str, array.shape))} holds no images: give N x H x W grey levels, "
        "or N x H x W x 3 colours, from 0 to 255 or from 0 to 1."
    )
    if array.ndim == 2 and array.shape[1] == 28 * 28:
        array = array.reshape(-1, 28, 28)
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3, 4):
        array = array.transpose(0, 2, 3, 1)
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    sides = array.shape[1:3]
    coloured = array.ndim == 4 and array.shape[3] in (3, 4)
    if not (array.ndim == 3 or coloured) or not all(_SIDES[0] <= side <= _SIDES[1] for side in sides):
        raise refusal
    if array.dtype.kind not in "biuf" or not len(array):
        raise refusal
    low, high = (float(end) for end in (array.min(), array.max()))
    if not (low >= 0 and high <= 255):  # nor is it where a number is none
        raise refusal
    times = 255 if array.dtype.kind == "b" or (array.dtype.kind == "f" and high <= 1) else 1
    count = max(1, _PART // math.prod(sides))
    for start in range(0, len(array), count):
        part = array[start : start + count]
        if coloured:
            part = part[..., :3].astype(np.float32) @ _GREY
        if part.dtype != np.uint8:
            part = np.round(part.astype(np.float32) * times).clip(0, 255).astype(np.uint8)
        yield part
