"""The registry of networks: a family is tested, trained and shown once its name stands here."""

from __future__ import annotations

import torch

from genlib.knobs import InputError
from genlib.models.autoencoder import Autoencoder
from genlib.models.base import Model
from genlib.models.classifier import Classifier
from genlib.models.gan import GAN
from genlib.models.masked import MaskedAutoencoder
from genlib.models.pixel_mixture import PixelMixture
from genlib.models.plane import PlaneAutoencoder, PlaneVAE
from genlib.models.plane_gan import PlaneGAN
from genlib.models.plane_mixture import PlaneMixture
from genlib.models.vae import VAE
from genlib.seeding import torch_rng
from genlib.settings import FAMILY_NAMES, ModelConfig

__all__ = ["MODELS", "PLANE_MODELS", "build", "model_class"]

MODELS: dict[str, type[Model]] = {
    "ae": Autoencoder,
    "vae": VAE,
    "gan": GAN,
    "mixture": PixelMixture,
    "classifier": Classifier,
    "masked": MaskedAutoencoder,
}


PLANE_MODELS: dict[str, type[Model]] = {
    "ae2d": PlaneAutoencoder,
    "vae2d": PlaneVAE,
    "gan2d": PlaneGAN,
    "mixture2d": PlaneMixture,
}


def model_class(family: str) -> type[Model]:
    """The class of a family, of images or of points.

    Raises:
        InputError: If there is no such family.
    """
    known = MODELS | PLANE_MODELS
    if family not in known:
        raise InputError(f"There is no model called {family!r}: choose one of {', '.join(known)}.")
    return known[family]


def build(family: str, config: ModelConfig, seed: int) -> Model:
    """A new model on the processor; the same seed gives the same weights, and no global generator moves.

    Raises:
        InputError: If there is no such family, or the settings belong to another one.
    """
    model = model_class(family)
    wanted = model.config_class
    if type(config) is not wanted:
        name = FAMILY_NAMES[family]
        raise InputError(f"The family {name} takes {wanted.title}, not {config.title}: give {wanted.title}.")
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would also seed the graphics cards, which this block does not restore.
        torch.default_generator.manual_seed(torch_rng(seed, "weights").initial_seed())
        return model(config)
