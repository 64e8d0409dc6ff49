"""What each family of models on images can be asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genlib.knobs import InputError, knob
from genlib.settings import base
from genlib.settings.base import AVERAGE_HELP, CHANNELS_HELP, NETWORK_HELP, NETWORKS, ModelConfig, NetworkConfig

__all__ = [
    "AutoencoderConfig",
    "ClassifierConfig",
    "GANConfig",
    "MaskedConfig",
    "ModelConfig",
    "NetworkConfig",
    "PixelMixtureConfig",
    "VAEConfig",
]


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(NetworkConfig):
    """An autoencoder."""

    title: ClassVar[str] = "autoencoder settings"

    likelihood: Literal["bernoulli", "gaussian"] = knob(
        "gaussian",
        label="Likelihood",
        help="How far a rebuilt image is from its original: by cross-entropy or by squared error.",
        names={"bernoulli": "Bernoulli: cross-entropy", "gaussian": "Gaussian: squared error"},
    )
    noise: float = knob(
        0.0,
        0.0,
        1.0,
        step=0.05,
        label="Noise on the input",
        help="Spread of the noise on every pixel that goes in, while the clean image is asked for: a denoising "
        "autoencoder.",
        live=True,
    )


@dataclass(frozen=True, kw_only=True)
class VAEConfig(NetworkConfig):
    """A variational autoencoder and its bound."""

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
    warmup: int = knob(
        0,
        0,
        50_000,
        log=True,
        unit="steps",
        label="KL warm-up",
        help="Over so many steps the weight of the KL term grows from 0.",
    )
    importance: int = knob(
        1,
        1,
        50,
        step=1,
        label="Importance samples k",
        help="Codes drawn for each image: more than 1 gives the tighter importance-weighted bound, for more time.",
    )
    binarise: bool = knob(
        False,
        label="Black or white",
        help="Each grey level is drawn as black or white anew at each step, by its brightness.",
    )
    standardise: bool = knob(False, label="Standardised pixels", help=base.STANDARDISE_HELP)

    def check_together(self) -> None:
        if self.standardise and self.likelihood == "bernoulli":
            raise InputError(
                "Standardised pixels lie beyond 0 and 1, where the Bernoulli likelihood knows none: choose the "
                "Gaussian one, or leave the pixels as they are."
            )
        if self.importance > 1 and self.beta != 1:
            raise InputError("The importance-weighted bound has no β: choose β = 1, or one importance sample.")
        if self.binarise and self.likelihood != "bernoulli":
            raise InputError("Black or white pixels need the Bernoulli likelihood: choose it, or keep the grey levels.")

    def unused(self) -> frozenset[str]:
        # With several codes for an image there is no KL term to be weighted.
        return super().unused() | ({"beta", "warmup"} if self.importance > 1 else set())


@dataclass(frozen=True, kw_only=True)
class GANConfig(NetworkConfig):
    """A generative adversarial network: generator G and discriminator D."""

    title: ClassVar[str] = "GAN settings"

    latent_dim: int = knob(32, 1, 128, step=1, label="Latent size D", help="How many numbers G draws an image from.")
    network: Literal["dense", "conv"] = knob("conv", help=NETWORK_HELP, names=NETWORKS)
    hidden_dim: int = knob(
        1024,
        16,
        1024,
        step=16,
        log=True,
        label="Hidden units",
        help="Width of G's last layer; each before it has half.",
    )
    layers: int = knob(4, 1, 4, step=1, label="Hidden layers", help="Of G; D has at most two.")
    channels: int = knob(24, 4, 64, step=4, log=True, help=CHANNELS_HELP)
    average: float = knob(0.995, 0.0, 0.9999, step=0.0001, label="Averaged generator", help=AVERAGE_HELP)
    loss: Literal["non-saturating", "minimax", "hinge", "wasserstein"] = knob(
        "non-saturating",
        help="What D and G play for.",
        names={
            "non-saturating": "Non-saturating: G raises log D(G(z))",
            "minimax": "Minimax: the game as first written",
            "hinge": "Hinge: margins",
            "wasserstein": "Wasserstein with gradient penalty",
        },
    )
    penalty: float = knob(
        10.0, 0.0, 100.0, step=1.0, label="Gradient penalty", help="How strongly D's slope is held near 1."
    )
    spectral: bool = knob(
        False, label="Spectral normalisation", help="Every layer of D is scaled so that it stretches nothing."
    )
    smoothing: float = knob(
        0.0, 0.0, 0.5, step=0.05, label="Label smoothing", help="D is told that real images are real with 1 less this."
    )
    d_steps: int = knob(
        1, 1, 10, step=1, label="Steps of D for one of G", help="How often D learns before G does once.", live=True
    )
    d_rate: float = knob(
        0.5, 0.0, 10.0, step=0.01, label="D's pace", help="D's learning rate is this many times G's.", live=True
    )
    binarise: bool = knob(
        False, label="Black or white", help="D is shown real images whose grey levels are drawn as black or white."
    )
    standardise: bool = knob(False, label="Standardised pixels", help=base.STANDARDISE_HELP)
    turns: int = knob(
        0,
        0,
        2,
        step=1,
        label="Who learns",
        help="Both in turn, or one alone while the other waits.",
        names={"0": "Both", "1": "D alone", "2": "G alone"},
        live=True,
    )

    def check_together(self) -> None:
        if self.standardise and self.binarise:
            raise InputError("Pixels are either standardised or drawn black or white: choose one of the two.")
        if self.smoothing and self.loss in ("hinge", "wasserstein"):
            raise InputError(
                f"Label smoothing needs a D that answers with a probability, which {self.loss} has not: "
                "set it to 0, or choose non-saturating."
            )

    def unused(self) -> frozenset[str]:
        return super().unused() | (set() if self.loss == "wasserstein" else {"penalty"})


@dataclass(frozen=True, kw_only=True)
class PixelMixtureConfig(ModelConfig):
    """A Gaussian mixture of digits, in the space of their principal components."""

    title: ClassVar[str] = "pixel mixture settings"

    latent_dim: int = knob(50, 1, 100, step=1, label="PCA axes D", help="How many numbers describe one image.")
    components: int = knob(
        30, 1, 100, step=1, label="Components K", help="How many Gaussians share the images, of each digit if told."
    )
    regularisation: float = knob(
        1e-3, 1e-5, 1.0, log=True, help="Added to each variance, so that no component can collapse to a point."
    )

    def unused(self) -> frozenset[str]:
        return frozenset({"learning_rate", "schedule"})


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig(NetworkConfig):
    """A network that reads digits and makes none."""

    title: ClassVar[str] = "classifier settings"

    latent_dim: int = knob(128, 8, 512, step=8, label="Features", help="Width of the layer before the answer.")
    network: Literal["dense", "conv"] = knob("conv", help=NETWORK_HELP, names=NETWORKS)
    channels: int = knob(32, 4, 64, step=4, log=True, help="Features next to the image; the layer behind has twice.")
    shift: int = knob(2, 0, 4, step=1, unit="pixels", help="Training images are moved by up to so much, at random.")

    def check_together(self) -> None:
        if self.labels:
            raise InputError("A classifier is to find the labels: it cannot be told them.")


@dataclass(frozen=True, kw_only=True)
class MaskedConfig(NetworkConfig):
    """A network that fills holes."""

    title: ClassVar[str] = "masked autoencoder settings"

    network: Literal["dense", "conv"] = knob("conv", help=NETWORK_HELP, names=NETWORKS)
    channels: int = knob(
        32, 4, 64, step=4, log=True, help="Features at each of 14 x 14 places; at 7 x 7 there are twice as many."
    )
    layers: int = knob(
        4, 1, 8, step=1, label="Blocks", help="How many blocks of two convolutions work on 7 x 7 places."
    )

    def check_together(self) -> None:
        if self.labels or self.network != "conv":
            raise InputError("A masked autoencoder is convolutional and is told no labels: leave both as they are.")

    def unused(self) -> frozenset[str]:
        return frozenset({"latent_dim", "hidden_dim"})
