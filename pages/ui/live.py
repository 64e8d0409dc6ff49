"""The live panel: a run as its folder tells it, on one canvas element that is never remounted."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from genlib.colours import CLASSES, FAMILIES
from genlib.film import Film
from genlib.knobs import InputError
from genlib.library import bundled
from genlib.runs import Status, Watcher
from genlib.settings import FAMILY_NAMES, RunSettings, VAEConfig
from pages.ui.element import element, encode, markup

__all__ = ["live_panel", "status_words"]

_MOST_POINTS = 500
_STATES = {
    "queued": "Waiting",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "interrupted": "Interrupted",
    "stopped": "Stopped",
    "done": "Finished",
    "failed": "Failed",
}

_live = element("live_panel", "draw.js", "live.js", html=markup("live.html"))


def live_panel(watcher: Watcher, settings: RunSettings, *, key: str, place: int = 0, recorded: bool = False) -> None:
    """Show where a run stands: status, samples, reconstructions, map of codes, curves.

    Arguments:
        watcher: Has just polled.
        settings: What the run was asked to do.
        key: Name of the element on its page.
        place: Place in the queue, from 1, if it waits.
        recorded: Whether this is a run that comes with genlib, of which no rate needs telling.
    """
    status, path = watcher.status, watcher.folder.path
    shown, last = _newest(path)
    data: dict[str, Any] = {
        "step": status.step,
        "state": status.state,
        "title": "A recorded run" if recorded else _STATES[status.state],
        "words": _settings_words(settings, status) if recorded else status_words(status, watcher.silent, place),
        "progress": None if recorded or status.state == "queued" else status.progress,
        "curves": {split: _curve(values) for split, values in watcher.curves.items()},
        "colour": FAMILIES[settings.family],
        "palette": CLASSES,
        "side": 28,
        "settings": "" if recorded else _settings_line(settings),
        "unit": _unit(settings),
        "waiting": shown != path,
        "version": f"{shown.name} {status.attempt} {last}",
        "frame": _frame(shown, last, status.attempt),
        "mapnote": _map_note(settings.model.latent_dim),
        "alts": _alts(settings, watcher),
    }
    # What all frames share is written before the first of them.
    _live(key=key, data=data | _constants(shown, status.attempt))


def _newest(path: Path) -> tuple[Path, int]:
    """The run whose newest frame is shown, and its step: another one's, until this one has any."""
    for run in (path, bundled()[0].path):
        if steps := Film(run / "frames").steps():
            return run, steps[-1]
    raise InputError("The recorded run that comes with genlib is missing: restore it from the project.")


def _settings_line(settings: RunSettings) -> str:
    """What a run was asked to do, in one line."""
    model, train = settings.model, settings.train
    parts = [FAMILY_NAMES[settings.family], f"latent size {model.latent_dim}", f"{model.hidden_dim} hidden units"]
    parts += [f"β {model.beta:g}"] if isinstance(model, VAEConfig) else []
    parts += [f"{train.epochs} epochs" if train.budget == "epochs" else _duration(train.seconds)]
    parts += [f"learning rate {train.learning_rate:g}", f"batch {train.batch_size}", f"seed {train.seed}"]
    return " · ".join(parts)


def status_words(status: Status, silent: float = 0.0, place: int = 0) -> str:
    """A status as a sentence."""
    if status.message:
        return status.message
    if status.state == "queued":
        return f"Place {place} in the queue; it starts by itself." if place else "It starts in a moment."
    if status.state == "starting":
        return "The training process loads its libraries."
    parts = [f"epoch {status.epoch:.1f}", f"step {status.step:,}", _duration(status.seconds)]
    if status.state == "running":
        parts += [f"{status.rate:,.0f} images/s"] if status.rate else []
        parts += [f"{_duration(status.left)} left"] if status.left is not None else []
        parts += [f"no sign of life for {silent:.0f} s"] if silent else []
    return " · ".join([*parts, f"on {status.device}" if status.device else ""]).removesuffix(" · ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _settings_words(settings: RunSettings, status: Status) -> str:
    model = settings.model
    return (
        f"that comes with genlib: {FAMILY_NAMES[settings.family]}, latent size {model.latent_dim}, "
        f"{settings.train.epochs} epochs in {status.seconds:.0f} s. Press Train to watch one of your own learn."
    )


def _map_note(latent_dim: int) -> str:
    if latent_dim == 2:
        return "1,000 test images, each at its two-number code, coloured and named by digit."
    if latent_dim == 1:
        return "1,000 test images at their one-number code, coloured and named by digit."
    return f"1,000 test images: the two directions in which their {latent_dim}-number codes differ most."


def _alts(settings: RunSettings, watcher: Watcher) -> dict[str, str]:
    def last(split: str, name: str) -> str:
        values = _losses(watcher.curves.get(split, {})).get(name)
        return f"{values[-1]:.1f} on {split} images" if values else f"nothing yet on {split} images"

    return {
        "samples": "Sheet of 64 generated digits.",
        "pairs": "16 test digits, each above its reconstruction.",
        "map": _map_note(settings.model.latent_dim),
        **{
            name: f"{name} over steps, {_unit(settings)}: {last('train', name)}, {last('validation', name)}."
            for name in ("reconstruction", "kl")
        },
    }


def _unit(settings: RunSettings) -> str:
    return "nats per image" if settings.family == "vae" else "squared error per image"


def _losses(values: dict[str, list[float]]) -> dict[str, list[float]]:
    """The two curves that are drawn; an autoencoder's loss is its reconstruction."""
    found = {"reconstruction": values.get("reconstruction", values.get("loss", [])), "kl": values.get("kl", [])}
    return {name: curve for name, curve in found.items() if curve}


def _curve(values: dict[str, list[float]]) -> dict[str, str]:
    # Every n-th value, n by doubling, so that a curve keeps its points from one refresh to the next; and the newest.
    steps = values.get("step", [])
    if not steps:
        return {}
    stride = 2 ** max(0, math.ceil(math.log2(len(steps) / _MOST_POINTS)))
    kept = [*range(0, len(steps) - 1, stride), len(steps) - 1]
    curves = {"step": steps, **_losses(values)}
    return {name: encode(np.array([curve[i] for i in kept])) for name, curve in curves.items()}


@lru_cache(maxsize=64)
def _frame(path: Path, step: int, attempt: int) -> dict[str, str] | None:
    """A frame ready to send, made once for all who watch."""
    arrays = Film(path / "frames").frame(step)
    if "reconstructions" not in arrays:
        return None
    return {
        "samples": encode(arrays["samples"], np.uint8) if "samples" in arrays else "",
        "reconstructions": encode(arrays["reconstructions"], np.uint8),
        "codes": encode(arrays["codes"]),
    }


@lru_cache(maxsize=64)
def _constants(path: Path, attempt: int) -> dict[str, str]:
    arrays = Film(path / "frames").constants()
    return {name: encode(array, np.uint8) for name, array in arrays.items()}
