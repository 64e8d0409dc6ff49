"""Every configuration, declared once."""

from genlib.settings.models import (
    FAMILIES,
    FAMILY_NAMES,
    MODEL_CONFIGS,
    AutoencoderConfig,
    ClassifierConfig,
    GANConfig,
    ModelConfig,
    NetworkConfig,
    PixelMixtureConfig,
    VAEConfig,
)
from genlib.settings.points import MixtureConfig, PointsConfig
from genlib.settings.runs import RunSettings, TrainConfig, check_family

__all__ = [
    "FAMILIES",
    "FAMILY_NAMES",
    "MODEL_CONFIGS",
    "AutoencoderConfig",
    "ClassifierConfig",
    "GANConfig",
    "MixtureConfig",
    "ModelConfig",
    "NetworkConfig",
    "PixelMixtureConfig",
    "PointsConfig",
    "RunSettings",
    "TrainConfig",
    "VAEConfig",
    "check_family",
]
