"""Gaussian mixture: watch EM find the groups in a cloud of points."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import streamlit as st

from genlib import recipe
from genlib.data.tables import Table, write_table
from genlib.gmm import EMStep, Mixture, fill, fit_em
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import GapsConfig, MixtureConfig, PointsConfig
from pages.ui import cached
from pages.ui.controls import Controls
from pages.ui.explain import method
from pages.ui.flipbook import flipbook, mixture_panel
from pages.ui.notices import show
from pages.ui.points import choose_points, clear_added, epoch, take
from pages.ui.words import unlinked

TABS = (
    "Several starts",
    "How many components?",
    "New points",
    "Missing values",
    "Numbers and files",
    "How it works",
    "The same in Python",
)


def main() -> None:
    st.title("Gaussian mixture")
    st.markdown(
        "A few Gaussians try to explain a cloud of points, and EM moves them, one small step at a time. "
        "**Try this:** press Play, then choose a data set and guess where each ellipse will end."
    )
    notices = st.container()
    picture, panel = st.columns([2.7, 1], gap="large")
    with panel:
        source, config = controls()
    with notices:
        show()
    with picture:
        steps = film(source, config)
    if steps:
        more(source, config, steps)


def controls() -> tuple[cached.Source, MixtureConfig]:
    """The points and the fit that are asked for."""
    fit = Controls(MixtureConfig)
    source, groups = choose_points()
    if groups:
        # A data set that was just chosen brings its own number of groups; what the visitor then sets stays.
        st.session_state[fit.key("components")] = groups
    st.subheader("Fit", anchor=False)
    fit.draw("components", "covariance", "initialisation")
    with st.expander("Tolerance, regularisation, seed"):
        fit.draw("tolerance", "regularisation", "max_iterations", "seed")
    return source, fit.config(MixtureConfig)


def film(source: cached.Source, config: MixtureConfig) -> list[EMStep]:
    """The fit as a flipbook; empty, with a sentence, if these points cannot be fitted."""
    try:
        with st.spinner("Fitting"):
            steps = cached.fits(source, config)[0]
    except InputError as error:
        st.error(unlinked(str(error)))
        clear_added(source)
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
        )
        take(answer, source)
    except InputError as error:
        st.warning(unlinked(str(error)))
    clear_added(source)
    if config.regularisation > 1e-3 and any(
        later.log_likelihood < earlier.log_likelihood - 1e-9 for earlier, later in pairwise(steps)
    ):
        st.info("The curve falls in places: a strong regularisation pulls the covariances away from the best fit.")
    return steps


def more(source: cached.Source, config: MixtureConfig, steps: list[EMStep]) -> None:
    parts = st.tabs(TABS, on_change="rerun", key="more")
    shows = (
        lambda: starts(source, config),
        lambda: how_many(source, config),
        lambda: new_points(source, config, steps[-1].mixture),
        lambda: missing(source, config),
        lambda: numbers(source, steps),
        lambda: method(Mixture, fit_em, fill),
        lambda: st.code(python_recipe(source, config), "python"),
    )
    for part, draw in zip(parts, shows, strict=True):
        # Only the open tab is computed and sent.
        if part.open:
            with part:
                try:
                    draw()
                except InputError as error:
                    st.warning(unlinked(str(error)))


def starts(source: cached.Source, config: MixtureConfig) -> None:
    """Fits from neighbouring seeds side by side."""
    st.markdown(
        "EM climbs to the nearest top, not to the highest. **Predict:** do four seeds end in the same place? "
        "Then choose *Random points* as initialisation and look again."
    )
    found = cached.fits(source, config, 4)
    best = max(range(len(found)), key=lambda i: found[i][-1].log_likelihood)
    panels = []
    for i, steps in enumerate(found):
        behind = found[best][-1].log_likelihood - steps[-1].log_likelihood
        verdict = "best" if i == best else "as good" if behind < 1e-3 else f"worse by {behind:.3f}"
        panels.append(mixture_panel(f"Seed {config.seed + i}: {verdict}", steps))
    flipbook(panels, key="starts", points=cached.plane(source), ratio=0.9, least=150)


def how_many(source: cached.Source, config: MixtureConfig) -> None:
    """Criteria over K."""
    from genlib import plots

    st.markdown(
        "The more components, the better the training points are fitted, up to a bad start here and there. BIC and AIC "
        "charge for each parameter; held-out points were not used for the fit. Large dots mark the choice of each."
    )
    different = len(np.unique(cached.plane(source), axis=0))
    most = min(max(12, config.components + 3), 30, different // 5)
    if most < 2:
        st.info("These are too few points to compare numbers of components: draw at least 10.")
        return
    found = []
    progress = st.progress(0.0, "Fitting")
    for k in range(1, most + 1):
        try:
            found.append(cached.selection(source, config, k))
        except InputError as error:
            st.warning(unlinked(str(error)))
            break
        progress.progress(k / most, f"Fitted K = {k}")
    progress.empty()
    if found:
        left, right = st.columns(2)
        left.plotly_chart(plots.criteria_chart(found), key="criteria", config={"displayModeBar": False})
        right.plotly_chart(plots.held_out_chart(found), key="held_out", config={"displayModeBar": False})


def new_points(source: cached.Source, config: MixtureConfig, mixture: Mixture) -> None:
    """Samples beside the data."""
    from genlib import plots

    st.markdown(
        "To generate, choose a component by its weight, then draw from its Gaussian. "
        "Where the new points differ from the real ones, the model is wrong."
    )
    n = st.select_slider("New points", [10, 50, 100, 500, 1000, 2000], 100, key="new", persist_state="session")
    x, groups = mixture.sample(n, numpy_rng(config.seed, "sample"))
    st.plotly_chart(
        plots.samples_chart(cached.plane(source), x, groups), key="samples", config={"displayModeBar": False}
    )
    st.download_button("Download the new points", csv(x, groups), "new_points.csv", "text/csv")


def missing(source: cached.Source, config: MixtureConfig) -> None:
    """Points that lost a coordinate, and what the mixture puts there."""
    from genlib import plots

    st.markdown(
        "Some points lose a coordinate. A mixture fitted to the points that are left whole knows what goes with the "
        "other one. **Predict:** which has the smaller error, its mean or a draw? And which looks like the data?"
    )
    controls = Controls(GapsConfig, "gaps_")
    with st.container(horizontal=True):
        controls.draw("share", "lost", "gap_seed")
    found = cached.filled(source, controls.config(GapsConfig), config)
    charts = plots.filled_charts(found)
    for i, (column, (title, chart)) in enumerate(zip(st.columns(3), charts.items(), strict=True)):
        column.markdown(f"**{title}**")
        column.plotly_chart(chart, key=f"filled_{i}", config={"displayModeBar": False})
    st.caption(
        "Orange: points whose coordinate was put in. The error is the root of the mean squared distance to what was "
        "hidden, in the units of the points. The mean comes nearest, and makes the cloud thinner than it was. Draws "
        "miss by more one by one, and together look like the data. With images it is the same: PSNR likes blur."
    )


def numbers(source: cached.Source, steps: list[EMStep]) -> None:
    """Parameters as a table, and downloads."""
    mixture, x = steps[-1].mixture, cached.plane(source)
    rows: list[dict[str, Any]] = []
    for k, (weight, mean, covariance) in enumerate(
        zip(mixture.weights, mixture.means, mixture.covariances, strict=True), start=1
    ):
        rows.append(
            {"component": k, "weight": weight, "mean x": mean[0], "mean y": mean[1]}
            | {"var x": covariance[0, 0], "cov xy": covariance[0, 1], "var y": covariance[1, 1]}
        )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="%.4f") for name in rows[0] if name != "component"},
    )
    fitted = {"log_likelihood": steps[-1].log_likelihood, "iterations": steps[-1].iteration, **mixture.to_json()}
    left, right = st.columns(2)
    left.download_button("Download the parameters", json.dumps(fitted, indent=1), "mixture.json", "application/json")
    right.download_button(
        "Download the points", csv(x, mixture.responsibilities(x).argmax(1)), "points.csv", "text/csv"
    )


def csv(x: np.ndarray, groups: np.ndarray) -> bytes:
    return write_table(Table(("x", "y", "component"), np.column_stack([x, groups + 1])))


def python_recipe(source: cached.Source, config: MixtureConfig) -> str:
    origin, added = source
    if isinstance(origin, PointsConfig):
        return recipe.mixture_recipe(origin, config, added)
    return recipe.mixture_recipe(PointsConfig(), config, added, origin[1:])


main()
