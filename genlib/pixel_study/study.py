r"""What was measured of models that learned the same digits on other numbers, and one digit as those numbers.

References:
    On the Quantitative Analysis of Decoder-Based Generative Models (Wu et al., 2017), ICLR, arXiv:1611.04273
    A Note on the Evaluation of Generative Models (Theis, van den Oord & Bethge, 2016), ICLR, arXiv:1511.01844
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import GANConfig, VAEConfig

__all__ = [
    "EPOCHS",
    "FOLDER",
    "GANS",
    "PIXELS",
    "TOLD",
    "UNBOUNDED",
    "VAES",
    "Contest",
    "Fit",
    "Study",
    "grey_share",
    "load_study",
    "three_ways",
]

PIXELS = 28 * 28
EPOCHS = 8  # of a VAE; a GAN is measured earlier
VAES = {
    "binary": VAEConfig(latent_dim=20, binarise=True),
    "chances": VAEConfig(latent_dim=20),
    "unit": VAEConfig(latent_dim=20, likelihood="gaussian"),
    "standardised": VAEConfig(latent_dim=20, likelihood="gaussian", standardise=True),
}
GANS = {"unit": GANConfig(), "standardised": GANConfig(standardise=True), "binary": GANConfig(binarise=True)}
# Standardising changes the scale, and it takes away what holds pixels between black and white. This kind of VAE has
# pixels from 0 to 1 without the latter, so that it tells the two apart.
UNBOUNDED = "unbounded"
FOLDER, TOLD = "pixels", "study.json"
_GREY = 0.1, 0.9  # between these a pixel is neither black nor white


@dataclass(frozen=True)
class Fit:
    """VAEs of one kind, a figure for each seed.

    Arguments:
        nll: Negative log-likelihood of test images by importance sampling, nats an image: of black or white images for
            a Bernoulli likelihood; else a density of grey levels from 0 to 1.
        squared_error: Of rebuilt test images, the mean over pixels.
        frechet: Distance of drawn images from test images, in the features of the bundled classifier.
    """

    nll: list[float]
    squared_error: list[float]
    frechet: list[float]


@dataclass(frozen=True)
class Contest:
    """GANs of one kind, a list for each seed with a figure after each of the steps that are measured.

    Arguments:
        frechet: As in :class:`Fit`.
        real: Mean of D(x) over test images, in the pixels that D learns from.
        fake: Mean of D(G(z)).
        grey: Share of drawn pixels that are neither nearly black nor nearly white; one for each seed, in the end.
    """

    frechet: list[list[float]]
    real: list[list[float]]
    fake: list[list[float]]
    grey: list[float]


@dataclass(frozen=True)
class Study:
    """What was measured.

    Arguments:
        mean: Of all training pixels, in grey levels of [0, 1].
        deviation: Their standard deviation.
        grey: Share of the pixels of test images that are neither nearly black nor nearly white.
        floor: Fréchet distance of as many training images, as they are ("unit") and drawn black or white ("binary").
        steps: After which GANs were measured.
        vaes: By kind.
        gans: By kind.
        sheets: 32 images by the first seed of each, as PNG, by kind.
    """

    mean: float
    deviation: float
    grey: float
    floor: Mapping[str, float]
    steps: list[int]
    vaes: Mapping[str, Fit]
    gans: Mapping[str, Contest]
    sheets: Mapping[str, bytes]

    @property
    def log_scale(self) -> float:
        r"""$P \log s$: what nats of standardised pixels are more than those of grey levels from 0 to 1."""
        return PIXELS * math.log(self.deviation)


@lru_cache(maxsize=1)
def load_study() -> Study:
    """The study that comes with genlib.

    Raises:
        InputError: If a file is missing or was altered.
    """
    folder = assets() / FOLDER
    try:
        told = json.loads((folder / TOLD).read_text("utf-8"))
        vaes = {name: Fit(**told["vaes"].pop(name)) for name in (*VAES, UNBOUNDED)}
        gans = {name: Contest(**told["gans"].pop(name)) for name in GANS}
        names = [f"vae-{name}" for name in VAES] + [f"gan-{name}" for name in GANS]
        sheets = {name: (folder / f"{name}.png").read_bytes() for name in names}
        return Study(**told | {"vaes": vaes, "gans": gans}, sheets=sheets)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise InputError("The study of pixels is missing or was altered: restore it from the project.") from None


def three_ways(image: NDArray[np.uint8], study: Study, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """An image (28, 28) of bytes as models are shown it: grey levels from 0 to 1, standardised, black or white."""
    unit = image / 255
    drawn = numpy_rng(seed, "binarise").random(image.shape) < unit
    return {"unit": unit, "standardised": (unit - study.mean) / study.deviation, "binary": drawn.astype(np.float64)}


def grey_share(images: NDArray[np.uint8]) -> float:
    """Share of the pixels, one byte each, that are neither nearly black nor nearly white."""
    black, white = (255 * end for end in _GREY)
    return float(((images > black) & (images < white)).mean())
