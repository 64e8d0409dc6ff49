"""Starting runs: a bounded number of trainers, the queue being the run folders themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from genlib.knobs import InputError
from genlib.runs.folder import ACTIVE, RESUMABLE, RunFolder, list_runs

__all__ = ["Backend", "Dispatcher", "LocalBackend", "slots"]


def slots() -> int:
    """How many runs train at once: ``GENLIB_SLOTS``, or the cores but one."""
    with suppress(ValueError):
        return max(1, int(os.environ.get("GENLIB_SLOTS", "")))
    return max(1, (os.cpu_count() or 1) - 1)


class Backend(Protocol):
    """What runs trainers: here, or on a cluster."""

    def start(self, run: RunFolder, attempt: int) -> None: ...

    def alive(self, run: RunFolder) -> bool: ...

    def kill(self, run: RunFolder) -> None: ...


class LocalBackend:
    """Trainers as processes of this machine, tied to this one: they end when it ends."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, run: RunFolder, attempt: int) -> None:
        command = [sys.executable, "-m", "genlib", "train", run.id, "--tied", "--attempt", str(attempt)]
        with (run.path / "log.txt").open("ab") as log:
            self._processes[run.id] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    def alive(self, run: RunFolder) -> bool:
        process = self._processes.get(run.id)
        return process is not None and process.poll() is None

    def kill(self, run: RunFolder) -> None:
        process = self._processes.pop(run.id, None)
        if process is not None:
            process.kill()
            process.wait()


class Dispatcher:
    """Hands queued runs to a backend while slots are free, and notices trainers that died."""

    def __init__(self, backend: Backend, limit: int | None = None) -> None:
        self.backend = backend
        self.limit = limit or slots()
        self._mine: dict[str, RunFolder] = {}
        self._lock = threading.Lock()

    def submit(self, settings: Mapping[str, Any], key: str) -> RunFolder:
        """Create a run and queue it."""
        run = RunFolder.create(settings, key)
        self.tick()
        return run

    def resume(self, run: RunFolder, key: str | None) -> None:
        """Queue a run again that was interrupted or stopped.

        Raises:
            InputError: If ``key`` is not the owner's, or the run cannot go on.
        """
        run.steer("run", key)
        status = run.status
        if status.state not in RESUMABLE:
            raise InputError(f"A run that is {status.state} cannot be resumed: start a new one.")
        run.write_status(replace(status, state="queued", message="", acknowledged=run.control[0]))
        self.tick()

    def recover(self) -> None:
        """After a restart: what was being trained by a process that is gone is interrupted."""
        for run in list_runs():
            status = run.status
            if status.state in ACTIVE - {"queued"} and not _lives(status.pid):
                run.write_status(replace(status, state="interrupted", message="The app was closed while it trained."))

    def tick(self) -> None:
        """Look once: reap, then start what fits."""
        with self._lock:
            for run in list(self._mine.values()):
                if not self.backend.alive(run):
                    self._reap(run)
            queued = [run for run in list_runs() if run.status.state == "queued"]
            for run in queued:
                if run.control[1] == "stop":
                    run.write_status(replace(run.status, state="stopped", acknowledged=run.control[0]))
                elif len(self._mine) < self.limit:
                    self._start(run)

    def place(self, run: RunFolder) -> int:
        """Place of a queued run: 1 is the next."""
        queued = [other.id for other in list_runs() if other.status.state == "queued"]
        return queued.index(run.id) + 1 if run.id in queued else 0

    def watch(self, seconds: float = 0.5) -> None:
        """Tick for ever, in a thread that ends with the process."""

        def loop() -> None:
            clock = threading.Event()
            while not clock.wait(seconds):
                # A disk that is full for a moment must not end the queue.
                with suppress(OSError):
                    self.tick()

        threading.Thread(target=loop, name="dispatcher", daemon=True).start()

    def _start(self, run: RunFolder) -> None:
        status = run.status
        attempt = run.claim(status)
        if attempt is None:
            return
        run.write_status(replace(status, state="starting", attempt=attempt, message="", pid=os.getpid()))
        self.backend.start(run, attempt)
        self._mine[run.id] = run

    def _reap(self, run: RunFolder) -> None:
        del self._mine[run.id]
        self.backend.kill(run)
        status = run.status
        if run.path.exists() and status.state in ACTIVE:
            message = "The training process ended unexpectedly; what it had saved is kept."
            run.write_status(replace(status, state="interrupted", message=message))


def _lives(pid: int | None) -> bool:
    # Signal 0 only asks, except on Windows, where it would interrupt.
    if not pid or pid == os.getpid() or os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
