"""What a worker process does before its first task, and how it does long ones bit by bit."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Any

__all__ = ["advance", "prepare"]

_MOST_BEGUN = 8
_begun: dict[object, tuple[Iterator[Any], Any]] = {}


def prepare(parent: int, *modules: str) -> None:
    """Give way to others, end when ``parent`` ends, and import now what the first task would wait for."""
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    for module in modules:
        importlib.import_module(module)


def advance(task: Hashable, function: Callable[..., Iterator[Any]], *args: Any) -> Any:
    """The next event of ``function(*args)``, a generator that stays here between calls; in the end always the last.

    Others get their turn between, and whoever asks for the same task goes on with it. What nobody asked for of late is
    forgotten, and would begin anew.
    """
    events, last = _begun.pop(task, None) or (function(*args), None)
    last = next(events, last)  # an error ends the task: asked for again, it begins anew
    _begun[task] = events, last
    while len(_begun) > _MOST_BEGUN:
        del _begun[next(iter(_begun))]
    return last


def _end_with(parent: int) -> None:
    # A server that was killed cannot say goodbye to its worker.
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
