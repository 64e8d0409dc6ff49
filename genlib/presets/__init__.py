"""Presets: settings with a name and an aim, as data. A failure on purpose names the preset that cures it."""

from __future__ import annotations

import math
from dataclasses import replace

from genlib.presets.images import PRESETS
from genlib.presets.plane import PLANE_PRESETS, SIDE_BY_SIDE
from genlib.presets.preset import Preset
from genlib.settings import RunSettings, TrainConfig

__all__ = ["PLANE_PRESETS", "PRESETS", "SIDE_BY_SIDE", "Preset", "named", "presets_of", "suited"]

_MNIST, _RING = 55_000, 2000  # images and points that presets are meant for


def presets_of(family: str) -> dict[str, Preset]:
    """The presets of a family, by name; the first is the one to begin with."""
    every = PRESETS | PLANE_PRESETS
    return {name: preset for name, preset in every.items() if preset.settings.family == family}


def suited(settings: RunSettings, n: int | None) -> RunSettings:
    """The same for ``n`` images or points to learn from: a network makes at least eight updates an epoch of few, and
    where the length is in epochs about as many in all as with those that it is meant for.

    Arguments:
        settings: Meant for MNIST, or for 2,000 points.
        n: None for these themselves.
    """
    if n is None:
        return settings
    train, most = settings.train, int(TrainConfig.knob("epochs").high or 1)
    meant = _MNIST if settings.points is None else _RING
    updates, batch = train.epochs * (meant // train.batch_size), train.batch_size
    if settings.family not in ("mixture", "mixture2d"):  # EM wants all images at once
        batch = min(batch, max(8, 2 ** int(math.log2(n / 8))))
    epochs = min(most, max(1, round(updates / max(1, n // batch)))) if train.budget == "epochs" else train.epochs
    return replace(settings, train=replace(train, batch_size=batch, epochs=epochs))


def named(settings: RunSettings, n: int | None = None) -> str | None:
    """Name of the preset that has these settings, where they count, if one has; for ``n`` images as :func:`suited`."""
    known, used = presets_of(settings.family), settings.used()
    return next((name for name, preset in known.items() if suited(preset.settings, n).used() == used), None)
