"""The models at hand: those that come with genlib, and those that people trained here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

from genlib.data import assets
from genlib.knobs import InputError
from genlib.runs import RunFolder, find, list_runs
from genlib.settings import RunSettings

__all__ = ["Entry", "bundled", "entries", "example", "find_model", "recorded"]

_EXAMPLES = {"ae": "ae-2d", "vae": "vae-2d"}  # where it is not called as its family


@dataclass(frozen=True)
class Entry:
    """A model that can be used: its name, family, whether it takes labels, and the bytes of its weights."""

    name: str
    family: str
    conditional: bool
    bytes: int

    def to_json(self) -> dict[str, str | bool | int]:
        return asdict(self)


def bundled() -> list[RunFolder]:
    """The recorded runs on images that come with genlib, by name."""
    return _recorded("models")


def recorded() -> list[RunFolder]:
    """All recorded runs that come with genlib, also those on points in the plane."""
    return [*bundled(), *_recorded("plane")]


def _recorded(folder: str) -> list[RunFolder]:
    return [RunFolder(path.parent) for path in sorted((assets() / folder).glob("*/run.json"))]


def example(family: str) -> RunFolder:
    """The recorded run with which a family is shown.

    Raises:
        InputError: If it is missing.
    """
    name = _EXAMPLES.get(family, family)
    for run in recorded():
        if run.id == name:
            return run
    raise InputError(f"The recorded run of the family {family} is missing: restore it from the project.")


def entries() -> Iterator[Entry]:
    """All models that can be used, the bundled ones first."""
    for run in [*bundled(), *list_runs()]:
        # A run that is being deleted or saved, or was altered, is left out rather than ending the list.
        with suppress(InputError, OSError):
            size = (run.path / "checkpoint" / "tensors.safetensors").stat().st_size
            settings = RunSettings.from_json(run.settings)
            if settings.points is not None:
                continue  # a model of points makes nothing that these commands and pages could take
            yield Entry(run.id, settings.family, settings.model.labels, size)


def find_model(name: str) -> RunFolder:
    """The bundled model of images of this name, or the run with this id.

    Raises:
        InputError: If there is neither, or the run makes no images.
    """
    for run in bundled():
        if run.id == name:
            return run
    try:
        found = find(name)
    except InputError:
        names = ", ".join([*(run.id for run in bundled()), "or the id of a run of yours"])
        raise InputError(f"There is no model of that name: choose {names}.") from None
    if "points" in found.settings:
        raise InputError(f"Run {found.id} makes points in the plane, no images: open it in the app's 2-D lab.")
    return found
