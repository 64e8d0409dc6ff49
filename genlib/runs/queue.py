"""Starting runs: a bounded number of trainers, the queue being the run folders themselves."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from genlib.knobs import InputError
from genlib.runs.backend import Backend
from genlib.runs.files import stored
from genlib.runs.finding import folders
from genlib.runs.folder import ENDED, RunFolder
from genlib.runs.saved import check_weights
from genlib.runs.status import ACTIVE, RESUMABLE, TRAINED, Status, lives

__all__ = ["Dispatcher", "slots"]

# Seconds without a sign of life: importing torch and reading the data takes a slow machine that long.
_PATIENCE = 30.0  # of trainers that others started
_HUNG = 60.0  # of ours, whose process is there but tells nothing
_PARKED = 60.0  # seconds that a paused run keeps its place from those that wait
_PARKED_WORDS = "Paused and saved; its place is free for others until you resume."
_HUNG_WORDS = "The training process gave no sign of life and was ended; what it had saved is kept."


def slots() -> int:
    """How many runs train at once: ``GENLIB_SLOTS``, or one for each two cores, less the one that serves the pages."""
    with suppress(ValueError):
        return max(1, int(os.environ.get("GENLIB_SLOTS", "")))
    return max(1, ((os.cpu_count() or 1) - 1) // 2)


class Dispatcher:
    """Hands queued runs to a backend while slots are free, and notices trainers that died.

    A run that was paused for long is parked when another one waits: its process ends, and when its owner resumes it, it
    waits before all that are queued.

    Arguments:
        backend: What trains.
        limit: How many runs train at once; by default :func:`slots`.
        patience: Seconds without a sign of life until the run of a trainer that another process started is interrupted.
        hung: The same for a trainer of this dispatcher whose process still lives; it is killed.
        parked: Seconds after which a paused run gives its place to one that waits.
    """

    def __init__(
        self,
        backend: Backend,
        limit: int | None = None,
        *,
        patience: float = _PATIENCE,
        hung: float = _HUNG,
        parked: float = _PARKED,
    ) -> None:
        self.backend = backend
        self.limit = limit or slots()
        self._patience, self._hung, self._parked = patience, hung, parked
        self._mine: dict[str, tuple[RunFolder, int]] = {}  # with the attempt that was started
        self._queue: list[str] = []
        self._seen: dict[tuple[str, str], tuple[tuple[Any, ...], float]] = {}  # newest signs of runs, and when
        self._settled: dict[str, tuple[int, ...]] = {}  # status files that told of no active run when last read
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._watching: threading.Thread | None = None

    def submit(self, settings: Mapping[str, Any], key: str) -> RunFolder:
        """Create a run and queue it.

        Raises:
            InputError: If it cannot be stored.
        """
        run = RunFolder.create(settings, key)
        self.tick()
        return run

    def resume(self, run: RunFolder, key: str | None, until_step: int | None = None) -> None:
        """Queue a run again that was interrupted or stopped; one that is active is only told to run.

        Arguments:
            run: What is to go on.
            key: Secret of its owner.
            until_step: Updates after which it rests, counted from the beginning of the run; by default what it was
                asked before, or the end of its budget. One that is done goes on if this lies ahead.

        Raises:
            InputError: If ``key`` is not the owner's, the run cannot go on, or this cannot be stored.
        """
        with self._lock:
            status = run.status
            more = status.state in RESUMABLE
            more |= status.state == "done" and until_step is not None and until_step > status.step
            if run.may_steer(key):
                if not more and status.state not in ACTIVE:
                    raise InputError(f"A run that is {status.state} cannot be resumed: start a new one.")
                check_weights(run.path, status)
            sequence = run.steer(key, want="run", until_step=... if until_step is None else until_step)
            if more:
                with stored("The run"):
                    run.write_status(replace(status, state="queued", message="", acknowledged=sequence))
        self.tick()

    def recover(self) -> None:
        """After a restart: what was being trained by a process that is gone is interrupted."""
        with self._lock:
            for run, status in self._active():
                self._listen(run, status)

    def tick(self) -> None:
        """Look once: reap, then park and start what fits. A disk that refuses is asked again at the next look."""
        with self._lock:
            for run, attempt in list(self._mine.values()):
                with suppress(OSError):
                    self._reap(run, attempt)
            active = self._active()
            ids = {run.id for run, _ in active}
            self._seen = {sign: seen for sign, seen in self._seen.items() if sign[0] in ids}
            waiting = []
            for run, status in active:
                self._listen(run, status)
                # A trainer that was stopped and resumed at once may still be on its way out.
                if status.state not in TRAINED and run.id not in self._mine and self._asks(run, status):
                    waiting.append((run, status))
            waiting.sort(key=lambda item: item[1].state != "parked")  # those had a place before; else the oldest first
            self._park(len(waiting) + len(self._mine) - self.limit)
            self._queue = [run.id for run, status in waiting if not self._begun(run, status)]

    def place(self, run: RunFolder) -> int:
        """Place of a run that waits, queued or parked, at the last look: 1 is the next, 0 is none."""
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

        self._watching = threading.Thread(target=loop, name="dispatcher", daemon=True)
        self._watching.start()

    def close(self) -> None:
        """Start no more runs, and kill what was started here; it can go on from its newest checkpoint."""
        self._closed.set()
        if self._watching:
            self._watching.join()  # it may be looking right now
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

    def _asks(self, run: RunFolder, status: Status) -> bool:
        """Whether a run without a process wants one; what else its owner wants of it is done."""
        wish = run.wish
        with suppress(OSError):
            if wish.want == "stop":
                run.write_status(replace(status, state="stopped", message="", acknowledged=wish.sequence))
            elif status.state == "parked" and status.acknowledged != wish.sequence and run.held_by(status.attempt):
                run.write_status(replace(status, acknowledged=wish.sequence))
        return wish.want != "stop" and (status.state == "queued" or wish.ahead(status.step))

    def _begun(self, run: RunFolder, status: Status) -> bool:
        """Start a run that waits; False if it goes on waiting."""
        with suppress(OSError):
            if len(self._mine) < self.limit and (attempt := run.claim(status)) is not None:
                self._start(run, attempt)
                return True
        return False

    def _park(self, wanted: int) -> None:
        """Free so many places, as far as runs have been resting for long: they were saved when they began to."""
        resting = []
        for run, attempt in self._mine.values():
            status, wish = run.status, run.wish
            rests = status.state == "paused" and wish.want != "stop" and not wish.ahead(status.step)
            seconds = self._since(run, "rest", (attempt, rests, status.step))
            if rests and seconds >= self._parked:
                resting.append((seconds, run, attempt))
        resting.sort(key=lambda item: -item[0])
        for _, run, attempt in resting[: max(0, wanted)]:
            with suppress(OSError):
                self.backend.kill(run)
                # If its owner resumed it in this moment, it is the first of those that wait.
                status = run.status
                if status.attempt == attempt and status.state in TRAINED:
                    told = replace(status, state="parked", rate=None, left=None, message=_PARKED_WORDS, pid=None)
                    run.write_status(told)
                del self._mine[run.id]

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
        """Let go of a trainer of ours that has ended, or hangs."""
        status, message = run.status, ENDED
        silent = self._since(run, "beat", (status.attempt, status.beat))
        if self.backend.alive(run):
            if status.attempt != attempt or status.state not in TRAINED or silent < self._hung:
                return
            message = _HUNG_WORDS
        self.backend.kill(run)
        status = run.status
        # It may have left in order, and been resumed since.
        if status.attempt == attempt and status.state in TRAINED:
            run.interrupt(status, message)
        del self._mine[run.id]

    def _listen(self, run: RunFolder, status: Status) -> None:
        """Interrupt the run of a trainer that another process started, and that is not heard of any more."""
        if status.state not in TRAINED or run.id in self._mine:
            return
        silent = self._since(run, "beat", (status.attempt, status.beat))
        # A process of that number may be another one, as after a container was started anew.
        if not lives(status.pid) or silent > self._patience:
            with suppress(OSError):
                run.interrupt(status)

    def _since(self, run: RunFolder, what: str, sign: tuple[Any, ...]) -> float:
        """Seconds since ``sign`` was another one, by the clock of whoever looks."""
        now = time.monotonic()
        if self._seen.get((run.id, what), (None, 0.0))[0] != sign:
            self._seen[run.id, what] = sign, now
        return now - self._seen[run.id, what][1]


def _mark(run: RunFolder) -> tuple[int, ...]:
    with suppress(OSError):
        found = (run.path / "status.json").stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return ()
