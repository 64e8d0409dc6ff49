"""From one image to another: the way between two codes, as several models decode it side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genlib.export import evaluate, operations
from genlib.latent import circle, line
from genlib.sampling import gif, sheet, webp

__all__ = ["FORMS", "FRAMES", "ROUTES", "TURNS", "Form", "Route", "Turn", "Way", "morph", "morph_file"]

Route = Literal["line", "circle"]
Turn = Literal["both", "style", "class"]
Form = Literal["gif", "webp"]
FORMS: dict[Form, str] = {"gif": "GIF", "webp": "WebP"}
ROUTES: dict[Route, str] = {"line": "Straight line", "circle": "Great circle"}
TURNS: dict[Turn, str] = {"both": "Style and class", "style": "Style only", "class": "Class only"}
FRAMES = 40
_SCALE = 6


@dataclass(frozen=True)
class Way:
    """Where a model begins and ends.

    Arguments:
        folder: Where it is saved.
        a: Code of image A, (D,).
        b: Code of image B, (D,).
        digits: What A and B show; only a conditional model looks at them.
    """

    folder: Path
    a: tuple[float, ...]
    b: tuple[float, ...]
    digits: tuple[int, int] = (0, 0)


def morph(way: Way, n: int = FRAMES, route: Route = "line", turn: Turn = "both") -> NDArray[np.uint8]:
    """The images on the way from A to B.

    Arguments:
        way: Model and ends.
        n: How many images, both ends among them.
        route: On the straight line, or on the great circle around 0.
        turn: What changes, for a conditional model: the style alone keeps the digit of A and moves the code, the class
            alone keeps the code of A and moves the digit, half of one and half of the other in the middle.

    Returns:
        Shape (n, 28, 28), one byte a pixel.

    Raises:
        InputError: If the folder holds no usable model, or one that draws no images.
    """
    from genlib.checkpoint import load_model

    model, t = load_model(way.folder), np.linspace(0, 1, n)
    conditional = model.config.labels and model.family != "mixture"
    still = conditional and turn == "class"
    z = (circle if route == "circle" else line)(way.a, way.a if still else way.b, t)
    at = np.zeros_like(t) if turn == "style" else t
    shares = np.zeros((n, 10))
    shares[:, way.digits[0]] += 1 - at
    shares[:, way.digits[1]] += at
    x = evaluate(operations(model), z, shares)
    return np.round(x[:, 0] * 255).astype(np.uint8)


def morph_file(ways: Sequence[Way], form: Form, route: Route = "line", turn: Turn = "both") -> bytes:
    """The way there and back, all models side by side, as an animation.

    Raises:
        InputError: As :func:`morph`.
    """
    there = np.stack([morph(way, route=route, turn=turn) for way in ways], 1)  # (n, models, 28, 28)
    pictures = [sheet(images, len(ways)) for images in [*there, *there[-2:0:-1]]]
    write = gif if form == "gif" else webp
    return write(pictures, scale=_SCALE, rests=(0, len(there) - 1))
