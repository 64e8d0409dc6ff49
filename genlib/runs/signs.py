"""Since when something about a run has been the same, by the clock of whoever looks."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

__all__ = ["Signs"]


class Signs:
    """The newest signs of runs, and when each was first seen.

    Arguments:
        clock: Seconds, from any moment on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[tuple[Any, ...], float]] = {}

    def since(self, run: str, what: str, sign: tuple[Any, ...]) -> float:
        """Seconds since ``sign`` was another one."""
        now = self._clock()
        if self._seen.get((run, what), (None, 0.0))[0] != sign:
            self._seen[run, what] = sign, now
        return now - self._seen[run, what][1]

    def times(self, run: str, what: str, sign: tuple[Any, ...]) -> int:
        """How many times ``sign`` was told, with this one, since it was another one."""
        before, times = self._seen.get((run, what), (None, 0))
        times = times + 1 if before == sign else 1
        self._seen[run, what] = sign, times
        return int(times)

    def keep(self, runs: Set[str]) -> None:
        """Forget all other runs."""
        self._seen = {key: seen for key, seen in self._seen.items() if key[0] in runs}
