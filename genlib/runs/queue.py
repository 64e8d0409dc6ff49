"""Starting runs: a bounded number of trainers, the queue being the run folders themselves."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from genlib.knobs import InputError
from genlib.runs.files import stored
from genlib.runs.finding import folders
from genlib.runs.folder import RunFolder
from genlib.runs.status import ACTIVE, RESUMABLE, Status, lives

__all__ = ["Backend", "Dispatcher", "LocalBackend", "slots"]

_PATIENCE = 30.0  # seconds without a sign of life: importing torch and reading the data takes a slow machine that long


def slots() -> int:
    """How many runs train at once: ``GENLIB_SLOTS``, or one for each two cores, less the one that serves the pages."""
    with suppress(ValueError):
        return max(1, int(os.environ.get("GENLIB_SLOTS", "")))
    return max(1, ((os.cpu_count() or 1) - 1) // 2)


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


class Dispatcher:
    """Hands queued runs to a backend while slots are free, and notices trainers that died."""

    def __init__(self, backend: Backend, limit: int | None = None, *, patience: float = _PATIENCE) -> None:
        self.backend = backend
        self.limit = limit or slots()
        self._patience = patience
        self._mine: dict[str, tuple[RunFolder, int]] = {}  # with the attempt that was started
        self._queue: list[str] = []
        self._heard: dict[str, tuple[tuple[int, int], float]] = {}  # of trainers of others: newest beat, and when
        self._settled: dict[str, tuple[int, ...]] = {}  # status files that told of no active run when last read
        self._lock = threading.RLock()
        self._closed = threading.Event()

    def submit(self, settings: Mapping[str, Any], key: str) -> RunFolder:
        """Create a run and queue it.

        Raises:
            InputError: If it cannot be stored.
        """
        run = RunFolder.create(settings, key)
        self.tick()
        return run

    def resume(self, run: RunFolder, key: str | None) -> None:
        """Queue a run again that was interrupted or stopped; one that is active is only told to run.

        Raises:
            InputError: If ``key`` is not the owner's, the run cannot go on, or this cannot be stored.
        """
        with self._lock:
            status = run.status
            if run.may_steer(key) and status.state not in ACTIVE | RESUMABLE:
                raise InputError(f"A run that is {status.state} cannot be resumed: start a new one.")
            sequence = run.steer("run", key)
            if status.state in RESUMABLE:
                with stored("The run"):
                    run.write_status(replace(status, state="queued", message="", acknowledged=sequence))
        self.tick()

    def recover(self) -> None:
        """After a restart: what was being trained by a process that is gone is interrupted."""
        with self._lock:
            for run, status in self._active():
                self._listen(run, status)

    def tick(self) -> None:
        """Look once: reap, then start what fits. A disk that refuses is asked again at the next look."""
        with self._lock:
            for run, attempt in list(self._mine.values()):
                if not self.backend.alive(run):
                    with suppress(OSError):
                        self._reap(run, attempt)
            waiting = []
            for run, status in self._active():
                self._listen(run, status)
                # A trainer that was stopped and resumed at once may still be on its way out.
                if status.state == "queued" and run.id not in self._mine:
                    waiting.append((run, status))
            self._queue = [run.id for run, status in waiting if not self._begun(run, status)]

    def place(self, run: RunFolder) -> int:
        """Place of a queued run at the last look: 1 is the next, 0 is none."""
        queue = self._queue
        return queue.index(run.id) + 1 if run.id in queue else 0

    def watch(self, seconds: float = 0.5) -> None:
        """Tick in a thread until :meth:`close`, or the end of the process."""

        def loop() -> None:
            while not self._closed.wait(seconds):
                try:
                    self.tick()
                except Exception:
                    # Whatever is wrong with one folder must not end the queue of all others.
                    logging.getLogger(__name__).exception("The queue of runs could not be looked after.")

        threading.Thread(target=loop, name="dispatcher", daemon=True).start()

    def close(self) -> None:
        """Start no more runs, and kill what was started here; it can go on from its newest checkpoint."""
        self._closed.set()
        with self._lock:
            for run, _ in self._mine.values():
                self.backend.kill(run)

    def _active(self) -> list[tuple[RunFolder, Status]]:
        """The active runs, oldest first; of the many that are over, only the date of a file is looked at."""
        found = []
        for run in folders():
            mark = _mark(run)
            if self._settled.get(run.id) != mark:
                status = run.status
                if status.state not in ACTIVE:
                    self._settled[run.id] = mark
                elif run.complete:
                    found.append((run, status))
        return sorted(found, key=lambda item: (item[0].created, item[0].id))

    def _begun(self, run: RunFolder, status: Status) -> bool:
        """Stop or start a queued run; False if it goes on waiting."""
        with suppress(OSError):
            sequence, want = run.control
            if want == "stop":
                run.write_status(replace(status, state="stopped", acknowledged=sequence))
                return True
            if len(self._mine) < self.limit and (attempt := run.claim(status)) is not None:
                self._start(run, attempt)
                return True
        return False

    def _start(self, run: RunFolder, attempt: int) -> None:
        try:
            self.backend.start(run, attempt)
        except OSError as error:
            reason = error.strerror or "the system refused"
            message = f"The training process could not be started ({reason}): try again in a moment."
            run.write_status(replace(run.status, state="interrupted", message=message))
        else:
            self._mine[run.id] = run, attempt

    def _reap(self, run: RunFolder, attempt: int) -> None:
        if run.path.exists():
            status = run.status
            # It may have left in order, and been resumed since.
            if status.attempt == attempt and status.state in ACTIVE - {"queued"}:
                run.interrupt(status)
        self.backend.kill(run)
        del self._mine[run.id]

    def _listen(self, run: RunFolder, status: Status) -> None:
        """Interrupt the run of a trainer that another process started, and that is not heard of any more."""
        if status.state == "queued" or run.id in self._mine:
            return
        beat, now = (status.attempt, status.beat), time.monotonic()
        if run.id not in self._heard or self._heard[run.id][0] != beat:
            self._heard[run.id] = beat, now
        # A process of that number may be another one, as after a container was started anew.
        if not lives(status.pid) or now - self._heard[run.id][1] > self._patience:
            with suppress(OSError):
                run.interrupt(status)


def _mark(run: RunFolder) -> tuple[int, ...]:
    with suppress(OSError):
        found = (run.path / "status.json").stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return ()
