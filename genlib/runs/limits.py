"""How much one machine does at once, and what each visitor may take of it: a courtesy, so that all get a turn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from genlib.knobs import Config, InputError, knob

__all__ = ["Limits", "slots"]

_ENVIRONMENT = "GENLIB_"
_TURN = "a courtesy so that all get a turn"


@dataclass(frozen=True, kw_only=True)
class Limits(Config):
    """What whoever looks after the machine allows; each is read from the environment, as GENLIB_SLOTS.

    0 is no limit, and of slots as many as the machine has room for. The command line is not limited.
    """

    title: ClassVar[str] = "limits"

    slots: int = knob(0, 0, 1000, label="GENLIB_SLOTS", help="Runs that train at once; 0: one for two cores.")
    most_running: int = knob(0, 0, 1000, label="GENLIB_MOST_RUNNING", help="Runs of one visitor that train at once.")
    most_queued: int = knob(100, 0, 10_000, label="GENLIB_MOST_QUEUED", help="Runs of one visitor that wait.")
    most_minutes: float = knob(
        0.0, 0, 1e6, label="GENLIB_MOST_MINUTES", help="Minutes of training of one run of a visitor."
    )
    most_mb: float = knob(0.0, 0, 1e9, label="GENLIB_MOST_MB", help="Megabytes that the runs of one visitor take.")
    unwatched_minutes: float = knob(
        10.0, 0, 1e6, label="GENLIB_UNWATCHED_MINUTES", help="Minutes without a watcher until a run is parked."
    )
    keep_days: float = knob(
        30.0, 0, 1e5, label="GENLIB_KEEP_DAYS", help="Days without use until a run that is over is removed."
    )
    keep_mb: float = knob(
        5000.0, 0, 1e9, label="GENLIB_KEEP_MB", help="Megabytes that all runs take before the oldest are removed."
    )

    @classmethod
    def from_environment(cls) -> Self:
        """The limits that the environment sets; what is missing or empty takes its default.

        Raises:
            InputError: If one of them cannot be.
        """
        found = {knob.name: os.environ.get(_ENVIRONMENT + knob.name.upper(), "").strip() for knob in cls.knobs()}
        return cls.from_text({name: text for name, text in found.items() if text})

    def at_once(self, places: int | None = None) -> int:
        """How many runs train at once: as set, or one for each two cores, less the one that serves the pages.

        Arguments:
            places: For how many a cluster has room, where it trains them: no more than these.
        """
        if places is not None:
            return min(self.slots or places, places)
        return self.slots or max(1, ((os.cpu_count() or 1) - 1) // 2)

    @property
    def longest(self) -> float:
        """Seconds for which a run of a visitor may train; infinite without a limit."""
        return 60 * self.most_minutes or float("inf")

    @property
    def words(self) -> str:
        """The limits that there are, in one line."""
        parts = {
            f"{self.most_running} of each visitor at once": self.most_running,
            f"{self.most_queued} of each visitor wait": self.most_queued,
            f"{self.most_minutes:g} min each": self.most_minutes,
            f"{self.most_mb:g} MB of each visitor": self.most_mb,
            f"parked after {self.unwatched_minutes:g} min unwatched": self.unwatched_minutes,
            f"removed after {self.keep_days:g} days unused": self.keep_days,
            f"removed beyond {self.keep_mb:g} MB in all": self.keep_mb,
        }
        return "; ".join(text for text, value in parts.items() if value)

    def check_length(self, settings: Mapping[str, Any]) -> None:
        """Refuse a run that is to train for longer than is allowed.

        Raises:
            InputError: If it is.
        """
        train = settings.get("train")
        seconds = train.get("seconds") if isinstance(train, dict) and train.get("budget") == "seconds" else 0
        if isinstance(seconds, int | float) and seconds > self.longest:
            raise InputError(
                f"This run is to train for {seconds:g} seconds, and {self.longest:g} are allowed here, {_TURN}: "
                "choose a shorter time."
            )

    def check_trained(self, seconds: float) -> None:
        """Refuse to go on with a run that has trained for as long as is allowed.

        Raises:
            InputError: If it has.
        """
        if seconds >= self.longest:
            raise InputError(
                f"This run has trained for the {self.most_minutes:g} min that each may train here, {_TURN}: "
                "start a new one, or download it and go on elsewhere."
            )

    @property
    def spent(self) -> str:
        """What is said of a run that has trained for as long as is allowed."""
        return f"Saved after the {self.most_minutes:g} min that each run may train here, {_TURN}."

    def check_queued(self, waiting: int) -> None:
        """Refuse one more run to a visitor of whom so many wait.

        Raises:
            InputError: If that is as many as may.
        """
        if 0 < self.most_queued <= waiting:
            raise InputError(
                f"You have {waiting} run{'s' * (waiting > 1)} in the queue, and no more are allowed for each visitor, "
                f"{_TURN}: stop one, or wait until one has started."
            )

    def check_room(self, size: int) -> None:
        """Refuse a new run to a visitor whose runs take ``size`` bytes.

        Raises:
            InputError: If that is more than is allowed.
        """
        if 0 < self.most_mb * 1e6 <= size:
            raise InputError(
                f"Your runs take {size / 1e6:.0f} MB, and {self.most_mb:g} MB are allowed for each visitor, a courtesy "
                "so that there is room for all: delete some of them first."
            )


def slots() -> int:
    """How many runs train at once.

    Raises:
        InputError: If a limit in the environment cannot be.
    """
    return Limits.from_environment().at_once()
