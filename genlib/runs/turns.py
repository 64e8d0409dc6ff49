"""Whose run is next: owners take turns, so that one visitor's many runs hold up nobody's first."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from genlib.runs.folder import RunFolder
from genlib.runs.owners import NOBODY
from genlib.runs.status import Status

__all__ = ["Turn", "Turns"]


@dataclass(frozen=True)
class Turn:
    """A run that waits, or trains, as it was when one looked.

    Arguments:
        run: Its folder.
        status: Where it stands.
        owner: Hash of the key of whoever started it; empty for nobody.
        created: Seconds since 1970.
        settings: What it was asked to do, as JSON that may have been altered.
    """

    run: RunFolder
    status: Status
    owner: str
    created: float
    settings: Mapping[str, Any]

    @property
    def parked(self) -> bool:
        """Whether it had a place before, which it gave to others."""
        return self.status.state == "parked"

    @property
    def age(self) -> tuple[bool, float, str]:
        """What sorts the runs of one owner: those that had a place before come first, then the oldest."""
        return not self.parked, self.created, self.run.id


class Turns:
    """Who started last."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._count = 0

    def started(self, turn: Turn) -> None:
        """Note that this run got its place. One that was parked only gets back the turn that it had."""
        if not turn.parked:
            self._count += 1
            self._last[turn.owner] = self._count

    def order(self, waiting: Iterable[Turn], training: Mapping[str, int], most: int = 0) -> list[tuple[Turn, bool]]:
        """The order in which runs are to start, if none ends meanwhile.

        Next is a run of the owner who has the fewest in training, among these one that was parked, then one of the
        owner whose last start is longest ago, then the oldest. Of one owner those that were parked come first, then
        the oldest.

        Arguments:
            waiting: The runs, in any order.
            training: How many each owner has in training.
            most: How many an owner may have in training at once; 0: any number.

        Returns:
            Each run, and whether it waits for one of its owner's own to end, having as many in training by then as an
            owner may; these come last.
        """
        queues: dict[str, list[Turn]] = defaultdict(list)
        for turn in sorted(waiting, key=lambda turn: turn.age, reverse=True):
            queues[turn.owner].append(turn)  # the next one last
        last, count = dict(self._last), self._count

        def key(owner: str, ahead: int) -> tuple[Any, ...]:
            parked, created, name = queues[owner][-1].age
            return owner != NOBODY and 0 < most <= ahead, ahead, parked, last.get(owner, 0), created, name, owner

        heap = [key(owner, training.get(owner, 0)) for owner in queues]
        heapq.heapify(heap)
        found = []
        while heap:
            over, ahead, *_, owner = heapq.heappop(heap)
            turn = queues[owner].pop()
            found.append((turn, over))
            if not turn.parked:
                count += 1
                last[owner] = count
            if queues[owner]:
                heapq.heappush(heap, key(owner, ahead + 1))
        return found
