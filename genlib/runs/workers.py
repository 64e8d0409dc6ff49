"""The workers of a Dask cluster: who they are, how much they take, and whether they see the same runs."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from genlib import __version__
from genlib.knobs import InputError, shown
from genlib.runs.files import home

__all__ = [
    "GPU",
    "Cluster",
    "Workers",
    "all_workers",
    "connected",
    "count_gpus",
    "count_threads",
    "disconnected",
    "look",
    "scheduler",
    "with_gpus",
]

GPU = "GPU"  # the resource of a worker, one for each graphics card
Workers = Mapping[str, Mapping[str, Any]]  # what the scheduler tells of each, by their addresses
_SCHEDULER = "GENLIB_SCHEDULER"
_ANSWER = 5.0  # seconds


def scheduler() -> str:
    """The address of the scheduler that the environment sets; empty without one."""
    return os.environ.get(_SCHEDULER, "").strip()


@dataclass(frozen=True)
class Cluster:
    """How a cluster stands.

    Arguments:
        workers: How many there are.
        places: Runs that they train at once.
        gpus: Runs among these that may ask for a graphics card.
        strangers: Workers that do not see the folder of runs, cannot write there, or have another genlib.
    """

    workers: int
    places: int
    gpus: int
    strangers: tuple[str, ...]

    @property
    def words(self) -> str:
        """How it stands, in a line."""
        many = [
            f"{count} {what}{'s' * (count != 1)}" for count, what in ((self.workers, "worker"), (self.places, "run"))
        ]
        here = f"{', '.join(many)} at once, {self.gpus} with a graphics card"
        if self.strangers:
            return (
                f"{here}; these do not write to the folder of runs here, or have another genlib than {__version__}: "
                f"{', '.join(self.strangers)}."
            )
        return f"{here}; all share the folder of runs." if self.workers else f"{here}: start some."


def look(address: str) -> Cluster:
    """How a cluster stands, which may take some seconds.

    Raises:
        InputError: If the scheduler does not answer, or what it takes to ask it is not installed.
        OSError: If the disk refuses.
    """
    with ThreadPoolExecutor(1) as thread:  # where a loop may be running already, as in a notebook
        return thread.submit(lambda: asyncio.run(_looked(address))).result()


async def _looked(address: str) -> Cluster:
    try:
        client = await connected(address)
    except InputError:
        raise
    except (OSError, RuntimeError, TypeError, ValueError) as error:  # Dask raises any of them over TLS
        raise InputError(
            f"No scheduler answers at {shown(address)}: start it, or set {_SCHEDULER} to where it is, as in "
            "tcp://10.0.0.1:8786; where that is not set, runs train on this machine."
        ) from error
    try:
        workers = await all_workers(client)
        return Cluster(len(workers), count_threads(workers), count_gpus(workers), await _strangers(client))
    except TimeoutError:
        raise InputError("The scheduler, or a worker, does not answer: see whether they still work.") from None
    finally:
        await disconnected(client)


async def connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            f"{_SCHEDULER} is set, and what trains on a cluster is not installed: install genlib[cluster]."
        ) from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it would tell, we do
    client: Any = Client(address, asynchronous=True, timeout=_ANSWER, set_as_default=False, name="genlib")
    try:
        return await client
    except Exception:
        await disconnected(client)
        raise


async def disconnected(client: Any) -> None:
    with suppress(OSError):
        await asyncio.wait_for(client.close(), _ANSWER)


async def all_workers(client: Any) -> Workers:
    answer: Mapping[str, Any] = await asyncio.wait_for(client.scheduler.identity(n_workers=-1), _ANSWER)
    workers: Workers = answer["workers"]
    return workers


def count_threads(workers: Workers) -> int:
    return sum(told["nthreads"] for told in workers.values() if told["status"] == "running")


def count_gpus(workers: Workers) -> int:
    return sum(int(told["resources"].get(GPU, 0)) for told in workers.values() if told["status"] == "running")


def with_gpus(workers: Workers, yes: bool = True) -> Workers:
    """Those of the workers that have a graphics card, or those that have none."""
    return {worker: told for worker, told in workers.items() if (GPU in told["resources"]) == yes}


async def _strangers(client: Any) -> tuple[str, ...]:
    """The workers that do not answer in a file beside one of ours."""
    home().mkdir(parents=True, exist_ok=True)
    question = home() / f".cluster-{secrets.token_hex(8)}"
    try:
        question.write_text(__version__, "utf-8")
        answers = await asyncio.wait_for(client.run(_answer, question.name, on_error="return"), _ANSWER)
        there = {path.name for path in home().glob(f"{question.name}.*")}
        return tuple(sorted(worker for worker, name in answers.items() if name not in there))
    finally:
        for path in home().glob(f"{question.name}*"):
            path.unlink(missing_ok=True)


def _answer(question: str) -> str:
    """On a worker: make a file beside the one that asks, if it is of the same genlib; gives its name."""
    path = home() / question
    answer = path.with_name(f"{question}.{secrets.token_hex(8)}")
    if path.read_text("utf-8") == __version__:
        answer.touch(exist_ok=False)
    return answer.name
