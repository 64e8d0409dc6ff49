"""What a model of portraits can be asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from genlib.knobs import knob
from genlib.settings.models import VAEConfig

__all__ = ["PortraitConfig"]


@dataclass(frozen=True, kw_only=True)
class PortraitConfig(VAEConfig):
    """A variational autoencoder that draws a face and bends it."""

    title: ClassVar[str] = "portrait settings"

    latent_dim: int = knob(40, 1, 64, step=1, label="Latent size D", help="How many numbers describe one face.")
    likelihood: Literal["bernoulli", "gaussian"] = knob(
        "gaussian", help="The middle of a bell curve over greys.", names={"gaussian": "Gaussian: one learned width σ"}
    )
    bends: bool = knob(
        True, label="Bends", help="The face that is drawn is then bent, so that eyes come to lie on eyes."
    )
    grid: int = knob(11, 4, 16, step=1, label="Grid", help="How many handles along a side the face is bent by.")
    channels: int = knob(24, 4, 64, step=4, log=True, help="Features of the encoder next to the image.")
    average: float = knob(0.995, 0.0, 0.9999, step=0.0001, label="Averaged weights", help="Share that is kept.")
