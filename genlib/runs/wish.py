"""What the owner of a run wants of it, as absolute targets: asking twice for the same is asking once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, Self, TypeGuard

from genlib.knobs import InputError, shown

__all__ = ["Wish", "checked_step"]

_WANTS = ("run", "pause", "stop")
_STEPS = 10**12  # more than any run makes
_KNOBS, _NAME = 100, 60  # knobs in one wish, characters in the name of each


@dataclass(frozen=True)
class Wish:
    """What a run is to do.

    Arguments:
        sequence: Number of the wish, which the status acknowledges.
        want: "run", "pause" or "stop".
        until_step: Updates after which it rests as paused, or is done if its budget is spent by then; None: the end of
            its budget.
        knobs: Values that live knobs are to have from now on.
        keep: Whether it trains on although nobody watches.
    """

    sequence: int = 0
    want: str = "run"
    until_step: int | None = None
    knobs: Mapping[str, float] = field(default_factory=dict)
    keep: bool = False

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The wish in a file of a run; what is missing or was altered takes its default."""
        sequence, want, until, knobs = (values.get(name) for name in ("sequence", "want", "until_step", "knobs"))
        kept = {name: value for name, value in knobs.items() if _is_knob(name, value)} if type(knobs) is dict else {}
        return cls(
            sequence if _is_count(sequence) else 0,
            want if isinstance(want, str) and want in _WANTS else "run",
            until if _is_count(until) else None,
            kept if len(kept) <= _KNOBS else {},
            values.get("keep") is True,
        )

    def to_json(self) -> dict[str, Any]:
        values = {"sequence": self.sequence, "want": self.want, "until_step": self.until_step}
        return values | {"knobs": dict(self.knobs), "keep": self.keep}

    def ahead(self, step: int) -> bool:
        """Whether a run that stands at ``step``, its budget not yet spent, is to train on."""
        return self.want == "run" and (self.until_step is None or self.until_step > step)

    def next(
        self,
        step: int,
        want: str | None,
        until_step: int | EllipsisType | None,
        knobs: Mapping[str, float] | None,
        keep: bool | None = None,
    ) -> Wish:
        """The wish after this one of a run at ``step``; what is not given stays, but a target that is reached.

        Raises:
            InputError: If it is nothing that a run can be asked.
        """
        if want is not None and want not in _WANTS:
            raise InputError(f"A run can be asked to {', '.join(_WANTS)}, nothing else.")
        if isinstance(until_step, EllipsisType):
            reached = want == "run" and self.until_step is not None and self.until_step <= step
            until_step = None if reached else self.until_step
        elif until_step is not None:
            checked_step(until_step)
        for name, value in (knobs or {}).items():
            if not _is_knob(name, value):
                raise InputError(f"{shown(name)} cannot be {shown(value)}: choose a finite number.")
        merged = {**self.knobs, **(knobs or {})}
        if len(merged) > _KNOBS:
            raise InputError(f"A run has no more than {_KNOBS} knobs: leave some out.")
        kept = self.keep if keep is None else keep
        return Wish(self.sequence + 1, want or self.want, until_step, merged, kept)


def checked_step(step: Any) -> int:
    """Return ``step`` if it is a count of updates.

    Raises:
        InputError: If it is none.
    """
    if not _is_count(step):
        raise InputError(f"A step cannot be {shown(step)}: choose a whole number from 0 to {_STEPS}.")
    return step


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _STEPS


def _is_knob(name: Any, value: Any) -> bool:
    # The comparison is false for what is not a number, and for whole numbers that no float can hold.
    number = isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300
    return number and isinstance(name, str) and 0 < len(name) <= _NAME
