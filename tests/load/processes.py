"""The processes that another has started, as Linux tells of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

__all__ = ["started_by"]


def started_by(parent: int, word: str) -> list[int]:
    """All processes that one has started, or that these have, whose command line has this word."""
    above, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            above[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if word in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                found.append(int(folder.name))
    return [pid for pid in found if pid != parent and parent in _line(pid, above)]


def _line(pid: int, above: dict[int, int]) -> list[int]:
    line = [pid]
    while above.get(line[-1], 0) > 1:
        line.append(above[line[-1]])
    return line
