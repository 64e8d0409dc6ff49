r"""Repairs without a network, which every model has to beat.

References:
    Missing value estimation methods for DNA microarrays (Troyanskaya et al., 2001), Bioinformatics 17, for neighbours
    Pattern Recognition and Machine Learning (Bishop, 2006), eq. 2.81, for the Gaussian
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from genlib.data.images import load_images

__all__ = ["by_pixel_mean", "gaussian_mean", "nearest_fills"]

_AT_ONCE = 5000  # training images that are held as numbers at once
_RIDGE = 1e-3  # added to each variance: pixels of the rim never vary


def by_pixel_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Each missing pixel is what it is on average over the training images, whatever is seen."""
    return torch.where(mask, x, _moments()[0].to(x).view(1, 1, 28, 28))


def gaussian_mean(x: Tensor, mask: Tensor) -> Tensor:
    r"""The mean of the missing pixels given the seen ones, if all were one Gaussian: the best linear guess.

    $$\mathrm{E}[x_m | x_o] = \mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (x_o - \mu_o)$$

    with mean and covariance of the training images; $10^{-3}$ is added to each variance.

    Arguments:
        x: Images, (B, 1, 28, 28).
        mask: True where a pixel is seen, (28, 28).

    Returns:
        (B, 1, 28, 28), missing pixels filled as far as they are grey levels.
    """
    mean, covariance = _moments()
    seen, flat = mask.flatten(), x.flatten(1).double()
    gain = torch.linalg.solve(covariance[seen][:, seen], covariance[seen][:, ~seen])
    filled = flat.clone()
    filled[:, ~seen] = mean[~seen] + (flat[:, seen] - mean[seen]) @ gain
    return filled.clamp(0, 1).to(x).view_as(x)


def nearest_fills(x: Tensor, mask: Tensor, k: int = 10) -> Tensor:
    """Each image with what is missing taken from the ``k`` training images that are most like it where it is seen.

    Arguments:
        x: Images, (B, 1, 28, 28).
        mask: True where a pixel is seen, (28, 28).
        k: Neighbours, by the squared error of the seen pixels.

    Returns:
        (k, B, 1, 28, 28), the nearest first; their mean is the repair by nearest neighbours.
    """
    seen, flat = mask.flatten(), x.flatten(1)
    wanted = flat[:, seen].T.contiguous()  # (S, B)
    train = load_images().train.reshape(-1, 28 * 28)
    apart = []
    for start in range(0, len(train), _AT_ONCE):
        known = torch.tensor(train[start : start + _AT_ONCE])[:, seen].to(x) / 255
        apart.append(known.square().sum(1, keepdim=True) - 2 * known @ wanted)
    near = torch.cat(apart).topk(k, dim=0, largest=False).indices  # (k, B)
    fills = torch.tensor(train[near.numpy()]).to(x) / 255
    return torch.where(seen, flat, fills).view(k, *x.shape)


@cache
def _moments() -> tuple[Tensor, Tensor]:
    """Mean (784,) and covariance (784, 784) of the training images, double precision."""
    train = load_images().train.reshape(-1, 28 * 28)
    mean = torch.tensor(train.mean(0, dtype=np.float64) / 255)
    covariance = _RIDGE * torch.eye(28 * 28, dtype=torch.float64)
    for start in range(0, len(train), _AT_ONCE):
        # Single precision suffices around the mean, and is twice as fast.
        around = torch.tensor(train[start : start + _AT_ONCE]).float() / 255 - mean.float()
        covariance += (around.T @ around).double() / len(train)
    return mean, covariance
