"""Samples of a saved model, and images as pictures: sheets, films, and what differs between two."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genlib.knobs import InputError

__all__ = ["animation", "difference", "gif", "png", "sample_images", "save_sheet", "sheet", "webp"]

_EACH, _REST = 80, 1500  # milliseconds
_BRIGHTER, _DARKER = np.array([230, 159, 0]), np.array([86, 180, 233])  # Okabe & Ito (2008)


def sample_images(folder: Path, n: int, seed: int) -> np.ndarray:
    """Draw ``n`` images of the model saved in ``folder``.

    Returns:
        Shape (n, 28, 28), uint8; the same seed gives the same images.

    Raises:
        InputError: If the folder holds no usable model, or one that cannot sample.
    """
    import torch

    from genlib.checkpoint import load_model
    from genlib.seeding import torch_rng

    x = load_model(folder).sample(n, torch_rng(seed, "sample"))
    return (x[:, 0] * 255).round().to(torch.uint8).numpy()


def sheet(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lay (n, H, W) images out as one picture, row by row, as square as can be."""
    n, height, width = images.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    padded = np.zeros((rows * columns, height, width), images.dtype)
    padded[:n] = images
    return padded.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def save_sheet(images: np.ndarray, path: Path) -> None:
    """Write images as one PNG.

    Raises:
        InputError: If the file cannot be written.
    """
    from PIL import Image

    try:
        Image.fromarray(sheet(images)).save(path, "PNG")
    except OSError as error:
        raise InputError(
            f"The picture {path.name} cannot be written ({error.strerror}): choose another place with --out."
        ) from None


def difference(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where ``other`` is brighter than ``image``, in orange, and where darker, in blue; (H, W) uint8 to (H, W, 3)."""
    by = other.astype(float) - image
    colours = np.where(by[..., None] > 0, _BRIGHTER, _DARKER)
    shown: np.ndarray = np.rint(colours * np.abs(by)[..., None] / 255).astype(np.uint8)
    return shown


def png(picture: np.ndarray, scale: int = 5) -> bytes:
    """A picture, (H, W) or (H, W, 3) uint8, as PNG; each pixel becomes so many wide."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture.repeat(scale, axis=0).repeat(scale, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()


def gif(pictures: Sequence[np.ndarray], greys: int = 16, scale: int = 2, rests: Sequence[int] = (-1,)) -> bytes:
    """An animated GIF, which browsers and slides both play; it starts again after the last picture.

    Arguments:
        pictures: All of one size, (H, W) uint8.
        greys: How many levels are told apart; fewer make a smaller file.
        scale: Each pixel becomes so many wide.
        rests: Which pictures stay a while.
    """
    from PIL import Image

    palette = [value for grey in range(greys) for value in [round(grey * 255 / (greys - 1))] * 3]
    made = []
    for picture in pictures:
        levels = np.rint(picture / 255 * (greys - 1)).astype(np.uint8)
        made.append(Image.fromarray(levels.repeat(scale, axis=0).repeat(scale, axis=1)))
        made[-1].putpalette(palette)
    return _animated(made, "GIF", rests)


def webp(pictures: Sequence[np.ndarray], scale: int = 2, rests: Sequence[int] = (-1,)) -> bytes:
    """As :func:`gif`, with all grey levels, in a format that is smaller and that some slides do not play."""
    from PIL import Image

    made = [Image.fromarray(picture.repeat(scale, axis=0).repeat(scale, axis=1)) for picture in pictures]
    return _animated(made, "WEBP", rests, lossless=True)


def animation(pictures: Sequence[np.ndarray], form: str) -> bytes:
    """Coloured pictures as a film that rests on the last.

    Arguments:
        pictures: All of one size, (H, W, 3) uint8.
        form: "gif", in the 128 colours that suit the last picture best, or "webp".
    """
    from PIL import Image

    made = [Image.fromarray(picture) for picture in pictures]
    if form == "webp":
        return _animated(made, "WEBP", (-1,), lossless=False)
    palette = made[-1].quantize(128)
    return _animated([each.quantize(palette=palette, dither=Image.Dither.NONE) for each in made], "GIF", (-1,))


def _animated(pictures: list[Any], form: str, rests: Sequence[int], **how: bool) -> bytes:
    buffer = io.BytesIO()
    durations = [_EACH] * len(pictures)
    for rest in rests:
        durations[rest] = _REST
    pictures[0].save(buffer, form, save_all=True, append_images=pictures[1:], duration=durations, loop=0, **how)
    return buffer.getvalue()
