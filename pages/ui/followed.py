"""What takes long, done in a worker bit by bit; how it ended is kept for all visitors."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, Protocol, TypeVar

from genlib.worker import advance
from pages.ui.server import compute, compute_part

__all__ = ["ended", "followed"]

_MOST = 64
_ended: dict[Hashable, Any] = {}


class _Event(Protocol):
    @property
    def done(self) -> float: ...


E = TypeVar("E", bound=_Event)


def followed(key: Hashable, function: Callable[..., Iterator[E]], *args: Any, soon: bool = False) -> Iterator[E]:
    """The events of ``function(*args)``, each with the share that is ``done``; the last tells all.

    Arguments:
        key: What it is, and of what.
        soon: Whether each takes well below a second, so that it need not keep out of the way of what is quick.
    """
    while key not in _ended:
        event = (compute if soon else compute_part)(advance, key, function, *args)
        if event.done < 1:
            yield event
            continue
        _ended[key] = event
        while len(_ended) > _MOST:
            _ended.pop(next(iter(_ended)), None)
    yield _ended[key]


def ended(key: Hashable) -> Any:
    """How it ended; None before it has."""
    return _ended.get(key)
