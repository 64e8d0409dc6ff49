"""Trainers on the workers of a Dask cluster, which share the folder of all runs with this machine.

Over the wire go the id of a run and the number of an attempt at it, nothing else: settings, weights and wishes are
files. Each attempt is a task of its own, since a run goes on from its checkpoint, and Dask would begin the same task
anew. A trainer is tied as on one machine: it saves and leaves when its worker ends, or when nobody waits for it any
more, because the server is gone or lost the scheduler. One whose attempt was ended is killed.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from genlib.knobs import InputError
from genlib.runs.backend import launch
from genlib.runs.finding import find
from genlib.runs.folder import RunFolder
from genlib.runs.limits import Limits
from genlib.runs.workers import GPU, Workers, all_workers, connected, count_gpus, count_threads, disconnected, with_gpus

__all__ = ["ClusterBackend", "train"]

_EVERY = 0.5  # seconds between two looks at the cluster
_LISTEN = 0.1  # seconds between two looks of a task at its trainer
_BEGIN = 20.0  # seconds for a task to begin, once a place is free
_LEAVE = 30.0  # seconds for a trainer to save
_WORKING = ("running", "paused")  # states of a worker that is not about to end


@dataclass
class _Task:
    run: RunFolder
    attempt: int
    gpu: bool
    since: float
    future: Any = None
    where: str = ""  # the worker that began it
    lost: bool = False

    @property
    def state(self) -> str:
        return "pending" if self.future is None else self.future.status


class ClusterBackend:
    """Trainers as tasks of a Dask cluster, of which each takes one thread of a worker.

    A run that asks for a graphics card takes one ``GPU`` of a worker as well, once workers have offered such; others
    leave these workers to it while there is room elsewhere. All that may have to wait for the scheduler is done in a
    thread of its own; while the scheduler is away there is no place, and what was started is lost.

    Arguments:
        address: Of the scheduler.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None
        self._workers: Workers = {}
        self._cards = False  # whether any were ever offered: their workers come back
        self._tasks: dict[str, _Task] = {}
        self._closed = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._watch()), name="cluster", daemon=True).start()

    def at_once(self, slots: int) -> int:
        return Limits(slots=slots).at_once(count_threads(self._workers) if self._answers() else 0)

    def fits(self, settings: Mapping[str, Any]) -> bool:
        if not self._wants_gpu(settings):
            return True
        tasks, there = list(self._tasks.values()), with_gpus(self._workers)
        threads = count_threads(there) - sum(task.gpu or task.where in ("", *there) for task in tasks)
        return min(threads, count_gpus(there) - sum(task.gpu for task in tasks)) > 0

    def start(self, run: RunFolder, attempt: int) -> None:
        if not self._answers():
            raise OSError(0, "the cluster does not answer")
        task = _Task(run, attempt, self._wants_gpu(run.asked.get("settings")), time.monotonic())
        self._tasks[run.id] = task
        self._loop.call_soon_threadsafe(self._submit, task)

    def alive(self, run: RunFolder) -> bool | None:
        task = self._tasks.get(run.id)
        if task is None or task.state == "finished":
            return False
        if task.state == "error":
            run.attempts.begin(task.attempt, "?")  # a machine had it, which may not have been able to say so
        late = not task.where and time.monotonic() - task.since > _BEGIN
        return None if task.lost or late or task.state != "pending" else True

    def kill(self, run: RunFolder) -> None:
        task = self._tasks.pop(run.id, None)
        if task is not None and task.state != "finished":
            with suppress(OSError):
                run.attempts.end(task.attempt)

    def close(self) -> None:
        self._closed.set()  # its trainers save and leave when the scheduler misses us

    def _answers(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _wants_gpu(self, settings: Any) -> bool:
        asked = settings.get("train") if isinstance(settings, Mapping) else None
        return isinstance(asked, Mapping) and asked.get("device") == "cuda" and self._cards

    # What follows is done by the thread of the cluster.

    async def _watch(self) -> None:
        self._loop, told = asyncio.get_running_loop(), False
        while not self._closed.is_set():
            try:
                await self._look()
                told = False
            except Exception as error:  # whatever Dask raises, the next look is another try
                self._workers = {}
                if not told:
                    reason = str(error) or type(error).__name__
                    logging.getLogger(__name__).warning("The cluster does not answer: %s", reason)
                told = True
            await asyncio.sleep(_EVERY)
        await self._leave()

    async def _look(self) -> None:
        if not self._answers():
            await self._leave()
            self._client = await connected(self._address)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.where = task.run.attempts.begun(task.attempt)
        self._workers = await all_workers(self._client)
        self._cards |= count_gpus(self._workers) > 0
        for task in tasks:
            # Where no worker is left, Dask waits for one and says nothing.
            task.lost |= task.where not in ("", *self._workers)

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await disconnected(client)

    def _submit(self, task: _Task) -> None:
        run, attempt = task.run.id, task.attempt
        key = f"genlib-{run}-{attempt}-{secrets.token_hex(4)}"
        if self._answers():
            task.future = self._client.submit(train, run, attempt, key=key, pure=False, **self._where(task))
        else:
            task.lost = True

    def _where(self, task: _Task) -> dict[str, Any]:
        """To which workers a task may go."""
        if task.gpu:
            return {"resources": {GPU: 1}}
        there, others = with_gpus(self._workers), with_gpus(self._workers, False)
        before = [each for each in self._tasks.values() if each.future is not None and not each.gpu]
        free = count_threads(others) - sum(each.where not in there for each in before)
        return {"workers": [*others], "allow_other_workers": True} if there and free > 0 else {}


def train(run: str, attempt: int) -> None:
    """On a worker: have a run trained by the command that trains it on one machine, and wait for its end.

    Raises:
        InputError: If there is no such run here, or this attempt was begun before: Dask gives a task whose worker is
            gone to another.
        OSError: If the disk or the system refuses.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    folder = find(run)
    if not folder.attempts.begin(attempt, worker.address):
        raise InputError(f"Attempt {attempt} at run {run} was begun before: start another.")
    with launch(folder, attempt) as trainer:
        try:
            until = float("inf")
            while trainer.poll() is None and folder.held_by(attempt) and time.monotonic() < until:
                task = worker.state.tasks.get(key)
                wanted = task is not None and task.state != "cancelled" and worker.status.name in _WORKING
                if not wanted and trainer.stdin and not trainer.stdin.closed:
                    trainer.stdin.close()
                    until = time.monotonic() + _LEAVE
                time.sleep(_LISTEN)
        finally:
            trainer.kill()
