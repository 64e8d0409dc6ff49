"""Digits that are made in the browser while one looks: four families side by side, and one that is asked for digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from genlib.colours import FAMILIES
from genlib.drift import drift
from genlib.facts import STORY
from genlib.library import find_model
from pages.ui.element import element, encode, markup

__all__ = ["demand", "hero"]

_LIVING = ("living.css", "draw.js", "tensors.js", "decoder.js", "latent.js", "living.js")
_hero = element("hero", *_LIVING, "hero.js", html=markup("hero.html"))
_demand = element("demand", *_LIVING, "demand.js", html=markup("demand.html"))
_ASKED, _FIRST = "gan-labels", 7  # the model on demand, and the digit that it is asked for first


def hero(*, key: str) -> None:
    """The four families, each with the model that shows it."""
    _hero(key=key, data={"families": [_family(family) for family in STORY]})


def demand(*, key: str) -> None:
    """A GAN with labels, and ten digits to ask for."""
    _demand(key=key, data={"model": _told(_ASKED, 1, _FIRST), "classes": [str(digit) for digit in range(10)]})


def _family(family: str) -> dict[str, Any]:
    story = STORY[family]
    return _told(story.model, story.seed) | {"title": story.title, "way": story.way}


@st.cache_resource(show_spinner=False)
def _told(model: str, seed: int, label: int | None = None) -> dict[str, Any]:
    found = drift(find_model(model), seed, label)
    return {
        "name": found.name,
        "colour": FAMILIES[found.family],
        "stops": found.stops.tolist(),
        "circle": found.circle,
        "mean": found.mean.tolist(),
        "axes": found.axes.tolist(),
        "reads": found.reads.tolist(),
        "first": encode(found.images[0], np.uint8),
        "label": label,
    }
