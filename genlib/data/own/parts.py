"""Which images to learn from, to choose by, and to test with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genlib.seeding import numpy_rng

__all__ = ["split"]

_TEST, _VALIDATION = 1 / 7, 1 / 12  # of all, and of the rest: as in MNIST

_Places = NDArray[np.intp]


def split(labels: NDArray[np.uint8], seed: int = 0) -> tuple[_Places, _Places, _Places]:
    """Places of the images to train, to validate and to test, each in an order drawn by ``seed``.

    Of every class a seventh is for testing, and a twelfth of the rest for validation; of a class of two one is for
    testing, of one none.
    """
    parts: tuple[list[_Places], list[_Places], list[_Places]] = ([], [], [])
    for label in np.unique(labels):
        places = numpy_rng(seed, "split", int(label)).permutation(np.flatnonzero(labels == label))
        n = len(places)
        test = max(1, round(n * _TEST)) if n > 1 else 0
        validation = max(1, round((n - test) * _VALIDATION)) if n - test > 1 else 0
        for part, chosen in zip(parts, np.split(places, [n - test - validation, n - test]), strict=True):
            part.append(chosen)
    train, validate, tested = (
        numpy_rng(seed, "part", i).permutation(np.concatenate(part)) for i, part in enumerate(parts)
    )
    return train, validate, tested
