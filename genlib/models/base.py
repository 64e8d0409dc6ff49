"""The contract of every model: what training, pages and commands may ask of it."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.knobs import InputError
from genlib.settings import FAMILY_NAMES, ModelConfig, NetworkConfig, TrainConfig

__all__ = ["DIGITS", "Descent", "Model", "Network", "digits"]

DIGITS = 10


class Model(nn.Module, ABC):
    """A model of images.

    Images ``x`` are (B, 1, 28, 28) in [0, 1], codes ``z`` are (B, D) and ``labels`` are the digits, (B,), whole
    numbers: only a conditional model, one whose ``config.labels`` is true, looks at them. Losses are sums over the
    pixels of an image, averaged over the batch. Randomness comes only from the generator ``rng``, which lives on the
    device of the model.

    Arguments:
        config: What it is asked to be, an instance of ``config_class``.
    """

    family: ClassVar[str]
    form: ClassVar[tuple[int, ...]] = (1, 28, 28)  # of one x: an image, or (2,) for a point in the plane
    config_class: ClassVar[type[ModelConfig]]
    can_sample: ClassVar[bool] = True  # whether the model has a distribution of codes to draw new images from
    can_encode: ClassVar[bool] = True  # whether it finds the code of an image
    halves: ClassVar[bool] = True  # whether its numbers may be kept in half precision and nobody sees it

    config: ModelConfig

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def latent_dim(self) -> int:
        """Size D of a code."""
        return self.config.latent_dim

    def prepare(self, images: Tensor, labels: Tensor, rng: torch.Generator) -> None:
        """Take from the data what is needed before the first step.

        Arguments:
            images: All images to learn from, (N, 28, 28), one byte a pixel.
            labels: Their digits, (N,).
            rng: Noise.
        """

    @abstractmethod
    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        """Update once.

        Arguments:
            x: Images, (B, 1, 28, 28).
            labels: Their digits, (B,).
            optimizers: What :meth:`configure_optimizers` made.
            rng: Noise of this step.
            step: Updates made before this one.

        Returns:
            What is reported, as scalars that stay on the device; a name may be missing at some steps.
        """

    @abstractmethod
    def metrics(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """What is reported of images that are not learnt from, in evaluation mode, as scalars."""

    @abstractmethod
    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The code of each image: (B, 1, 28, 28) to (B, D).

        Raises:
            InputError: If the model has no encoder, or was to be told labels.
        """

    @abstractmethod
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The image of each code: (B, D) to (B, 1, 28, 28) in [0, 1]."""

    def configure_optimizers(self, train_config: TrainConfig) -> dict[str, Optimizer]:
        """The optimisers by name: one Adam (Kingma & Ba, 2015), all its work in one pass over each weight."""
        weights = [weight for weight in self.parameters() if weight.requires_grad]
        return {"adam": Adam(weights, lr=train_config.learning_rate, fused=True)} if weights else {}

    def learning_rates(self, rate: float) -> dict[str, float]:
        """The step size of each optimiser by name, where ``rate`` is that of the run at this step."""
        return {"adam": rate}

    def opinions(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """What else a frame of the film is to hold, by name: numbers (n,), in evaluation mode; most have none."""
        return {}

    @torch.no_grad()
    def reconstruct(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images decoded from their own codes, (B, 1, 28, 28)."""
        self.eval()
        return self.decode(self.encode(x, labels), labels)

    @torch.no_grad()
    def sample(self, n: int, rng: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """New images, (n, 1, 28, 28), where ``can_sample`` is true.

        Arguments:
            n: How many.
            rng: Noise.
            labels: Which digits, (n,); a conditional model that is not told draws 0, 1, ... 9 in turn.

        Raises:
            InputError: If the model has no distribution of codes.
        """
        if not self.can_sample:
            name = FAMILY_NAMES[self.family]
            raise InputError(f"The family {name} has no distribution to draw from: choose a VAE, GAN or pixel mixture.")
        self.eval()
        if self.config.labels and labels is None:
            labels = digits(n, rng.device)
        return self.decode(torch.randn(n, self.latent_dim, generator=rng, device=rng.device), labels)


class Network(Model):
    r"""A model of neural networks, whose weights may be averaged over the steps.

    $$\bar\theta \leftarrow d\,\bar\theta + (1 - d)\,\theta, \qquad
    d = \min\left(\texttt{average}, \frac{1 + t}{10 + t}\right)$$

    after step $t$; what is shown, in evaluation mode, is the average (Polyak & Juditsky, 1992; for generators Yazici et
    al., 2019, The Unusual Effectiveness of Averaging in GAN Training).
    """

    config: NetworkConfig

    def average(self, *names: str) -> None:
        """Keep averages of the parts of these names; to be called once they are made."""
        kept = names if self.config.average else ()
        self.averages = nn.ModuleDict({name: copy.deepcopy(getattr(self, name)) for name in kept})
        self.averages.requires_grad_(False)

    def part(self, name: str) -> Any:
        """The part of that name; in evaluation mode its average, where there is one."""
        return getattr(self, name) if self.training or name not in self.averages else self.averages[name]

    def averaged_share(self, step: int) -> float:
        """How far the averages move after update number ``step``, counted from 0."""
        return 1 - min(self.config.average, (1 + step) / (10 + step))

    @torch.no_grad()
    def follow_average(self, step: int) -> None:
        """Move the averages after update number ``step``, counted from 0."""
        share = self.averaged_share(step)
        for name, average in self.averages.items():
            part = getattr(self, name)
            torch._foreach_lerp_(list(average.parameters()), list(part.parameters()), share)
            for old, new in zip(average.buffers(), part.buffers(), strict=True):
                old.copy_(new)


class Descent(Network):
    """A network that goes down the gradient of one loss."""

    @abstractmethod
    def losses(self, x: Tensor, labels: Tensor, rng: torch.Generator, step: int | None = None) -> dict[str, Tensor]:
        """What is reported about a batch, as scalars with gradients; ``"loss"`` is what training makes small.

        Arguments:
            step: Updates made so far, for what changes with them; None: what the model comes to in the end.
        """

    def training_step(
        self, x: Tensor, labels: Tensor, optimizers: dict[str, Optimizer], rng: torch.Generator, step: int
    ) -> dict[str, Tensor]:
        """Update the weights once: one step down the gradient of the loss.

        Arguments:
            x: Images, (B, 1, 28, 28).
            labels: Their digits, (B,).
            optimizers: What :meth:`configure_optimizers` made.
            rng: Noise of this step.
            step: Updates made before this one.

        Returns:
            The losses before the update, as scalars that stay on the device.
        """
        losses = self.losses(x, labels, rng, step)
        for optimizer in optimizers.values():
            optimizer.zero_grad()
        losses["loss"].backward()
        for optimizer in optimizers.values():
            optimizer.step()
        self.follow_average(step)
        return {name: value.detach() for name, value in losses.items()}

    @torch.no_grad()
    def metrics(self, x: Tensor, labels: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """The quantities of :meth:`training_step` in evaluation mode, without an update, and one more.

        Returns:
            The losses, and of models that encode ``squared_error``: squared error of :meth:`reconstruct`, summed over
            the pixels of an image and averaged over the batch. In it all models can be compared.
        """
        self.eval()
        found = self.losses(x, labels, rng)
        if self.can_encode:
            found["squared_error"] = (x - self.reconstruct(x, labels)).square().flatten(1).sum(1).mean()
        return found


def digits(n: int, device: torch.device | str = "cpu", classes: int = DIGITS) -> Tensor:
    """The digits 0, 1, ... 9, 0, 1, ... as labels, (n,); of fewer classes these in turn within each ten."""
    return torch.arange(n, device=device) % DIGITS % classes
