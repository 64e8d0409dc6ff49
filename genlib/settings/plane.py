"""What the families that learn points in the plane can be asked to be, and which points they learn from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from genlib.knobs import InputError, Knob, knob, shown
from genlib.settings.base import ModelConfig
from genlib.settings.models import AutoencoderConfig, GANConfig, VAEConfig
from genlib.settings.points import PointsConfig

__all__ = [
    "FEWEST_POINTS",
    "MOST_POINTS",
    "POINTS_HELP",
    "PlaneAutoencoderConfig",
    "PlaneGANConfig",
    "PlaneMixtureConfig",
    "PlanePoints",
    "PlaneVAEConfig",
]

FEWEST_POINTS, MOST_POINTS = 10, 2000  # that are given by themselves
POINTS_HELP = "Points in the plane to learn from, as x,y;x,y: alone, or before those that are drawn."
_REACH = 1e9
_DENSE = {"dense": "Fully connected"}
_WIDTH_HELP = "Units of each hidden layer."
_DEPTH_HELP = "How many hidden layers each network has."


@dataclass(frozen=True, kw_only=True)
class PlaneAutoencoderConfig(AutoencoderConfig):
    """An autoencoder of points."""

    latent_dim: int = knob(1, 1, 8, step=1, label="Latent size D", help="How many numbers describe one point.")
    network: Literal["dense"] = knob("dense", help="Every unit sees both coordinates.", names=_DENSE)
    hidden_dim: int = knob(64, 4, 256, step=4, log=True, label="Hidden units", help=_WIDTH_HELP)
    layers: int = knob(2, 1, 4, step=1, label="Hidden layers", help=_DEPTH_HELP)
    likelihood: Literal["gaussian"] = knob(
        "gaussian",
        label="Likelihood",
        help="How far a rebuilt point is from its original.",
        names={"gaussian": "Gaussian: squared error"},
    )

    def check_together(self) -> None:
        _no_labels(self)

    def unused(self) -> frozenset[str]:
        return _UNUSED


@dataclass(frozen=True, kw_only=True)
class PlaneVAEConfig(VAEConfig):
    """A variational autoencoder of points."""

    latent_dim: int = knob(2, 1, 8, step=1, label="Latent size D", help="How many numbers describe one point.")
    network: Literal["dense"] = knob("dense", help="Every unit sees both coordinates.", names=_DENSE)
    hidden_dim: int = knob(64, 4, 256, step=4, log=True, label="Hidden units", help=_WIDTH_HELP)
    layers: int = knob(2, 1, 4, step=1, label="Hidden layers", help=_DEPTH_HELP)
    likelihood: Literal["gaussian"] = knob(
        "gaussian",
        label="Likelihood",
        help="How probable a point is, given the decoded one: a bell curve around it.",
        names={"gaussian": "Gaussian: one learned width σ"},
    )

    def check_together(self) -> None:
        super().check_together()
        _no_labels(self)
        if self.standardise:
            raise InputError("Points are standardised before any model sees them: leave that setting as it is.")

    def unused(self) -> frozenset[str]:
        return super().unused() | _UNUSED


@dataclass(frozen=True, kw_only=True)
class PlaneGANConfig(GANConfig):
    """A generative adversarial network of points."""

    latent_dim: int = knob(2, 1, 8, step=1, label="Latent size D", help="How many numbers G makes a point from.")
    network: Literal["dense"] = knob("dense", help="Every unit sees both coordinates.", names=_DENSE)
    hidden_dim: int = knob(64, 4, 256, step=4, log=True, label="Hidden units", help=_WIDTH_HELP)
    layers: int = knob(2, 1, 4, step=1, label="Hidden layers", help=_DEPTH_HELP)
    d_rate: float = knob(
        1.0, 0.0, 10.0, step=0.01, label="D's pace", help="D's learning rate is this many times G's.", live=True
    )
    penalty: float = knob(
        10.0, 0.0, 100.0, step=0.1, label="Gradient penalty", help="How strongly D's slope is held near 1."
    )
    packing: int = knob(
        1, 1, 4, step=1, label="Packing",
        help="D judges so many points together, so that it sees whether they are all alike.",
    )  # fmt: skip

    @property
    def guess(self) -> float:
        """What D answers where it can only guess, if it answers with a probability."""
        return (1 - self.smoothing) / 2

    def check_together(self) -> None:
        super().check_together()
        _no_labels(self)
        if self.standardise or self.binarise:
            raise InputError("Points are neither standardised again nor drawn black or white: leave both as they are.")

    def unused(self) -> frozenset[str]:
        return super().unused() | _UNUSED


@dataclass(frozen=True, kw_only=True)
class PlaneMixtureConfig(ModelConfig):
    """A Gaussian mixture of points."""

    title: ClassVar[str] = "mixture settings"

    latent_dim: int = knob(2, 2, 2, step=1, label="Latent size D", help="A point is its own code: two numbers.")
    components: int = knob(8, 1, 30, step=1, label="Components K", help="How many Gaussians share the points.")
    regularisation: float = knob(
        1e-4, 1e-6, 1.0, log=True, help="Added to each variance, so that no component can collapse to a point."
    )

    def check_together(self) -> None:
        _no_labels(self)

    def unused(self) -> frozenset[str]:
        return frozenset({"learning_rate", "schedule", "labels", "latent_dim"})


_UNUSED = frozenset({"labels", "network", "channels", "standardise", "binarise", "likelihood"})


@dataclass(frozen=True)
class PlanePoints:
    """Points to learn from: some that are drawn, some that are given by themselves, or both.

    Arguments:
        drawn: Which are drawn; None: none.
        given: Points put by hand or read from a file, at most 2,000.

    Raises:
        InputError: If there are fewer than ten, too many, or one out of reach.
    """

    drawn: PointsConfig | None = field(default_factory=lambda: PointsConfig(dataset="ring"))
    given: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if len(self.given) > MOST_POINTS or not all(abs(value) <= _REACH for point in self.given for value in point):
            raise InputError(
                f"At most {MOST_POINTS:,} points can be given, each within ±{_REACH:,.0f}: leave some out."
            )
        if self.drawn is None and len(self.given) < FEWEST_POINTS:
            raise InputError(
                f"{len(self.given)} point{'s are' if len(self.given) != 1 else ' is'} too few to learn from: "
                f"give at least {FEWEST_POINTS}."
            )

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Build from a JSON object with ``drawn``, an object or null, and ``given``, a list of pairs.

        Raises:
            InputError: If it is none.
        """
        if not isinstance(values, Mapping) or not values.keys() <= {"drawn", "given"}:
            raise InputError("The points must be a JSON object with drawn and given, and nothing else.")
        drawn = values.get("drawn")
        return cls(None if drawn is None else PointsConfig.from_json(drawn), _pairs(values.get("given", [])))

    @staticmethod
    def addressed() -> dict[str, Knob]:
        """The knobs of what is drawn, by their names in an address."""
        return {f"data_{knob.name}": knob for knob in PointsConfig.knobs()}

    @classmethod
    def from_text(cls, values: Mapping[str, str]) -> Self:
        """Build from texts by name, as in an address: those of :meth:`addressed`, and ``points`` as "x,y;x,y"; points
        alone, without any of the others, are all there are.

        Raises:
            InputError: If one of them cannot be read.
        """
        asked = {knob.name: values[name] for name, knob in cls.addressed().items() if name in values}
        given = _pairs([pair.split(",") for pair in values["points"].split(";")] if values.get("points") else [])
        drawn = None if given and not asked else PointsConfig.from_text({"dataset": "ring"} | asked)
        return cls(drawn, given)

    def to_json(self) -> dict[str, Any]:
        drawn = None if self.drawn is None else self.drawn.to_json()
        return {"drawn": drawn, "given": [list(point) for point in self.given]}

    def to_text(self) -> dict[str, str]:
        """Texts by name that :meth:`from_text` reads back."""
        told = {}
        if self.drawn is not None:
            told = {name: knob.text(getattr(self.drawn, knob.name)) for name, knob in self.addressed().items()}
        return told | ({"points": ";".join(f"{x!r},{y!r}" for x, y in self.given)} if self.given else {})


def _pairs(values: Any) -> tuple[tuple[float, float], ...]:
    try:
        if not isinstance(values, list) or len(values) > MOST_POINTS:
            raise InputError(f"The points must be a list of at most {MOST_POINTS:,} pairs of numbers.")
        pairs = tuple((float(x), float(y)) for x, y in values)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("The points cannot be read: they must be pairs of numbers, such as 1.5,2.") from None
    if not all(math.isfinite(value) for pair in pairs for value in pair):
        raise InputError("The points cannot be read: every coordinate must be a finite number.")
    return pairs


def _no_labels(config: ModelConfig) -> None:
    if config.labels:
        raise InputError(f"Points in the plane have no labels: leave {shown('labels')} as it is.")
