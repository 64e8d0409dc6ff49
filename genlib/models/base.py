"""The contract of every network: what training, pages and commands may ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.knobs import InputError
from genlib.settings import AutoencoderConfig, TrainConfig

__all__ = ["Model"]


class Model(nn.Module, ABC):
    """A network that turns images into codes and codes into images.

    Images ``x`` are (B, 1, 28, 28) in [0, 1] and codes ``z`` are (B, D). Losses are sums over the pixels of an image,
    averaged over the batch. Randomness comes only from the generator ``rng``, which lives on the device of the model.

    Arguments:
        config: Sizes and weights of the terms, an instance of ``config_class``.
    """

    family: ClassVar[str]
    config_class: ClassVar[type[AutoencoderConfig]]
    can_sample: ClassVar[bool] = False  # whether the model has a distribution of codes to draw new images from

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def latent_dim(self) -> int:
        """Size D of a code."""
        return self.config.latent_dim

    @abstractmethod
    def losses(self, x: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """What is reported about a batch, as scalars with gradients; ``"loss"`` is what training makes small."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """The code of each image: (B, 1, 28, 28) to (B, D), differentiable."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """The image of each code: (B, D) to (B, 1, 28, 28) in [0, 1], differentiable."""

    def configure_optimizers(self, train_config: TrainConfig) -> dict[str, Optimizer]:
        """The optimisers by name: one Adam (Kingma & Ba, 2015), all its work in one pass over each weight."""
        return {"adam": Adam(self.parameters(), lr=train_config.learning_rate, fused=True)}

    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """Update the weights once: one step down the gradient of the loss.

        Arguments:
            x: Images, (B, 1, 28, 28).
            labels: Their digits, (B,); only conditional models look at them.
            optimizers: What :meth:`configure_optimizers` made.
            rng: Noise of this step.

        Returns:
            The losses before the update, as scalars that stay on the device.
        """
        losses = self.losses(x, rng)
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        losses["loss"].backward()
        for optimizer in optimizers.values():
            optimizer.step()
        return {name: value.detach() for name, value in losses.items()}

    @torch.no_grad()
    def metrics(self, x: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The quantities of :meth:`training_step` in evaluation mode, without an update, and one more.

        Returns:
            The losses, and ``squared_error``: squared error of :meth:`reconstruct`, summed over the pixels of an image
            and averaged over the batch. In it all models can be compared, whatever each makes small.
        """
        self.eval()
        squared_error = (x - self.reconstruct(x)).square().sum((1, 2, 3)).mean()
        return self.losses(x, rng) | {"squared_error": squared_error}

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Images decoded from their own codes, (B, 1, 28, 28)."""
        self.eval()
        return self.decode(self.encode(x))

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """New images, (n, 1, 28, 28), where ``can_sample`` is true.

        Raises:
            InputError: If the model has no distribution of codes.
        """
        raise InputError(f"A model of the family {self.family} cannot draw new images: choose one that can, as vae.")
