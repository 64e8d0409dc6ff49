"""Where runs stand that wait, and when they will probably start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlib.runs.expected import waits
from genlib.runs.trainers import BEGIN, Trainers
from genlib.runs.turns import Turn

__all__ = ["Place", "places"]


@dataclass(frozen=True)
class Place:
    """Where a run stands that waits.

    Arguments:
        number: 1 is the next.
        seconds: When it will probably start; None where nothing can be said.
        own: Whether it waits for a run of the same visitor, who has as many in training as are allowed.
    """

    number: int
    seconds: float | None = None
    own: bool = False


def places(
    waiting: Sequence[tuple[Turn, bool]], trainers: Trainers, limit: int, fits: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Place]:
    """The places of runs by their ids.

    Arguments:
        waiting: As :meth:`genlib.runs.turns.Turns.order` gives them.
        trainers: What is in training.
        limit: How many may be.
        fits: Whether there is what a run with these settings needs besides a place.
    """
    if not waiting:
        return {}
    left = [trainers.paces.left(turn.settings, turn.status) for turn, _ in waiting]
    lengths = [None if seconds is None else seconds + BEGIN for seconds in left]
    starts = waits(trainers.busy(), max(0, limit - len(trainers)), lengths)
    return {
        turn.run.id: Place(number, start if not own and fits(turn.settings) else None, own)
        for number, ((turn, own), start) in enumerate(zip(waiting, starts, strict=True), 1)
    }
