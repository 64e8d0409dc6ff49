"""What can be asked of a fitted mixture, one tab each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import streamlit as st

from genlib.data.tables import Table, write_table
from genlib.gmm import EMStep, Mixture
from genlib.knobs import InputError
from genlib.scoring import POINT_MEANINGS
from genlib.seeding import numpy_rng
from genlib.settings import MixtureConfig
from pages.ui import cached
from pages.ui.address import choose
from pages.ui.figure import figure, table
from pages.ui.flipbook import flipbook, mixture_panel
from pages.ui.scores import explained, points_table
from pages.ui.words import unlinked

__all__ = ["how_good", "how_many", "new_points", "numbers", "starts"]


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
    flipbook(panels, key="starts", points=cached.plane(source), ratio=0.9, least=150, prefix="starts_")


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
        with left:
            figure(plots.criteria_chart(found), "criteria")
        with right:
            figure(plots.held_out_chart(found), "held_out")


def new_points(source: cached.Source, config: MixtureConfig, mixture: Mixture) -> None:
    """Samples beside the data."""
    from genlib import plots

    st.markdown(
        "To generate, choose a component by its weight, then draw from its Gaussian. "
        "Where the new points differ from the real ones, the model is wrong."
    )
    n = choose(st.select_slider, "New points", [10, 50, 100, 500, 1000, 2000], "new", 100, key="new")
    x, groups = mixture.sample(n, numpy_rng(config.seed, "sample"))
    figure(plots.samples_chart(cached.plane(source), x, groups), "samples")
    st.download_button("Download the new points", csv(x, groups), "new_points.csv", "text/csv")


def how_good(source: cached.Source, config: MixtureConfig) -> None:
    """Points of the mixture against real ones that it was not fitted to."""
    st.markdown(
        "Do new points match real ones that the mixture was not fitted to? "
        "**Predict:** with half as many components, which of these figures see it, and which do not?"
    )
    n = choose(st.select_slider, "Points of each kind", [100, 200, 500, 1000, 2000], "judged_n", 1000, key="judged_n")
    with st.spinner("Comparing"):
        score = cached.judged(source, config, n)
    points_table(score, f"Mixture, K = {config.components}")
    told = f"{score.n:,} points of each kind, seed {score.seed}; ± is one standard error."
    if score.own:
        told += (
            " Nobody knows where your points come from: the mixture was fitted to one half of them and compared with "
            "the other, so there are no true groups to find, and nothing is better than real."
        )
    elif score.modes:
        told += f" Fresh real points were drawn for this from the {score.modes} Gaussians that the data come from."
    else:
        told += " Fresh real points were drawn for this. Their groups are no Gaussians: no modes are counted."
    st.caption(told)
    explained(score, POINT_MEANINGS, "one Gaussian")


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
    table(
        rows,
        "Weight, mean and covariance of each component",
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
