"""What training tells: floats and arrays only, each about a finished state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from genlib.knobs import InputError

__all__ = ["Diverged", "Event", "Frame", "Report", "Save"]


class Diverged(InputError):
    """Training left the finite numbers; the text says where and what to change."""


@dataclass(frozen=True)
class Report:
    """Metrics of the model.

    Arguments:
        step: Updates made so far.
        seconds: Time spent on them.
        split: ``train``: the mean over the steps since the last report, each before its update; ``validation``: the
            mean over all validation images.
        metrics: By name, in the units that the model states.
    """

    step: int
    seconds: float
    split: Literal["train", "validation"]
    metrics: dict[str, float]


@dataclass(frozen=True, eq=False)
class Frame:
    """What the model makes at ``step``.

    Arguments:
        step: Updates made so far.
        seconds: Time spent on them.
        arrays: ``samples`` (64, 28, 28) uint8 from the same noise each time, of models that can sample, or 100 of a
            conditional one, the digits in turn; of models that encode ``reconstructions`` (16, 28, 28) uint8 of the
            first test images and ``codes`` (1000, 2) float32, a map of them; and the model's opinions.
            :func:`genlib.training.frame_constants` gives what belongs beside them.
    """

    step: int
    seconds: float
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Save:
    """A good moment to write a checkpoint."""

    step: int


Event = Report | Frame | Save
