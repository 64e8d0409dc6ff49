"""How sure a distance of two samples is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["jackknife"]

_GROUPS = 10


def jackknife(a: NDArray[Any], b: NDArray[Any], distance: Callable[[Any, Any], float]) -> float:
    """Standard error of a distance of two samples, from leaving out a tenth of both at a time.

    It tells how far another draw would differ, not how far both are above the truth.
    """
    # Parts as they came, not every tenth: what was asked for digits in turn would lose one of them.
    parts = zip(*(np.array_split(np.arange(len(x)), _GROUPS) for x in (a, b)), strict=True)
    left = [distance(np.delete(a, some, 0), np.delete(b, others, 0)) for some, others in parts]
    return math.sqrt((_GROUPS - 1) * np.var(left))
