"""What the scale of pixels does to models of images: one digit three ways, and what was measured of small models."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.pixel_study import Study, load_study, three_ways
from genlib.recipe import pixels_recipe
from pages.ui import seen
from pages.ui.address import count
from pages.ui.cards import PYTHON, SEE, WORKS, cards
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
    try:
        study = load_study()
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    number = one_digit(study)
    vaes(study)
    gans(study)
    cards(
        {
            SEE: lambda: st.markdown(seen.PIXELS),
            WORKS: lambda: method(*_CODE),
            PYTHON: lambda: st.code(pixels_recipe(number), "python"),
        }
    )


def one_digit(study: Study) -> int:
    """The same image as each kind of numbers; its place among the test images."""
    st.header("One digit, three ways", anchor=False)
    images = load_images()
    number = count("Test image", len(images.test) - 1, "pixels_image", _FIRST, key="pixels_image", width=220)
    figures = [figure(kind, x, number) for kind, x in three_ways(images.test[number], study).items()]
    st.html(f'<div style="display:flex;gap:min(2.5rem,4vw)">{"".join(figures)}</div>')
    st.caption(
        "Below each are the numbers that stand for its darkest and its lightest pixel. The mean of all training pixels "
        f"is {study.mean:.3f}, their standard deviation {study.deviation:.3f}. Black or white is drawn anew at each "
        "step of training, each pixel white with the probability of its grey level."
    )
    return number


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
