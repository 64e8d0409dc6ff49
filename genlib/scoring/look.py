"""The drawings behind a score: the best and the worst, and what they resemble."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import data_of, load_images
from genlib.metrics import manifolds, nearest_of
from genlib.runs import RunFolder
from genlib.sampling import sheet
from genlib.scoring.figures import NEIGHBOURS, looked_at, reference, shares, spread
from genlib.scoring.scoring import draw

__all__ = ["Look", "look"]

_COLUMNS, _ROWS = 10, 3


@dataclass(frozen=True, eq=False)
class Look:
    """Some of the drawings of a model, as pictures of one byte a pixel.

    Arguments:
        n: Drawings among which these were chosen.
        best: Those with the most real digits around them.
        worst: Those with the fewest; among equals the ones farthest from any.
        pairs: The first ones as they came, and below each the nearest training image.
        shares: Share of each digit in the data, (10,); empty for features by which no digit is read.
    """

    n: int
    best: NDArray[np.uint8]
    worst: NDArray[np.uint8]
    pairs: NDArray[np.uint8]
    shares: list[float]


def look(run: RunFolder, features: str = "classifier", n: int = 1000, seed: int = 0, real: int = 10_000) -> Look:
    """Draw with the last saved state of a run or a bundled model, and sort by density in these features.

    Arguments:
        run: It.
        features: One of ``genlib.scoring.FEATURES``.
        n: Drawings.
        seed: Of the noise.
        real: Test images whose digits are counted: as many as a score compares with, or all if there are fewer.

    Raises:
        InputError: If the model is missing or draws nothing that could be looked at.
    """
    from genlib.checkpoint import load_model

    data = data_of(run.path)
    images = load_images(data)
    drawn = draw(load_model(run.path), n, seed, images=images)
    known, _ = reference(min(n, len(images.test)), features, data)
    seen, _ = looked_at(drawn, features, data)
    around = manifolds(known, seen, NEIGHBOURS).holding
    alone = np.array([np.square(known - each).sum(1).min() for each in seen])
    order = np.lexsort((alone, -around))  # the most first, and of those the nearest
    few = drawn[:_COLUMNS]
    nearest = images.train[nearest_of(few, images.train).which]
    count = _COLUMNS * _ROWS
    best, worst = drawn[order[:count]], drawn[order[-count:][::-1]]
    pairs = sheet(np.concatenate([few, nearest]), _COLUMNS)
    chosen = spread(min(real, len(images.test)), len(images.test))
    counted = [] if features != "classifier" else shares(images.test_labels[chosen].astype(np.int64)).tolist()
    return Look(n, sheet(best, _COLUMNS), sheet(worst, _COLUMNS), pairs, counted)
