"""How long runs will probably take, and how long those that wait will probably wait."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from genlib.runs.status import Status

__all__ = ["Paces", "waits"]

_MOST = 500  # kinds of runs whose pace is remembered
_ENOUGH = 0.1  # epochs after which a pace tells something


class Paces:
    """Seconds an epoch takes, as the runs that were trained here show it."""

    def __init__(self) -> None:
        self._learned: dict[str, float] = {}

    def learn(self, settings: Mapping[str, Any], status: Status) -> None:
        """Remember how fast a run is, for others like it."""
        if status.epoch >= _ENOUGH and status.seconds > 0:
            if len(self._learned) > _MOST:
                self._learned.clear()
            for kind in _kinds(settings):
                self._learned[kind] = status.seconds / status.epoch

    def left(self, settings: Mapping[str, Any], status: Status) -> float | None:
        """Seconds of training that a run of these settings, which stands there, has before it.

        A length in epochs takes the run's own pace if it has begun, else that of one like it: the same model on the
        same data, or at least the same kind of network. None if there was none, or the settings were altered.
        """
        train = settings.get("train")
        if not isinstance(train, dict):
            return None
        if train.get("budget") == "seconds":
            seconds = _number(train.get("seconds"))
            return None if seconds is None else max(0.0, seconds - status.seconds)
        pace, epochs = self._pace(settings, status), _number(train.get("epochs"))
        return None if pace is None or epochs is None else pace * max(0.0, epochs - status.epoch)

    def _pace(self, settings: Mapping[str, Any], status: Status) -> float | None:
        if status.epoch >= _ENOUGH and status.seconds > 0:
            return status.seconds / status.epoch
        return next((self._learned[kind] for kind in _kinds(settings) if kind in self._learned), None)


def waits(busy: Sequence[float | None], free: int, lengths: Sequence[float | None]) -> list[float | None]:
    """When each of those that wait in line will probably start.

    Arguments:
        busy: Seconds until each place that is taken gets free; None where nothing can be said.
        free: How many places are free.
        lengths: Seconds for which each that waits keeps its place, in the order in which they start.

    Returns:
        Seconds from now, of each; None where nothing can be said.
    """
    places = [math.inf if seconds is None else max(0.0, seconds) for seconds in busy] + [0.0] * free
    heapq.heapify(places)
    found: list[float | None] = []
    for length in lengths:
        start = places[0] if places else math.inf
        found.append(start if math.isfinite(start) else None)
        if places:
            heapq.heapreplace(places, start + (math.inf if length is None else length))
    return found


def _kinds(settings: Mapping[str, Any]) -> list[str]:
    """What tells the pace of a run, from the most to the least exact."""
    model, train = settings.get("model"), settings.get("train")
    if not isinstance(model, dict) or not isinstance(train, dict):
        return []
    kind = [settings.get("family"), settings.get("data"), train.get("device")]
    return [json.dumps([*kind, train.get("batch_size"), model]), json.dumps([*kind, model.get("network")])]


def _number(value: Any) -> float | None:
    # The comparison is false for what is not a number.
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9 else None
