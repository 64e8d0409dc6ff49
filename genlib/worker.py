"""The worker processes, for what is too long for a page and too short for a run; how long tasks are done bit by bit."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

__all__ = ["LONG", "QUICK", "advance", "end", "executor", "forget", "warm"]

QUICK, LONG = "quick", "long"
_SOON = ("sklearn.mixture", "torch")  # what the first quick tasks would wait for
_MOST_BEGUN = 8
_begun: dict[object, tuple[Iterator[Any], Any]] = {}
_executors: dict[str, Any] = {}
_lock = threading.Lock()


def executor(lane: str) -> Any:
    """What takes the tasks of the one process for ``QUICK`` or ``LONG`` ones, which is started if there is none."""
    # loky, because multiprocessing would import app.py in the worker. Its "reusable" executor belongs to one thread
    # and would end with each run of a page.
    from loky import ProcessPoolExecutor

    with _lock:
        if lane not in _executors:
            _executors[lane] = ProcessPoolExecutor(
                1, initializer=_prepare, initargs=(os.getpid(),), env={"OMP_NUM_THREADS": "1"}
            )
        return _executors[lane]


def forget(lane: str) -> None:
    """Have the next task of a lane start another process."""
    with _lock:
        _executors.pop(lane, None)


def end() -> None:
    """End the processes, whatever they do, since the server ends."""
    logging.disable()  # loky takes a task that was just given up for an error of its own
    with _lock:
        while _executors:
            _executors.popitem()[1].shutdown(wait=True, kill_workers=True)


@cache
def warm() -> None:
    """Once, in the background: start the quick one, and have it import what takes long.

    One at a time, so that a task which needs no more than what came first does not wait for the rest.
    """
    threading.Thread(target=_import_soon, name="warm", daemon=True).start()


def _import_soon() -> None:
    from loky.process_executor import BrokenProcessPool, ShutdownExecutorError

    with suppress(BrokenProcessPool, ShutdownExecutorError):  # of the next one others will see
        for module in _SOON:
            executor(QUICK).submit(_import, module).result()


def _import(module: str) -> None:
    importlib.import_module(module)


def _prepare(parent: int) -> None:
    """In the worker: give way to others, and end when ``parent`` ends, as it does after Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # both hear it
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


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
