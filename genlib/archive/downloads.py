"""What people take out of a run for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

import genlib
from genlib.film import Film
from genlib.knobs import InputError
from genlib.plane_film import plane_film, plane_picture
from genlib.runs import RunFolder, newest_checkpoint, saved_status
from genlib.sampling import gif, sheet
from genlib.settings import RunSettings

__all__ = ["film", "settings_json", "thumbnail", "weights"]

_MOST_IMAGES = 64
_GREYS = (16, 8, 4)
_LARGEST_FILM = 3 * 10**6  # bytes


def weights(run: RunFolder) -> bytes:
    """The weights of the model alone, as one safetensors file.

    Its metadata has one entry, "genlib": JSON with the family, the model's settings, the step, and genlib's version.

    Raises:
        InputError: If there is no checkpoint that can be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load, save

    checkpoint = newest_checkpoint(run.path)
    if checkpoint is None:
        raise InputError("This run has saved no weights yet: pause it, which saves them, or wait a few seconds.")
    try:
        description = json.loads(checkpoint[0])
        told = {"family": description["family"], "model": description["model_config"], "step": description["step"]}
        tensors = load(checkpoint[1])
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise InputError("The weights of this run cannot be read, their file was altered: train it anew.") from None
    own = {name.removeprefix("model."): array for name, array in tensors.items() if name.startswith("model.")}
    return save(own, {"genlib": json.dumps(told | {"genlib": genlib.__version__})})


def settings_json(run: RunFolder) -> str:
    """What was asked, what was changed while it ran, the steps that its weights have, and what made them, as JSON.

    Raises:
        InputError: If the settings cannot be read.
    """
    status = run.status
    status = saved_status(run.path, status) or status
    told = {"settings": run.settings, "changes": run.changes(), "steps": status.step}
    return json.dumps(told | {"build": run.read_json("build.json")}, indent=1)


def film(run: RunFolder) -> bytes:
    """How the samples came about, else the reconstructions: an animated GIF, which browsers and slides both play.

    It shows up to 64 images, each of its pixels four of the picture's; it rests on the last.
    Greys are told apart as finely as three megabytes allow. Of points in the plane see
    :func:`genlib.plane_film.plane_film`.

    Raises:
        InputError: If nothing was drawn yet.
    """
    if "points" in run.settings:
        return plane_film(run.path, RunSettings.from_json(run.settings))
    drawn = list(_newest_first(run))[::-1]
    if not drawn:
        raise InputError("This run has drawn no pictures yet: wait until it has begun to train.")
    # The size of the newest holds for all.
    sheets = [sheet(images[:_MOST_IMAGES]) for images in drawn if len(images) == len(drawn[-1])]
    content = b""
    for greys in _GREYS:
        content = gif(sheets, greys)
        if len(content) <= _LARGEST_FILM:
            break
    return content


def thumbnail(run: RunFolder) -> np.ndarray | None:
    """The first 16 samples of the newest frame, else its reconstructions; None before the first.

    Returns:
        Four rows of four, (112, 112) uint8; of points in the plane (112, 112, 3).
    """
    if "points" in run.settings:
        return plane_picture(run.path, RunSettings.from_json(run.settings))
    newest = next(_newest_first(run), None)
    if newest is None:
        return None
    images = np.zeros((16, 28, 28), np.uint8)
    images[: len(newest)] = newest[:16]
    return sheet(images, 4)


def _newest_first(run: RunFolder) -> Iterator[np.ndarray]:
    """The samples of each frame, or the reconstructions of all if the newest has no samples; (n, 28, 28) uint8."""
    frames = Film(run.path / "frames")
    name = ""
    for step in reversed(frames.steps()):
        arrays = frames.frame(step)
        name = name or next((kind for kind in ("samples", "reconstructions") if kind in arrays), "")
        # A frame may be thinned away between the listing and the reading.
        if len(arrays.get(name, ())):
            yield arrays[name]
