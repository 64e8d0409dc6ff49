"""Which pixels of an image are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genlib.knobs import Config, knob

__all__ = ["HoleConfig"]


@dataclass(frozen=True, kw_only=True)
class HoleConfig(Config):
    """A hole by its name, drawn by :func:`genlib.data.masks.make_mask`."""

    title: ClassVar[str] = "hole settings"

    hole: Literal["centre", "top", "bottom", "left", "right", "random", "stripes", "scratches", "border"] = knob(
        "centre",
        label="Hole",
        help="Which pixels are missing.",
        names={
            "centre": "Centre box",
            "top": "Top half",
            "bottom": "Bottom half",
            "left": "Left half",
            "right": "Right half",
            "random": "Random pixels",
            "stripes": "Stripes",
            "scratches": "Scratches",
            "border": "Border",
        },
    )
    share: float = knob(0.75, 0.05, 0.95, step=0.05, label="Share missing", help="How many of all pixels are missing.")
    seed: int = knob(0, 0, 2**32 - 1, label="Seed of the hole", help="The same seed makes the same hole.")
    invert: bool = knob(False, label="Invert", help="What was seen is missing, and what was missing is seen.")

    def unused(self) -> frozenset[str]:
        """Names of the knobs that change nothing with these values."""
        rest = {"random": frozenset[str](), "scratches": frozenset({"share"})}
        return rest.get(self.hole, frozenset({"share", "seed"}))
