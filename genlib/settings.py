"""Every configuration, declared once, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from genlib.knobs import Config, InputError, Knob, knob, shown

__all__ = [
    "FAMILY_NAMES",
    "MODEL_CONFIGS",
    "AutoencoderConfig",
    "MixtureConfig",
    "PointsConfig",
    "RunSettings",
    "TrainConfig",
    "VAEConfig",
    "check_family",
]

_SEED_HELP = "The same seed gives the same result again."


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
    seed: int = knob(42, 0, 2**32 - 1, label="Data seed", help=_SEED_HELP)


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
    seed: int = knob(0, 0, 2**32 - 1, label="Fit seed", help=_SEED_HELP)


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(Config):
    """Sizes of an autoencoder."""

    title: ClassVar[str] = "autoencoder settings"

    latent_dim: int = knob(2, 1, 64, step=1, label="Latent size D", help="How many numbers describe one image.")
    hidden_dim: int = knob(
        400, 16, 1024, step=16, log=True, label="Hidden units", help="Width of the layer between image and code."
    )
    likelihood: Literal["bernoulli", "gaussian"] = knob(
        "gaussian",
        label="Likelihood",
        help="How far a rebuilt image is from its original: by cross-entropy or by squared error.",
        names={"bernoulli": "Bernoulli: cross-entropy", "gaussian": "Gaussian: squared error"},
    )


@dataclass(frozen=True, kw_only=True)
class VAEConfig(AutoencoderConfig):
    """Sizes and bound of a variational autoencoder."""

    title: ClassVar[str] = "VAE settings"

    likelihood: Literal["bernoulli", "gaussian"] = knob(
        "bernoulli",
        label="Likelihood",
        help="What a decoded grey level says: how probable a white pixel is, or the middle of a bell curve over greys.",
        names={"bernoulli": "Bernoulli: black or white", "gaussian": "Gaussian: one learned width σ"},
    )
    beta: float = knob(
        1.0,
        0.0,
        20.0,
        step=0.1,
        label="Beta β",
        help="Weight of the KL term: 1 is the bound on the log-likelihood, more gives a tidier and blurrier code.",
        live=True,
    )


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
    seed: int = knob(0, 0, 2**32 - 1, help=_SEED_HELP)
    device: Literal["auto", "cpu", "cuda", "mps"] = knob(
        "auto",
        help="What computes. Automatic takes a graphics card when there is one.",
        names={"auto": "Automatic", "cpu": "Processor (CPU)", "cuda": "NVIDIA or AMD card", "mps": "Apple card"},
    )


MODEL_CONFIGS: dict[str, type[AutoencoderConfig]] = {"ae": AutoencoderConfig, "vae": VAEConfig}
FAMILY_NAMES = {"ae": "Autoencoder", "vae": "VAE"}


@dataclass(frozen=True)
class RunSettings:
    """All that a training run is asked to do."""

    family: str = "vae"
    model: AutoencoderConfig = field(default_factory=VAEConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Build from a JSON object with ``family``, ``model`` and ``train``.

        Raises:
            InputError: If a name is unknown or a value is refused.
        """
        if not isinstance(values, Mapping):
            raise InputError("The run settings must be a JSON object with family, model and train.")
        unknown = [name for name in values if name not in ("family", "model", "train")]
        if unknown:
            raise InputError(f"The run settings have no {shown(unknown[0])}: they are family, model and train.")
        family = check_family(values.get("family", "vae"))
        model = MODEL_CONFIGS[family].from_json(values.get("model", {}))
        return cls(family, model, TrainConfig.from_json(values.get("train", {})))

    @classmethod
    def from_text(cls, values: Mapping[str, str]) -> Self:
        """Build from texts by name, as in an address."""
        family = check_family(values.get("family", "vae"))
        return cls(family, MODEL_CONFIGS[family].from_text(values), TrainConfig.from_text(values))

    def to_json(self) -> dict[str, Any]:
        return {"family": self.family, "model": self.model.to_json(), "train": self.train.to_json()}

    def live(self) -> tuple[Knob, ...]:
        """What may be changed while the run trains: the model's knobs, then those of training."""
        return tuple(knob for knob in (*self.model.knobs(), *self.train.knobs()) if knob.live)

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
            raise InputError(f"While a run trains, {shown(name)} stays as it is: change {' or '.join(live)}.")
        part = "model" if any(knob.name == name for knob in self.model.knobs()) else "train"
        return replace(self, **{part: replace(getattr(self, part), **{name: value})})


def check_family(family: Any) -> str:
    """Return ``family`` if it names a kind of model that can be trained.

    Raises:
        InputError: If it does not.
    """
    if not isinstance(family, str) or family not in MODEL_CONFIGS:
        raise InputError(f"The family cannot be {shown(family)}: choose one of {', '.join(MODEL_CONFIGS)}.")
    return family
