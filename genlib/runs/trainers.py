"""The runs that are trained from here: started, heard of, put aside when they rest, let go when they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, replace

from genlib.knobs import InputError
from genlib.runs.backend import Backend
from genlib.runs.expected import Paces
from genlib.runs.folder import ENDED, RunFolder
from genlib.runs.limits import Limits
from genlib.runs.owners import NOBODY
from genlib.runs.saved import saved_step
from genlib.runs.signs import Signs
from genlib.runs.status import TRAINED, Status
from genlib.runs.turns import Turn
from genlib.runs.wish import Wish

__all__ = ["BEGIN", "Trainers"]

BEGIN = 5.0  # seconds until a process that was started trains
_PARKED_WORDS = "Paused and saved; its place is free for others until you resume."
_HUNG_WORDS = "The training process gave no sign of life and was ended; what it had saved is kept."
_LOSSES = 3  # times that a run is lost without having got on, until it is left
_SAVING = 10.0  # seconds at most in which a trainer that was lost may still save and say so
_LOST_WORDS = "The machine that was to train this is gone or busy: it goes on from what it had saved on the next one."
_LOST_OFTEN = "Three times no machine of the cluster got on with this; what it had saved is kept: resume it later."


@dataclass
class _Held:
    """A run in training: its attempt that was started, and when it was last watched."""

    turn: Turn
    attempt: int
    watched: float


class Trainers:
    """The runs in training, of which each takes a place.

    Arguments:
        backend: What trains.
        limits: Of these, how long a run may train, and how long unwatched.
        signs: Since when each run says the same.
        hung: Seconds without a sign of life until a trainer is killed whose process still lives.
        parked: Seconds after which a paused run gives its place to one that waits.
        clock: Seconds, from any moment on.
    """

    def __init__(
        self, backend: Backend, limits: Limits, signs: Signs, hung: float, parked: float, clock: Callable[[], float]
    ) -> None:
        self._backend, self._limits, self._signs, self._clock = backend, limits, signs, clock
        self._hung, self._parked = hung, parked
        self._held: dict[str, _Held] = {}
        self.paces = Paces()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    @property
    def owners(self) -> Counter[str]:
        """How many each owner has."""
        return Counter(held.turn.owner for held in self._held.values())

    def start(self, turn: Turn, attempt: int) -> None:
        """Have a run trained, which then is in training or interrupted with a sentence.

        Raises:
            OSError: If the disk refuses.
        """
        run = turn.run
        try:
            self._backend.start(run, attempt)
        except OSError as error:
            reason = error.strerror or "the system refused"
            message = f"The training process could not be started ({reason}): try again in a moment."
            run.write_status(replace(run.status, state="interrupted", message=message))
        else:
            self._held[run.id] = _Held(turn, attempt, self._clock())

    def watched(self, run: str) -> None:
        """Note that somebody looks at a run."""
        if held := self._held.get(run):
            held.watched = self._clock()

    def reap(self) -> None:
        """Let go of those that have ended, or hang."""
        for held in list(self._held.values()):
            with suppress(OSError):
                self._reap(held)

    def busy(self) -> list[float | None]:
        """Seconds until each place gets free; None where nothing can be said."""
        return [self._left(held, held.turn.run.status) for held in self._held.values()]

    def put_aside(self, wanted: int, owners: Set[str] = frozenset()) -> None:
        """Put runs aside whose time is over, or that nobody watches, and those that rest while others want places.

        Arguments:
            wanted: How many places are wanted that are not free.
            owners: Of whom a run waits for one of their own to end.
        """
        resting = []
        for held in list(self._held.values()):
            run = held.turn.run
            status, wish = run.status, run.wish
            self.paces.learn(held.turn.settings, status)
            rests = status.state == "paused" and wish.want != "stop" and not wish.ahead(status.step)
            seconds = self._signs.since(run.id, "rest", (held.attempt, rests, status.step))
            due = self._due(held, status, wish)
            with suppress(OSError, InputError):
                if due and rests:
                    self._leave(held, *due)
                elif due and status.state == "running" and wish.ahead(status.step):
                    run.ask(want="pause")  # which saves it
                elif rests and seconds >= self._parked:
                    resting.append((seconds, held))
        for _, held in sorted(resting, key=lambda item: -item[0]):
            if wanted > 0 or held.turn.owner in owners:
                wanted -= 1
                with suppress(OSError):
                    self._leave(held, "parked", _PARKED_WORDS)

    def _due(self, held: _Held, status: Status, wish: Wish) -> tuple[str, str] | None:
        """The state and the sentence with which a run is to be put aside, though nobody waits."""
        minutes = self._limits.unwatched_minutes
        if held.turn.owner == NOBODY:
            return None
        if status.seconds > self._limits.longest + 1:  # which a run of just that length never reaches
            return "stopped", self._limits.spent
        if minutes and not wish.keep and self._clock() - held.watched >= 60 * minutes:
            return "parked", (
                f"Nobody watched for {minutes:g} minutes, so it was saved and parked: Resume goes on where it was."
            )
        return None

    def _leave(self, held: _Held, state: str, message: str) -> None:
        """End the process of a run that rests: it was saved when it began to."""
        run = held.turn.run
        self._backend.kill(run)
        # If its owner resumed it in this moment, it is the first of those that wait.
        status = run.status
        if status.attempt == held.attempt and status.state in TRAINED:
            run.write_status(replace(status, state=state, rate=None, left=None, message=message, pid=None))
        del self._held[run.id]

    def _left(self, held: _Held, status: Status) -> float | None:
        if status.state == "paused":
            rests = self._signs.since(held.turn.run.id, "rest", (held.attempt, True, status.step))
            return max(0.0, self._parked - rests)
        if status.left is not None or status.state not in TRAINED:
            return status.left or 0.0
        left = self.paces.left(held.turn.settings, status)
        return None if left is None else left + BEGIN

    def _reap(self, held: _Held) -> None:
        run, attempt = held.turn.run, held.attempt
        status, message = run.status, ENDED
        silent = self._signs.since(run.id, "beat", (status.attempt, status.beat))
        alive = self._backend.alive(run)
        lost = self._signs.since(run.id, "alive", (attempt, alive))
        saves = alive is None and lost < _SAVING and run.attempts.begun(attempt)
        if saves and status.attempt == attempt and status.state in TRAINED:
            return
        if alive:
            if status.attempt != attempt or status.state not in TRAINED or silent < self._hung:
                return
            message = _HUNG_WORDS
        self._backend.kill(run)
        status = run.status
        # It may have left in order, and been resumed since.
        if status.attempt == attempt and alive is None and status.state in TRAINED | {"interrupted"}:
            self._go_on(run, status)
        elif status.attempt == attempt and status.state in TRAINED:
            run.interrupt(status, message)
        del self._held[run.id]

    def _go_on(self, run: RunFolder, status: Status) -> None:
        """Have a run that was lost wait for a place again, unless it was lost too often since it last got on."""
        # One that no machine has begun waited for a place that others took.
        began = run.attempts.begun(status.attempt)
        if began and self._signs.times(run.id, "lost", (saved_step(run.path),)) >= _LOSSES:
            run.interrupt(status, _LOST_OFTEN)
        else:
            state = "queued" if run.wish.ahead(status.step) else "parked"
            run.write_status(replace(status, state=state, rate=None, left=None, message=_LOST_WORDS, pid=None))
