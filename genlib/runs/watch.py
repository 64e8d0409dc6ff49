"""Watching a run from outside."""

from __future__ import annotations

import time
from typing import Any

from genlib.runs.folder import RunFolder, Status

__all__ = ["Watcher"]


class Watcher:
    """Follows one run: reads only what is new and judges by its own clock whether the trainer still lives.

    Attributes:
        status: The newest status.
        curves: ``curves[split][name]`` is the list of values of a metric; "step" and "seconds" are among the names.
    """

    def __init__(self, folder: RunFolder, *, patience: float = 5.0) -> None:
        self.folder = folder
        self.status = Status()
        self.curves: dict[str, dict[str, list[float]]] = {}
        self._patience = patience
        self._offset = 0
        self._beat = (-1, -1)
        self._moved = time.monotonic()

    def poll(self) -> Status:
        """Read what is new."""
        before = self.status
        self.status = self.folder.status
        if self.status.attempt != before.attempt:
            # A resumed run has cut its reports back to its checkpoint.
            self._offset, self.curves = 0, {}
        lines, self._offset = self.folder.metrics(self._offset)
        for line in lines:
            self._add(line)
        beat = (self.status.attempt, self.status.beat)
        if beat != self._beat:
            self._beat, self._moved = beat, time.monotonic()
        return self.status

    @property
    def silent(self) -> float:
        """Seconds since the trainer was last heard of, once they are too many; else 0."""
        seconds = time.monotonic() - self._moved
        return seconds if self.status.state in ("running", "paused") and seconds > self._patience else 0.0

    def _add(self, line: dict[str, Any]) -> None:
        curves = self.curves.setdefault(str(line.get("split", "train")), {})
        values = {name: value for name, value in line.items() if isinstance(value, int | float)}
        if curves and values.keys() != curves.keys():
            return  # a line of another shape was not written by a trainer
        for name, value in values.items():
            curves.setdefault(name, []).append(value)
