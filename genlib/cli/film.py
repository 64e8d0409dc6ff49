"""The command that writes the film of a run as an animation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from genlib import archive
from genlib.knobs import InputError, shown
from genlib.library import recorded
from genlib.morph import FORMS
from genlib.plane_film import plane_film
from genlib.runs import RunFolder, find
from genlib.settings import RunSettings

__all__ = ["add_film"]


def add_film(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to those of a parser."""
    film = commands.add_parser("film", help="write how a run learned as an animation")
    film.add_argument("run", metavar="RUN", help="id of a run, or the name of a recorded one")
    text = "GIF, or of points in the plane WebP, to write (default film.gif)"
    film.add_argument("--out", type=Path, default=Path("film.gif"), help=text)
    film.set_defaults(command=_film)


def _film(options: argparse.Namespace) -> int:
    run, form = _run(options.run), options.out.suffix.lower().removeprefix(".")
    settings = RunSettings.from_json(run.settings)
    known = [name for name in FORMS if settings.points is not None or name == "gif"]
    if form not in known:
        raise InputError(
            f"The film cannot be written as {shown(options.out.name)}: end its name in .{' or .'.join(known)}."
        )
    content = archive.film(run) if form == "gif" else plane_film(run.path, settings, "webp")
    try:
        options.out.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"The film {options.out.name} cannot be written ({error.strerror}): choose another place with --out."
        ) from None
    sys.stdout.write(f"{options.out}\n")
    return 0


def _run(name: str) -> RunFolder:
    return next((run for run in recorded() if run.id == name), None) or find(name)
