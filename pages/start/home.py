"""Home: two models at work, and the ways in."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.film import Film
from genlib.library import example
from genlib.settings import MixtureConfig, PointsConfig
from pages.ui import cached
from pages.ui.flipbook import film_panel, flipbook, mixture_panel

SHOWN = 36  # samples of the film, six in a row
EXAMPLE = PointsConfig(dataset="pinwheel", n=1000)
FIT = MixtureConfig(components=5, initialisation="random_from_data", seed=24)


def main() -> None:
    st.title("See generative models work")
    st.markdown(
        "A generative model learns what data looks like, and then makes more of it. "
        "Here you watch models learn, step by step, on this computer, with nothing fetched from the internet."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("A network learns to write", anchor=False)
        flipbook([film()], key="film", autoplay=True)
        st.markdown("A variational autoencoder that has seen 55,000 handwritten digits draws new ones.")
        st.page_link("images/train.py", label="Train one yourself", icon=":material/model_training:")
    with right:
        st.subheader("A mixture finds the groups", anchor=False)
        steps = cached.fits((EXAMPLE, ()), FIT)[0]
        panel = mixture_panel("Five Gaussians on a pinwheel", steps)
        flipbook([panel], key="groups", points=cached.plane((EXAMPLE, ())), ratio=1.0, autoplay=True, plain=True)
        st.markdown("EM moves five Gaussians until each has an arm of its own. Every iteration is kept.")
        st.page_link("two_d/mixture.py", label="Play with mixtures", icon=":material/scatter_plot:")


@st.cache_resource(show_spinner=False)
def film() -> dict[str, object]:
    """The recorded run that comes with genlib, as samples over its steps."""
    folder = example("vae")
    reel = Film(folder.path / "frames")
    steps = reel.steps()
    images = np.stack([reel.frame(step)["samples"][:SHOWN] for step in steps])
    return film_panel(
        "New digits, from the first step to the last", images, [f"after {step:,} steps" for step in steps], columns=6
    )


main()
