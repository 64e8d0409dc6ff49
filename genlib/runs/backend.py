"""What runs trainers: processes of this machine, or whatever keeps to the same three verbs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from genlib.runs.folder import RunFolder

__all__ = ["Backend", "LocalBackend"]


class Backend(Protocol):
    """What runs trainers: here, or on a cluster."""

    def start(self, run: RunFolder, attempt: int) -> None:
        """Start training; an OSError says that it cannot be done now."""

    def alive(self, run: RunFolder) -> bool:
        """Whether what was started for this run still works."""

    def kill(self, run: RunFolder) -> None:
        """End it at once, and forget it; nothing happens if it has ended."""


class LocalBackend:
    """Trainers as processes of this machine, tied to this one: they end when it ends."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, run: RunFolder, attempt: int) -> None:
        command = [sys.executable, "-m", "genlib", "train", run.id, "--tied", "--attempt", str(attempt)]
        # The server may have been started from a folder in which Python would not find genlib.
        paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        with (run.path / "log.txt").open("ab") as log:
            self._processes[run.id] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, env=environment
            )

    def alive(self, run: RunFolder) -> bool:
        process = self._processes.get(run.id)
        return process is not None and process.poll() is None

    def kill(self, run: RunFolder) -> None:
        process = self._processes.pop(run.id, None)
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
