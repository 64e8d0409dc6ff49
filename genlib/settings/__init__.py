"""Every configuration, declared once."""

from genlib.settings.families import (
    FAMILIES,
    FAMILY_NAMES,
    MODEL_CONFIGS,
    PLANE_CONFIGS,
    PLANE_FAMILIES,
    check_family,
    model_config,
)
from genlib.settings.holes import DamageConfig, HoleConfig
from genlib.settings.models import (
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
    POINTS_HELP,
    PlaneAutoencoderConfig,
    PlaneGANConfig,
    PlaneMixtureConfig,
    PlanePoints,
    PlaneVAEConfig,
)
from genlib.settings.points import BenchConfig, MixtureConfig, PointsConfig
from genlib.settings.runs import DATA_HELP, MNIST, RunSettings, TrainConfig, check_data

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
    "POINTS_HELP",
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
