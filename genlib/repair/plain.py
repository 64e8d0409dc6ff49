r"""Repairs without a network, which every model has to beat.

References:
    Missing value estimation methods for DNA microarrays (Troyanskaya et al., 2001), Bioinformatics 17, for neighbours
    Pattern Recognition and Machine Learning (Bishop, 2006), eq. 2.81 and 2.116, for the Gaussian
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from genlib.data.images import load_images
from genlib.models.measuring import Measurement
from genlib.settings import MNIST

__all__ = ["by_pixel_mean", "gaussian_mean", "nearest_fills"]

_AT_ONCE = 5000  # training images that are held as numbers at once
_RIDGE = 1e-3  # added to each variance: pixels of the rim never vary


def by_pixel_mean(y: Tensor, look: Measurement, data: str = MNIST) -> Tensor:
    """Each pixel that is not known is what it is on average over the training images, whatever is known.

    Arguments:
        y: What is known, (B, M).
        look: How it comes from the image.
        data: Whose training images.

    Returns:
        (B, 1, 28, 28).
    """
    return look.keep(_moments(data)[0].to(y).view(1, 1, 28, 28).repeat(len(y), 1, 1, 1), y)


def gaussian_mean(y: Tensor, look: Measurement, data: str = MNIST) -> Tensor:
    r"""The mean of images given what is known of them, if all were one Gaussian: the best linear guess.

    $$\mathrm{E}[x | y] = \mu + \Sigma L^\top (L \Sigma L^\top + \sigma^2 I)^{-1} (y - L \mu)$$

    with mean and covariance of the training images; $10^{-3}$ is added to each variance. $L$ takes the seen pixels, or
    blurs and shrinks; for noise alone this is the filter of Wiener (1949).

    Arguments:
        y: What is known, (B, M).
        look: How it comes from the image.
        data: Whose training images.

    Returns:
        (B, 1, 28, 28), what is not known as far as it is a grey level.
    """
    mean, covariance = _moments(data)
    crossed = look(covariance.view(-1, 1, 28, 28))  # (784, M)
    known = look(crossed.T.reshape(-1, 1, 28, 28)) + look.noise**2 * torch.eye(y.shape[1], dtype=torch.float64)
    gain = torch.linalg.solve(known, crossed.T)
    guess = mean + (y.double() - look(mean.view(1, 1, 28, 28))) @ gain
    return look.keep(guess.clamp(0, 1).to(y).view(-1, 1, 28, 28), y)


def nearest_fills(y: Tensor, look: Measurement, k: int = 10, data: str = MNIST) -> Tensor:
    """The ``k`` training images of which the most like the same would be known, with what is known put back.

    Arguments:
        y: What is known, (B, M).
        look: How it comes from the image.
        k: Neighbours, by the squared error of what is known; as many as there are, if these are fewer.
        data: Whose training images.

    Returns:
        (k, B, 1, 28, 28), the nearest first; their mean is the repair by nearest neighbours.
    """
    wanted = y.T.contiguous()  # (M, B)
    train = load_images(data).train
    apart = []
    for start in range(0, len(train), _AT_ONCE):
        known = look(torch.tensor(train[start : start + _AT_ONCE]).unsqueeze(1).to(y) / 255)
        apart.append(known.square().sum(1, keepdim=True) - 2 * known @ wanted)
    near = torch.cat(apart).topk(min(k, len(train)), dim=0, largest=False).indices  # (k, B)
    return look.keep(torch.tensor(train[near.numpy()]).unsqueeze(2).to(y) / 255, y)


@lru_cache(maxsize=4)
def _moments(data: str) -> tuple[Tensor, Tensor]:
    """Mean (784,) and covariance (784, 784) of the training images, double precision."""
    train = load_images(data).train.reshape(-1, 28 * 28)
    mean = torch.tensor(train.mean(0, dtype=np.float64) / 255)
    covariance = _RIDGE * torch.eye(28 * 28, dtype=torch.float64)
    for start in range(0, len(train), _AT_ONCE):
        # Single precision suffices around the mean, and is twice as fast.
        around = torch.tensor(train[start : start + _AT_ONCE]).float() / 255 - mean.float()
        covariance += (around.T @ around).double() / len(train)
    return mean, covariance
