r"""Principal component analysis: the best that a linear autoencoder can do, and so the line to beat.

References:
    On Lines and Planes of Closest Fit to Systems of Points in Space (Pearson, 1901), Philosophical Magazine 2, 559-572
    Analysis of a Complex of Statistical Variables into Principal Components (Hotelling, 1933), Journal of Educational
    Psychology 24, 417-441
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.settings import MNIST

__all__ = ["PCA", "WIDEST", "fit_pca", "load_pca_errors", "pca_errors"]

WIDEST = 64  # axes that are kept: as many numbers as the largest code of an autoencoder has
_CHUNK = 2000  # images that are held as float64 at once, 13 MB

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PCA:
    """The axes along which images differ most, in grey levels from 0 to 1.

    Arguments:
        mean: The mean image, (P,) for P pixels.
        axes: Orthogonal directions of length 1, (P, D), the largest variance first; D is at most ``WIDEST``.
        variances: Variance of the fitted images along each, (D,).
    """

    mean: _Floats
    axes: _Floats
    variances: _Floats

    def project(self, images: NDArray[np.uint8], size: int) -> _Floats:
        """The first coordinates of images, (N, H, W) to (N, ``size``)."""
        return np.concatenate([x @ self.axes[:, :size] for x in _chunks(images, self.mean)])

    def errors(self, images: NDArray[np.uint8]) -> _Floats:
        r"""Squared error of images rebuilt from their first $D$ coordinates, for every $D$ at once.

        $$\mathrm{E}\,\|x - \hat x_D\|^2 = \mathrm{E}\,\|x - m\|^2 - \sum_{d \le D} \mathrm{E}\,[a_d^\top (x - m)]^2$$

        Exact because the axes $a_d$ are orthogonal, on images that were not fitted, too.

        Arguments:
            images: (N, H, W), one byte a pixel.

        Returns:
            Summed over the pixels of an image, averaged over the images, (D,): entry 0 is that of one number.
        """
        energy, explained = 0.0, np.zeros(self.axes.shape[1])
        for x in _chunks(images, self.mean):
            energy += float(np.square(x).sum())
            explained += np.square(x @ self.axes).sum(axis=0)
        return (energy - np.cumsum(explained)) / len(images)


def fit_pca(images: NDArray[np.uint8]) -> PCA:
    r"""The leading eigenvectors of the covariance of images.

    $$C = \frac1N \sum_n (x_n - m)(x_n - m)^\top, \qquad C a_d = \lambda_d a_d, \qquad \lambda_1 \ge \lambda_2 \ge ...$$

    Arguments:
        images: (N, H, W), one byte a pixel; read in chunks, so that memory does not grow with N.
    """
    pixels = images[0].size
    mean = images.reshape(-1, pixels).sum(axis=0, dtype=np.int64) / (255 * len(images))
    if len(images) < pixels:
        # The same axes from the images themselves: their covariance is larger than they are.
        x = np.concatenate(list(_chunks(images, mean)))
        _, singular, rows = np.linalg.svd(x, full_matrices=False)
        return PCA(mean, rows[:WIDEST].T.copy(), np.square(singular[:WIDEST]) / len(images))
    covariance = np.zeros((pixels, pixels))
    for x in _chunks(images, mean):
        covariance += x.T @ x
    variances, axes = np.linalg.eigh(covariance / len(images))
    return PCA(mean, axes[:, ::-1][:, :WIDEST].copy(), variances[::-1][:WIDEST].copy())


def pca_errors(data: str = MNIST) -> _Floats:
    """Squared error of PCA on the validation images of a data set, as :func:`load_pca_errors` gives it of MNIST.

    Arguments:
        data: "mnist", or the hash of a visitor's data set; its axes are fitted now.

    Returns:
        As many numbers as there are axes: at most ``WIDEST``, and no more than there are images to fit them to.

    Raises:
        InputError: If the bundled file is missing or damaged, or the data set is gone.
    """
    if data == MNIST:
        return load_pca_errors()
    images = load_images(data)
    return fit_pca(images.train).errors(images.validation)


def load_pca_errors() -> _Floats:
    """Squared error of PCA on MNIST's validation images, for codes of 1 to ``WIDEST`` numbers.

    Returns:
        Summed over the pixels of an image, (64,): entry D - 1 is that of D numbers. The axes are those of the train
        images; ``genlib pretrain`` makes the file anew.

    Raises:
        InputError: If the bundled file is missing or damaged.
    """
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        found: Any = json.loads((assets() / "models" / "pca.json").read_text("utf-8"))
        errors = np.array(found["errors"], np.float64)
        if errors.shape == (WIDEST,) and np.isfinite(errors).all():
            return errors
    raise InputError("The file pca.json that comes with genlib is missing or damaged: restore it from the project.")


def _chunks(images: NDArray[np.uint8], mean: _Floats) -> Iterator[_Floats]:
    """Images around ``mean`` as rows of grey levels from 0 to 1, (n, P), some at a time."""
    for start in range(0, len(images), _CHUNK):
        yield images[start : start + _CHUNK].reshape(-1, len(mean)) / 255.0 - mean
