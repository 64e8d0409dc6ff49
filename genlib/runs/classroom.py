"""What whoever looks after a machine does with the runs of all its visitors: look at them, stop them, clear them."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genlib.runs.clearing import Clearing, size_of
from genlib.runs.files import home
from genlib.runs.finding import folders, list_runs
from genlib.runs.folder import RunFolder
from genlib.runs.status import ACTIVE, TRAINED

__all__ = ["Machine", "clear_all", "current", "machine", "stop_all", "taken"]

_LATELY = 2 * 3600.0  # seconds for which a run that is over is still current


@dataclass(frozen=True)
class Machine:
    """How a machine stands.

    Arguments:
        training: Runs with a process.
        waiting: Runs in the queue, parked ones included.
        people: Owners of those, by the hashes of their keys; the command line is one.
        free_mb: What is free on the disk, megabytes.
        memory_mb: Memory that is free; None where the system does not tell.
    """

    training: int
    waiting: int
    people: int
    free_mb: float
    memory_mb: float | None


def machine() -> Machine:
    """How this machine stands."""
    active = [run for run in folders() if run.complete and run.status.state in ACTIVE]
    training = sum(run.status.state in TRAINED for run in active)
    people = len({run.asked.get("owner") for run in active})
    folder = next(each for each in (home(), *home().parents) if each.exists())
    free = shutil.disk_usage(folder).free / 1e6
    return Machine(training, len(active) - training, people, free, _memory())


def taken() -> float:
    """What all runs take on the disk, megabytes: every file is looked at."""
    return sum(size_of(run) for run in folders()) / 1e6


def current(now: float | None = None) -> list[RunFolder]:
    """Runs that are active, or were started of late; the newest first."""
    since = (time.time() if now is None else now) - _LATELY
    found = [run for run in list_runs() if run.status.state in ACTIVE or run.created > since]
    return found[::-1]


def stop_all() -> int:
    """Ask all active runs to stop, whoever started them; returns how many there were.

    Raises:
        InputError: If it cannot be stored.
    """
    active = [run for run in list_runs() if run.status.state in ACTIVE]
    for run in active:
        run.ask(want="stop")
    return len(active)


def clear_all() -> int:
    """Remove the runs of visitors that are over, unless they have a name; returns how many there were."""
    clearing, before = Clearing(), {run.id for run in folders()}
    for run in list_runs():
        clearing.remove(run)
    clearing.sweep()
    return len(before - {run.id for run in folders()})


def _memory() -> float | None:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) * 1024 / 1e6
    return None
