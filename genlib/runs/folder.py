"""The run folder: the only place where a run's state lives."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

from genlib.knobs import InputError
from genlib.runs.attempts import Attempts
from genlib.runs.files import home, parse_lines, read_json, stored, write_json, write_text
from genlib.runs.status import ACTIVE, Status, lives

__all__ = ["RunFolder"]

WANTS = ("run", "pause", "stop")


class RunFolder:
    """One run on the disk. Any number may read it; one trainer at a time writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
            "owner": _hash(key) if key else None,
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
            raise InputError("This run's settings cannot be read, its file was altered: delete the run and start anew.")
        return settings

    @property
    def created(self) -> float:
        created = self.asked.get("created")
        return created if isinstance(created, float) and math.isfinite(created) else 0.0

    def may_steer(self, key: str | None) -> bool:
        """Whether the holder of ``key`` started this run."""
        owner = self.asked.get("owner")
        if not key or not isinstance(owner, str):
            return False
        return hmac.compare_digest(_bytes(owner), _bytes(_hash(key)))

    # Where it stands --------------------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        return Status.from_json(self.read_json("status.json"))

    def write_status(self, status: Status) -> None:
        self.write_json("status.json", asdict(status))

    def settle(self) -> Status:
        """The status; interrupted, if it tells of a trainer whose process is gone.

        Raises:
            OSError: If the disk refuses.
        """
        status = self.status
        if status.state in ACTIVE - {"queued"} and not lives(status.pid):
            self.interrupt(status)
        return self.status

    def interrupt(self, status: Status) -> None:
        """Write that the trainer which told ``status`` is gone.

        Raises:
            OSError: If the disk refuses.
        """
        message = "The training process ended unexpectedly; what it had saved is kept."
        self.write_status(replace(status, state="interrupted", rate=None, left=None, message=message))

    # Attempts: who may write ------------------------------------------------------------------------------------

    def claim(self, status: Status) -> int | None:
        """Take the run for a new attempt, which is then starting; None if somebody else did since ``status`` was read.

        Raises:
            OSError: If the disk refuses.
        """
        number = status.attempt + 1
        while not self._attempts.take(number):
            if self.status.attempt >= number or not self._attempts.abandoned(number):
                return None
            number += 1
        try:
            self.write_status(replace(status, state="starting", attempt=number, message="", pid=os.getpid()))
        except OSError:
            self._attempts.give_back(number)
            raise
        return number

    @property
    def _attempts(self) -> Attempts:
        return Attempts(self.path / "attempts")

    def held_by(self, attempt: int) -> bool:
        """Whether this attempt was claimed, and none after it."""
        return self._attempts.newest(attempt)

    # Steering ---------------------------------------------------------------------------------------------------

    @property
    def control(self) -> tuple[int, str]:
        """Sequence number and wish of the owner."""
        values = self.read_json("control.json")
        want = values.get("want")
        sequence = values.get("sequence")
        return (sequence if isinstance(sequence, int) else 0), (want if want in WANTS else "run")

    def steer(self, want: str, key: str | None) -> int:
        """Ask the run to ``run``, ``pause`` or ``stop``; returns the sequence number that it will acknowledge.

        Raises:
            InputError: If ``key`` is not the owner's, the wish is unknown, or it cannot be stored.
        """
        if want not in WANTS:
            raise InputError(f"A run can be asked to {', '.join(WANTS)}, nothing else.")
        if not self.may_steer(key):
            raise InputError("Only the browser that started this run may steer it: start a run of your own.")
        return self.wish(want)

    def wish(self, want: str) -> int:
        """Write a wish down without asking whose it is, as for whoever owns this machine.

        Raises:
            InputError: If it cannot be stored.
        """
        sequence = self.control[0] + 1
        with stored("What you asked of the run"):
            self.write_json("control.json", {"sequence": sequence, "want": want})
        return sequence

    def delete(self, key: str | None) -> None:
        """Remove the run for good.

        Raises:
            InputError: If ``key`` is not the owner's, or the run is still active.
        """
        if not self.may_steer(key):
            raise InputError("Only the browser that started this run may delete it.")
        if self.status.state in ACTIVE:
            raise InputError("This run is still active: stop it before you delete it.")
        shutil.rmtree(self.path, ignore_errors=True)

    # Files ------------------------------------------------------------------------------------------------------

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def metrics(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The reports from byte ``offset`` on, and the offset behind them; a torn last line waits for its rest."""
        with suppress(OSError), (self.path / "metrics.jsonl").open("rb") as file:
            file.seek(offset)
            whole, _, _ = file.read().rpartition(b"\n")
            if whole:
                return list(parse_lines(whole)), offset + len(whole) + 1
        return [], offset

    def cut_metrics(self, step: int) -> None:
        """Forget what training tells again when it goes on from ``step``: all that is later, and its validation.

        Raises:
            OSError: If the disk refuses.
        """
        kept = [line for line in self.metrics()[0] if _stays(line, step)]
        write_text(self.path / "metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a file of the run; empty if it is missing or cannot be read."""
        return read_json(self.path / name)

    def write_json(self, name: str, values: Mapping[str, Any]) -> None:
        write_json(self.path / name, values)


def _stays(line: Mapping[str, Any], step: int) -> bool:
    at = line.get("step")
    return isinstance(at, int) and (at < step or (at == step and line.get("split") != "validation"))


def _hash(key: str) -> str:
    return hashlib.sha256(_bytes(key)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
