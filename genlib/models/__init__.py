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
from genlib.models.vae import VAE
from genlib.seeding import torch_rng
from genlib.settings import FAMILY_NAMES, ModelConfig

__all__ = ["MODELS", "build"]

MODELS: dict[str, type[Model]] = {
    "ae": Autoencoder,
    "vae": VAE,
    "gan": GAN,
    "mixture": PixelMixture,
    "classifier": Classifier,
    "masked": MaskedAutoencoder,
}


def build(family: str, config: ModelConfig, seed: int) -> Model:
    """A new model on the processor; the same seed gives the same weights, and no global generator moves.

    Raises:
        InputError: If there is no such family, or the settings belong to another one.
    """
    if family not in MODELS:
        raise InputError(f"There is no model called {family!r}: choose one of {', '.join(MODELS)}.")
    wanted = MODELS[family].config_class
    if type(config) is not wanted:
        name = FAMILY_NAMES[family]
        raise InputError(f"The family {name} takes {wanted.title}, not {config.title}: give {wanted.title}.")
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would also seed the graphics cards, which this block does not restore.
        torch.default_generator.manual_seed(torch_rng(seed, "weights").initial_seed())
        return MODELS[family](config)
