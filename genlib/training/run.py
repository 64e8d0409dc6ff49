"""A run: all state of one training, in one object."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch.optim import Optimizer

from genlib import device as devices
from genlib.changes import Change, amended
from genlib.models import build
from genlib.models.base import Model
from genlib.settings import ModelConfig, RunSettings, TrainConfig

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
        changes: What is changed on the way, by step: what is due is in the configs already, the rest will be. To be set
            before training, and by :meth:`change` from then on.
    """

    family: str
    model: Model
    model_config: ModelConfig
    train_config: TrainConfig
    optimizers: dict[str, Optimizer]
    step: int
    seconds: float
    device: torch.device
    changes: list[Change] = field(default_factory=list)
    followed: int = field(default=0, init=False)  # so many of the changes are in the configs

    @classmethod
    def new(cls, family: str, model_config: ModelConfig, train_config: TrainConfig) -> Run:
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

    @property
    def settings(self) -> RunSettings:
        """What it trains with now."""
        return RunSettings(self.family, self.model_config, self.train_config)

    def change(self, name: str, value: float) -> None:
        """From the next update on, the live knob ``name`` is ``value``, whatever was to become of it later.

        Raises:
            InputError: If there is no such knob, it cannot be changed on the way, or the value is refused.
        """
        value = self.settings.changed(name, value).value(name)
        self.changes, self.followed = amended(self.changes, Change(self.step, name, value)), 0

    def follow(self) -> None:
        """Apply the changes that are due before the next update. Values are absolute, so once more changes nothing."""
        while self.followed < len(self.changes) and self.changes[self.followed].step <= self.step:
            change = self.changes[self.followed]
            settings = self.settings.changed(change.knob, change.value)
            self.model_config = self.model.config = settings.model
            self.train_config = settings.train
            self.followed += 1

    def set_rates(self, n_train: int) -> None:
        """Give the optimisers the learning rates of the next update.

        The cosine of Loshchilov & Hutter (2017), SGDR: from the whole rate down to a hundredth of it.
        """
        rate, total = self.train_config.learning_rate, self.total_steps(n_train)
        if self.train_config.schedule == "cosine" and total:
            rate *= 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, self.step / total))) / 2
        rates = self.model.learning_rates(rate)
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = rates[name]
