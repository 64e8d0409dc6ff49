"""Which runs there are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from genlib.knobs import InputError
from genlib.runs.files import home
from genlib.runs.folder import RunFolder

__all__ = ["find", "folders", "list_runs"]

_ID = re.compile(r"[0-9a-f]{16}")


def find(name: str) -> RunFolder:
    """The run with this id, or the only one whose id begins so.

    Raises:
        InputError: If there is none, or more than one.
    """
    name = name.strip().lower()
    run = RunFolder(home() / "runs" / name)
    if _ID.fullmatch(name) and run.complete:
        return run
    if re.fullmatch(r"[0-9a-f]{4,15}", name):
        matches = [run for run in list_runs() if run.id.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise InputError(f"{len(matches)} runs begin with {name}: give more letters of the one you mean.")
    shown = name[:20] if name[:20].isalnum() else "of this name"
    raise InputError(f"There is no run {shown} here: it may have been deleted; choose another or start a new one.")


def list_runs() -> list[RunFolder]:
    """All runs, oldest first."""
    return sorted((run for run in folders() if run.complete), key=lambda run: (run.created, run.id))


def folders() -> Iterator[RunFolder]:
    """All runs in no order, even those that are being made: cheap, however many there are."""
    with suppress(OSError), os.scandir(home() / "runs") as found:
        yield from [RunFolder(Path(item.path)) for item in found if _ID.fullmatch(item.name)]
