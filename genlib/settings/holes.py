"""What is wrong with an image: pixels are missing, or it is noisy, blurred or small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genlib.knobs import Config, knob

__all__ = ["DamageConfig", "HoleConfig"]


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

    def unused(self) -> frozenset[str]:
        """Names of the knobs that change nothing with these values."""
        rest = {"random": frozenset[str](), "scratches": frozenset({"share"})}
        return rest.get(self.hole, frozenset({"share", "seed"}))


@dataclass(frozen=True, kw_only=True)
class DamageConfig(Config):
    """What is wrong with an image; :func:`genlib.data.damage.damage` does it, unless it is a hole."""

    title: ClassVar[str] = "damage settings"

    damage: Literal["hole", "noise", "blur", "small"] = knob(
        "hole",
        label="Damage",
        help="What is wrong with the image.",
        names={"hole": "A hole", "noise": "Noise", "blur": "Blur", "small": "Low resolution"},
    )
    noise: float = knob(
        0.5, 0.05, 1, step=0.05, label="Noise", help="Standard deviation, where black is 0 and white is 1."
    )
    radius: float = knob(
        2.0,
        0.5,
        5,
        step=0.5,
        label="Blur",
        help="Standard deviation of the bell curve that spreads each pixel, pixels.",
    )
    side: Literal["14", "7", "4"] = knob(
        "7",
        label="Resolution",
        help="How many pixels are left.",
        names={s: f"{s} x {s} pixels" for s in ("14", "7", "4")},
    )
    noise_seed: int = knob(0, 0, 2**32 - 1, label="Seed of the noise", help="The same seed makes the same noise.")

    def unused(self) -> frozenset[str]:
        """Names of the knobs that change nothing with these values."""
        used = {"noise": {"noise", "noise_seed"}, "blur": {"radius", "noise_seed"}, "small": {"side", "noise_seed"}}
        return frozenset({"noise", "radius", "side", "noise_seed"}) - used.get(self.damage, set())
