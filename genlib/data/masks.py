"""Holes in images: which pixels are seen, as (28, 28), true where one is."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings.holes import HoleConfig

__all__ = ["BENCH_HOLES", "bench_mask", "make_mask", "read_mask"]

BENCH_HOLES = ("centre", "bottom", "right", "random75")
_SIDE = 28
_MAX_BYTES = 2**20
_SCRATCHES = 5
_Mask = NDArray[np.bool_]


def make_mask(config: HoleConfig) -> _Mask:
    """The mask of a hole by its name.

    Returns:
        (28, 28), true where a pixel is seen.
    """
    seen = np.ones((_SIDE, _SIDE), bool)
    half, rng = _SIDE // 2, numpy_rng(config.seed, "hole", config.hole)
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    match config.hole:
        case "centre":
            seen[7:21, 7:21] = False
        case "top":
            seen[:half] = False
        case "bottom":
            seen[half:] = False
        case "left":
            seen[:, :half] = False
        case "right":
            seen[:, half:] = False
        case "random":
            # Exactly that share, whichever pixels.
            seen.flat[rng.permutation(seen.size)[: round(config.share * seen.size)]] = False
        case "stripes":
            seen = (rows + columns) % 8 < 4
        case "scratches":
            for _ in range(_SCRATCHES):
                angle, offset = rng.uniform(0, math.pi), rng.uniform(-9, 9)
                apart = (rows - 13.5) * math.cos(angle) + (columns - 13.5) * math.sin(angle) - offset
                seen &= np.abs(apart) > rng.uniform(0.6, 1.2)
        case "border":
            seen[:] = False
            seen[6:22, 6:22] = True
    return seen


def bench_mask(name: str) -> _Mask:
    """One of ``BENCH_HOLES``, which repairs are compared on.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in BENCH_HOLES:
        raise InputError(f"There is no hole called {name!r} to compare on: choose {', '.join(BENCH_HOLES)}.")
    if name == "random75":
        return np.asarray(np.random.RandomState(0).rand(_SIDE, _SIDE) > 0.75)
    return make_mask(HoleConfig.from_json({"hole": name}))


def read_mask(data: bytes) -> _Mask:
    """The mask in a PNG of 28 x 28 pixels, where black is the hole.

    What is darker than middle grey is black, and what is transparent is white.

    Raises:
        InputError: If the bytes are no such picture.
    """
    wrong = "The mask is no PNG that can be read: give one of 28 x 28 pixels, black where pixels are missing."
    if len(data) > _MAX_BYTES:
        raise InputError("The mask is larger than 1 MB: give a PNG of 28 x 28 pixels.")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if picture.size != (_SIDE, _SIDE):
                width, height = picture.size
                raise InputError(f"The mask has {width:,} x {height:,} pixels: give a PNG of 28 x 28.")
            colours = np.asarray(picture.convert("RGBA"), np.float64)
    except InputError:
        raise
    except Exception:  # what Pillow's decoders raise over broken files is of every kind
        raise InputError(wrong) from None
    opaque = colours[:, :, 3] / 255
    grey = colours[:, :, :3].mean(axis=2) * opaque + 255 * (1 - opaque)
    return np.asarray(grey >= 128)
