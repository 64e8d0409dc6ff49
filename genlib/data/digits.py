r"""Pictures from people, made into what a model of MNIST knows: white on black, centred, 28 x 28.

References:
    Gradient-based learning applied to document recognition (LeCun, Bottou, Bengio & Haffner, 1998), section III-A
    A threshold selection method from gray-level histograms (Otsu, 1979)
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from genlib.knobs import InputError

__all__ = ["MAX_BYTES", "MAX_PIXELS", "centred", "read_colours", "read_picture"]

MAX_BYTES = 5 * 2**20
MAX_PIXELS = 25_000_000

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_SIDE, _BOX = 28, 20
_WORKED, _COARSE = 320, 80  # longer sides of what a picture is reduced to, to measure ink and to count pieces
_FAINTEST = 24  # grey levels of 255 between ground and ink
_SPECK = 0.02  # of all ink
_BORDER, _ROUNDS = 4000, 20  # pixels and rounds for the ground

_Grey = NDArray[np.uint8]
_Floats = NDArray[np.float32]


def centred(image: _Grey) -> _Grey:
    """Place a drawing as the digits of MNIST were placed.

    It is cropped to what is drawn, scaled until its longer side is 20 pixels, each grey by the area it covers, and
    moved by whole pixels until its centre of mass lies in the middle of 28 x 28. A digit of MNIST comes back as it was.
    What is faint only because its lines are thin is made brighter.

    Arguments:
        image: White on black, (H, W); all that is not 0 is drawn.

    Returns:
        Shape (28, 28).

    Raises:
        InputError: If nothing is drawn.
    """
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    small = _scaled(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]) if len(rows) else image[:0]
    if not small.any():
        raise InputError("The drawing is empty: draw a digit first.")
    brightest = small.max()
    if brightest < 254:  # some of MNIST's digits are no brighter
        small = np.round(small * (255.0 / brightest)).astype(np.uint8)
    field = np.zeros((_SIDE, _SIDE), np.uint8)
    top, left = (_start(small.sum(axis=1 - axis, dtype=np.int64)) for axis in (0, 1))
    field[top : top + small.shape[0], left : left + small.shape[1]] = small
    return field


def read_picture(data: bytes) -> _Grey:
    """Find the digit in the bytes of an uploaded picture: ink of any colour on a plain ground, dark or light.

    The ground is what lies along the border and may be lit unevenly; ink is what differs from it in colour.

    Returns:
        White on black, (28, 28), as :func:`centred` makes it.

    Raises:
        InputError: If the bytes are no picture that can be read, too large, an animation, or show nothing.
    """
    colours = read_colours(data)
    ink = np.abs(colours - _ground(colours)).max(axis=2)
    return centred(_cleaned(ink))


def read_colours(data: bytes) -> _Floats:
    """The colours of an uploaded picture, upright, and reduced if it is large; what is clear is put on white or black.

    Returns:
        (H, W, 3) in 0 to 255, at most 320 along the longer side.

    Raises:
        InputError: If the bytes are no picture that can be read, too large, or an animation.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"The picture is {len(data) / 2**20:.0f} MB large where {MAX_BYTES // 2**20} MB are allowed: "
            "make it smaller or save it as JPEG."
        )
    try:
        # Nothing is decoded before the size is known.
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            _check(picture)
            picture.draft(None, (_WORKED, _WORKED))
            return _composed(_upright(_reduced(picture)))
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(_too_many("far more than")) from None
    except Exception:  # what Pillow's decoders raise over broken files is of every kind
        raise InputError("The file is no picture that can be read: give a PNG, JPEG, WebP, BMP or GIF.") from None


def _scaled(drawn: _Grey) -> _Grey:
    """A crop, its longer side made 20 pixels and the other kept in proportion."""
    height, width = drawn.shape
    each = max(height, width) / _BOX
    h, w = (max(1, math.ceil(side / each - 1e-9)) for side in (height, width))
    # The shorter side is seldom a whole number of new pixels: black is added on both sides until it is.
    pad = math.ceil(each) + 1
    picture = Image.fromarray(np.pad(drawn, pad))
    top, left = pad - (h * each - height) / 2, pad - (w * each - width) / 2
    box = (left, top, left + w * each, top + h * each)
    how = Image.Resampling.BOX if each >= 1 else Image.Resampling.BILINEAR
    return np.asarray(picture.resize((w, h), how, box=box))


def _start(profile: NDArray[np.int64]) -> int:
    """Where a profile begins so that its centre of mass falls on pixel 14, and all of it stays in the field."""
    centre = float(profile @ np.arange(len(profile))) / max(1, int(profile.sum()))
    return min(max(math.ceil(_SIDE / 2 - 0.5 - centre), 0), _SIDE - len(profile))


def _check(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise InputError(_too_many(f"{picture.width:,} x {picture.height:,}, more than"))
    # A photograph may carry a second one (MPO): only these formats move.
    if picture.format in ("GIF", "PNG", "WEBP") and getattr(picture, "is_animated", False):
        raise InputError("The picture is an animation: save one of its frames as PNG and give that.")


def _too_many(found: str) -> str:
    return f"The picture has {found} {MAX_PIXELS // 10**6} million pixels: make it smaller and try again."


def _reduced(picture: Image.Image) -> Image.Image:
    """At most 320 pixels along the longer side, each the mean of those it stands for; eight bits a channel."""
    if picture.mode.startswith("I"):  # 16 bits
        picture = Image.fromarray((np.asarray(picture) // 257).clip(0, 255).astype(np.uint8))
    clear = picture.has_transparency_data
    picture = picture.convert("RGBA").convert("RGBa") if clear else picture.convert("RGB")
    factor = math.ceil(max(picture.size) / _WORKED)
    return picture.reduce(factor) if factor > 1 else picture


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # the note that says how the camera was held is damaged; the picture is not
        return picture


def _composed(picture: Image.Image) -> _Floats:
    """Colours over white, or over black if over white next to nothing can be seen."""
    values = np.asarray(picture).astype(np.float32)
    if values.shape[2] == 3:
        return values
    colours, clear = values[:, :, :3], 255 - values[:, :, 3:]  # already multiplied by how opaque they are
    return colours if 2 * (colours + clear).std() < colours.std() else colours + clear


def _ground(colours: _Floats) -> _Floats:
    """The ground without the ink, (H, W, 3): a smooth surface through the pixels along the border.

    A quadratic in both coordinates for each channel, of least absolute error, so that ink that touches the border
    counts little.
    """
    height, width = colours.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
    border = np.ones((height, width), bool)
    wide = max(1, min(height, width) // 16)
    border[wide : height - wide, wide : width - wide] = False
    some = np.flatnonzero(border)
    some = some[:: -(-len(some) // _BORDER)]
    a, values = terms.reshape(-1, 6)[some], colours.reshape(-1, 3)[some].astype(np.float64)
    at = np.zeros((6, 3))
    at[0] = np.median(values, axis=0)
    for _ in range(_ROUNDS):  # least squares, reweighted until they are least absolute errors
        for channel in range(3):
            weighted = a / np.maximum(np.abs(values[:, channel] - a @ at[:, channel]), 0.5)[:, None]
            at[:, channel] = np.linalg.lstsq(weighted.T @ a, weighted.T @ values[:, channel], rcond=1e-10)[0]
    return (terms @ at).astype(np.float32)


def _cleaned(ink: _Floats) -> _Grey:
    """Ink as white on black, without what the grain of the ground makes, and without specks."""
    threshold = _otsu(ink)
    above = ink > threshold
    strong = float(np.median(ink[above])) if above.any() else 0.0
    grain = float(np.median(ink[~above]))
    if strong < max(_FAINTEST, 6 * grain):
        raise InputError(
            "Nothing in the picture stands out from its ground: give one of a dark digit on light ground, or of a "
            "light one on dark."
        )
    # Below an eighth of the ink lies what JPEG adds around it.
    low = min(max(4 * grain, strong / 8), threshold / 2)
    kept = (ink > low) & _near(_without_specks(above))
    return np.round((ink * kept * (255 / np.quantile(ink[above], 0.9))).clip(0, 255)).astype(np.uint8)


def _otsu(values: _Floats) -> float:
    """The level, 0 to 255, that splits values into the two groups that differ most (Otsu, 1979)."""
    counts = np.histogram(values, bins=256, range=(0, 256))[0].astype(np.float64)
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * np.arange(256))
    with np.errstate(invalid="ignore"):
        between = np.nan_to_num(below * above * (total / below - (total[-1] - total) / above) ** 2)
    return float(between.argmax()) + 1.0


def _without_specks(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pieces of ink but for those that are far smaller than all of it together."""
    (height, width), each = above.shape, -(-max(above.shape) // _COARSE)
    padded = np.pad(above, ((0, -height % each), (0, -width % each)))
    ink = padded.reshape(padded.shape[0] // each, each, -1, each).sum(axis=(1, 3))
    pieces = np.where(ink, np.arange(1, ink.size + 1).reshape(ink.shape), 0)
    while True:  # each square takes the largest number around it, until every piece has one number
        grown = np.where(ink, _largest_around(pieces), 0)
        if (grown == pieces).all():
            break
        pieces = grown
    kept = np.bincount(pieces.ravel(), weights=ink.ravel()) >= _SPECK * ink.sum()
    return above & kept[pieces].repeat(each, 0).repeat(each, 1)[:height, :width]


def _near(drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All within one of the pixels that MNIST has of what is drawn: there lie the soft edges."""
    extent = max(np.ptp(np.flatnonzero(drawn.any(axis=axis))) + 1 for axis in (0, 1))
    for _ in range(math.ceil(extent / _BOX)):
        drawn = _largest_around(drawn)
    return drawn


def _largest_around(values: NDArray[Any]) -> NDArray[Any]:
    padded = np.pad(values, 1)
    across = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return np.maximum(np.maximum(across[:-2], across[1:-1]), across[2:])
