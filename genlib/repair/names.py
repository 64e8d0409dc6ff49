"""What ways to repair there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from genlib.settings import MNIST, DamageConfig

__all__ = ["DIGITS", "METHODS", "Learnt", "Method"]


@dataclass(frozen=True)
class Learnt:
    """What a method has learned from.

    Arguments:
        data: "mnist", or the hash of a visitor's data set.
        folder: The run whose model it takes; None: one that comes with genlib, or a method that takes none.
    """

    data: str = MNIST
    folder: Path | None = None


DIGITS = Learnt()


@dataclass(frozen=True)
class Method:
    """A way to repair.

    Arguments:
        title: Its name for people.
        how: What it does, in a sentence.
        source: Where its formula stands: "module:name".
        family: Of the model that it takes; empty for those that take none.
        model: The bundled model that it uses; empty for none.
        labelled: The one that it uses where the digit is told; empty if there is none.
        samples: Whether it has several answers.
        mends: The kinds of damage that it can mend, of those of :class:`genlib.settings.DamageConfig`.
        why: Why it cannot mend others.
    """

    title: str
    how: str
    source: str
    family: str = ""
    model: str = ""
    labelled: str = ""
    samples: bool = False
    mends: tuple[str, ...] = DamageConfig.knob("damage").choices
    why: str = ""


METHODS = {
    "mean": Method(
        "Pixel mean",
        "Each pixel as it is on average. It does not look at the image.",
        "genlib.repair.plain:by_pixel_mean",
    ),
    "linear": Method("Linear", "The best straight-line guess from what is known.", "genlib.repair.plain:gaussian_mean"),
    "knn": Method(
        "10 neighbours",
        "The ten training images that explain it best, averaged.",
        "genlib.repair.plain:nearest_fills",
        samples=True,
    ),
    "mixture": Method(
        "Pixel mixture",
        "The exact mean, and exact draws, under a mixture of bell curves.",
        "genlib.models.pixel_mixture:PixelMixture.fill",
        "mixture",
        "mixture",
        "mixture-labels",
        samples=True,
    ),
    "ae": Method(
        "AE by projection",
        "Rebuilt again and again, keeping what is seen; noise it takes away at one go.",
        "genlib.repair.networks:project",
        "ae",
        "ae-denoising",
        mends=("hole", "noise"),
        why="it has learned to take noise away, and nothing else.",
    ),
    "masked": Method(
        "AE trained on holes",
        "A network that was trained to fill holes of all shapes.",
        "genlib.models.masked:MaskedAutoencoder",
        "masked",
        "masked",
        mends=("hole",),
        why="it has learned to fill holes, and nothing else.",
    ),
    "vae-gibbs": Method(
        "VAE, pseudo-Gibbs",
        "A code of the filled image, new pixels from the code, and again.",
        "genlib.repair.networks:gibbs",
        "vae",
        "vae-20d",
        "vae-labels",
        samples=True,
        mends=("hole",),
        why="it holds on to pixels that are as they were, and here none is.",
    ),
    "vae-weights": Method(
        "VAE, importance sampling",
        "440 codes, each counted by how well it explains what is known.",
        "genlib.repair.networks:weigh_codes",
        "vae",
        "vae-20d",
        "vae-labels",
        samples=True,
    ),
    "vae-search": Method(
        "VAE, best code",
        "The code whose image explains what is known best.",
        "genlib.repair.searching:search_codes",
        "vae",
        "vae-20d",
        "vae-labels",
        samples=True,
    ),
    "gan-search": Method(
        "GAN, best code",
        "The code whose image explains what is known, and that D finds real.",
        "genlib.repair.searching:search_codes",
        "gan",
        "gan",
        "gan-labels",
        samples=True,
    ),
}
