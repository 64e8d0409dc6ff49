"""What a run has saved, read without the library that trains: its newest checkpoint, and where that stands."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from genlib.knobs import InputError
from genlib.runs.status import Status

__all__ = ["check_weights", "newest_checkpoint", "saved_digest", "saved_status", "saved_step"]

_TRIES = 5
_PAUSE = 0.02  # seconds; a checkpoint is renamed in much less
_STEPS, _SECONDS = 10**12, 1e15  # more than any run makes or takes
_NEW = "start a new one with its settings."


def newest_checkpoint(folder: Path) -> tuple[bytes, bytes] | None:
    """Description and tensors of the newest whole checkpoint of a run; None if there is none.

    While a run trains, a file may be replaced between the two readings: the checksum tells.
    """
    for name in [*["checkpoint"] * _TRIES, "checkpoint.previous"]:
        found = folder / name
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            description = (found / "checkpoint.json").read_bytes()
            tensors = (found / "tensors.safetensors").read_bytes()
            if json.loads(description)["sha256"] == hashlib.sha256(tensors).hexdigest():
                return description, tensors
        if not found.exists() and not (folder / "checkpoint.previous").exists():
            return None
        time.sleep(_PAUSE)
    return None


def saved_step(folder: Path) -> int | None:
    """The step of a run's newest checkpoint, whose weights are not looked at; None if it has none that tells."""
    for name in ("checkpoint", "checkpoint.previous"):
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            step = json.loads((folder / name / "checkpoint.json").read_bytes())["step"]
            if type(step) is int and 0 <= step <= _STEPS:
                return step
    return None


def saved_digest(folder: Path) -> str:
    """The checksum of a run's newest weights, by which its states are told apart.

    Raises:
        InputError: If it has none.
    """
    found = newest_checkpoint(folder)
    if found is None:
        raise InputError("This run has saved no state yet: wait until it has, or choose another.")
    return hashlib.sha256(found[1]).hexdigest()


def saved_status(folder: Path, status: Status) -> Status | None:
    """The status of a run as it was when its newest checkpoint was written; None if it has none.

    A run that was killed, or broke, had come further than the weights that are left of it.
    """
    found = newest_checkpoint(folder)
    told = json.loads(found[0]) if found else {}
    step: Any = told.get("step")
    seconds: Any = told.get("seconds")
    # The comparisons are false for what is not a number.
    good = type(step) is int and isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not good or not (0 <= step <= _STEPS and 0 <= seconds < _SECONDS):
        return None
    if step == status.step:
        return status
    epoch = step / status.per_epoch if status.per_epoch else 0.0
    progress = min(1.0, status.progress * step / status.step) if status.step else 0.0
    return replace(status, step=step, epoch=epoch, progress=progress, seconds=float(seconds), rate=None, left=None)


def check_weights(folder: Path, status: Status) -> None:
    """Make sure that a run which was over goes on from its weights, not anew over its curves and its film.

    One that was interrupted before its first checkpoint begins anew: it had not come far.

    Raises:
        InputError: If it has no weights, or none that can be trained on.
    """
    if status.state not in ("done", "stopped") or not status.step:
        return
    found = newest_checkpoint(folder)
    if found is None:
        raise InputError(f"This run has no saved weights: {_NEW}")
    if json.loads(found[0]).get("step") != 0 and not _has_optimisers(found[1]):
        raise InputError(f"This run has saved only its model, which cannot be trained on: {_NEW}")


def _has_optimisers(tensors: bytes) -> bool:
    """Whether the names of the tensors, which stand first in the file, tell of more than a model."""
    with suppress(ValueError, TypeError, AttributeError, RecursionError):
        names = json.loads(tensors[8 : 8 + int.from_bytes(tensors[:8], "little")])
        return any(name.startswith("optimizer.") for name in names)
    return False
