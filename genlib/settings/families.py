"""Which families there are, what each is asked to be, and how people call it."""

from __future__ import annotations

from typing import Any

from genlib.knobs import InputError, shown
from genlib.settings.models import (
    AutoencoderConfig,
    ClassifierConfig,
    GANConfig,
    MaskedConfig,
    ModelConfig,
    PixelMixtureConfig,
    VAEConfig,
)
from genlib.settings.plane import PlaneAutoencoderConfig, PlaneGANConfig, PlaneMixtureConfig, PlaneVAEConfig

__all__ = [
    "FAMILIES",
    "FAMILY_NAMES",
    "MODEL_CONFIGS",
    "PLANE_CONFIGS",
    "PLANE_FAMILIES",
    "check_family",
    "model_config",
]

MODEL_CONFIGS: dict[str, type[ModelConfig]] = {
    "ae": AutoencoderConfig,
    "vae": VAEConfig,
    "gan": GANConfig,
    "mixture": PixelMixtureConfig,
    "classifier": ClassifierConfig,
    "masked": MaskedConfig,
}
FAMILY_NAMES = {
    "ae": "Autoencoder",
    "vae": "VAE",
    "gan": "GAN",
    "mixture": "Pixel mixture",
    "classifier": "Classifier",
    "masked": "Masked autoencoder",
    "ae2d": "2-D autoencoder",
    "vae2d": "2-D VAE",
    "gan2d": "2-D GAN",
    "mixture2d": "2-D mixture",
}
FAMILIES = ("ae", "vae", "gan", "mixture")  # those that make images, as people meet them
PLANE_CONFIGS: dict[str, type[ModelConfig]] = {
    "ae2d": PlaneAutoencoderConfig,
    "vae2d": PlaneVAEConfig,
    "gan2d": PlaneGANConfig,
    "mixture2d": PlaneMixtureConfig,
}
PLANE_FAMILIES = ("mixture2d", "ae2d", "vae2d", "gan2d")  # those that make points


def check_family(family: Any) -> str:
    """Return ``family`` if it names a kind of model that can be trained.

    Raises:
        InputError: If it does not.
    """
    if not isinstance(family, str) or family not in MODEL_CONFIGS | PLANE_CONFIGS:
        known = ", ".join(MODEL_CONFIGS | PLANE_CONFIGS)
        raise InputError(f"The family cannot be {shown(family)}: choose one of {known}.")
    return family


def model_config(family: str) -> type[ModelConfig]:
    """What a family is asked to be, on images or in the plane."""
    return (MODEL_CONFIGS | PLANE_CONFIGS)[family]
