"""Clearing old runs of visitors away: by age, and by the room that all of them take."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from genlib.runs.files import home
from genlib.runs.finding import folders
from genlib.runs.folder import RunFolder
from genlib.runs.limits import Limits
from genlib.runs.owners import NOBODY, owner_of
from genlib.runs.status import ACTIVE

__all__ = ["Clearing", "size_of", "touch"]

_DAY = 86_400.0  # seconds
_GONE = ".gone-"


class Clearing:
    """What was measured of runs that are over, each of which is measured once.

    A run is removed only if a visitor started it, it is over, and its owner gave it no name: a name says that it is to
    be kept. Those of the command line and those that came with genlib stay.
    """

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[float, int]] = {}  # when it was used last, and its bytes

    def old(self, limits: Limits) -> list[RunFolder]:
        """The runs that may go, the one first that was used longest ago, until what is left is as the limits say."""
        now, found, sizes = time.time(), [], {}
        for run in folders():
            used, before = _used(run), self._sizes.get(run.id)
            sizes[run.id] = used, before[1] if before and before[0] == used else size_of(run)
            found.append((used, run.id, run))
        self._sizes = sizes
        going, total = [], sum(size for _, size in sizes.values())
        for used, name, run in sorted(found, key=lambda item: item[:2]):
            late = 0 < limits.keep_days * _DAY < now - used
            if not late and not 0 < limits.keep_mb * 1e6 < total:
                break  # so do all that were used since
            if _may_go(run):
                going.append(run)
                total -= sizes[name][1]
        return going

    def remove(self, run: RunFolder) -> None:
        """Remove a run, unless it has come to life or got a name since."""
        if _may_go(run):
            with suppress(OSError):
                # At once for all that look; what takes time comes later.
                run.path.rename(run.path.with_name(f"{_GONE}{secrets.token_hex(8)}"))

    def sweep(self) -> None:
        """Remove from the disk what was removed from sight, now or by a process that was killed."""
        with suppress(OSError):
            for folder in (home() / "runs").glob(f"{_GONE}*"):
                shutil.rmtree(folder, ignore_errors=True)


def size_of(run: RunFolder) -> int:
    """Bytes of a run on the disk."""
    return sum(_sizes(run.path))


def touch(run: RunFolder) -> None:
    """Note that a run is used, once an hour at most."""
    with suppress(OSError):
        if time.time() - _used(run) > 3600:
            os.utime(run.path / "run.json")


def _used(run: RunFolder) -> float:
    """When a run was written, or looked at, last; seconds since 1970."""
    found = 0.0
    for name in ("run.json", "status.json", "control.json"):
        with suppress(OSError):
            found = max(found, (run.path / name).stat().st_mtime)
    return found


def _may_go(run: RunFolder) -> bool:
    return run.complete and owner_of(run.asked) != NOBODY and run.status.state not in ACTIVE and not run.name


def _sizes(folder: Path) -> Iterator[int]:
    with suppress(OSError), os.scandir(folder) as found:
        for item in found:
            if item.is_dir(follow_symlinks=False):
                yield from _sizes(Path(item.path))
            else:
                with suppress(OSError):
                    yield item.stat(follow_symlinks=False).st_size
