"""How many browsers watch runs right now, and how often they should ask: the more there are, the more seldom."""

from __future__ import annotations

import threading
import time

__all__ = ["beat", "count", "note"]

_LATELY = 5.0  # seconds after which who did not ask any more is gone
_MOST = 10_000
# Measured on two cores: so many panels at such a pace leave the server half idle.
_BEATS = ((8, 200), (30, 500))  # watchers at most, milliseconds between two looks
_SLOWEST = 1000
_seen: dict[tuple[str, str], float] = {}
_lock = threading.Lock()


def note(run: str, film: str) -> None:
    """Somebody asked for news of a run.

    Arguments:
        run: Its name.
        film: What tells one panel of one tab from all others, as its browser says.
    """
    now = time.monotonic()
    with _lock:
        _seen.pop((run, film), None)
        while _seen and (len(_seen) >= _MOST or now - next(iter(_seen.values())) > _LATELY):
            del _seen[next(iter(_seen))]  # the first was heard of longest ago
        _seen[run, film] = now


def count(run: str = "") -> int:
    """How many panels show a run; without a name, how many show any."""
    now = time.monotonic()
    with _lock:
        return sum(now - seen <= _LATELY and run in ("", name) for (name, _), seen in _seen.items())


def beat() -> int:
    """Milliseconds after which a panel may ask again."""
    watchers = count()
    return next((beat for most, beat in _BEATS if watchers <= most), _SLOWEST)
