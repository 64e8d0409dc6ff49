"""What runs trainers: processes of this machine, or whatever keeps to the same three verbs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from genlib.runs.folder import RunFolder
from genlib.runs.limits import Limits

__all__ = ["Backend", "LocalBackend", "launch"]


class Backend(Protocol):
    """What runs trainers: here, or on a cluster. Nothing here takes long, whatever is slow or away."""

    def at_once(self, slots: int) -> int:
        """How many it trains at once, at this moment, where ``slots`` are allowed; 0: as many as it has room for."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """Whether there is what a run with these settings, as JSON that may have been altered, needs besides a place;
        else it waits for that.
        """

    def start(self, run: RunFolder, attempt: int) -> None:
        """Start training; an OSError says that it cannot be done now."""

    def alive(self, run: RunFolder) -> bool | None:
        """Whether what was started for this run still works; None if it was lost with what it ran on, and is to go on
        elsewhere.
        """

    def kill(self, run: RunFolder) -> None:
        """End it at once, and forget it: it writes nothing more, elsewhere than here after about a second. Nothing
        happens if it has ended.
        """

    def close(self) -> None:
        """End all, and let go of what it keeps to do all this."""


class LocalBackend:
    """Trainers as processes of this machine, tied to this one: they end when it ends."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def at_once(self, slots: int) -> int:
        return Limits(slots=slots).at_once()

    def fits(self, settings: Mapping[str, Any]) -> bool:
        return True

    def start(self, run: RunFolder, attempt: int) -> None:
        self._processes[run.id] = launch(run, attempt)

    def alive(self, run: RunFolder) -> bool:
        process = self._processes.get(run.id)
        return process is not None and process.poll() is None

    def kill(self, run: RunFolder) -> None:
        self._kill(run.id)

    def close(self) -> None:
        for run in list(self._processes):
            self._kill(run)

    def _kill(self, run: str) -> None:
        process = self._processes.pop(run, None)
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


def launch(run: RunFolder, attempt: int) -> subprocess.Popen[bytes]:
    """Start the trainer of an attempt, which saves and leaves when this process, or its standard input, is gone.

    Raises:
        OSError: If the system refuses.
    """
    command = [sys.executable, "-m", "genlib", "train", run.id, "--tied", "--attempt", str(attempt)]
    # This process may have been started from a folder in which Python would not find genlib.
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with (run.path / "log.txt").open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, env=environment
        )
