"""The film of a run: what was drawn at which step, at most 120 frames, one safetensors file each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

__all__ = ["FORMS", "MOST_FRAMES", "Film"]

MOST_FRAMES = 120
_CONSTANTS = "constants"
_PICTURES, _LABELS, _CODES, _SCORES = ((28, 28), "uint8"), ((), "uint8"), ((2,), "float32"), ((), "float32")
FORMS = {  # by name: the shape of each item, and its type
    "samples": _PICTURES,
    "reconstructions": _PICTURES,
    "codes": _CODES,
    "real_scores": _SCORES,
    "new_scores": _SCORES,
    "originals": _PICTURES,
    "labels": _LABELS,
    **dict.fromkeys(("points", "coded", "made", "grid", "deviations", "rebuilt", "needles"), _CODES),
    **dict.fromkeys(("surface", "ideal", "box"), _SCORES),
    "components": ((6,), "float32"),
}


class Film:
    """The frames in a folder, by step.

    A frame is a dict of arrays: ``samples`` and ``reconstructions`` (n, 28, 28) uint8, ``codes`` (n, 2) float32, and
    ``real_scores`` and ``new_scores`` (n,) float32, what a discriminator says of real images and of new ones. What all
    frames share stands once, in :meth:`constants`: ``originals`` (n, 28, 28) uint8 and ``labels`` (n,) uint8. What a
    frame of points holds is told by :func:`genlib.training.plane.draw_plane`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """The steps that have a frame, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("*.safetensors") if path.stem.isdecimal())

    def frame(self, step: int) -> dict[str, np.ndarray]:
        """The arrays drawn at ``step``; empty if there are none, or the file was damaged."""
        return _read(self._path(str(step)))

    def constants(self) -> dict[str, np.ndarray]:
        return _read(self._path(_CONSTANTS))

    def file(self, step: int | None) -> bytes:
        """The file of a frame, or of the constants for None, unread; empty if there is none."""
        try:
            return self._path(_CONSTANTS if step is None else str(step)).read_bytes()
        except OSError:
            return b""

    def set_constants(self, arrays: Mapping[str, np.ndarray]) -> None:
        _write(self._path(_CONSTANTS), arrays)

    def add(self, step: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep a frame, and of too many drop some."""
        _write(self._path(str(step)), arrays)
        self.thin(MOST_FRAMES)

    def thin(self, most: int) -> None:
        """Drop the frame whose loss leaves the smallest gap, never the first or the last, until ``most`` are left."""
        steps = self.steps()
        while len(steps) > max(2, most):
            gaps = [after - before for before, after in zip(steps[:-2], steps[2:], strict=True)]
            # Windows refuses while somebody looks at it; the next thinning finds it again.
            with suppress(PermissionError):
                self._path(str(steps.pop(1 + int(np.argmin(gaps))))).unlink(missing_ok=True)

    def cut(self, step: int) -> None:
        """Forget the frames after ``step``, from which training goes on."""
        for later in self.steps():
            if later > step:
                self._path(str(later)).unlink(missing_ok=True)

    def _path(self, stem: str) -> Path:
        return self.folder / f"{stem}.safetensors"


def _read(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(path.read_bytes())
    except (OSError, SafetensorError, KeyError, ValueError):
        # A frame may be thinned away, or altered, between the listing and the reading; it is only a picture.
        return {}
    forms = {name: (array.shape[1:], str(array.dtype)) for name, array in arrays.items() if array.ndim}
    return arrays if arrays.keys() <= forms.keys() and forms.items() <= FORMS.items() else {}


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    from safetensors.numpy import save

    path.parent.mkdir(exist_ok=True)  # of a run that was removed nothing is made again
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
