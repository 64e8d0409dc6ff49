"""What each family is, in short; its formula and code; and how to train the same without the app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import streamlit as st

from genlib import recipe
from genlib.colours import FAMILIES
from genlib.settings import RunSettings
from pages.ui.cards import COMMAND, PYTHON, SEE, WORKS, attempt
from pages.ui.explain import method
from pages.ui.opened import Opened

__all__ = ["run_cards", "swatches"]

_SHORT = {
    "ae": (
        "**An autoencoder in short.** The encoder squeezes an image into a few numbers, its code; the decoder rebuilds "
        "the image from the code alone. Training makes the difference small. Nobody says where codes are to lie, so a "
        "code picked at random seldom decodes to an image like those."
    ),
    "vae": (
        "**A VAE in short.** The encoder answers with a cloud of codes instead of one, and the decoder rebuilds the "
        "image from a code drawn from it. Training weighs two wishes: rebuild well (reconstruction), and let all "
        "clouds together look like one standard bell curve, the prior (KL). So a code drawn from the prior decodes to "
        "a new image. β says how much the second wish counts."
    ),
    "gan": (
        "**A GAN in short.** The generator G turns random numbers into an image; the discriminator D says how sure it "
        "is that an image is real. D learns to tell real images from made ones, G learns to be taken for real, and "
        "neither is ever shown a right answer. It is a game, so no curve says how good it is: look at the images."
    ),
    "mixture": (
        "**A pixel mixture in short.** No network: each image becomes its coordinates along the directions in which "
        "images differ most (PCA), and a mixture of bell curves is fitted to these by EM, a batch at a time. All about "
        "it is exact: the density of an image, new ones, and what must stand in a hole given what is around it."
    ),
    "gan2d": (
        "**A GAN in short.** The generator G puts random codes on the plane; the discriminator D says of every place "
        "how real a point there looks. D learns from real and made points, G follows what D says. **See:** where D's "
        "line lies between the two heaps, and how the warped grid is pulled over the data."
    ),
    "vae2d": (
        "**A VAE in short.** The encoder turns each point into an ellipse of codes, the decoder puts codes back on the "
        "plane. Training weighs two wishes: rebuild well, and let all ellipses together fill the prior, so that a code "
        "drawn from it decodes to something like the data. β says how much the second counts."
    ),
    "ae2d": (
        "**An autoencoder in short.** Each point is squeezed into a code and rebuilt. With one number a point all that "
        "can be rebuilt lies on one curve, and training bends it through the data. Nobody says where codes are to lie, "
        "so new points from codes drawn at random fall between the groups."
    ),
    "mixture2d": (
        "**A Gaussian mixture in short.** A few bell curves share the points: the E-step asks which of them made each "
        "point, the M-step moves each to the points it owns. Here EM goes on a little with every batch, so that all "
        "four families can be compared over time."
    ),
}
# One thing more to try with a family, and what to guess before.
_TRY = {
    "gan2d": (
        "let D learn alone for a while, then G alone (Who learns).",
        "if D learns ten times slower than G, how many of the eight modes are found?",
    ),
    "vae2d": ("move β while it learns.", "what becomes of the ellipses at β = 20?"),
    "ae2d": ("set the latent size to 2.", "what is the error then, and what happens to new points?"),
    "mixture2d": ("give it five components on the ring of eight.", "which modes share one?"),
}
_CODE = {
    "ae": ("genlib.models.autoencoder:Autoencoder",),
    "vae": (
        "genlib.models.vae:VAE",
        "genlib.models.vae:negative_bound",
        "genlib.models.vae:gaussian_kl",
        "genlib.models.vae:rsample",
    ),
    "gan": ("genlib.models.gan:GAN",),
    "mixture": ("genlib.models.pixel_mixture:PixelMixture",),
    "gan2d": (
        "genlib.models.plane_gan:PlaneGAN",
        "genlib.models.plane_gan:PlaneDiscriminator",
        "genlib.training.plane:best_discriminator",
    ),
    "vae2d": ("genlib.models.plane:PlaneVAE", "genlib.models.vae:negative_bound", "genlib.models.vae:gaussian_kl"),
    "ae2d": ("genlib.models.plane:PlaneAutoencoder",),
    "mixture2d": ("genlib.models.plane_mixture:PlaneMixture",),
}
_DESCENDS = "genlib.models.base:Descent.training_step"


def run_cards(
    read: str, families: Iterable[str], runs: Sequence[Opened] | Sequence[RunSettings], **own: Callable[[], object]
) -> dict[str, Callable[[], object]]:
    """The cards of a page on which models are trained.

    Arguments:
        read: How to read its figures.
        families: That are shown.
        runs: What is trained anew by the recipes: runs, or what is asked for.
        own: What the page has alone, by its name.
    """
    known = [family for family in dict.fromkeys(families) if family in _SHORT]
    return {
        SEE: partial(_seen, read, known),
        **own,
        WORKS: lambda: method(*dict.fromkeys(code for family in known for code in _code(family))),
        PYTHON: lambda: _recipes(runs, 0, "python"),
        COMMAND: lambda: _recipes(runs, 1, "bash"),
    }


def swatches(key: str, families: Iterable[str]) -> None:
    """Put the colour of each family, which its curves have, before its name among pills.

    Arguments:
        key: Of the pills.
        families: In the order of the pills; what is none has no colour.
    """
    dot = "content: ''; width: 0.6rem; height: 0.6rem; border-radius: 50%; margin-right: 0.4rem; flex: none"
    rules = (
        f".st-key-{key} button:nth-of-type({i})::before {{ {dot}; background: {FAMILIES[name]}; }}"
        for i, name in enumerate((family.removesuffix("2d") for family in families), start=1)
        if name in FAMILIES
    )
    st.html(f"<style>{' '.join(rules)}</style>")


def _seen(read: str, families: Sequence[str]) -> None:
    st.markdown(read)
    for family in families:
        st.markdown(_SHORT[family])
        if family in _TRY:
            attempt(*_TRY[family], key=f"attempt_{family}")


def _code(family: str) -> tuple[str, ...]:
    return (*_CODE[family], _DESCENDS) if family in ("ae", "vae") else _CODE[family]


def _recipes(runs: Sequence[Opened] | Sequence[RunSettings], which: int, language: str) -> None:
    for each in runs:
        if isinstance(each, Opened):
            code = recipe.of_run(each.run)[which]
        else:
            code = (recipe.run_recipe, recipe.command_recipe)[which](each)
        st.code(code, language)
