"""The run folder: the only place where a run's state lives."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from genlib.knobs import InputError

__all__ = ["ACTIVE", "RESUMABLE", "RunFolder", "Status", "find", "home", "list_runs"]

ACTIVE = frozenset({"queued", "starting", "running", "paused"})
RESUMABLE = frozenset({"interrupted", "stopped"})
STATES = ACTIVE | RESUMABLE | {"done", "failed"}
WANTS = ("run", "pause", "stop")

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    ``beat`` is a counter, not a time: a watcher judges by its own clock whether it still moves. ``seconds`` and
    ``left`` are training time, ``rate`` is images a second, ``acknowledged`` the newest control that was obeyed.
    """

    state: str = "queued"
    attempt: int = 0
    beat: int = 0
    step: int = 0
    epoch: float = 0.0
    progress: float = 0.0
    seconds: float = 0.0
    left: float | None = None
    rate: float | None = None
    acknowledged: int = 0
    device: str = ""
    message: str = ""
    pid: int | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def home() -> Path:
    """The folder of all that people make: ``GENLIB_HOME``, or the user's data folder."""
    if chosen := os.environ.get("GENLIB_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("genlib", appauthor=False))


def find(name: str) -> RunFolder:
    """The run with this id, or the only one whose id begins so.

    Raises:
        InputError: If there is none, or more than one.
    """
    name = name.strip().lower()
    runs = home() / "runs"
    if _ID.fullmatch(name) and (runs / name / "run.json").is_file():
        return RunFolder(runs / name)
    if re.fullmatch(r"[0-9a-f]{4,15}", name):
        matches = [run for run in list_runs() if run.id.startswith(name)]
        if len(matches) == 1:
            return matches[0]
    shown = name[:20] if name[:20].isalnum() else "of this name"
    raise InputError(f"There is no run {shown} here: it may have been deleted; choose another or start a new one.")


def list_runs() -> list[RunFolder]:
    """All runs, oldest first."""
    found = [RunFolder(path.parent) for path in (home() / "runs").glob("*/run.json") if _ID.fullmatch(path.parent.name)]
    return sorted(found, key=lambda run: (run.created, run.id))


class RunFolder:
    """One run on the disk. Any number may read it; one trainer at a time writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.name

    @classmethod
    def create(cls, settings: Mapping[str, Any], key: str | None = None) -> Self:
        """Make the folder of a new run, queued.

        Arguments:
            settings: What is asked, as JSON.
            key: Secret of the browser that may steer it; only its hash is kept. None: nobody may from a page.

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
            (run.path / "attempts").mkdir(parents=True)
            (run.path / "frames").mkdir()
            run.write_json("status.json", asdict(Status()))
            run.write_json("run.json", asked)
        except OSError as error:
            shutil.rmtree(run.path, ignore_errors=True)
            raise InputError(
                f"The run could not be stored: {error.strerror}; free some space and try again."
            ) from error
        return run

    # What was asked ---------------------------------------------------------------------------------------------

    @property
    def asked(self) -> dict[str, Any]:
        return self.read_json("run.json")

    @property
    def settings(self) -> dict[str, Any]:
        settings = self.asked.get("settings")
        if not isinstance(settings, dict):
            raise InputError("This run's settings cannot be read, its file was altered: delete the run and start anew.")
        return settings

    @property
    def created(self) -> float:
        return float(self.asked.get("created", 0.0))

    def may_steer(self, key: str | None) -> bool:
        """Whether the holder of ``key`` started this run."""
        owner = self.asked.get("owner")
        return bool(key and owner) and hmac.compare_digest(str(owner), _hash(str(key)))

    # Where it stands --------------------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        try:
            status = Status.from_json(self.read_json("status.json"))
        except TypeError:
            status = Status("failed")
        if status.state not in STATES:
            return replace(status, state="failed", message="The run's status cannot be read: start a new run.")
        return status

    def write_status(self, status: Status) -> None:
        self.write_json("status.json", asdict(status))

    # Attempts: who may write ------------------------------------------------------------------------------------

    def claim(self, status: Status) -> int | None:
        """Take the run for a new attempt; None if somebody else did since ``status`` was read."""
        number = status.attempt + 1
        try:
            (self.path / "attempts" / str(number)).touch(exist_ok=False)
        except OSError:
            return None
        return number

    def held_by(self, attempt: int) -> bool:
        return not (self.path / "attempts" / str(attempt + 1)).exists() and self.path.exists()

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
            InputError: If ``key`` is not the owner's, or the wish is unknown.
        """
        if want not in WANTS:
            raise InputError(f"A run can be asked to {', '.join(WANTS)}, nothing else.")
        if not self.may_steer(key):
            raise InputError("Only the browser that started this run may steer it: start a run of your own.")
        sequence, _ = self.control
        self.write_json("control.json", {"sequence": sequence + 1, "want": want})
        return sequence + 1

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

    # Metrics ----------------------------------------------------------------------------------------------------

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def metrics(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The reports from byte ``offset`` on, and the offset behind them; a torn last line waits for its rest."""
        with suppress(OSError), (self.path / "metrics.jsonl").open("rb") as file:
            file.seek(offset)
            whole, _, _ = file.read().rpartition(b"\n")
            if whole:
                return list(_lines(whole)), offset + len(whole) + 1
        return [], offset

    def cut_metrics(self, step: int) -> None:
        """Forget the reports after ``step``, from which training goes on."""
        kept = [line for line in self.metrics()[0] if line.get("step", 0) <= step]
        self._replace("metrics.jsonl", "".join(json.dumps(line) + "\n" for line in kept))

    # Files ------------------------------------------------------------------------------------------------------

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a file of the run; empty if it is missing or cannot be read."""
        try:
            values = json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def write_json(self, name: str, values: Mapping[str, Any]) -> None:
        self._replace(name, json.dumps(values, indent=1))

    def _replace(self, name: str, text: str) -> None:
        # Written aside and renamed: a reader sees the old text or the new one, never half of it.
        aside = self.path / f".{name}.{os.getpid()}.{secrets.token_hex(3)}"
        try:
            aside.write_text(text, "utf-8")
            _rename(aside, self.path / name)
        finally:
            aside.unlink(missing_ok=True)


def _lines(whole: bytes) -> Iterator[dict[str, Any]]:
    for line in whole.split(b"\n"):
        with suppress(ValueError):
            values = json.loads(line)
            if isinstance(values, dict):
                yield values


def _rename(source: Path, target: Path) -> None:
    # Windows refuses a rename while a reader holds the target open; it does so for a moment only.
    for attempt in range(20):
        try:
            source.replace(target)
            return
        except PermissionError:
            if attempt == 19:
                raise
            time.sleep(0.01)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
