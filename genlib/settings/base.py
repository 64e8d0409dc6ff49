"""What every model on images can be asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genlib.knobs import Config, knob

__all__ = ["ModelConfig", "NetworkConfig"]

NETWORKS = {"dense": "Fully connected", "conv": "Convolutional"}
NETWORK_HELP = "Every unit sees every pixel, or small windows slide over the image."
CHANNELS_HELP = "Features in the layer next to the image; the one behind has twice as many."
STANDARDISE_HELP = (
    "The network sees and puts out pixels less their mean, in standard deviations, instead of grey levels from 0 to 1."
)
AVERAGE_HELP = "What is shown is a running mean of the weights, of which each step keeps this share; 0 is no mean."


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Config):
    """What every model on images has."""

    latent_dim: int = knob(2, 1, 64, step=1, label="Latent size D", help="How many numbers describe one image.")
    labels: bool = knob(
        False, label="With labels", help="The model is told which digit each image is, and can then be asked for one."
    )

    def unused(self) -> frozenset[str]:
        """Names of the knobs, of the model and of training, that change nothing with these values."""
        return frozenset()


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(ModelConfig):
    """Sizes of a network."""

    network: Literal["dense", "conv"] = knob("dense", help=NETWORK_HELP, names=NETWORKS)
    hidden_dim: int = knob(
        400, 16, 1024, step=16, log=True, label="Hidden units", help="Width of the layers between image and code."
    )
    layers: int = knob(1, 1, 4, step=1, label="Hidden layers", help="How many layers lie between image and code.")
    channels: int = knob(16, 4, 64, step=4, log=True, help=CHANNELS_HELP)
    average: float = knob(0.0, 0.0, 0.9999, step=0.0001, label="Averaged weights", help=AVERAGE_HELP)

    def unused(self) -> frozenset[str]:
        return frozenset({"channels"} if self.network == "dense" else {"hidden_dim", "layers"})
