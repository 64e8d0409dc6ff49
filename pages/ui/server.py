"""What the server process does for all visitors: tasks in its workers, and the dispatching of runs."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from genlib.knobs import InputError
from genlib.runs import Dispatcher, LocalBackend
from genlib.runs.cluster import ClusterBackend
from genlib.runs.workers import scheduler
from genlib.worker import LONG, QUICK, executor, forget, warm

__all__ = ["begin", "compute", "compute_part", "dispatcher", "freeze"]

P = ParamSpec("P")
R = TypeVar("R")
_WAIT, _LOOK = 60.0, 0.1  # seconds


@st.cache_resource(show_spinner=False)
def begin() -> None:
    """Once a server: start the worker and the dispatcher in the background."""
    warm()
    dispatcher()


@st.cache_resource(show_spinner=False)
def freeze(page: str) -> None:
    """Once a page, after its first run: what was imported is never garbage, and looking through it costs time."""
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False, on_release=Dispatcher.close)
def dispatcher() -> Dispatcher:
    """The one dispatcher of this server, which has looked after what an earlier one left."""
    address = scheduler()
    made = Dispatcher(ClusterBackend(address) if address else LocalBackend())
    made.recover()
    made.watch()
    return made


def compute(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function of genlib in the worker process: work that is too long for a page and too short for a run.

    Raises:
        InputError: If it takes longer than a minute; and whatever the function raises.
    """
    return _tried(QUICK, partial(function, *args, **kwargs))


def compute_part(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As :func:`compute`, for a part of something that takes many seconds: in a process of its own, so that what is
    quick need not wait for it.
    """
    return _tried(LONG, partial(function, *args, **kwargs))


def _tried(lane: str, task: Callable[[], R]) -> R:
    from loky.process_executor import BrokenProcessPool, ShutdownExecutorError

    try:
        return _result(lane, task)
    except (BrokenProcessPool, ShutdownExecutorError):
        # The worker was killed: a fresh one is started, once.
        forget(lane)
        return _result(lane, task)


def _result(lane: str, task: Callable[[], R]) -> R:
    turn = _turn(lane)
    while not turn.acquire(timeout=_LOOK):  # waiting for others is no fault of the task
        _give_way()
    try:
        worker = executor(lane)
        return _awaited(worker.submit(task))
    except TimeoutError:
        # Nobody waits for the answer any more, and others wait for the worker.
        forget(lane)
        worker.shutdown(wait=False, kill_workers=True)
        raise InputError(
            f"This takes longer than {_WAIT:.0f} seconds: choose fewer points, images, components or iterations."
        ) from None
    finally:
        turn.release()


def _awaited(future: Future[R]) -> R:
    try:
        for _ in range(round(_WAIT / _LOOK)):
            with suppress(TimeoutError):
                return future.result(_LOOK)
            _give_way()
        raise TimeoutError
    finally:
        future.cancel()  # which does nothing once it has begun


def _give_way() -> None:
    """Where the visitor asks for something else meanwhile, the page is broken off here."""
    if get_script_run_ctx(suppress_warning=True) is not None:
        "waiting" in st.session_state  # noqa: B015  # who touches the session gives way


@st.cache_resource(show_spinner=False)
def _turn(lane: str) -> threading.Lock:
    return threading.Lock()
