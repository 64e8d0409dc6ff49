"""How networks are trained, and all that a run is asked to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from genlib.knobs import Config, InputError, Knob, knob, shown
from genlib.settings.families import PLANE_CONFIGS, check_family, model_config
from genlib.settings.models import ModelConfig, VAEConfig
from genlib.settings.plane import PlanePoints
from genlib.settings.points import SEED_HELP

__all__ = ["DATA_HELP", "MNIST", "RunSettings", "TrainConfig", "check_data"]

MNIST = "mnist"
DATA_HELP = "What to learn from: mnist, or the name of a data set of your own, 16 hexadecimal digits."


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Config):
    """How a network is trained."""

    title: ClassVar[str] = "training settings"

    learning_rate: float = knob(
        1e-3,
        1e-6,
        100.0,
        log=True,
        help="Step size of the Adam optimiser. Far too large a value breaks the run.",
        live=True,
    )
    schedule: Literal["constant", "cosine"] = knob(
        "constant",
        label="Learning rate over time",
        help="The same all the time, or falling to a hundredth along a cosine; that needs a length in epochs.",
        names={"constant": "Constant", "cosine": "Falling"},
    )
    batch_size: int = knob(128, 8, 4096, step=8, log=True, unit="images", help="Images averaged for one step.")
    budget: Literal["epochs", "seconds"] = knob(
        "epochs",
        label="Length in",
        help="Count epochs (each image seen once) or seconds of training.",
        names={"epochs": "Epochs", "seconds": "Seconds"},
    )
    epochs: int = knob(10, 1, 1000, step=1, log=True, help="How often each training image is seen.")
    seconds: int = knob(
        60, 1, 86_400, step=1, log=True, label="Time", unit="s", help="Seconds spent on training, pauses left out."
    )
    seed: int = knob(0, 0, 2**32 - 1, help=SEED_HELP)
    device: Literal["auto", "cpu", "cuda", "mps"] = knob(
        "auto",
        help="What computes. Automatic takes a graphics card when there is one.",
        names={"auto": "Automatic", "cpu": "Processor (CPU)", "cuda": "NVIDIA or AMD card", "mps": "Apple card"},
    )

    def check_together(self) -> None:
        if self.schedule == "cosine" and self.budget != "epochs":
            raise InputError(
                "A falling learning rate must know its end: give the length in epochs, or keep it constant."
            )


@dataclass(frozen=True)
class RunSettings:
    """All that a training run is asked to do.

    Arguments:
        family: Kind of model.
        model: Its settings.
        train: How it is trained.
        data: What it learns from: "mnist", or the hash of a data set that a visitor keeps.
        points: What a family of the plane learns from, instead; None of all others.
    """

    family: str = "vae"
    model: ModelConfig = field(default_factory=VAEConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    data: str = MNIST
    points: PlanePoints | None = None

    def __post_init__(self) -> None:
        if self.points is None and self.family in PLANE_CONFIGS:
            object.__setattr__(self, "points", PlanePoints())
        elif self.points is not None and self.family not in PLANE_CONFIGS:
            raise InputError("Points in the plane are for families of the plane: choose one, or leave the points out.")

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Build from a JSON object with ``family``, ``model`` and ``train``, ``data`` where that is not MNIST, and
        ``points`` of a family of the plane.

        Raises:
            InputError: If a name is unknown or a value is refused.
        """
        if not isinstance(values, Mapping):
            raise InputError("The run settings must be a JSON object with family, model and train.")
        unknown = [name for name in values if name not in ("family", "model", "train", "data", "points")]
        if unknown:
            raise InputError(
                f"The run settings have no {shown(unknown[0])}: they are family, model, train, data and points."
            )
        family = check_family(values.get("family", "vae"))
        model = model_config(family).from_json(values.get("model", {}))
        data = check_data(values.get("data", MNIST))
        points = PlanePoints.from_json(values["points"]) if "points" in values else None
        return cls(family, model, TrainConfig.from_json(values.get("train", {})), data, points)

    @classmethod
    def from_text(cls, values: Mapping[str, str]) -> Self:
        """Build from texts by name, as in an address."""
        family = check_family(values.get("family", "vae"))
        data = check_data(values.get("data", MNIST))
        points = PlanePoints.from_text(values) if family in PLANE_CONFIGS else None
        return cls(family, model_config(family).from_text(values), TrainConfig.from_text(values), data, points)

    def to_json(self) -> dict[str, Any]:
        told = {"family": self.family, "model": self.model.to_json(), "train": self.train.to_json()}
        if self.points is not None:
            return told | {"points": self.points.to_json()}
        # Runs on MNIST tell nothing of it, as before there were others.
        return told if self.data == MNIST else told | {"data": self.data}

    def used(self) -> dict[str, Any]:
        """The values that count, by name: those of knobs that change nothing here are left out."""
        unused = self.model.unused() | {"seconds" if self.train.budget == "epochs" else "epochs"}
        values = {**self.train.to_json(), **self.model.to_json()}
        return {name: value for name, value in values.items() if name not in unused}

    def live(self) -> tuple[Knob, ...]:
        """What may be changed while the run trains: the model's knobs, then those of training."""
        used = self.used()
        return tuple(knob for knob in (*self.model.knobs(), *self.train.knobs()) if knob.live and knob.name in used)

    def value(self, name: str) -> Any:
        """The value of a knob of the model or of training."""
        return getattr(self.model if any(knob.name == name for knob in self.model.knobs()) else self.train, name)

    def changed(self, name: str, value: Any) -> Self:
        """The settings with another value of a live knob.

        Raises:
            InputError: If there is no such knob, it stays as it is while a run trains, or the value is refused.
        """
        live = [knob.name for knob in self.live()]
        if name not in live:
            instead = f": change {' or '.join(live)}" if live else ", like all its settings: start a new one"
            raise InputError(f"While a run trains, {shown(name)} stays as it is{instead}.")
        part = "model" if any(knob.name == name for knob in self.model.knobs()) else "train"
        return replace(self, **{part: replace(getattr(self, part), **{name: value})})


def check_data(data: Any) -> str:
    """Return ``data`` if it names images that there may be: "mnist", or 16 hexadecimal digits.

    Raises:
        InputError: If it does not.
    """
    if data != MNIST and not (isinstance(data, str) and re.fullmatch(r"[0-9a-f]{16}", data)):
        raise InputError(f"The data cannot be {shown(data)}: choose mnist, or a data set of yours by its 16 letters.")
    return str(data)
