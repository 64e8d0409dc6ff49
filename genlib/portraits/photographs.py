"""Photographs of 40 people, ten of each, cut to 64 x 64.

References:
    Parameterisation of a Stochastic Model for Human Face Identification (Samaria & Harter, 1994), WACV
    The Database of Faces, AT&T Laboratories Cambridge, 1992 to 1994
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.data.images import Images
from genlib.knobs import InputError

__all__ = ["LEARNT", "PEOPLE", "SHOTS", "SIDE", "load_photographs", "photograph"]

PEOPLE, SHOTS, SIDE = 40, 10, 64
LEARNT, _CHOSEN = 32, 36  # the first people are learnt from, some more are chosen by, the last are kept for the end
_FILE = "orl_faces_20x20_of_112x92.png"
_SHA256 = "0f2b949df645811c1da997ed50942a9ba3e325115f32cb95b94fb66914fcb880"
_HEIGHT, _WIDTH, _ACROSS = 112, 92, 20  # of a photograph in the file, and how many stand side by side
_TOP = 12  # rows that are cut off, of hair or ceiling, to make it square; 8 go below


@cache
def load_photographs() -> Images:
    """The photographs, (N, 64, 64), labelled by person; no person is in two parts.

    The people 0 to 31 are to learn from, 32 to 35 to choose by, and nothing is ever fitted to 36 to 39. Held once per
    process.

    Raises:
        InputError: If the bundled file is missing or was altered.
    """
    images = _cut(_mosaic())
    people = np.repeat(np.arange(PEOPLE, dtype=np.uint8), SHOTS)
    images.setflags(write=False)
    people.setflags(write=False)
    learnt, chosen = LEARNT * SHOTS, _CHOSEN * SHOTS
    return Images(
        "The Database of Faces",
        images[:learnt],
        people[:learnt],
        images[learnt:chosen],
        people[learnt:chosen],
        images[chosen:],
        people[chosen:],
    )


def photograph(number: int) -> NDArray[np.uint8]:
    """One of the 400, (64, 64): shot ``number % 10`` of person ``number // 10``."""
    images = load_photographs()
    return np.concatenate([images.train, images.validation, images.test])[number]


def _mosaic() -> NDArray[np.uint8]:
    from PIL import Image

    try:
        content = (assets() / "faces" / _FILE).read_bytes()
    except OSError:
        raise InputError(f"The file {_FILE} is missing: restore it from the project.") from None
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise InputError(f"The file {_FILE} was altered: restore it from the project.")
    with Image.open(assets() / "faces" / _FILE) as picture:
        return np.asarray(picture)


def _cut(mosaic: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The squares in the middle of all photographs, made smaller."""
    from PIL import Image

    tiles = mosaic.reshape(-1, _HEIGHT, _ACROSS, _WIDTH).swapaxes(1, 2).reshape(-1, _HEIGHT, _WIDTH)
    squares = tiles[:, _TOP : _TOP + _WIDTH]
    smaller = [Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.LANCZOS) for square in squares]
    return np.stack([np.asarray(each) for each in smaller])
