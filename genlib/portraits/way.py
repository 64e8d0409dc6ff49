"""The way from one photograph to another, as a film to take away."""

from __future__ import annotations

import numpy as np

from genlib.portraits.gallery import load_gallery
from genlib.portraits.photographs import photograph
from genlib.sampling import webp

__all__ = ["way_file"]

_FRAMES, _SCALE = 40, 4


def way_file(a: int, b: int) -> bytes:
    """There and back as WebP: through the codes on the left, pixel by pixel on the right.

    Arguments:
        a: Number of the photograph where it begins, 0 to 399.
        b: Where it turns.
    """
    gallery, t = load_gallery(), np.linspace(0, 1, _FRAMES)[:, None]
    faces = gallery.decode((1 - t) * gallery.codes[a] + t * gallery.codes[b])
    pixels = [(1 - share) * photograph(a) + share * photograph(b) for share in t[:, 0]]
    there = np.concatenate([np.round(255 * faces), np.round(pixels)], 2).astype(np.uint8)  # (40, 64, 128)
    return webp([*there, *there[-2:0:-1]], scale=_SCALE, rests=(0, _FRAMES - 1))
