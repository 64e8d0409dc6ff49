"""What a run writes down: small JSON files that are replaced whole, and lines that are added to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from genlib.runs.files import parse_lines, read_json, write_json, write_text

__all__ = ["Records"]

_METRICS, _CHANGES = "metrics.jsonl", "changes.jsonl"


class Records:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        with (self.path / _METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def metrics(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The reports from byte ``offset`` on, and the offset behind them; a torn last line waits for its rest."""
        with suppress(OSError), (self.path / _METRICS).open("rb") as file:
            file.seek(offset)
            whole, _, _ = file.read().rpartition(b"\n")
            if whole:
                return list(parse_lines(whole)), offset + len(whole) + 1
        return [], offset

    def cut_metrics(self, step: int) -> None:
        """Forget what came after ``step``, from which training goes on.

        Raises:
            OSError: If the disk refuses.
        """
        kept = [line for line in self.metrics()[0] if isinstance(line.get("step"), int) and line["step"] <= step]
        self._write_lines(_METRICS, kept)

    def changes(self) -> list[dict[str, Any]]:
        """The changes made while it trained, for :func:`genlib.changes.read_changes`; none if unreadable."""
        with suppress(OSError):
            return list(parse_lines((self.path / _CHANGES).read_bytes()))
        return []

    def write_changes(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Replace the changes; a reader sees the old ones or the new ones.

        Raises:
            OSError: If the disk refuses.
        """
        self._write_lines(_CHANGES, lines)

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a file of the run; empty if it is missing or cannot be read."""
        return read_json(self.path / name)

    def write_json(self, name: str, values: Mapping[str, Any]) -> None:
        write_json(self.path / name, values)

    def _write_lines(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        write_text(self.path / name, "".join(json.dumps(line) + "\n" for line in lines))
