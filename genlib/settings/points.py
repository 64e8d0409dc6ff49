"""Points in the plane, and the mixtures that are fitted to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genlib.knobs import Config, knob

__all__ = ["SEED_HELP", "BenchConfig", "MixtureConfig", "PointsConfig"]

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
class BenchConfig(Config):
    """What is wrong with a table, and how its columns are scaled."""

    title: ClassVar[str] = "bench settings"

    share: float = knob(
        0.3, 0.0, 0.9, step=0.05, label="Rows with a gap", help="Share of all rows that have lost a value."
    )
    gaps: Literal["mcar", "mar", "mnar"] = knob(
        "mcar",
        label="Which values are missing",
        help="Whether a value is lost depends on nothing (completely at random), on what is seen (at random), or on "
        "what is lost (not at random).",
        names={
            "mcar": "Any (MCAR)",
            "mar": "By the first column (MAR)",
            "mnar": "Large ones (MNAR)",
        },
    )
    stretch: float = knob(
        1.0, 1.0, 1000.0, log=True, label="Second column times",
        help="As if it were in another unit: grams instead of kilograms.",
    )  # fmt: skip
    outliers: float = knob(
        0.0, 0.0, 0.2, step=0.01, label="Outliers",
        help="Share of the training rows in which one value is moved by ten standard deviations.",
    )  # fmt: skip
    scaling: Literal["raw", "minmax", "standard", "robust"] = knob(
        "standard",
        help="What is done to each column before anything else, learned from the training rows only.",
        names={
            "raw": "None",
            "minmax": "Min-max: to 0 and 1",
            "standard": "Standard: mean 0, deviation 1",
            "robust": "Robust: median 0, quartiles 1 apart",
        },
    )
    bench_seed: int = knob(0, 0, 2**32 - 1, label="Bench seed", help="The same seed makes the same gaps and draws.")
