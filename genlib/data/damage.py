"""Damage of whole images: noise, blur, low resolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genlib.seeding import numpy_rng
from genlib.settings import DamageConfig

__all__ = ["damage", "kernel", "noise"]

_SIDE = 28
_FAINT = 0.02  # noise of what is blurred or small: without any, blur could be undone by arithmetic


def kernel(config: DamageConfig) -> NDArray[np.float64]:
    r"""The matrix $K$ that damages images without noise, $K x K^\top$.

    Returns:
        (S, 28), each row of sum 1.
    """
    if config.damage == "blur":
        places = np.arange(_SIDE)
        bells = np.exp(-0.5 * np.square((places[:, None] - places) / config.radius))
        return np.asarray(bells / bells.sum(axis=1, keepdims=True))
    if config.damage == "small":
        side = int(config.side)
        return np.eye(side).repeat(_SIDE // side, axis=1) * side / _SIDE
    return np.eye(_SIDE)


def noise(config: DamageConfig) -> float:
    """Standard deviation of the noise, grey levels from 0 to 1."""
    return config.noise if config.damage == "noise" else _FAINT


def damage(images: NDArray[np.uint8], config: DamageConfig) -> NDArray[np.float32]:
    r"""Damage images: $K x K^\top + \sigma \epsilon$.

    Arguments:
        images: (B, 28, 28), one byte a pixel.
        config: What is done to them.

    Returns:
        (B, S, S); black is 0 and white is 1, and noise may go beyond.
    """
    k = kernel(config)
    known = k @ (images / 255) @ k.T
    rng = numpy_rng(config.noise_seed, "damage", config.damage)
    return (known + noise(config) * rng.standard_normal(known.shape)).astype(np.float32)
