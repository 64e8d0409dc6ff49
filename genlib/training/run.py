"""A run: all state of one training, in one object."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.optim import Optimizer

from genlib import device as devices
from genlib.models import build
from genlib.models.base import Model
from genlib.settings import AutoencoderConfig, TrainConfig

__all__ = ["Run"]


@dataclass(eq=False)
class Run:
    """All state of one training run.

    Arguments:
        family: Name of the model in the registry.
        model: The network, on ``device``.
        model_config: Its sizes.
        train_config: How it is trained.
        optimizers: What updates its weights, by name.
        step: Updates made.
        seconds: Time spent on them, without evaluation, drawing and pauses.
        device: Where it computes.
    """

    family: str
    model: Model
    model_config: AutoencoderConfig
    train_config: TrainConfig
    optimizers: dict[str, Optimizer]
    step: int
    seconds: float
    device: torch.device

    @classmethod
    def new(cls, family: str, model_config: AutoencoderConfig, train_config: TrainConfig) -> Run:
        """A run before its first step, on the device that ``train_config`` asks for.

        Raises:
            InputError: If there is no such family or device.
        """
        device = torch.device(devices.choose(train_config.device).kind)
        # Built on the processor, so that every device starts from the same weights.
        model = build(family, model_config, train_config.seed).to(device)
        optimizers = model.configure_optimizers(train_config)
        return cls(family, model, model_config, train_config, optimizers, step=0, seconds=0.0, device=device)

    def steps_per_epoch(self, n_train: int) -> int:
        """Full batches among ``n_train`` images; one of all of them if they do not fill any."""
        return max(1, n_train // self.train_config.batch_size)

    def total_steps(self, n_train: int) -> int | None:
        """Updates in the whole run, or None where only the clock will tell."""
        config = self.train_config
        return config.epochs * self.steps_per_epoch(n_train) if config.budget == "epochs" else None

    def finished(self, n_train: int) -> bool:
        """Whether the budget of epochs or seconds is spent."""
        total = self.total_steps(n_train)
        return self.seconds >= self.train_config.seconds if total is None else self.step >= total
