"""The runs that wait or train, found among many that are over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from genlib.runs.finding import folders
from genlib.runs.folder import RunFolder
from genlib.runs.owners import owner_of
from genlib.runs.status import ACTIVE, Status
from genlib.runs.turns import Turn

__all__ = ["Active"]


class Active:
    """Finds the active runs; of those that are over, only the date of a file is looked at."""

    def __init__(self) -> None:
        self._settled: dict[str, tuple[int, ...]] = {}  # status files that told of no active run when last read
        self._asked: dict[str, Turn] = {}  # what was asked of active runs, which never changes

    def look(self) -> list[Turn]:
        """The active runs as they are now, the oldest first."""
        found, settled = [], {}
        for run in folders():
            mark = _mark(run)
            if self._settled.get(run.id) == mark:
                settled[run.id] = mark
                continue
            status = run.status
            if status.state not in ACTIVE:
                settled[run.id] = mark
            elif before := self._asked.get(run.id):
                found.append(replace(before, status=status))
            elif run.complete:
                found.append(_turn(run, status))
        self._settled, self._asked = settled, {turn.run.id: turn for turn in found}
        return sorted(found, key=lambda turn: (turn.created, turn.run.id))


def _turn(run: RunFolder, status: Status) -> Turn:
    asked = run.asked
    settings = asked.get("settings")
    return Turn(run, status, owner_of(asked), run.created, settings if isinstance(settings, dict) else {})


def _mark(run: RunFolder) -> tuple[int, ...]:
    with suppress(OSError):
        found = (run.path / "status.json").stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return ()
