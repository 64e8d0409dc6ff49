r"""Figures that compare images with test images, in the features of the bundled classifier.

They can be compared with one another and with nothing else: least of all with an Inception FID.
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
from genlib.seeding import numpy_rng

__all__ = ["NEIGHBOURS", "Figures", "copies", "ends", "figures", "reference", "spread"]

NEIGHBOURS = 5
_LOOKED_UP = 500  # images at least whose nearest training image is sought: all pairs of pixels cost the most
_FOUND = 0.1  # of its share in the data, from which a digit counts as found
_Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Figures:
    """Figures by name, their standard errors, and the share of each digit."""

    metrics: dict[str, float]
    stderr: dict[str, float]
    histogram: list[float]


def figures(images: _Bytes, n: int, sought: _Bytes | None = None) -> Figures:
    """Compare images with ``n`` test images.

    Arguments:
        images: (N, 28, 28), one byte a pixel.
        n: Test images, spread evenly.
        sought: Those whose nearest training image is sought; by default the first of ``images``.
    """
    from genlib.evaluation import judged

    real, shares = reference(n)
    seen, read = judged(images)
    near = manifolds(real, seen, NEIGHBOURS)
    histogram = np.bincount(read, minlength=10) / len(read)
    # What it is with fewer images tells how much of it is the bias of a finite sample.
    metrics = {f"frechet_at_{part}": frechet_of(real[:part], seen[:part]) for part in (n // 4, n // 2)}
    metrics |= {"frechet": frechet_of(real, seen), **near.means}
    metrics["classes"] = int((histogram >= _FOUND * shares).sum())
    metrics["histogram_distance"] = float(np.abs(histogram - shares).sum() / 2)
    stderr = {"frechet": jackknife(real, seen, frechet_of), **near.stderrs}
    for name, each in copies(images[: _looked_up(n)] if sought is None else sought).items():
        metrics[name], stderr[name] = float(each.mean()), float(each.std()) / math.sqrt(len(each))
    return Figures(metrics, stderr, histogram.tolist())


@lru_cache(maxsize=4)
def ends(n: int, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """The ends of the scale: figures of ``n`` training images, and of noise around the mean of each pixel."""
    images, rng = load_images(), numpy_rng(seed, "ends")
    # Images that were learnt from would all be copies of themselves: there validation images stand for real ones.
    unseen = images.validation[spread(_looked_up(n), len(images.validation))]
    real = figures(images.train[rng.choice(len(images.train), n, replace=False)], n, unseen)
    mean, deviation = images.train.mean(0), images.train.std(0)
    noise = (mean + deviation * rng.normal(size=(n, *mean.shape))).clip(0, 255).round().astype(np.uint8)
    return real.metrics, figures(noise, n).metrics


@lru_cache(maxsize=4)
def reference(n: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Features of ``n`` test images, (n, 128), in an order by chance, and the share of each digit among them, (10,)."""
    from genlib.evaluation import judged

    images = load_images()
    chosen = numpy_rng(0, "reference").permutation(spread(n, len(images.test)))
    return judged(images.test[chosen])[0], np.bincount(images.test_labels[chosen], minlength=10) / n


def spread(n: int, most: int) -> NDArray[np.int64]:
    """``n`` of ``most`` numbers from 0, evenly."""
    return np.arange(n) * most // n


def copies(images: _Bytes) -> dict[str, NDArray[Any]]:
    r"""Whether images are nearer to those that were learnt from than unseen ones are; one number of each image, (n,).

    ``nearer``: the share of test images that are farther from their nearest training image, one half if both are alike
    (the statistic of Meehan et al., 2020; blur makes it larger, too). ``copied``: whether the nearest of all training
    images is nearer than the nearest of all test images, which blur does not change; being more, the training images
    win more often for real images as well.
    """
    data = load_images()
    held = _held_out(len(images))
    to_train = nearest_of(images, data.train).squared
    below = [np.searchsorted(held, to_train, side) for side in ("left", "right")]
    return {
        "nearer": 1 - np.mean(below, axis=0) / len(held),
        "copied": to_train < nearest_of(images, data.test).squared,
    }


@lru_cache(maxsize=4)
def _held_out(n: int) -> NDArray[np.float64]:
    """Squared distances of ``n`` test images to their nearest training image, the least first, (n,)."""
    data = load_images()
    return np.sort(nearest_of(data.test[spread(n, len(data.test))], data.train).squared)


def _looked_up(n: int) -> int:
    return min(n, max(_LOOKED_UP, n // 5))
