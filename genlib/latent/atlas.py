"""The atlas of a model: what must be known of its codes to move among them, in one small file.

``atlas.safetensors`` holds the arrays of :class:`Atlas` by their names. Codes and their spread are in half precision
where that can hold them, and the spread has no rows where all of it is 0.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import Images
from genlib.knobs import InputError
from genlib.runs.files import bounded

__all__ = ["CODES", "DIRECTIONS", "Atlas", "atlas_bytes", "atlas_images", "parse_atlas", "read_atlas", "write_atlas"]

CODES = 2000  # of so many images
DIRECTIONS = 16  # at most
_FILE = "atlas.safetensors"
_LARGEST = 2**23  # bytes that are read at all; the largest atlas has a quarter of them
_MOST_CODES, _WIDEST, _DIGITS = 10_000, 512, 10
# Letters are sizes: N codes of D numbers, R directions, E is D or 0, K digits.
_SHAPES = {
    "codes": "ND",
    "labels": "N",
    "spread": "ND",
    "mean": "D",
    "deviation": "D",
    "directions": "RD",
    "effects": "R",
    "coordinate_effects": "D",
    "kl": "E",
    "class_means": "KD",
}
_NEVER_NEGATIVE = ("spread", "deviation", "effects", "coordinate_effects")
_Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Atlas:
    """Where the codes of a model lie, and which ways to move them change the image most.

    All arrays but ``labels`` are float32. A change of the image is the root mean square over its pixels, which are
    0 to 1, of what a small move does to them, in proportion to the move.

    Arguments:
        codes: Codes (N, D) of the test images that :func:`atlas_images` chooses, a VAE's posterior means; of a model
            that does not encode, codes drawn from its prior.
        labels: Their digits, (N,) uint8; of drawn codes the digits that were asked for, or, of a model that takes no
            labels, those that the bundled classifier reads.
        spread: Standard deviation of the posterior of each, (N, D); 0 for models without one.
        mean: Of the codes, (D,); of the prior, 0, for a model that does not encode.
        deviation: Standard deviation of each coordinate of the codes, (D,); of the prior, 1.
        directions: Ways to move, (R, D), R at most 16 and at most D: independent in the codes, each as long as one
            standard deviation of the codes along it, the one that changes the image most first. The number of largest
            magnitude in each is positive.
        effects: Change of the image for a move by each of them, (R,).
        coordinate_effects: Change of the image for a move of each coordinate by its deviation, (D,).
        kl: Mean KL divergence of each coordinate of the posterior from the prior, nats, (D,) for a VAE, else (0,).
        class_means: Mean code of each digit, (10, D); of a digit that is not there the mean of all.
    """

    codes: _Floats
    labels: NDArray[np.uint8]
    spread: _Floats
    mean: _Floats
    deviation: _Floats
    directions: _Floats
    effects: _Floats
    coordinate_effects: _Floats
    kl: _Floats
    class_means: _Floats


def atlas_images(images: Images) -> NDArray[np.intp]:
    """Which test images an atlas holds the codes of: numbers of at most ``CODES``, spread evenly, (N,)."""
    most = len(images.test)
    n = min(CODES, most)
    return np.arange(n) * most // n


def atlas_bytes(atlas: Atlas) -> bytes:
    """The content of the file of an atlas."""
    from safetensors.numpy import save

    arrays: dict[str, NDArray[Any]] = {field.name: getattr(atlas, field.name) for field in fields(Atlas)}
    for name in ("codes", "spread"):
        with np.errstate(over="ignore"):
            half = arrays[name].astype(np.float16)
        if np.isfinite(half).all():
            arrays[name] = half
    if not atlas.spread.any():
        arrays["spread"] = arrays["spread"][:0]
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def parse_atlas(content: bytes) -> Atlas:
    """The atlas in the bytes that :func:`atlas_bytes` made.

    Raises:
        InputError: If they are damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
        if arrays["spread"].shape[:1] == (0,):
            arrays["spread"] = np.zeros_like(arrays["codes"], np.float16)
        if _sound(arrays):
            singles = {name: array.astype(np.float32) for name, array in arrays.items() if name != "labels"}
            return Atlas(labels=arrays["labels"], **singles)
    except (SafetensorError, AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        pass
    raise InputError("The atlas of this model is damaged: make it anew, or restore it from the project.")


def write_atlas(atlas: Atlas, folder: Path) -> None:
    """Write ``atlas.safetensors`` into a folder; a reader sees the old one or the new one.

    Raises:
        InputError: If the disk refuses.
    """
    aside = folder / f".{_FILE}.{os.getpid()}"
    try:
        aside.write_bytes(atlas_bytes(atlas))
        aside.replace(folder / _FILE)
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise InputError(f"The atlas could not be written ({reason}): make room and try again.") from None
    finally:
        aside.unlink(missing_ok=True)


def read_atlas(folder: Path) -> Atlas:
    """What :func:`write_atlas` wrote into ``folder``, to half precision.

    Raises:
        InputError: If it is missing or damaged.
    """
    try:
        content = bounded(folder / _FILE, _LARGEST)
    except OSError:
        raise InputError("The atlas of this model is missing: make it anew, or restore it from the project.") from None
    return parse_atlas(content)  # one that is longer has lost its end


def _sound(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Whether these are the arrays of an atlas: their names, kinds, sizes and what their numbers may be."""
    if arrays.keys() != _SHAPES.keys():
        return False
    sizes: dict[str, int] = {"K": _DIGITS}
    for name, letters in _SHAPES.items():
        array = arrays[name]
        kinds = (np.uint8,) if name == "labels" else (np.float16, np.float32)
        if array.dtype not in kinds or array.ndim != len(letters) or not np.isfinite(array).all():
            return False
        if any(sizes.setdefault(letter, size) != size for letter, size in zip(letters, array.shape, strict=True)):
            return False
    n, d, r, e = (sizes[letter] for letter in "NDRE")
    if not (1 <= n <= _MOST_CODES and 1 <= d <= _WIDEST and 1 <= r <= min(d, DIRECTIONS) and e in (0, d)):
        return False
    if any((arrays[name] < 0).any() for name in _NEVER_NEGATIVE) or (np.diff(arrays["effects"]) > 0).any():
        return False
    return bool((arrays["labels"] < _DIGITS).all())
