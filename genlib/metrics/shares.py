r"""Shares that were counted, and how sure they are.

References:
    Probable Inference, the Law of Succession, and Statistical Inference (Wilson, 1927), J. American Statistical Assoc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Share", "Verdict", "verdict"]

_Z = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


@dataclass(frozen=True)
class Share:
    """So many of n."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share itself; NaN of none."""
        return self.hits / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        r"""Where the true share lies, at 95 % confidence (Wilson, 1927): within [0, 1] also for few.

        $$\frac{\hat p + z^2 / 2n \pm z \sqrt{\hat p (1 - \hat p) / n + z^2 / 4n^2}}{1 + z^2 / n}$$
        """
        if not self.n:
            return 0.0, 1.0
        p, z2 = self.value, _Z**2 / self.n
        reach = math.sqrt(p * (1 - p) * z2 + z2**2 / 4)
        low, high = ((p + z2 / 2 + side) / (1 + z2) for side in (-reach, reach))
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True)
class Verdict:
    """How well somebody tells made images from real ones.

    Attributes:
        sensitivity: Made ones called made.
        specificity: Real ones called real.
        accuracy: All that were called rightly.
    """

    sensitivity: Share
    specificity: Share
    accuracy: Share


def verdict(made: NDArray[np.bool_], called: NDArray[np.bool_]) -> Verdict:
    """Compare what images are with what they were called, both true for made, (n,)."""
    right = made == called
    return Verdict(*(Share(int(right[each].sum()), int(each.sum())) for each in (made, ~made, made | ~made)))
