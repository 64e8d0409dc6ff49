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
from genlib.settings.plane import (
    FEWEST_POINTS,
    MOST_POINTS,
    PLANE_CONFIGS,
    PLANE_FAMILIES,
    PlaneAutoencoderConfig,
    PlaneGANConfig,
    PlaneMixtureConfig,
    PlanePoints,
    PlaneVAEConfig,
)
from genlib.settings.points import BenchConfig, MixtureConfig, PointsConfig
from genlib.settings.runs import DATA_HELP, MNIST, RunSettings, TrainConfig, check_data, check_family, model_config

__all__ = [
    "DATA_HELP",
    "FAMILIES",
    "FAMILY_NAMES",
    "FEWEST_POINTS",
    "MNIST",
    "MODEL_CONFIGS",
    "MOST_POINTS",
    "PLANE_CONFIGS",
    "PLANE_FAMILIES",
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
    "PlaneAutoencoderConfig",
    "PlaneGANConfig",
    "PlaneMixtureConfig",
    "PlanePoints",
    "PlaneVAEConfig",
    "PointsConfig",
    "RunSettings",
    "TrainConfig",
    "VAEConfig",
    "check_data",
    "check_family",
    "model_config",
]
