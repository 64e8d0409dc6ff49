"""What a rule may look at: the reports of a run and its newest frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genlib.settings import RunSettings

__all__ = ["FEWEST", "Curves", "Health", "Seen", "next_neighbour", "variety"]

Curves = Mapping[str, Mapping[str, Sequence[float]]]
FEWEST = 5  # reports that say anything
_RECENT = 0.2  # so much of the reports is called now


@dataclass(frozen=True)
class Health:
    """How a run does.

    Arguments:
        level: ``early``: too soon to say; ``good``: no rule objects; ``watch``: it works, with a flaw; ``bad``: it
            fails.
        saw: What is seen, a sentence.
        why: Why that is.
        change: What to do about it.
    """

    level: Literal["early", "good", "watch", "bad"]
    saw: str
    why: str = ""
    change: str = ""


class Seen:
    """What is known of a run; arguments as of :func:`genlib.health.look`."""

    def __init__(self, settings: RunSettings, curves: Curves, frame: Mapping[str, np.ndarray]) -> None:
        self.settings, self.curves, self.frame = settings, curves, frame

    @property
    def step(self) -> float:
        """Updates made, as far as was reported."""
        return max((split["step"][-1] for split in self.curves.values() if len(split.get("step", ()))), default=0)

    def line(self, name: str, split: str = "train") -> NDArray[np.float64]:
        """All values of a metric; empty if there are none."""
        values = np.array(self.curves.get(split, {}).get(name, ()), np.float64)
        return values[np.isfinite(values)]

    def now(self, name: str) -> float:
        """The median over the last fifth of the train reports, at least five; not a number if there are fewer."""
        line = self.line(name)
        return float(np.median(line[-max(FEWEST, int(_RECENT * len(line))) :])) if len(line) >= FEWEST else np.nan

    def images(self, name: str, fewest: int) -> NDArray[np.float64] | None:
        """Images of the frame as rows, (N, 784); None if there are fewer."""
        found = self.frame.get(name)
        return None if found is None or len(found) < fewest else found.reshape(len(found), -1).astype(np.float64)


def variety(x: NDArray[np.float64]) -> float:
    """Variance of images (N, P), summed over the pixels, by their mean squared length."""
    return float(x.var(axis=0).sum() / max(np.square(x).sum(1).mean(), 1e-9))


def next_neighbour(x: NDArray[np.float64]) -> float:
    """Mean squared distance of images (N, P) to the next one among them, by their mean squared length."""
    squares = np.square(x).sum(1)
    distances = squares[:, None] + squares - 2 * x @ x.T
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(1).mean() / max(squares.mean(), 1e-9))
