"""Pictures of any size and colour, made 28 x 28 and grey."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genlib.data.digits import MAX_PIXELS, read_colours
from genlib.knobs import InputError

__all__ = ["CROPS", "pixels_of", "small", "small_picture"]

CROPS = {"square": "The middle square", "content": "What stands out"}
SIDE = 28
_BOX = 20  # of what stands out, as in MNIST
_STANDS_OUT = 32  # grey levels
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow

_Bytes = NDArray[np.uint8]


def small_picture(data: bytes, crop: str) -> _Bytes:
    """The bytes of a PNG, JPEG or WebP as (28, 28) greys; see :func:`small`.

    Raises:
        InputError: If they are no such picture, too large, or an animation.
    """
    return small(np.round(read_colours(data) @ _GREY).clip(0, 255).astype(np.uint8), crop)


def small(grey: _Bytes, crop: str) -> _Bytes:
    """A grey picture (H, W) cropped to a square and scaled to (28, 28), each pixel the mean of those it stands for.

    Arguments:
        grey: One byte a pixel.
        crop: "square", the largest in the middle; or "content", what differs from the ground along the border, scaled
            to 20 pixels in the middle of 28. Where nothing does, the square.
    """
    square = _content(grey) if crop == "content" else None
    if square is None:
        height, width = grey.shape
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = grey[top : top + side, left : left + side]
    if len(square) == SIDE:
        return square
    how = Image.Resampling.BOX if len(square) > SIDE else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(square).resize((SIDE, SIDE), how))


def _content(grey: _Bytes) -> _Bytes | None:
    """A square of ground with what stands out in its middle; None if nothing does."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = round(float(np.median(border)))
    drawn = np.abs(grey.astype(np.int16) - ground) > _STANDS_OUT
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return None
    cut = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = -(-max(cut.shape) * SIDE // _BOX)
    square = np.full((side, side), ground, np.uint8)
    top, left = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return square


def pixels_of(data: bytes) -> int:
    """How many pixels a picture says that it has, of which none is decoded.

    Raises:
        InputError: If it is none, or has too many.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "BMP", "GIF")) as picture:
            count = picture.width * picture.height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        count = MAX_PIXELS + 1
    except Exception:  # what Pillow raises over broken files is of every kind
        raise InputError("It is no picture that can be read: give PNG, JPEG or WebP.") from None
    if count > MAX_PIXELS:
        raise InputError(f"It has more than {MAX_PIXELS // 10**6} million pixels: make it smaller.")
    return count
