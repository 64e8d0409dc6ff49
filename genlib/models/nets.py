"""The plain networks that models are made of."""

from __future__ import annotations

from torch import nn

__all__ = ["decoder", "encoder"]

_PIXELS = 28 * 28


def encoder(hidden_dim: int, out: int) -> nn.Sequential:
    """From an image to ``out`` numbers through one hidden layer: 784 - H - out."""
    return nn.Sequential(
        nn.Flatten(),  # (B, 784)
        nn.Linear(_PIXELS, hidden_dim),
        nn.ReLU(),
        nn.Linear(hidden_dim, out),
    )


def decoder(latent_dim: int, hidden_dim: int) -> nn.Sequential:
    """From a code to one number per pixel, any real number, through one hidden layer: D - H - 784."""
    return nn.Sequential(
        nn.Linear(latent_dim, hidden_dim),
        nn.ReLU(),
        nn.Linear(hidden_dim, _PIXELS),
        nn.Unflatten(1, (1, 28, 28)),
    )
