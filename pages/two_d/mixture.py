"""Gaussian mixture: watch EM find the groups in a cloud of points."""

from __future__ import annotations

from itertools import pairwise

import streamlit as st

from genlib import recipe
from genlib.gmm import EMStep, Mixture, fit_em
from genlib.knobs import InputError
from genlib.metrics import energy_distance, modes, tell_apart
from genlib.settings import MixtureConfig, PointsConfig
from pages.ui import cached, presenting, seen
from pages.ui.cards import PYTHON, SEE, WORKS, awaited, cards
from pages.ui.controls import Controls
from pages.ui.explain import method
from pages.ui.fitted import how_good, how_many, new_points, numbers, starts
from pages.ui.flipbook import flipbook, mixture_panel
from pages.ui.notices import show
from pages.ui.owner import ask_key, visitor_key
from pages.ui.points import choose_points, clear_added, epoch, take
from pages.ui.tools import heading
from pages.ui.words import unlinked


def main() -> None:
    heading(
        "Gaussian mixture",
        "A few Gaussians try to explain a cloud of points, and EM moves them, one small step at a time.",
        "press Play, then choose another data set and another number of components.",
        "where will each ellipse end, and does another seed end in the same place?",
    )
    notices = st.container()
    picture, panel = presenting.sides()
    with panel:
        source, config = controls()
    with picture:
        steps = film(source, config)
    with notices:
        show(keep=visitor_key() is None)
    if steps:
        more(source, config, steps)
    ask_key()


def controls() -> tuple[cached.Source, MixtureConfig]:
    """The points and the fit that are asked for."""
    fit = Controls(MixtureConfig)
    source, groups = choose_points()
    if groups:
        # A data set that was just chosen brings its own number of groups; what the visitor then sets stays.
        st.session_state[fit.key("components")] = groups
    presenting.section("Fit")
    fit.draw("components", "covariance", "initialisation")
    with presenting.fold("Tolerance, regularisation, seed"):
        fit.draw("tolerance", "regularisation", "max_iterations", "seed")
    return source, fit.config(MixtureConfig)


def film(source: cached.Source, config: MixtureConfig) -> list[EMStep]:
    """The fit as a flipbook; empty, with a sentence, if these points cannot be fitted."""
    try:
        with awaited("Fitting", "em", 560):
            steps = cached.fits(source, config)[0]
    except InputError as error:
        st.error(unlinked(str(error)))
        clear_added(source[1])
        return []
    last = steps[-1]
    title = f"{last.iteration} iterations, {'converged' if last.converged else 'stopped before it converged'}"
    try:
        answer = flipbook(
            [mixture_panel(title, steps)],
            key="em",
            points=cached.plane(source),
            added=source[1],
            epoch=epoch(),
            clickable=True,
            prefix="",
        )
        take(answer, source[1])
    except InputError as error:
        st.warning(unlinked(str(error)))
    clear_added(source[1])
    if config.regularisation > 1e-3 and any(
        later.log_likelihood < earlier.log_likelihood - 1e-9 for earlier, later in pairwise(steps)
    ):
        st.info("The curve falls in places: a strong regularisation pulls the covariances away from the best fit.")
    return steps


def more(source: cached.Source, config: MixtureConfig, steps: list[EMStep]) -> None:
    cards(
        {
            SEE: lambda: st.markdown(seen.MIXTURE),
            "Several starts": lambda: starts(source, config),
            "How many components?": lambda: how_many(source, config),
            "New points": lambda: new_points(source, config, steps[-1].mixture),
            "How good is it?": lambda: how_good(source, config),
            "Numbers and files": lambda: numbers(source, steps),
            WORKS: lambda: method(Mixture, fit_em, modes, energy_distance, tell_apart),
            PYTHON: lambda: st.code(python_recipe(source, config), "python"),
        }
    )


def python_recipe(source: cached.Source, config: MixtureConfig) -> str:
    origin, added = source
    if isinstance(origin, PointsConfig):
        return recipe.mixture_recipe(origin, config, added)
    return recipe.mixture_recipe(PointsConfig(), config, added, origin[1:])


main()
