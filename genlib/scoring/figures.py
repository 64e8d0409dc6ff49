r"""Figures that compare images with test images, in features: what a classifier sees in them, or their main axes.

Figures in the same features can be compared with one another and with nothing else: least of all with an Inception FID.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import load_images
from genlib.metrics import frechet_of, jackknife, manifolds, nearest_of
from genlib.pca import PCA, fit_pca
from genlib.seeding import numpy_rng
from genlib.settings import MNIST

__all__ = [
    "FEATURES",
    "NEIGHBOURS",
    "Figures",
    "copies",
    "end",
    "figures",
    "looked_at",
    "reference",
    "shares",
    "spread",
]

NEIGHBOURS = 5
FEATURES = {"classifier": "What a classifier sees", "pca": "50 main axes (PCA)"}
_LOOKED_UP = 500  # images at least whose nearest training image is sought: all pairs of pixels cost the most
_SIZE, _FITTED = 50, 10_000  # axes, and the training images that they are fitted to
_FOUND = 0.1  # of its share in the data, from which a digit counts as found
_Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Figures:
    """Figures by name, their standard errors, and the share of each digit, where these are read."""

    metrics: dict[str, float]
    stderr: dict[str, float]
    histogram: list[float]


def figures(
    images: _Bytes, n: int, features: str = "classifier", data: str = MNIST, sought: _Bytes | None = None
) -> Figures:
    """Compare images with ``n`` test images.

    Arguments:
        images: (N, 28, 28), one byte a pixel.
        n: Test images, spread evenly.
        features: One of ``FEATURES``; digits are read by the classifier only.
        data: Whose test images: "mnist", or the hash of a visitor's data set.
        sought: Those whose nearest training image is sought; by default the first of ``images``.
    """
    real, digits = reference(n, features, data)
    seen, read = looked_at(images, features, data)
    near = manifolds(real, seen, NEIGHBOURS)
    # What it is with fewer images tells how much of it is the bias of a finite sample.
    metrics: dict[str, float] = {
        f"frechet_at_{part}": frechet_of(real[:part], seen[:part]) for part in (n // 4, n // 2)
    }
    metrics |= {"frechet": frechet_of(real, seen), **near.means}
    stderr = {"frechet": jackknife(real, seen, frechet_of), **near.stderrs}
    if read is not None and digits is not None:
        for name, figure in (("classes", _classes), ("histogram_distance", _off)):
            metrics[name], stderr[name] = figure(digits, read), jackknife(digits, read, figure)
    for name, each in copies(images[: _looked_up(n)] if sought is None else sought, data).items():
        metrics[name], stderr[name] = float(each.mean()), float(each.std()) / math.sqrt(len(each))
    return Figures(metrics, stderr, [] if read is None else shares(read).tolist())


def shares(digits: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often each of the ten digits is there, (10,)."""
    return np.bincount(digits, minlength=10) / len(digits)


def _classes(real: NDArray[np.int64], read: NDArray[np.int64]) -> int:
    return int((shares(read) >= _FOUND * shares(real)).sum())


def _off(real: NDArray[np.int64], read: NDArray[np.int64]) -> float:
    return float(np.abs(shares(read) - shares(real)).sum() / 2)


@lru_cache(maxsize=16)
def end(kind: str, n: int, seed: int, features: str = "classifier", data: str = MNIST) -> dict[str, float]:
    """An end of the scale: figures of ``n`` training images ("real"), or of noise around the mean of each pixel."""
    images, rng = load_images(data), numpy_rng(seed, "ends")
    if kind == "real":
        chosen = images.train[rng.choice(len(images.train), n, replace=False)]
        # Images that were learnt from would all be copies of themselves: there validation images stand for real ones.
        unseen = images.validation[spread(_looked_up(n), len(images.validation))]
        return figures(chosen, n, features, data, unseen).metrics
    mean, deviation = _pixels(data)
    noise = (mean + deviation * rng.normal(size=(n, *mean.shape))).clip(0, 255).round().astype(np.uint8)
    return figures(noise, n, features, data).metrics


@lru_cache(maxsize=4)
def _pixels(data: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each pixel of training images, in bytes; both (28, 28)."""
    train, moments = load_images(data).train, np.zeros((2, 28, 28))
    for part in np.array_split(train, 50):  # all of them as float64 would take a second, and 345 MB
        x = part.astype(np.float32)
        moments += [x.sum(0, dtype=np.float64), np.square(x).sum(0, dtype=np.float64)]
    mean, square = moments / len(train)
    return mean, np.sqrt((square - mean**2).clip(0))


@lru_cache(maxsize=8)
def reference(
    n: int, features: str = "classifier", data: str = MNIST
) -> tuple[NDArray[np.floating], NDArray[np.int64] | None]:
    """Features of ``n`` test images, (n, F), in an order by chance; and their digits, (n,), where these are read."""
    images = load_images(data)
    chosen = numpy_rng(0, "reference").permutation(spread(n, len(images.test)))
    seen, read = looked_at(images.test[chosen], features, data)
    return seen, None if read is None else images.test_labels[chosen]


def looked_at(
    images: _Bytes, features: str, data: str = MNIST
) -> tuple[NDArray[np.floating], NDArray[np.int64] | None]:
    """Features of images, (N, F), and the digits read in them, (N,), if they are.

    Arguments:
        images: (N, 28, 28), one byte a pixel.
        features: "classifier", the 128 numbers from which the bundled one reads; or "pca", the coordinates along the 50
            main axes of training images, which any data have.
        data: Whose training images these are.
    """
    if features == "pca":
        return _axes(data).project(images, _SIZE).astype(np.float32), None
    from genlib.evaluation import judged

    return judged(images)


@lru_cache(maxsize=4)
def _axes(data: str) -> PCA:
    train = load_images(data).train
    return fit_pca(train[spread(min(_FITTED, len(train)), len(train))])


def spread(n: int, most: int) -> NDArray[np.int64]:
    """``n`` of ``most`` numbers from 0, evenly."""
    return np.arange(n) * most // n


def copies(images: _Bytes, data: str = MNIST) -> dict[str, NDArray[Any]]:
    r"""Whether images are nearer to those that were learnt from than unseen ones are; one number of each image, (n,).

    ``nearer``: the share of test images that are farther from their nearest training image, one half if both are alike
    (the statistic of Meehan et al., 2020; blur makes it larger, too). ``copied``: whether the nearest of all training
    images is nearer than the nearest of all test images, which blur does not change; being more, the training images
    win more often for real images as well.
    """
    known = load_images(data)
    held = _held_out(min(len(images), len(known.test)), data)
    to_train = nearest_of(images, known.train).squared
    below = [np.searchsorted(held, to_train, side) for side in ("left", "right")]
    return {
        "nearer": 1 - np.mean(below, axis=0) / len(held),
        "copied": to_train < nearest_of(images, known.test).squared,
    }


@lru_cache(maxsize=4)
def _held_out(n: int, data: str) -> NDArray[np.float64]:
    """Squared distances of ``n`` test images to their nearest training image, the least first, (n,)."""
    known = load_images(data)
    return np.sort(nearest_of(known.test[spread(n, len(known.test))], known.train).squared)


def _looked_up(n: int) -> int:
    return min(n, max(_LOOKED_UP, n // 5))
