"""Where a run stands, and whether whoever said so still lives."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, get_type_hints

__all__ = ["ACTIVE", "BROKE", "RESUMABLE", "TRAINED", "Status", "elsewhere", "gone", "here", "lives"]

TRAINED = frozenset({"starting", "running", "paused"})  # with a process
ACTIVE = TRAINED | {"queued", "parked"}
RESUMABLE = frozenset({"interrupted", "stopped"})
BROKE = "Training broke"  # how the message of a run begins whose numbers are no longer finite
_STATES = ACTIVE | RESUMABLE | {"done", "failed"}
_LARGEST = 1e15
_MOST_PER_EPOCH = 1e12


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    ``beat`` is a counter, not a time: a watcher judges by its own clock whether it still moves. ``seconds`` and
    ``left`` are training time, ``rate`` is images a second, ``acknowledged`` the newest control that was obeyed,
    ``pid`` the process that trains, or is about to start what trains, on the machine called ``host``.
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
    host: str = ""

    @property
    def per_epoch(self) -> int | None:
        """Updates in an epoch, as its numbers tell; None before the first update, and where they tell of none."""
        ratio = self.step / self.epoch if self.epoch else 0.0
        return round(ratio) if 1 <= ratio <= _MOST_PER_EPOCH else None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The status in a file of a run; failed, with a sentence, if the file is missing or was altered."""
        hints = get_type_hints(cls)
        known = {name: value for name, value in values.items() if name in hints}
        state = known.get("state")
        if not isinstance(state, str) or state not in _STATES or not all(_fits(known[n], hints[n]) for n in known):
            return cls(
                "failed", message="The status of this run cannot be read, its file was altered: start a new run."
            )
        return cls(**known)


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, hint if hint is str else hint | int):
        return False
    # All numbers here are counts or seconds; the comparison is false for what is not a number, too.
    return not isinstance(value, int | float) or 0 <= value < _LARGEST


def here() -> str:
    """The name of this machine."""
    return platform.node()


def elsewhere(status: Status) -> bool:
    """Whether the process that told of a run is of another machine, so that only its beat says whether it lives."""
    return status.host not in ("", here())


def gone(status: Status) -> bool:
    """Whether the process that told of a run was of this machine and is no more."""
    return not elsewhere(status) and not lives(status.pid)


def lives(pid: int | None) -> bool:
    """Whether there is such a process on this machine, which need not be the one that was meant."""
    if not pid or pid >= 2**31:
        return False
    if sys.platform == "win32":
        return _lives_on_windows(pid)
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _lives_on_windows(pid: int) -> bool:
    # There os.kill(pid, 0) would interrupt the process instead of asking for it.
    if sys.platform != "win32":
        return False
    import ctypes

    kernel = ctypes.windll.kernel32
    handle = kernel.OpenProcess(0x1000, False, pid)  # may only be asked about
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # still active
