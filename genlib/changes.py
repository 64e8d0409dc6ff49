"""Changes of live knobs while a run trains: what is recorded when they are made, and replayed ever after."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from genlib.knobs import InputError, shown
from genlib.runs.wish import checked_step
from genlib.settings import RunSettings

__all__ = ["Change", "amended", "checked_changes", "read_changes"]

_LARGEST = 1e300


@dataclass(frozen=True)
class Change:
    """From update number ``step`` on, counted from 0, the knob is ``value``."""

    step: int
    knob: str
    value: float

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Build from a JSON object with ``step``, ``knob`` and ``value``; what else it has is left aside.

        Raises:
            InputError: If it is no such object.
        """
        found = values if isinstance(values, Mapping) else {}
        step, knob, value = (found.get(name) for name in ("step", "knob", "value"))
        good = isinstance(knob, str) and isinstance(value, int | float) and not isinstance(value, bool)
        # The comparisons are false for what is not a number, and exact for whole numbers of any size.
        if not good or not -_LARGEST <= value <= _LARGEST:  # type: ignore[operator]
            raise InputError("A change must be a JSON object with step, knob and value: leave it out.")
        return cls(checked_step(step), str(knob), float(value))  # type: ignore[arg-type]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a change as :attr:`text` writes it.

        Raises:
            InputError: If it is none.
        """
        step, _, rest = text.partition(":")
        knob, _, value = rest.partition("=")
        try:
            made = cls(int(step), knob.strip().replace("-", "_"), float(value))
        except ValueError:
            made = cls(-1, "", math.nan)
        if not made.knob or not -_LARGEST <= made.value <= _LARGEST:
            raise InputError(
                f"The change {shown(text)} cannot be read: write STEP:KNOB=VALUE, as in 700:learning_rate=0.0003."
            )
        return cls.from_json(made.to_json())

    @property
    def text(self) -> str:
        """As on the command line: ``700:learning_rate=0.0003``."""
        return f"{self.step}:{self.knob}={self.value!r}"

    def to_json(self) -> dict[str, Any]:
        return {"step": self.step, "knob": self.knob, "value": self.value}


def amended(changes: Iterable[Change], change: Change) -> list[Change]:
    """The changes with one more, by step: it takes the place of those of its knob at its own step or later."""
    kept = [other for other in changes if other.knob != change.knob or other.step < change.step]
    return sorted([*kept, change], key=lambda other: other.step)


def checked_changes(changes: Sequence[Change], settings: RunSettings) -> list[Change]:
    """The changes by step, each value in the range of its knob; of one step in the order given.

    Raises:
        InputError: If one names no live knob of these settings, or its value is refused.
    """
    for change in changes:
        settings.changed(change.knob, change.value)
    return sorted(changes, key=lambda change: change.step)


def read_changes(lines: Iterable[Mapping[str, Any]], settings: RunSettings) -> list[Change]:
    """The changes recorded of a run with these settings, by step; lines that are none, as in an altered file, are not.

    Arguments:
        lines: As :meth:`genlib.runs.RunFolder.changes` gives them.
        settings: What the run was asked to do.
    """
    found: list[Change] = []
    for line in lines:
        with suppress(InputError):
            found += checked_changes([Change.from_json(line)], settings)
    return sorted(found, key=lambda change: change.step)
