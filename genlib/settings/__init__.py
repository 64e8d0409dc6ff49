"""Every configuration, declared once."""

from genlib.settings.holes import DamageConfig, HoleConfig
from genlib.settings.models import (
    FAMILIES,
    FAMILY_NAMES,
    MODEL_CONFIGS,
    AutoencoderConfig,
    ClassifierConfig,
    GANConfig,
    MaskedConfig,
    ModelConfig,
    NetworkConfig,
    PixelMixtureConfig,
    VAEConfig,
)
from genlib.settings.points import BenchConfig, MixtureConfig, PointsConfig
from genlib.settings.runs import DATA_HELP, MNIST, RunSettings, TrainConfig, check_data, check_family

__all__ = [
    "DATA_HELP",
    "FAMILIES",
    "FAMILY_NAMES",
    "MNIST",
    "MODEL_CONFIGS",
    "AutoencoderConfig",
    "BenchConfig",
    "ClassifierConfig",
    "DamageConfig",
    "GANConfig",
    "HoleConfig",
    "MaskedConfig",
    "MixtureConfig",
    "ModelConfig",
    "NetworkConfig",
    "PixelMixtureConfig",
    "PointsConfig",
    "RunSettings",
    "TrainConfig",
    "VAEConfig",
    "check_data",
    "check_family",
]
