"""Between two images: each model's way from one to the other, played and scrubbed, and as a film to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import streamlit as st

from genlib.colours import FAMILIES
from genlib.knobs import InputError
from genlib.morph import FORMS, ROUTES, TURNS, Route, Turn, Way, morph_file
from genlib.recipe import way_recipe
from genlib.settings import MNIST
from pages.ui.address import arrived, choose, share
from pages.ui.cached import Inference
from pages.ui.cards import empty
from pages.ui.element import element, encode, markup
from pages.ui.inference import code_of, search, told_label
from pages.ui.own import whose
from pages.ui.picker import Picked, pick
from pages.ui.server import compute
from pages.ui.studio import Model
from pages.ui.words import plain, unlinked

__all__ = ["between_images"]

USUAL = ("ae-2d", "vae-2d", "gan")
MOST = 4
_FIRST, _OTHER = 17, 15  # test images: a 7 and a 5
_morph = element(
    "morph", "draw.js", "tensors.js", "decoder.js", "latent.js", "player.js", "morph.js", html=markup("morph.html")
)


def between_images(models: Mapping[str, Model]) -> str:
    """Pick two images and models that learned from such; see the way between. Returns the same in Python."""
    data = whose((model.data for model in models.values()), "Both images, and the models that learned from such.")
    models = {name: model for name, model in models.items() if model.data == data}
    left, right = st.columns(2, gap="large")
    ends: list[Picked | None] = []
    for column, key, first, title in ((left, "a", _FIRST, "Image A"), (right, "b", _OTHER, "Image B")):
        with column:
            st.markdown(f"**{title}**")
            ends.append(pick(key, first, data))
    if not models:
        empty("No model of yours has learned from these images: train one on the page Train.", "tune")
        return ""
    first_few = [name for name in USUAL if name in models] or list(models)[:3]
    names = st.multiselect(
        "Models", list(models), first_few, max_selections=MOST, key="models" if data == MNIST else f"models_{data}",
        format_func=lambda name: models[name].shown.label, bind="query-params",
    )  # fmt: skip
    turn: Turn = "both"
    with st.container(horizontal=True, gap="medium"):
        route: Route = choose(
            st.segmented_control, "Way", ROUTES, "way", "line", key="way", names=ROUTES.__getitem__, required=True,
            help="Codes from a bell curve in many dimensions all lie about as far from the middle: the great circle "
            "stays out there, the straight line cuts through.",
        )  # fmt: skip
        if any(models[name].labels for name in names):
            turn = choose(
                st.segmented_control, "What changes", TURNS, "turn", "both", key="turn", names=TURNS.__getitem__,
                required=True,
                help="Of a model with labels: its code, the digit it is asked for, or both.",
            )  # fmt: skip
    a, b = ends
    if a is None or b is None or not names:
        empty("Choose two images and at least one model.", "compare_arrows")
        return ""
    lanes = [lane for name in names if (lane := _lane(models[name], a, b)) is not None]
    if not lanes:
        return ""
    way: dict[str, object] = {"lanes": [_told(*lane) for lane in lanes], "circle": route == "circle", "what": turn}
    way |= {"images": {"a": encode(a.image, np.uint8), "b": encode(b.image, np.uint8)}}
    arrived(_morph(key="morph", data=way | share()).get("seen"))
    _take_away(lanes, route, turn)
    found = {
        model.name: (one.z.tolist(), other.z.tolist(), (one.label or 0, other.label or 0))
        for model, (one, other) in lanes
    }
    return way_recipe(found, route, turn)


def _lane(model: Model, a: Picked, b: Picked) -> tuple[Model, tuple[Inference, Inference]] | None:
    """A model and its codes of both images; None where it cannot be, which is said."""
    try:
        codes = []
        for which, picked in (("A", a), ("B", b)):
            label = told_label(model, picked, f"{model.name}_{which}", f"{which}, for {plain(model.shown.title)}")
            found = code_of(model, picked, label, ask=False)
            if found is None:
                found = search(model, picked, label)
            codes.append(found)
    except InputError as error:
        st.warning(unlinked(f"{model.shown.title}: {error}"))
        return None
    return model, (codes[0], codes[1])


def _told(model: Model, codes: tuple[Inference, Inference]) -> dict[str, object]:
    errors = " and ".join(f"{found.squared_error:.1f}" for found in codes)
    return {
        "name": model.name,
        "title": model.shown.title,
        "colour": FAMILIES[model.family],
        "a": codes[0].z.tolist(),
        "b": codes[1].z.tolist(),
        "digits": [found.label or 0 for found in codes],
        "note": f"Squared error at A and B: {errors}. Strip: from A on the left to B on the right.",
    }


def _take_away(lanes: Sequence[tuple[Model, tuple[Inference, Inference]]], route: Route, turn: Turn) -> None:
    """The way as an animation."""
    ways = [
        Way(model.shown.run.path, tuple(a.z.tolist()), tuple(b.z.tolist()), (a.label or 0, b.label or 0))
        for model, (a, b) in lanes
    ]
    name = "-".join(model.name for model, _ in lanes)
    with st.container(horizontal=True):
        for form in FORMS:
            st.download_button(
                f"Save as {FORMS[form]}", partial(compute, morph_file, ways, form, route, turn), f"{name}.{form}",
                f"image/{form}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
