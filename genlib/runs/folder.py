"""The run folder: the only place where a run's state lives."""

from __future__ import annotations

import math
import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from types import EllipsisType
from typing import Any, Self

from genlib.knobs import InputError
from genlib.runs.attempts import Attempts
from genlib.runs.files import home, stored
from genlib.runs.naming import checked_name, read_name
from genlib.runs.owners import key_hash, owns
from genlib.runs.records import Records
from genlib.runs.saved import check_weights
from genlib.runs.status import ACTIVE, TRAINED, Status, elsewhere, gone, here
from genlib.runs.wish import Wish

__all__ = ["ENDED", "RunFolder", "key_hash"]

_ASKING = threading.Lock()
ENDED = "The training process ended unexpectedly; what it had saved is kept."


class RunFolder(Records):
    """One run on the disk. Any number may read it; one trainer at a time writes it."""

    @property
    def id(self) -> str:
        return self.path.name

    @classmethod
    def create(cls, settings: Mapping[str, Any], key: str | None = None, *, claimed: bool = False) -> Self:
        """Make the folder of a new run.

        Arguments:
            settings: What is asked, as JSON.
            key: Secret of the browser that may steer it; only its hash is kept. None: nobody may from a page.
            claimed: Whether this process trains it at once, as attempt 1; else it is queued.

        Raises:
            InputError: If the folder cannot be written.
        """
        run = cls(home() / "runs" / secrets.token_hex(8))
        asked = {
            "format": 1,
            "created": time.time(),
            "settings": dict(settings),
            "owner": key_hash(key) if key else None,
        }
        try:
            with stored("The run"):
                (run.path / "attempts").mkdir(parents=True)
                (run.path / "frames").mkdir()
                run.write_status(Status())
                if claimed:
                    run.claim(Status())
                run.write_json("run.json", asked)
        except InputError:
            shutil.rmtree(run.path, ignore_errors=True)
            raise
        return run

    # What was asked ---------------------------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether all of a new run was written, of which this file is the last."""
        return (self.path / "run.json").is_file()

    @property
    def asked(self) -> dict[str, Any]:
        return self.read_json("run.json")

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked, as JSON.

        Raises:
            InputError: If the file was altered.
        """
        settings = self.asked.get("settings")
        if not isinstance(settings, dict):
            raise InputError("This run's settings cannot be read, its file was altered: start a new run.")
        return settings

    @property
    def created(self) -> float:
        created = self.asked.get("created")
        return created if isinstance(created, float) and math.isfinite(created) else 0.0

    def may_steer(self, key: str | None) -> bool:
        """Whether the holder of ``key`` started this run."""
        return owns(self.asked, key)

    # Where it stands --------------------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        return Status.from_json(self.read_json("status.json"))

    def write_status(self, status: Status) -> None:
        self.write_json("status.json", asdict(status))

    def settle(self, patience: float = 30.0) -> Status:
        """The status; that of :meth:`interrupt`, if it tells of a trainer whose process is gone.

        Arguments:
            patience: Seconds to wait for a sign of life of one on another machine.

        Raises:
            OSError: If the disk refuses.
        """
        status, until = self.status, time.monotonic() + patience
        unheard = status.state in TRAINED and elsewhere(status)
        while unheard and time.monotonic() < until:
            time.sleep(0.1)
            unheard = self.status == status
        if unheard or (status.state in TRAINED and gone(status)):
            self.interrupt(status)
        return self.status

    def interrupt(self, status: Status, message: str = ENDED) -> None:
        """Write that the trainer which told ``status`` is gone: stopped if its owner wished that, else interrupted.

        Raises:
            OSError: If the disk refuses.
        """
        wish, gone = self.wish, replace(status, state="interrupted", rate=None, left=None, message=message)
        stopped = replace(gone, state="stopped", acknowledged=wish.sequence)
        self.write_status(stopped if wish.want == "stop" else gone)

    # Attempts: who may write ------------------------------------------------------------------------------------

    def claim(self, status: Status) -> int | None:
        """Take the run for a new attempt, which is then starting; None if somebody else did since ``status`` was read.

        Raises:
            InputError: If the run was over and has no weights to go on from.
            OSError: If the disk refuses.
        """
        check_weights(self.path, status)
        number = status.attempt + 1
        while not self.attempts.take(number):
            if self.status.attempt >= number or not self.attempts.abandoned(number):
                return None
            number += 1
        try:
            started = replace(status, state="starting", attempt=number, message="", pid=os.getpid(), host=here())
            self.write_status(started)
        except OSError:
            self.attempts.give_back(number)
            raise
        return number

    @property
    def attempts(self) -> Attempts:
        return Attempts(self.path / "attempts")

    def held_by(self, attempt: int) -> bool:
        """Whether this attempt was claimed and not ended, and none was claimed after it."""
        return self.attempts.newest(attempt) and not self.attempts.ended(attempt)

    # Steering ---------------------------------------------------------------------------------------------------

    @property
    def wish(self) -> Wish:
        """What its owner wants of it."""
        return Wish.from_json(self.read_json("control.json"))

    def steer(
        self,
        key: str | None,
        *,
        want: str | None = None,
        until_step: int | EllipsisType | None = ...,
        knobs: Mapping[str, float] | None = None,
        keep: bool | None = None,
    ) -> int:
        """Ask something of the run as its owner; see :meth:`ask`.

        Raises:
            InputError: If ``key`` is not the owner's, the wish cannot be, or it cannot be stored.
        """
        self._check_owner(key, "steer it: start a run of your own")
        return self.ask(want=want, until_step=until_step, knobs=knobs, keep=keep)

    def ask(
        self,
        *,
        want: str | None = None,
        until_step: int | EllipsisType | None = ...,
        knobs: Mapping[str, float] | None = None,
        keep: bool | None = None,
    ) -> int:
        """Write a wish down without asking whose it is, as for whoever owns this machine.

        What is not given stays as it was wished; but who wants a run to ``run``, and gives no target, does not mean one
        that it has reached.

        Arguments:
            want: "run", "pause" or "stop".
            until_step: Updates after which it rests or is done, counted from the beginning of the run; None: the end
                of its budget.
            knobs: Values of live knobs, from now on.
            keep: Whether it trains on although nobody watches.

        Returns:
            The sequence number that the status will acknowledge.

        Raises:
            InputError: If a run cannot be asked that, or it cannot be stored.
        """
        # Two pages of one server, asking at once, neither lose a wish nor share a number.
        with _ASKING, stored("What you asked of the run"):
            wish = self.wish.next(self.status.step, want, until_step, knobs, keep)
            self.write_json("control.json", wish.to_json())
        return wish.sequence

    @property
    def name(self) -> str:
        """What its owner calls it; empty if nothing."""
        return read_name(self.read_json("name.json").get("name"))

    def rename(self, name: str, key: str | None) -> None:
        """Call the run something, with single spaces inside; an empty name takes the name away.

        Raises:
            InputError: If ``key`` is not the owner's, the name cannot be shown, or it cannot be stored.
        """
        self._check_owner(key, "name it")
        name = checked_name(name)
        with stored("The name"):
            self.write_json("name.json", {"name": name})

    def _check_owner(self, key: str | None, act: str) -> None:
        if not self.may_steer(key):
            raise InputError(f"Only the browser that started this run may {act}.")

    def delete(self, key: str | None) -> None:
        """Remove the run for good.

        Raises:
            InputError: If ``key`` is not the owner's, or the run is still active.
        """
        self._check_owner(key, "delete it")
        if self.status.state in ACTIVE:
            raise InputError("This run is still active: stop it before you delete it.")
        shutil.rmtree(self.path, ignore_errors=True)
