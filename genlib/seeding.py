"""Explicit randomness: every stream of random numbers is named by a seed and a path.

No function draws from a global generator, so looking at a model cannot change how it trains, and resuming needs no
generator state: the noise of step 700 is ``torch_rng(seed, "train", 700)``, whoever asks.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["numpy_rng", "torch_rng"]


def numpy_rng(seed: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator of its own for each ``(seed, *path)``."""
    return np.random.default_rng(_digest(seed, path))


def torch_rng(seed: int, *path: str | int, device: str | torch.device = "cpu") -> torch.Generator:
    """A PyTorch generator on ``device`` of its own for each ``(seed, *path)``."""
    import torch

    # manual_seed takes 64 bits; the digest has more.
    return torch.Generator(device=device).manual_seed(_digest(seed, path) >> 65)


def _digest(seed: int, path: tuple[str | int, ...]) -> int:
    # repr keeps 1 apart from "1" and ("a", "b") from ("ab",), so that no two paths share a stream; int makes NumPy's
    # whole numbers name the same stream as Python's.
    names = [part if isinstance(part, str) else int(part) for part in (seed, *path)]
    return int.from_bytes(hashlib.blake2b(repr(tuple(names)).encode(), digest_size=16).digest(), "big")
