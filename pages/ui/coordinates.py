"""What a coordinate does: traversals, how much each tells, and how much a code of a given size can hold."""

from __future__ import annotations

import streamlit as st

from genlib.latent import widths
from genlib.library import bundled
from genlib.pca import load_pca_errors
from genlib.plots import widths_chart
from genlib.runs import RunFolder
from pages.ui.element import element, markup
from pages.ui.studio import Model

__all__ = ["coordinates"]

_traversal = element(
    "traversal", "draw.js", "tensors.js", "decoder.js", "latent.js", "traversal.js", html=markup("traversal.html")
)


def coordinates(model: Model, digit: int, mine: list[RunFolder]) -> None:
    """Each coordinate from low to high, and the error against the size of the code."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**Each coordinate from −3 to +3 standard deviations, all others in the middle**")
        _traversal(
            key="traversal",
            data={"model": {"name": model.name, "step": model.step, "prior": model.prior}, "label": digit},
        )
    with right:
        st.markdown("**How much fits into a code**")
        st.plotly_chart(
            widths_chart(load_pca_errors(), list(widths([*bundled(), *mine]))), config={"displayModeBar": False}
        )
        st.caption(
            "Squared error of rebuilt validation images against the size of the code. PCA is the best that straight "
            "lines can do; an autoencoder bends them. A VAE rebuilds a little worse: it pays for codes that can be "
            "sampled. Train more sizes on the page Train, and they appear here."
        )
