"""Watching a run from outside."""

from __future__ import annotations

import math
import time
from typing import Any

from genlib.runs.folder import RunFolder
from genlib.runs.status import Status

__all__ = ["Watcher"]

_MOST, _NAMES = 2000, 40  # reports of a split in memory, and metrics in each


class Watcher:
    """Follows one run: reads only what is new and judges by its own clock whether the trainer still lives.

    Attributes:
        status: The newest status.
        curves: ``curves[split][name]`` is the list of values of a metric; "step" and "seconds" are among the names. Of
            more than 2,000 reports of a split every second is kept, of twice as many every fourth, and so on, and the
            newest always: what is kept does not depend on when it was read. A metric that some reports leave out is
            not a number there.
    """

    def __init__(self, folder: RunFolder, *, patience: float = 5.0) -> None:
        self.folder = folder
        self.status = Status()
        self.curves: dict[str, dict[str, list[float]]] = {}
        self._patience = patience
        self._read: dict[str, tuple[int, int]] = {}  # by split: reports so far, and every how many one is kept
        self._offset = 0
        self._followed = (-1, False)
        self._beat = (-1, -1)
        self._moved = time.monotonic()

    def poll(self) -> Status:
        """Read what is new."""
        self.status = self.folder.status
        # A resumed run cuts its reports back to its checkpoint at some moment while it starts, so they are read anew
        # when an attempt begins to start, and again when it has.
        followed = (self.status.attempt, self.status.state in ("queued", "starting"))
        if followed != self._followed:
            self._followed, self._offset, self.curves, self._read = followed, 0, {}, {}
        lines, self._offset = self.folder.metrics(self._offset)
        for line in lines:
            self._add(line)
        beat = (self.status.attempt, self.status.beat)
        if beat != self._beat:
            self._beat, self._moved = beat, time.monotonic()
        return self.status

    @property
    def read(self) -> int:
        """How far the reports were read, in bytes."""
        return self._offset

    @property
    def silent(self) -> float:
        """Seconds since the trainer was last heard of, once they are too many; else 0."""
        seconds = time.monotonic() - self._moved
        return seconds if self.status.state in ("running", "paused") and seconds > self._patience else 0.0

    def _add(self, line: dict[str, Any]) -> None:
        split = line.pop("split", None)
        complete = isinstance(split, str) and {"step", "seconds"} <= line.keys()
        if not complete or not all(map(_is_number, line.values())):
            return  # not written by a trainer
        if len(self.curves.get(split, {}).keys() | line.keys()) <= _NAMES:
            curves = self.curves.setdefault(split, {name: [] for name in line})
            told = len(curves["step"])
            curves.update({name: [math.nan] * told for name in line if name not in curves})
            whole = {name: line.get(name, math.nan) for name in curves}
            self._read[split] = _append(curves, whole, *self._read.get(split, (0, 1)))


def _append(curves: dict[str, list[float]], line: dict[str, float], count: int, every: int) -> tuple[int, int]:
    """Add report number ``count``, of which every so many are kept; both as they are then."""
    placed = count % every == 0
    for name, value in line.items():
        if (count - 1) % every:
            curves[name].pop()  # it was there only as the newest
        curves[name].append(value)
    if not placed or len(curves["step"]) <= _MOST:
        return count + 1, every
    for values in curves.values():
        del values[1::2]  # not the newest: an even number lies before it
    return count + 1, 2 * every


def _is_number(value: Any) -> bool:
    # The comparison is false for what is not a number, and for whole numbers that no float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300
