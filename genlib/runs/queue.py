"""Starting runs: a bounded number of trainers, the queue being the run folders themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from genlib.knobs import InputError
from genlib.runs.active import Active
from genlib.runs.backend import Backend
from genlib.runs.clearing import Clearing, size_of, touch
from genlib.runs.files import stored
from genlib.runs.finding import folders
from genlib.runs.folder import RunFolder
from genlib.runs.limits import Limits
from genlib.runs.owners import key_hash
from genlib.runs.places import Place, places
from genlib.runs.saved import check_weights
from genlib.runs.signs import Signs
from genlib.runs.status import ACTIVE, RESUMABLE, TRAINED, Status, gone
from genlib.runs.trainers import Trainers
from genlib.runs.turns import Turn, Turns

__all__ = ["Dispatcher"]

# Seconds without a sign of life: importing torch and reading the data takes a slow machine that long.
_PATIENCE = 30.0  # of trainers that others started
_HUNG = 60.0  # of ours, whose process is there but tells nothing
_CLEAR, _CLEAR_BUSY = 3600.0, 86_400.0  # seconds between two times of clearing, while nobody waits, and while some do
_PARKED = 60.0  # seconds that a paused run keeps its place from those that wait


class Dispatcher:
    """Hands queued runs to a backend while slots are free, in turns between owners, and notices trainers that died.

    A run that was paused for long is parked when another one waits: its process ends, and when its owner resumes it, it
    waits before all that are queued. One that nobody watched for long is parked, too, unless its owner keeps it.

    Arguments:
        backend: What trains.
        limit: How many runs train at once, if the backend has room for so many; by default what the limits say.
        limits: What each visitor may take of the machine; by default as the environment sets it.
        patience: Seconds without a sign of life until the run of a trainer that another process started is interrupted.
        hung: The same for a trainer of this dispatcher whose process still lives; it is killed.
        parked: Seconds after which a paused run gives its place to one that waits.
        clock: Seconds, from any moment on.

    Raises:
        InputError: If a limit in the environment cannot be.
    """

    def __init__(
        self,
        backend: Backend,
        limit: int | None = None,
        *,
        limits: Limits | None = None,
        patience: float = _PATIENCE,
        hung: float = _HUNG,
        parked: float = _PARKED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits.from_environment()
        self._limit, self._backend = limit or self.limits.slots, backend
        self._patience = patience
        self._signs = Signs(clock)
        self._trainers = Trainers(backend, self.limits, self._signs, hung, parked, clock)
        self._active, self._turns, self._clearing = Active(), Turns(), Clearing()
        self._queue: dict[str, Place] = {}
        self._waiting: list[Turn] = []
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._watching: threading.Thread | None = None

    @property
    def limit(self) -> int:
        """How many runs train at once, at this moment."""
        return self._backend.at_once(self._limit)

    def submit(self, settings: Mapping[str, Any], key: str) -> RunFolder:
        """Create a run and queue it.

        Raises:
            InputError: If it is more than is allowed for each visitor, or cannot be stored.
        """
        self.limits.check_length(settings)
        self.limits.check_room(self._taken(key))
        with self._lock:
            self._check_queued(key)
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
            InputError: If ``key`` is not the owner's, the run cannot go on, no more is allowed for each visitor, or
                this cannot be stored.
        """
        with self._lock:
            status = run.status
            more = status.state in RESUMABLE
            more |= status.state == "done" and until_step is not None and until_step > status.step
            if run.may_steer(key):
                if not more and status.state not in ACTIVE:
                    raise InputError(f"A run that is {status.state} cannot be resumed: start a new one.")
                check_weights(run.path, status)
                self.limits.check_trained(status.seconds)
                if run.id not in self._queue and (more or status.state == "parked"):
                    self._check_queued(key)
            sequence = run.steer(key, want="run", until_step=... if until_step is None else until_step)
            if more:
                with stored("The run"):
                    run.write_status(replace(status, state="queued", message="", acknowledged=sequence))
            self.watched(run)
        self.tick()

    def recover(self) -> None:
        """After a restart: what was being trained by a process that is gone is interrupted."""
        with self._lock:
            for turn in self._active.look():
                self._listen(turn)

    def tick(self) -> None:
        """Look once: reap, then park and start what fits. A disk that refuses is asked again at the next look."""
        with self._lock:
            self._trainers.reap()
            active = self._active.look()
            self._signs.keep({turn.run.id for turn in active} | {*self._trainers})
            waiting = []
            for turn in active:
                self._listen(turn)
                # A trainer that was stopped and resumed at once may still be on its way out.
                without = turn.status.state not in TRAINED and turn.run.id not in self._trainers
                if without and self._asks(turn.run, turn.status):
                    waiting.append(turn)
            order, fits = self._in_turn(waiting), self._backend.fits
            fitting = [fits(turn.settings) for turn, own in order if not own]
            # What does not fit wants the place of one that has what it needs, whatever places are free.
            wanted = max(0, sum(fitting) + len(self._trainers) - self.limit) + fitting.count(False)
            self._trainers.put_aside(wanted, {turn.owner for turn, own in order if own})
            still = [(turn, own) for turn, own in self._in_turn(waiting) if own or not self._begun(turn)]
            self._waiting = [turn for turn, _ in still]
            self._queue = places(still, self._trainers, self.limit, fits)

    def _in_turn(self, waiting: list[Turn]) -> list[tuple[Turn, bool]]:
        return self._turns.order(waiting, self._trainers.owners, self.limits.most_running)

    def place(self, run: RunFolder) -> int:
        """Place of a run that waits, queued or parked, at the last look: 1 is the next, 0 is none."""
        place = self.waits(run)
        return place.number if place else 0

    def waits(self, run: RunFolder) -> Place | None:
        """Where a run stood that waited, queued or parked, at the last look; None for one that did not."""
        return self._queue.get(run.id)

    def watched(self, run: RunFolder) -> None:
        """Note that somebody looks at a run, which therefore trains on, or is kept."""
        self._trainers.watched(run.id)
        touch(run)

    def watch(self, seconds: float = 0.5) -> None:
        """Tick in a thread until :meth:`close`, or the end of the process; clear once an hour."""

        def loop() -> None:
            cleared = time.monotonic() - _CLEAR + 60  # not while the server begins
            while not self._closed.wait(seconds):
                try:
                    self.tick()
                    if time.monotonic() - cleared >= (_CLEAR_BUSY if self._queue else _CLEAR):
                        cleared = time.monotonic()
                        self.clear()
                except Exception:
                    # Whatever is wrong with one folder must not end the queue of all others.
                    logging.getLogger(__name__).exception("The queue of runs could not be looked after.")

        self._watching = threading.Thread(target=loop, name="dispatcher", daemon=True)
        self._watching.start()

    def clear(self) -> None:
        """Remove old runs of visitors as far as the limits say."""
        for run in self._clearing.old(self.limits):
            with self._lock:  # so that nobody resumes it just now
                self._clearing.remove(run)
        self._clearing.sweep()

    def close(self) -> None:
        """Start no more runs, and end what was started here; it can go on from its newest checkpoint."""
        self._closed.set()
        if self._watching:
            self._watching.join()  # it may be looking right now
        with self._lock:
            self._backend.close()

    def _check_queued(self, key: str | None) -> None:
        owner = key_hash(key) if key else None
        self.limits.check_queued(sum(turn.owner == owner for turn in self._waiting))

    def _taken(self, key: str | None) -> int:
        """Bytes of the runs of a visitor, where that matters."""
        mine = (run for run in folders() if self.limits.most_mb and run.may_steer(key))
        return sum(size_of(run) for run in mine)

    def _asks(self, run: RunFolder, status: Status) -> bool:
        """Whether a run without a process wants one; what else its owner wants of it is done."""
        wish = run.wish
        with suppress(OSError):
            if wish.want == "stop":
                run.write_status(replace(status, state="stopped", message="", acknowledged=wish.sequence))
            elif (
                status.state == "parked"
                and status.acknowledged != wish.sequence
                and run.attempts.newest(status.attempt)
            ):
                run.write_status(replace(status, acknowledged=wish.sequence))
        return wish.want != "stop" and (status.state == "queued" or wish.ahead(status.step))

    def _begun(self, turn: Turn) -> bool:
        """Start a run that waits; False if it goes on waiting."""
        with suppress(OSError):
            free = len(self._trainers) < self.limit and self._backend.fits(turn.settings)
            if free and (attempt := turn.run.claim(turn.status)) is not None:
                self._trainers.start(turn, attempt)
                self._turns.started(turn)
                return True
        return False

    def _listen(self, turn: Turn) -> None:
        """Interrupt the run of a trainer that another process started, and that is not heard of any more."""
        run, status = turn.run, turn.status
        if status.state not in TRAINED or run.id in self._trainers:
            return
        silent = self._signs.since(run.id, "beat", (status.attempt, status.beat))
        # A process of that number may be another one, as after a container was started anew.
        if gone(status) or silent > self._patience:
            with suppress(OSError):
                run.interrupt(status)
