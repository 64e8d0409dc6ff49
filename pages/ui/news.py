"""What there is to tell about a run right now, as a page and its element in the browser both read it."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genlib.film import Film
from genlib.health import Health, look
from genlib.library import example
from genlib.runs import ACTIVE, BROKE, Place, Status, Watcher
from genlib.runs.files import is_full
from genlib.settings import FAMILIES, RunSettings
from pages.ui.charts import METRICS, renamed
from pages.ui.element import encode
from pages.ui.opened import Opened, standing
from pages.ui.server import dispatcher
from pages.ui.words import about, duration, of_points

__all__ = ["STATES", "curves", "news", "results", "status_words"]

_TITLES = {
    "error": "Squared error, validation",
    "reconstruction": "Reconstruction, validation (nats)",
    "kl": "KL, validation (nats)",
    "bound": "Negative bound, validation (nats)",
    "surprise": "Surprise, validation (nats)",
    "spread": "Variety of new digits (real: 1)",
}
_DIGITS = {"spread": 2}
_MOST_POINTS = 500
_MOST_WATCHED = 64
_FULL = "No space is left on the disk, so training stands still: make room, and it can go on from what it had saved."
STATES = {
    "queued": "Waiting",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "parked": "Parked",
    "interrupted": "Interrupted",
    "stopped": "Stopped",
    "done": "Finished",
    "failed": "Failed",
}

_watchers: OrderedDict[Path, tuple[Watcher, tuple[Any, Health] | None]] = OrderedDict()
_lock = threading.Lock()


def news(shown: Opened) -> dict[str, Any]:
    """Where a run stands.

    Returns:
        ``standing`` changes whenever what its owner may do next does; ``steps`` are those that have a frame, of the
        run ``film``: another one's until this one has any; ``curves`` are explained at :func:`curves`.
    """
    run = shown.run
    film, steps = _film(shown)
    status, silent, lines, health = _look(shown, steps[-1] if steps and film == run.id else None)
    recorded = shown.recorded
    if not recorded:
        dispatcher().watched(run)
    place = None if recorded or status.state not in ("queued", "parked") else dispatcher().waits(run)
    return {
        "state": status.state,
        "active": status.state in ACTIVE,
        "standing": standing(run, status, run.wish),
        "attempt": status.attempt,
        "step": status.step,
        "title": "A recorded run" if recorded else STATES[status.state],
        "words": _words(shown, status, silent, place),
        "progress": status.progress,
        "per_epoch": status.per_epoch,
        "health": None if health.level == "early" else _of_points(asdict(health), shown),
        "film": film,
        "steps": steps,
        "curves": {split: {name: encode(line) for name, line in found.items()} for split, found in lines.items()},
    }


def _of_points(told: dict[str, str], shown: Opened) -> dict[str, str]:
    """What rules say of images, where the run makes points."""
    return {name: of_points(text) for name, text in told.items()} if shown.settings.points is not None else told


def results(shown: Opened) -> dict[str, str]:
    """How far a run came and how well it does, as a table tells it."""
    status, _, lines, health = _look(shown)
    validated = lines.get("validation", {})
    newest = {metric: f"{line[-1]:.{_DIGITS.get(metric, 1)}f}" for metric, line in validated.items()}
    return {
        "State": STATES[status.state],
        "Health": health.saw,
        "Steps": f"{status.step:,}",
        "Training time": duration(status.seconds),
        **{title: newest[metric] for metric, title in _TITLES.items() if metric in newest},
    }


def curves(settings: RunSettings, found: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, np.ndarray]]:
    """What is drawn of the reports: at most about 500 points of each split.

    Returns:
        By split, ``step``, ``seconds`` and those there are of the metrics that :func:`pages.ui.charts.charts` names.
    """
    drawn = {}
    for split, values in found.items():
        own = renamed(settings, values)
        steps = own["step"]
        if steps:
            # Every n-th value, n by doubling, so that a curve keeps its points between looks; and the newest.
            stride = 2 ** max(0, math.ceil(math.log2(len(steps) / _MOST_POINTS)))
            kept = [*range(0, len(steps) - 1, stride), len(steps) - 1]
            names = [name for name in ("step", "seconds", *METRICS) if own.get(name)]
            drawn[split] = {name: np.array([own[name][i] for i in kept], np.float32) for name in names}
    return drawn


def status_words(status: Status, silent: float = 0.0, place: Place | None = None, things: str = "images") -> str:
    """A status as a sentence."""
    if status.state in ("queued", "parked") and place:
        lost = f"{status.message} " if status.state == "queued" and status.message else ""
        return lost + _place_words(place)
    if status.message:
        return status.message
    if status.state == "queued":
        return "It starts in a moment."
    if status.state == "starting":
        return "The training process loads its libraries."
    # An epoch of points is over in a moment: nobody counts them.
    parts = [] if things == "points" else [f"epoch {status.epoch:.1f}"]
    parts += [f"step {status.step:,}", duration(status.seconds)]
    if status.state == "running":
        parts += [f"{status.rate:,.0f} {'points' if things == 'points' else 'images'}/s"] if status.rate else []
        parts += [f"{duration(status.left)} left"] if status.left is not None else []
        parts += [f"no sign of life for {silent:.0f} s"] if silent else []
    return " · ".join([*parts, f"on {status.device}" if status.device else ""]).removesuffix(" · ")


def _words(shown: Opened, status: Status, silent: float, place: Place | None) -> str:
    if shown.recorded:
        return f"{status.seconds:.0f} s of training"
    # With no room left a trainer ends without a last word, which the dispatcher writes as soon as there is some.
    return _FULL if silent and is_full(shown.run.path) else status_words(status, silent, place, shown.things)


def _place_words(place: Place) -> str:
    """Where a run stands that waits, and for how long, as far as that can be said."""
    if place.own:
        most = dispatcher().limits.most_running
        return (
            f"Place {place.number} in the queue: it waits for another run of the same visitor, since each may train "
            f"{most} at once here, a courtesy so that all get a turn."
        )
    if not dispatcher().limit:
        return "No machine is there to train it: it starts when one is."
    when = "" if place.seconds is None else f", {about(place.seconds)}"
    if place.number > 1:
        return f"Place {place.number} in the queue{when}."
    return f"Next in the queue{when}: it starts when a run before it rests or ends."


def _look(shown: Opened, frame: int | None = None) -> tuple[Status, float, dict[str, dict[str, np.ndarray]], Health]:
    """Status, seconds of silence, curves and health of a run, whose reports all visitors share.

    Arguments:
        frame: The step of the newest frame, for the rules that look at pictures.
    """
    run = shown.run
    with _lock:
        found = _watchers.pop(run.path, None)
        watcher, before = found or (Watcher(run), None)
        status = watcher.poll()
        mark = (status.attempt, status.state, watcher.read, frame)
        if before is None or before[0] != mark:
            arrays = {} if frame is None else Film(run.path / "frames").frame(frame)
            broke = status.state == "failed" and status.message.startswith(BROKE)
            before = mark, look(shown.changed, watcher.curves, arrays, broke)
        _watchers[run.path] = watcher, before
        while len(_watchers) > _MOST_WATCHED:
            _watchers.popitem(last=False)
        return status, watcher.silent, curves(shown.settings, watcher.curves), before[1]


def _film(shown: Opened) -> tuple[str, list[int]]:
    """The run whose frames are shown, and their steps: until it has any, the recorded one of its family."""
    steps = Film(shown.run.path / "frames").steps()
    if steps or shown.settings.family not in FAMILIES or shown.own:
        return shown.run.id, steps
    other = example(shown.settings.family)
    return other.id, Film(other.path / "frames").steps()[-1:]
