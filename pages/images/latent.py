"""The latent studio: what a model has learned, under the hand."""

from __future__ import annotations

import streamlit as st

from genlib.knobs import InputError
from genlib.library import bundled
from genlib.recipe import code_recipe
from genlib.runs import RunFolder, list_runs
from pages.ui.address import choice
from pages.ui.between import between_images
from pages.ui.coordinates import coordinates
from pages.ui.explain import method
from pages.ui.inference import LINK, from_image
from pages.ui.models import codes_csv
from pages.ui.notices import show, tell
from pages.ui.opened import opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.studio import Code, Model, code_from_text, keep, latent_studio, usable
from pages.ui.tools import heading

FIRST = "vae-2d"
EXPLORE, IMAGE, BETWEEN, COORDINATES, PYTHON = "explore", "image", "between", "numbers", "python"
VIEWS = {
    EXPLORE: "Explore",
    IMAGE: "From an image",
    BETWEEN: "Between images",
    COORDINATES: "What each number does",
    PYTHON: "Take away",
}

IN_SHORT = """
- **Code**, *z*: the few numbers a decoder makes an image of. An encoder goes the other way.
- **Prior**: where codes are expected before any image is seen. For a VAE and a GAN it is a bell curve around 0 with
  standard deviation σ = 1 in every number, so that random codes give new images; an autoencoder has none.
- **Posterior**: where a VAE thinks the code of one image lies. Its ellipse on the map reaches two standard deviations.
- **log p(z)** says how likely a code is under the prior, in nats (1 nat = 1.44 bits). In many dimensions no code lies
  near the middle, so the image there is seldom a typical one.
- **Directions** mix the numbers of a code: each moves independently of the others in the codes of test images, and the
  one that changes the image most stands first.
"""
WORKS = [
    "genlib.latent.mapping:principal_directions",
    "genlib.latent.mapping:metric",
    "genlib.latent.inversion:search",
    "genlib.latent.directions:circle",
]


def main() -> None:
    heading(
        "Latent studio",
        "A decoder turns a *code*, a few numbers, into an image. Drag on the map or move a slider: the image follows "
        "your hand, because the decoder runs in your browser. **Predict:** what lies between two heaps of the map, a "
        "bit of both or something else?",
    )
    key = visitor_key()
    notices = st.container()
    mine = [run for run in reversed(list_runs()) if run.may_steer(key) or run.asked.get("owner") is None]
    models = {each.name: each for run in [*bundled(), *mine] if (each := found(run)) is not None}
    view(models, mine)
    with notices:
        show(keep=key is None)
    ask_key()


def view(models: dict[str, Model], mine: list[RunFolder]) -> None:
    """The studio, with an image above it or without; or what else can be done with codes."""
    asked = choice("view", VIEWS, EXPLORE)
    wanted = st.segmented_control(
        "View", list(VIEWS), default=asked, format_func=VIEWS.__getitem__, key="studio_view", required=True,
        persist_state="session", label_visibility="collapsed",
    )  # fmt: skip
    st.query_params["view"] = str(wanted)
    if "studio_before" not in st.session_state and "z" in st.query_params:
        st.session_state["image_shown"] = LINK
    before, st.session_state["studio_before"] = st.session_state.get("studio_before"), wanted
    if wanted == BETWEEN:
        between_images(models)
        return
    model = chosen(models)
    if model is None:
        return
    code = at(model)
    if wanted == COORDINATES:
        coordinates(model, code.label, mine)
    elif wanted == PYTHON:
        take_away(model, code)
    else:
        above = st.container()
        # Drawn first: it need not wait for the image above it.
        if (now := latent_studio(model, code, before not in (EXPLORE, IMAGE), key="studio")) is not None:
            keep(model, now)
        if wanted == IMAGE:
            with above:
                from_image(model)
    short, works = st.tabs(["In short", "How it works"], on_change="rerun", key="studio_more")
    if short.open:
        short.markdown(IN_SHORT)
    if works.open:
        with works:
            method(*WORKS)


def take_away(model: Model, code: Code) -> None:
    """Codes as a table, and the same in Python."""
    st.download_button(
        "Codes as CSV", lambda: codes_csv(model.shown), f"{model.name}-codes.csv", "text/csv",
        icon=":material/download:", on_click="ignore",
        help="The codes of the map, each with what it shows, one a line.",
    )  # fmt: skip
    st.markdown("**The same in Python**")
    st.code(
        code_recipe(model.name, code.z or (0.0,) * model.latent_dim, code.label if model.labels else None), "python"
    )


def chosen(models: dict[str, Model]) -> Model | None:
    """The model of the address, which the visitor may change among those at hand."""
    asked = st.query_params.get("model", FIRST)
    if asked not in models:
        try:
            if (other := usable(opened(asked))) is not None:
                models[other.name] = other
            else:
                tell(f"{opened(asked).title}: it has no saved model that draws images: choose one of the list.")
        except InputError as error:
            tell(str(error))
    if not models:
        st.info("There is no model: train one on the page Train.")
        return None
    first = next(name for name in (asked, FIRST, *models) if name in models)
    name = st.selectbox(
        "Model", list(models), index=list(models).index(first), format_func=lambda each: models[each].shown.label,
        key="studio_model", persist_state="session", on_change=leave,
    )  # fmt: skip
    model = models[str(name)]
    st.query_params["model"] = model.name
    return model


def found(run: RunFolder) -> Model | None:
    try:
        return usable(opened(run.id))
    except InputError:
        return None


def leave() -> None:
    """Another model has other codes."""
    for name in ("z", "digit"):
        st.query_params.pop(name, None)


def at(model: Model) -> Code:
    """The code of the address, where the studio begins."""
    digit = choice("digit", range(len(model.shown.classes)), 0)
    text = st.query_params.get("z", "")
    try:
        return Code(code_from_text(text, model.latent_dim) if text else (), int(digit))
    except InputError as error:
        tell(str(error))
        leave()
        return Code((), int(digit))


main()
