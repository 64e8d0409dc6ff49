"""From an image to its code: by the encoder, or by searching where there is none."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.knobs import InputError
from genlib.recipe import image_recipe
from genlib.sampling import difference
from pages.ui import cached
from pages.ui.address import choose
from pages.ui.figure import pictures
from pages.ui.picker import Picked, inline, large, pick
from pages.ui.studio import Code, Model, code_text, push
from pages.ui.words import unlinked

__all__ = ["LINK", "code_of", "from_image", "told_label"]

LINK = "link"  # instead of the image that was shown last: an address that names a code has the last word

_FIRST = 17  # a test image: a 7 that is easy to read
_WIDTH = 104  # three beside each other on a phone


def from_image(model: Model) -> str:
    """Pick, draw or upload an image; the studio below goes to its code. Returns the same in Python."""
    left, right = st.columns([2, 5], gap="large")
    with left:
        picked = pick("a", _FIRST, model.data)
        if picked is None:
            return ""
        label = told_label(model, picked, "a")
    with right:
        try:
            found = code_of(model, picked, label)
        except InputError as error:
            st.warning(unlinked(str(error)))
            return ""
        if found is None:
            return image_recipe(model.name, picked.number, _told(model, picked, label), model.data, model.encodes)
        compared(model, picked, found)
        again = st.button("Go to its code", icon=":material/my_location:", help="On the map below.")
    # The studio was drawn before: it goes there in a second run of the page, once for each image.
    now = (model.name, model.step, picked.pixels, label)
    before, st.session_state["image_shown"] = st.session_state.get("image_shown"), now
    # A link that names the very code of the image shows where the posterior puts it, too.
    same = before == LINK and st.query_params.get("z") == code_text(found.z.tolist())
    if again or same or (now != before and before != LINK):
        push(
            model,
            Code(tuple(found.z.tolist()), found.label or 0),
            found.spread.tolist() if found.spread.any() else None,
        )
        st.rerun()
    return image_recipe(model.name, picked.number, found.label, model.data, model.encodes)


def told_label(model: Model, picked: Picked, key: str, which: str = "it") -> int | None:
    """The class that a conditional model is told: the true one, or what the visitor says of ``which``."""
    if not model.labels or picked.label is not None:
        return picked.label
    names = model.shown.classes
    reader = "it is that of the training image most like it" if model.shown.own else "the classifier reads it"
    text = f"Which {'class' if model.shown.own else 'digit'} is {which}?"
    return choose(st.pills, text, range(len(names)), f"{key}_digit", None, key=f"{key}_digit",
                  names=names.__getitem__, help=f"The model is told. Left open, {reader}.")  # fmt: skip


def code_of(model: Model, picked: Picked, label: int | None, ask: bool = True) -> cached.Inference | None:
    """The code of an image; of a model without an encoder once it has been searched for.

    Raises:
        InputError: If the model is gone or was altered.
    """
    path, told = model.shown.run.path, _told(model, picked, label)
    if model.encodes:
        with st.spinner("Encoding …"):
            return cached.inferred(path, model.step, picked.pixels, told)
    found = cached.sought(path, model.step, picked.pixels, told)
    if found is not None or not ask:
        return found
    st.markdown(
        "A GAN has no encoder: its code for this image has to be searched for, by walking downhill from 16 starts."
    )
    key = f"seek_{model.name}"
    if not st.button("Find its code", key=key, icon=":material/search:"):
        return None
    return search(model, picked, label)


def _told(model: Model, picked: Picked, label: int | None) -> int | None:
    """What a conditional model is told: the class, or what is read."""
    if not model.labels:
        return None
    return cached.read(picked.pixels, model.data)[0][0] if label is None else label


def search(model: Model, picked: Picked, label: int | None) -> cached.Inference:
    """Look for the code, and show how far it is."""
    label = _told(model, picked, label)
    bar, place = st.progress(0.0, f"{model.shown.title}: searching …"), st.empty()
    for found in cached.seeking(model.shown.run.path, model.step, picked.pixels, label):
        bar.progress(
            found.step / found.search.steps,
            f"{model.shown.title}: step {found.step} of {found.search.steps}, squared error {found.squared_error:.1f}",
        )
        place.html(inline(np.hstack([picked.image, found.image]), "The image, and the best so far"))
    bar.empty()
    place.empty()
    return cached.Inference(found.z, np.zeros_like(found.z), found.image, found.squared_error, label)


def compared(model: Model, picked: Picked, found: cached.Inference) -> None:
    """Image, reconstruction, and where they differ."""
    shown = [picked.image, found.reconstruction, difference(picked.image, found.reconstruction)]
    with st.container(horizontal=True):
        captions = ("The image", "Rebuilt from its code", "Orange: too bright. Blue: too dark.")
        told = ("The image", f"Rebuilt, squared error {found.squared_error:.1f}", "Where the two differ")
        for image, caption, alt in zip(shown, captions, told, strict=True):
            st.image(large(image), caption, width=_WIDTH, alt=alt)
    pictures(dict(zip(told, shown, strict=True)), "inferred")
    words = f"Squared error {found.squared_error:.1f}, summed over pixels of 0 to 1."
    if model.encodes and model.latent_dim <= len(errors := cached.errors(model.data)):
        words += f" PCA of the same width loses {errors[model.latent_dim - 1]:.1f} on average."
    if found.spread.any():
        widest = ", ".join(f"{value:.2f}" for value in found.spread[:4]) + (", …" if model.latent_dim > 4 else "")
        words += (
            f" The posterior is a bell curve around the code, of standard deviation {widest}: the ellipse on the map "
            "reaches out to two of them."
        )
    elif model.family == "ae":
        words += " An autoencoder gives one code and no posterior."
    if picked.own:
        words += " The image stays with you: the link of this page tells the code, not the picture."
    st.caption(words)
