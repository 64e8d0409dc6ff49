"""What a coordinate does: traversals, how much each tells, and how much a code of a given size can hold."""

from __future__ import annotations

import streamlit as st

from genlib.knobs import InputError
from genlib.latent import widths
from genlib.library import bundled
from genlib.plots import widths_chart
from genlib.runs import RunFolder
from pages.ui import cached
from pages.ui.element import element, markup
from pages.ui.figure import figure
from pages.ui.studio import Model
from pages.ui.words import unlinked

__all__ = ["coordinates"]

_traversal = element(
    "traversal", "draw.js", "tensors.js", "decoder.js", "latent.js", "traversal.js", html=markup("traversal.html")
)


def coordinates(model: Model, label: int, mine: list[RunFolder]) -> None:
    """Each coordinate from low to high, and the error against the size of the code."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**Each coordinate from −3 to +3 standard deviations, all others in the middle**")
        _traversal(
            key="traversal",
            data={"model": {"name": model.name, "step": model.step, "prior": model.prior}, "label": label},
        )
    with right:
        st.markdown("**How much fits into a code**")
        try:
            chart = widths_chart(cached.errors(model.data), list(widths([*bundled(), *mine], model.data)))
        except InputError as error:
            st.warning(unlinked(str(error)))
            return
        figure(chart, "widths")
        st.caption(
            "Squared error of rebuilt validation images against the size of the code. PCA is the best that straight "
            "lines can do; an autoencoder bends them. A VAE rebuilds a little worse: it pays for codes that can be "
            "sampled. Train more sizes on the page Train, and they appear here."
        )
