r"""Making the atlas of a model: which ways to move its codes change the image most.

References:
    GANSpace: Discovering Interpretable GAN Controls (Härkönen et al., 2020), NeurIPS, arXiv:2004.02546
    The Geometry of Deep Generative Image Models and its Applications (Wang & Ponce, 2021), ICLR, arXiv:2101.06006
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlib.data.images import Images
from genlib.latent.atlas import CODES, DIRECTIONS, Atlas, atlas_images
from genlib.models.base import DIGITS, Model, digits
from genlib.models.vae import VAE
from genlib.seeding import torch_rng

__all__ = ["kl_of_coordinates", "metric", "principal_directions", "survey"]

_LOOKED_AT = 64  # codes around which the change of the image is measured
_MOVE = 0.01  # of the deviation of a coordinate: as small as single precision takes without loss
_NARROWEST = 0.01  # of the largest deviation; a coordinate that images leave alone is moved so far
_PIXELS = 28 * 28
_Floats = NDArray[np.float64]


@torch.no_grad()
def survey(model: Model, images: Images, read: Callable[[NDArray[np.uint8]], NDArray[np.integer]]) -> Atlas:
    """The atlas of a model that draws images.

    Arguments:
        model: Its codes are those of test images, or draws from its prior if it does not encode.
        images: Where the test images are taken from.
        read: Tells the digits (N,) in images (N, 28, 28), one byte a pixel; for drawings that no digit was asked of.

    Raises:
        InputError: If the model draws no images.
    """
    model.eval()
    if model.can_encode:
        codes, spread, labels = _encoded(model, images)
        mean, covariance = codes.mean(0), np.cov(codes.T, bias=True).reshape(codes.shape[1], -1)
    else:
        codes, labels = _drawn(model, read)
        spread = np.zeros_like(codes)
        mean, covariance = np.zeros(codes.shape[1]), np.eye(codes.shape[1])
    deviation = np.sqrt(np.diag(covariance))
    looked_at = np.arange(len(codes))[:: max(1, len(codes) // _LOOKED_AT)][:_LOOKED_AT]  # digits in turn, too
    told = torch.tensor(labels[looked_at]).long()
    around = metric(model, torch.tensor(codes[looked_at], dtype=torch.float32), told, deviation)
    directions, effects = principal_directions(covariance, around)
    means = [codes[labels == digit].mean(0) if (labels == digit).any() else mean for digit in range(DIGITS)]
    arrays = {
        "codes": codes,
        "spread": spread,
        "mean": mean,
        "deviation": deviation,
        "directions": directions[:DIRECTIONS],
        "effects": effects[:DIRECTIONS],
        "coordinate_effects": deviation * np.sqrt(np.diag(around) / _PIXELS),
        "kl": kl_of_coordinates(codes, spread) if isinstance(model, VAE) else np.zeros(0),
        "class_means": np.array(means),
    }
    return Atlas(labels=labels, **{name: array.astype(np.float32) for name, array in arrays.items()})


@torch.no_grad()
def metric(model: Model, z: Tensor, labels: Tensor, deviation: _Floats) -> _Floats:
    r"""How much a move of the code changes the image, $M = \mathrm{E}[J^\top J]$ with $J = \partial x / \partial z$.

    A move by $v$ changes the image by $v^\top M v$, squared and summed over pixels. By central differences, which ask
    nothing of a model but to draw.

    Arguments:
        z: Codes to look around, (B, D).
        labels: Their digits, (B,), for a conditional model.
        deviation: How far codes are spread along each coordinate, (D,): what a small move is.

    Returns:
        (D, D), symmetric.
    """
    moves = _MOVE * np.maximum(deviation, max(_NARROWEST * deviation.max(), 1e-6))
    slopes = []
    for d, move in enumerate(moves.tolist()):
        ahead, behind = z.clone(), z.clone()
        ahead[:, d] += move
        behind[:, d] -= move
        between = model.decode(ahead, labels) - model.decode(behind, labels)
        # The move as it was after rounding, (B,).
        slopes.append(between.flatten(1).double() / (ahead[:, d].double() - behind[:, d].double()).unsqueeze(1))
    jacobian = torch.stack(slopes, 2).flatten(0, 1).numpy()  # (B * P, D)
    found: _Floats = jacobian.T @ jacobian / len(z)
    return found


def principal_directions(covariance: _Floats, around: _Floats) -> tuple[_Floats, _Floats]:
    r"""Ways to move that are independent in the codes, by how much they change the image.

    With the covariance $C = L L^\top$ of the codes and the metric $M$ they are the rows $L u_r$ for the eigenvectors
    $u_r$ of $L^\top M L$, each one standard deviation long: $\sum_r (L u_r)(L u_r)^\top = C$. For a decoder that keeps
    lengths they are the principal axes of the codes.

    Arguments:
        covariance: Of the codes, (D, D).
        around: What :func:`metric` gives, (D, D).

    Returns:
        All directions (D, D) as rows, and the change of the image for a move by each, (D,), root mean square over its
        pixels, the largest first.
    """
    variances, axes = np.linalg.eigh(covariance)
    factor = axes * np.sqrt(variances.clip(min=0))  # symmetric codes may have no spread in some directions
    changes, turns = np.linalg.eigh(factor.T @ around @ factor)
    rows = (factor @ turns[:, ::-1]).T
    largest = np.take_along_axis(rows, np.abs(rows).argmax(1)[:, None], 1)
    return rows * np.where(largest < 0, -1.0, 1.0), np.sqrt(changes[::-1].clip(min=0) / _PIXELS)


def kl_of_coordinates(means: _Floats, spread: _Floats) -> _Floats:
    r"""Mean KL divergence of each coordinate from the standard normal prior, nats, (N, D) each to (D,).

    $$\tfrac12\,\mathrm{E}\left[\mu_d^2 + \sigma_d^2 - 1 - \log \sigma_d^2\right]$$

    The terms of :func:`genlib.models.vae.gaussian_kl`; near 0 where the model does not use the coordinate.
    """
    found: _Floats = 0.5 * (means**2 + spread**2 - 1 - 2 * np.log(spread)).mean(0)
    return found


def _encoded(model: Model, images: Images) -> tuple[_Floats, _Floats, NDArray[np.uint8]]:
    """Codes and their spread, (N, D) each, and digits (N,) of test images."""
    chosen = atlas_images(images)
    labels = images.test_labels[chosen]
    x, told = torch.tensor(images.test[chosen]).unsqueeze(1) / 255, torch.tensor(labels).long()
    if isinstance(model, VAE):
        q = model.posterior(x, told)
        return q.mean.double().numpy(), q.stddev.double().numpy(), labels
    codes = model.encode(x, told).double().numpy()
    return codes, np.zeros_like(codes), labels


def _drawn(model: Model, read: Callable[[NDArray[np.uint8]], NDArray[np.integer]]) -> tuple[_Floats, NDArray[np.uint8]]:
    """Codes from the prior, (N, D), and the digits (N,) that are drawn from them."""
    z = torch.randn(CODES, model.latent_dim, generator=torch_rng(0, "atlas"))
    asked = digits(CODES)
    x = model.decode(z, asked)
    if model.config.labels:
        return z.double().numpy(), asked.numpy().astype(np.uint8)
    return z.double().numpy(), read((x[:, 0] * 255).round().to(torch.uint8).numpy()).astype(np.uint8)
