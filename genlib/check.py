"""The one-minute test before a class: whether all that pages need is here, and how fast this machine trains."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genlib.knobs import InputError
from genlib.runs import Limits, home, slots
from genlib.runs.classroom import machine
from genlib.runs.workers import look, scheduler
from genlib.settings import FAMILIES, RunSettings, TrainConfig, VAEConfig

__all__ = ["Check", "checks"]

_SECONDS = 3  # of training
_ROOM, _MEMORY = 1.0, 0.6  # GB of disk, and of memory for each run that trains
_CLASS = 30  # people


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is good, and what was found, as a sentence."""

    name: str
    good: bool
    words: str


def checks() -> Iterator[Check]:
    """Look at one thing after another; nothing that is found ends the test."""
    for name, at in _LOOKS.items():
        try:
            good, words = at()
        except InputError as error:
            good, words = False, str(error)
        except OSError as error:
            good, words = False, f"The disk refused ({error.strerror or 'no reason was told'})."
        yield Check(name, good, words)


def _data() -> tuple[bool, str]:
    from genlib.data.images import load_images

    images = load_images()
    return True, f"MNIST is whole: {len(images.train):,} images to learn from, {len(images.test):,} to test."


def _models() -> tuple[bool, str]:
    import torch

    from genlib.checkpoint import load_model
    from genlib.library import bundled

    drew = 0
    for run in bundled():
        if RunSettings.from_json(run.settings).family not in FAMILIES:
            continue
        model = load_model(run.path).eval()
        with torch.no_grad():
            x = model.decode(torch.zeros(1, model.latent_dim), torch.zeros(1, dtype=torch.long))
        if not x.isfinite().all():
            return False, f"The bundled model {run.id} draws what is no image: restore it from the project."
        drew += 1
    return drew > 0, f"{drew} bundled models draw."


def _shown() -> tuple[bool, str]:
    from genlib.pixel_study import load_study
    from genlib.portraits import load_gallery
    from genlib.scoring import stored

    load_gallery()
    load_study()
    return True, f"Portraits, the study of pixels and {len(stored())} stored scores are whole."


def _room() -> tuple[bool, str]:
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".probe-{os.getpid()}"
    try:
        probe.write_bytes(bytes(2**20))
        good = probe.stat().st_size == 2**20
    finally:
        probe.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    return good and free >= _ROOM, f"Runs can be written; {free:.1f} GB are free, and {_ROOM:.0f} GB should be."


def _memory() -> tuple[bool, str]:
    free, wanted = machine().memory_mb, 1 + _MEMORY * (0 if scheduler() else slots())
    if free is None:
        return True, "This system does not tell how much memory is free."
    return free / 1000 >= wanted, f"{free / 1000:.1f} GB of memory are free, and {wanted:.1f} GB are wanted."


def _training() -> tuple[bool, str]:
    from genlib.data.images import load_images
    from genlib.device import choose, set_threads
    from genlib.training import Report, Run, train

    set_threads()
    settings = TrainConfig(budget="seconds", seconds=_SECONDS)
    run, loss = Run.new("vae", VAEConfig(), settings), math.nan
    for event in train(run, load_images()):
        if isinstance(event, Report):
            loss = event.metrics.get("loss", loss)
    rate = run.step * settings.batch_size / max(run.seconds, 1e-9)
    words = f"A VAE learns {rate:,.0f} images a second on {choose().words}."
    return math.isfinite(loss) and run.step > 0, words


def _queue() -> tuple[bool, str]:
    count, there = slots(), ""
    if scheduler():
        cluster = look(scheduler())
        count, there = Limits.from_environment().at_once(cluster.places), f"{cluster.words} "
        if not count or cluster.strangers:
            return False, cluster.words
    wait = math.ceil(_CLASS / count) - 1
    runs = f"{count} run{'s' * (count > 1)} at once"
    return True, f"{there}{runs}: if {_CLASS} people start a minute each, the last waits {wait} minutes."


_LOOKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "data": _data,
    "models": _models,
    "shown": _shown,
    "disk": _room,
    "memory": _memory,
    "training": _training,
    "queue": _queue,
}
