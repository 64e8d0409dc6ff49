"""What the scale of pixels does to models of images: one digit three ways, and what was measured of small models."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.pixel_study import Study, load_study, three_ways
from pages.ui.explain import method
from pages.ui.measured import WAYS, gans, signed, vaes
from pages.ui.picker import inline, large
from pages.ui.words import unlinked

__all__ = ["pixel_bench"]

_FIRST = 17  # a test image: a 7 that is easy to read
_CODE = (
    "genlib.models.pixels:Standardised",
    "genlib.models.vae:VAE.likelihood",
    "genlib.pixel_study.study:three_ways",
    "genlib.pixel_study.making:measure_vae",
    "genlib.pixel_study.making:measure_gan",
)
_SHORT = """
- **Standardised** means less the mean and divided by the standard deviation, of all training pixels together. The
  picture stays the same; the numbers that a network sees and puts out do not.
- **A likelihood has a unit.** Of black or white images there are finitely many, so each has a probability, at most 1.
  Of grey levels there is a density: it may exceed 1, grows without end where images are rebuilt exactly, and depends
  on the unit.
- **So never compare** a Bernoulli with a Gaussian likelihood, nor one of standardised pixels with one of pixels from 0
  to 1 before the unit is accounted for. Squared errors and distances of drawings may be compared.
- **A GAN has no likelihood.** What it is shown decides what D learns first: where real pixels are only black or white,
  grey can give a drawing away.
"""
_FIGURE = """
<figure style="margin:0;flex:0 1 170px;min-width:0">
{picture}
<div style="height:10px;margin-top:6px;border:1px solid #888;background:linear-gradient(90deg,{ramp})"></div>
<div style="display:flex;justify-content:space-between;font-size:.85rem"><span>{low}</span><span>{high}</span></div>
<figcaption style="font-weight:600">{title}</figcaption>
</figure>"""
_GREYS, _TWO = "#000,#fff", "#000 50%,#fff 50%"


def pixel_bench() -> None:
    """The view of images."""
    st.markdown(
        "A network never sees a picture, only numbers. **Predict:** the same digits as numbers from 0 to 1, "
        "standardised, or black or white: which makes the better VAE, and which the better GAN?"
    )
    try:
        study = load_study()
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    one_digit(study)
    vaes(study)
    gans(study)
    with st.container(border=True):
        st.subheader("In short", anchor=False)
        st.markdown(_SHORT)
    with st.expander("How it works"):
        method(*_CODE)


def one_digit(study: Study) -> None:
    """The same image as each kind of numbers."""
    st.subheader("One digit, three ways", anchor=False)
    images = load_images()
    number = st.number_input("Test image", 0, len(images.test) - 1, _FIRST, key="pixels_image", bind="query-params",
                             width=220)  # fmt: skip
    figures = [figure(kind, x, number) for kind, x in three_ways(images.test[number], study).items()]
    st.html(f'<div style="display:flex;gap:min(2.5rem,4vw)">{"".join(figures)}</div>')
    st.caption(
        "Below each are the numbers that stand for its darkest and its lightest pixel. The mean of all training pixels "
        f"is {study.mean:.3f}, their standard deviation {study.deviation:.3f}. Black or white is drawn anew at each "
        "step of training, each pixel white with the probability of its grey level."
    )


def figure(kind: str, x: NDArray[np.float64], number: int) -> str:
    """An image as HTML, above the numbers that its darkest and lightest pixels are."""
    low, high = float(x.min()), float(x.max())
    shown = np.round(255 * (x - low) / max(high - low, 1e-9)).astype(np.uint8)
    picture = inline(large(shown), f"Test image {number}, {WAYS[kind].lower()}").replace(
        "<img ", '<img style="display:block;width:100%" '
    )
    ramp = _TWO if kind == "binary" else _GREYS
    return _FIGURE.format(
        picture=picture, ramp=ramp, low=signed(low, 2), high=signed(high, 2), title=escape(WAYS[kind])
    )
