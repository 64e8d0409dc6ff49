"""Points in the plane, and the mixtures that are fitted to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genlib.knobs import Config, knob

__all__ = ["SEED_HELP", "GapsConfig", "MixtureConfig", "PointsConfig"]

SEED_HELP = "The same seed gives the same result again."


@dataclass(frozen=True, kw_only=True)
class PointsConfig(Config):
    """Which points in the plane."""

    title: ClassVar[str] = "data settings"

    dataset: Literal[
        "classic",
        "blobs",
        "stretched",
        "overlapping",
        "ring",
        "grid",
        "moons",
        "circles",
        "pinwheel",
        "spirals",
    ] = knob(
        "classic",
        label="Data set",
        help="Where the points come from. Each has a known truth.",
        names={
            "classic": "Classic pair: one centre, spreads 5 and 3",
            "blobs": "Blobs",
            "stretched": "Stretched blobs",
            "overlapping": "Overlapping blobs",
            "ring": "Ring of eight",
            "grid": "5 × 5 grid",
            "moons": "Two moons",
            "circles": "Circles",
            "pinwheel": "Pinwheel",
            "spirals": "Spirals",
        },
    )
    n: int = knob(2000, 20, 20_000, step=20, log=True, label="Points", help="How many points are drawn.")
    noise: float = knob(1.0, 0.0, 3.0, step=0.1, help="Multiplies the spread of every group.")
    seed: int = knob(42, 0, 2**32 - 1, label="Data seed", help=SEED_HELP)


@dataclass(frozen=True, kw_only=True)
class MixtureConfig(Config):
    """A Gaussian mixture and how EM fits it."""

    title: ClassVar[str] = "mixture settings"

    components: int = knob(2, 1, 30, step=1, label="Components K", help="How many Gaussians share the data.")
    covariance: Literal["full", "tied", "diag", "spherical"] = knob(
        "full",
        help="The shape each component may take.",
        names={
            "full": "Full: any ellipse",
            "tied": "Tied: one ellipse for all",
            "diag": "Diagonal: along the axes",
            "spherical": "Spherical: circles",
        },
    )
    initialisation: Literal["kmeans", "k-means++", "random", "random_from_data"] = knob(
        "kmeans",
        help="Where EM begins. A random beginning often ends in a worse place.",
        names={
            "kmeans": "k-means",
            "k-means++": "k-means++",
            "random": "Random responsibilities",
            "random_from_data": "Random points",
        },
    )
    tolerance: float = knob(
        1e-4,
        1e-8,
        1.0,
        log=True,
        unit="nats",
        help="EM stops when the mean log-likelihood rises by less than this in one iteration.",
    )
    regularisation: float = knob(
        1e-6, 0.0, 1.0, log=True, help="Added to the diagonal of each covariance, so that none can collapse to a point."
    )
    max_iterations: int = knob(
        200, 1, 1000, step=1, log=True, label="Most iterations", help="EM stops here even if it has not converged."
    )
    seed: int = knob(0, 0, 2**32 - 1, label="Fit seed", help=SEED_HELP)


@dataclass(frozen=True, kw_only=True)
class GapsConfig(Config):
    """Points that have lost a coordinate."""

    title: ClassVar[str] = "gap settings"

    share: float = knob(
        0.3, 0.05, 0.9, step=0.05, label="Share of points", help="How many of all points have lost a coordinate."
    )
    lost: Literal["horizontal", "vertical", "either"] = knob(
        "vertical",
        label="What is missing",
        help="Which coordinate, of points chosen completely at random.",
        names={"horizontal": "Horizontal", "vertical": "Vertical", "either": "Either of the two"},
    )
    gap_seed: int = knob(0, 0, 2**32 - 1, label="Seed of the gaps", help="The same seed makes the same gaps and draws.")
