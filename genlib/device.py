"""The device that computes: found, described for people, and set up. Differences between devices stay in this file."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genlib.knobs import InputError
from genlib.settings import TrainConfig

__all__ = ["Device", "available", "choose", "processor", "set_threads"]


@dataclass(frozen=True)
class Device:
    """A device: ``kind`` is PyTorch's name for it, ``words`` what to call it in front of people."""

    kind: str
    words: str


def available() -> list[Device]:
    """The devices of this machine, fastest first; the processor is always the last."""
    import torch

    found = []
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        found.append(Device("cuda", f"{card.name}, {card.total_memory / 2**30:.0f} GiB"))
    if torch.backends.mps.is_available():
        found.append(Device("mps", f"{platform.processor() or 'Apple'} graphics"))
    return [*found, processor()]


def processor() -> Device:
    """The processor, which is always there; without PyTorch."""
    cores = _cores()
    return Device("cpu", f"{_processor()}, {cores} core{'s' * (cores > 1)}")


def choose(kind: str = "auto") -> Device:
    """The device of that kind, or the fastest one for "auto".

    Raises:
        InputError: If the machine has no such device.
    """
    kind = TrainConfig.knob("device").check(kind)
    devices = available()
    for device in devices:
        if kind in ("auto", device.kind):
            return device
    raise InputError(
        f"This machine has no {kind} device: choose {' or '.join(device.kind for device in devices)}, or auto."
    )


def set_threads(threads: int | None = None) -> int:
    """Set how many threads PyTorch and NumPy use on the processor, and return it.

    Networks of this size gain little from more than two, which leaves cores to other runs. With two cores one thread is
    the fastest in the end: two wait for each other as soon as anything else runs.
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads or (1 if _cores() <= 2 else 2))
    threadpool_limits(torch.get_num_threads(), user_api="blas")
    return torch.get_num_threads()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
