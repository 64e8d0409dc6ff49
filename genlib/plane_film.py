"""Films of models in the plane as pictures, for slides and messages: drawn from the numbers of the frames."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.colours import CLASSES, FAMILIES
from genlib.film import Film
from genlib.knobs import InputError
from genlib.morph import Form
from genlib.sampling import animation
from genlib.settings import PlaneGANConfig, RunSettings

__all__ = ["MOST_PICTURES", "SIZE", "draw_frame", "plane_film", "plane_picture"]

SIZE = 480  # pixels along the longer side
MOST_PICTURES = 60
_FINER = 2  # drawn so many times larger, so that edges become smooth
_REAL, _MADE, _INK = CLASSES[0], CLASSES[1], "#222222"
_NET = 21

Frame = Mapping[str, NDArray[np.float32]]


def plane_film(folder: Path, settings: RunSettings, form: Form = "gif") -> bytes:
    """How a model learned, as an animation of at most 60 pictures that rests on the last.

    Arguments:
        folder: Of the run.
        settings: What it was asked to do.
        form: "gif" or "webp".

    Raises:
        InputError: If nothing was drawn yet.
    """
    film = Film(folder / "frames")
    constants, steps = film.constants(), film.steps()
    kept = (
        [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, MOST_PICTURES).round().astype(int))]
        if steps
        else []
    )
    frames = [(step, film.frame(step)) for step in kept]
    pictures = [draw_frame(constants, frame, settings, f"step {step:,}") for step, frame in frames if frame]
    if not pictures or not constants:
        raise InputError("This run has drawn no pictures yet: wait until it has begun to train.")
    return animation(pictures, form)


def plane_picture(folder: Path, settings: RunSettings, size: int = 112) -> NDArray[np.uint8] | None:
    """The newest frame as a small square picture, (size, size, 3); None before the first."""
    steps = Film(folder / "frames").steps()
    return _newest(folder, steps[-1], settings, size) if steps else None


@lru_cache(maxsize=64)
def _newest(folder: Path, step: int, settings: RunSettings, size: int) -> NDArray[np.uint8] | None:
    film = Film(folder / "frames")
    constants, frame = film.constants(), film.frame(step)
    return draw_frame(constants, frame, settings, size=size) if constants and frame else None


def draw_frame(
    constants: Frame, frame: Frame, settings: RunSettings, title: str = "", size: int = SIZE
) -> NDArray[np.uint8]:
    """A frame as a picture, (size, size, 3): the data blue, what is made in the colour of the family.

    Behind them what the model thinks: D's surface, with the line where it can only guess if it answers with a
    probability; the grid of codes; or the components.

    Arguments:
        constants: Of the film.
        frame: One of its frames.
        settings: Of the run.
        title: Stands in a corner.
        size: Pixels along each side.
    """
    from PIL import Image, ImageDraw, ImageFont

    large = size * _FINER
    box = constants["box"]
    picture = Image.new("RGB", (large, large), "white")
    if "surface" in frame:
        picture.paste(_surface(frame["surface"], large, settings))
    pen = ImageDraw.Draw(picture)
    own = FAMILIES[settings.family.removesuffix("2d")]
    _dots(pen, _places(constants["points"], box, large), _REAL, large / 320)
    if "grid" in frame and "surface" not in frame:
        for line in _lines(_places(frame["grid"], box, large)):
            pen.line([tuple(place) for place in line], fill=own, width=max(1, large // 480))
    for row in frame.get("components", ()):
        _ellipse(pen, row, box, large)
    _dots(pen, _places(frame["made"], box, large), own, large / 260)
    if title:
        pen.text((large // 60, large // 80), title, fill=_INK, font=ImageFont.load_default(large // 26))
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS))


def _places(points: NDArray[np.float32], box: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Points in the data's unit as pixels, (N, 2)."""
    left, right, low, high = (float(end) for end in box)
    flat = np.asarray(points, np.float64).reshape(-1, 2)
    return np.column_stack([(flat[:, 0] - left) / (right - left), (high - flat[:, 1]) / (high - low)]) * (size - 1)


def _dots(pen: Any, places: NDArray[np.float64], colour: str, radius: float) -> None:
    reach = 4 * pen.im.size[0]
    for x, y in places:
        if abs(x) < reach and abs(y) < reach:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _lines(places: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The lines of a square of codes, or the one line of codes of one number."""
    if len(places) != _NET**2:
        return [places]
    square = places.reshape(_NET, _NET, 2)
    return [*square, *square.swapaxes(0, 1)]


def _surface(values: NDArray[np.float32], size: int, settings: RunSettings) -> Any:
    """What D says as colours, blue for real and orange for made, with a line between; scores around their mean."""
    from PIL import Image

    side = round(len(values) ** 0.5)
    grid = values.reshape(side, side)[::-1]
    model = settings.model
    assert isinstance(model, PlaneGANConfig)
    probable = model.loss not in ("hinge", "wasserstein")
    middle = model.guess if probable else float(values.mean())
    reach = 0.5 if probable else max(float(np.abs(values - middle).max()), 1e-9)
    wide = np.asarray(Image.fromarray((grid - middle) / reach).resize((size, size), Image.Resampling.BILINEAR))
    share = 0.63 * np.abs(np.clip(wide, -1, 1))[..., None] ** 0.7
    colours = np.where(wide[..., None] > 0, _rgb(_REAL), _rgb(_MADE))
    painted = 255 + share * (colours - 255.0)
    if probable:
        thick = max(1, size // 320)
        up = wide > 0
        edge = (up[:, thick:] != up[:, :-thick])[:-thick] | (up[thick:] != up[:-thick])[:, :-thick]
        painted[:-thick, :-thick][edge] = _rgb(_INK)
    return Image.fromarray(painted.round().astype(np.uint8))


def _ellipse(pen: Any, row: NDArray[np.float32], box: NDArray[np.float32], size: int) -> None:
    """Two standard deviations around the mean of a component: weight, mean, and the covariance's xx, xy, yy."""
    _, mx, my, xx, xy, yy = (float(value) for value in row)
    a = max(xx, 1e-12) ** 0.5
    b, d = xy / a, max(yy - (xy / a) ** 2, 0.0) ** 0.5
    turn = np.linspace(0, 2 * np.pi, 73)
    around = np.column_stack([mx + 2 * a * np.cos(turn), my + 2 * (b * np.cos(turn) + d * np.sin(turn))])
    pen.line(
        [tuple(place) for place in _places(around.astype(np.float32), box, size)], fill=_INK, width=max(1, size // 240)
    )


def _rgb(colour: str) -> NDArray[np.uint8]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
