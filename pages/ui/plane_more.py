"""What stands below the pictures of the 2-D lab: what a family is, its formula and code, the recipes, and the film."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from genlib import recipe
from genlib.film import Film
from genlib.morph import FORMS
from genlib.plane_film import MOST_PICTURES, SIZE, plane_film
from genlib.settings import RunSettings
from pages.ui.explain import method
from pages.ui.lab import Draft
from pages.ui.opened import Opened
from pages.ui.server import compute_part
from pages.ui.words import plain

__all__ = ["more"]

TABS = ("In short", "Formula and code", "The same in Python", "The same on the command line", "Film")
IN_SHORT = {
    "gan2d": (
        "**A GAN in short.** The generator G puts random codes on the plane; the discriminator D says of every place "
        "how real a point there looks. D learns from real and made points, G follows what D says. **See:** where D's "
        "line lies between the two heaps, and how the warped grid is pulled over the data.\n\n"
        "**Try this:** let D learn alone for a while, then G alone (Who learns). **Predict, then check:** if D learns "
        "ten times slower than G, how many of the eight modes are found?"
    ),
    "vae2d": (
        "**A VAE in short.** The encoder turns each point into an ellipse of codes, the decoder puts codes back on the "
        "plane. Training weighs two wishes: rebuild well, and let all ellipses together fill the prior, so that a code "
        "drawn from it decodes to something like the data. β says how much the second counts.\n\n"
        "**Try this:** move β while it learns. **Predict, then check:** what becomes of the ellipses at β = 20?"
    ),
    "ae2d": (
        "**An autoencoder in short.** Each point is squeezed into a code and rebuilt. With one number a point all that "
        "can be rebuilt lies on one curve, and training bends it through the data. Nobody says where codes are to lie, "
        "so new points from codes drawn at random fall between the groups.\n\n"
        "**Try this:** set the latent size to 2. **Predict, then check:** what is the error then, and what happens to "
        "new points?"
    ),
    "mixture2d": (
        "**A Gaussian mixture in short.** A few bell curves share the points: the E-step asks which of them made each "
        "point, the M-step moves each to the points it owns. Here EM goes on a little with every batch, so that all "
        "four families can be compared over time.\n\n"
        "**Try this:** give it five components on the ring of eight. **Predict, then check:** which modes share one?"
    ),
}
CODE = {
    "gan2d": (
        "genlib.models.plane_gan:PlaneGAN",
        "genlib.models.plane_gan:PlaneDiscriminator",
        "genlib.training.plane:best_discriminator",
    ),
    "vae2d": ("genlib.models.plane:PlaneVAE", "genlib.models.vae:negative_bound", "genlib.models.vae:gaussian_kl"),
    "ae2d": ("genlib.models.plane:PlaneAutoencoder",),
    "mixture2d": ("genlib.models.plane_mixture:PlaneMixture",),
}


def more(shown: Opened | None, wanted: list[RunSettings], lanes: Sequence[Opened | Draft]) -> None:
    """How it works, how to do the same without the app, and the films of what is seen; only the open tab is made."""
    short, works, python, command, film = st.tabs(TABS, on_change="rerun", key="lab_more")
    families = [shown.settings.family] if shown else [each.family for each in wanted]
    if short.open:
        for family in families:
            short.markdown(IN_SHORT[family])
    if works.open:
        with works:
            method(*dict.fromkeys(code for family in families for code in CODE[family]))
    for part, which, language in ((python, 0, "python"), (command, 1, "bash")):
        if part.open:
            for found in [recipe.of_run(shown.run)] if shown else [_recipes(each) for each in wanted]:
                part.code(found[which], language)
    if film.open:
        with film:
            films([each for each in lanes if isinstance(each, Opened)])


def films(runs: Sequence[Opened]) -> None:
    """Files to take along, painted when they are asked for."""
    ready = [each for each in runs if Film(each.run.path / "frames").steps()]
    if not ready:
        st.caption("There is no film yet: train something.")
        return
    st.caption(f"What is seen above, {SIZE} pixels wide, in at most {MOST_PICTURES} pictures, for slides and messages. "
               "It is painted when you press a button, which takes some seconds.")  # fmt: skip
    for each in ready:
        family, painted = each.settings.family, partial(compute_part, plane_film, each.run.path, each.settings)
        with st.container(horizontal=True, vertical_alignment="center"):
            for form, name in FORMS.items():
                st.download_button(
                    f"{name}: {plain(each.title)}", partial(painted, form),
                    f"{family}-{each.run.id[:6]}.{form}", f"image/{form}", icon=":material/movie:",
                    key=f"film_{form}_{each.run.id}", on_click="ignore",
                )  # fmt: skip


def _recipes(settings: RunSettings) -> tuple[str, str]:
    return recipe.run_recipe(settings), recipe.command_recipe(settings)
