"""The latent studio: what a model has learned, under the hand."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from genlib.knobs import InputError
from genlib.library import bundled
from genlib.recipe import code_recipe, coordinates_recipe
from genlib.runs import RunFolder, list_runs
from pages.ui import seen
from pages.ui.address import choice, choose
from pages.ui.between import between_images
from pages.ui.cards import PYTHON, SEE, WORKS, cards, empty
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
EXPLORE, IMAGE, BETWEEN, COORDINATES = "explore", "image", "between", "numbers"
VIEWS = {
    EXPLORE: "Explore",
    IMAGE: "From an image",
    BETWEEN: "Between images",
    COORDINATES: "What each number does",
}

CODE = [
    "genlib.latent.mapping:principal_directions",
    "genlib.latent.mapping:metric",
    "genlib.latent.inversion:search",
    "genlib.latent.directions:circle",
]


def main() -> None:
    heading(
        "Latent studio",
        "A decoder turns a *code*, a few numbers, into an image; this one runs in your browser.",
        "drag on the map, or move a slider: the image follows your hand.",
        "what lies between two heaps of the map, a bit of both or something else?",
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
    wanted = choose(st.segmented_control, "View", VIEWS, "view", EXPLORE, key="studio_view", names=VIEWS.__getitem__,
                    required=True, label_visibility="collapsed")  # fmt: skip
    if "studio_before" not in st.session_state and "z" in st.query_params:
        st.session_state["image_shown"] = LINK
    before, st.session_state["studio_before"] = st.session_state.get("studio_before"), wanted
    if wanted == BETWEEN:
        code = between_images(models)
        below(code, None)
        return
    model = chosen(models)
    if model is None:
        return
    now = at(model)
    label = now.label if model.labels else None
    code = code_recipe(model.name, now.z or (0.0,) * model.latent_dim, label)
    if wanted == COORDINATES:
        coordinates(model, now.label, mine)
        code = coordinates_recipe(model.name, label, model.prior)
    else:
        above = st.container()
        # Drawn first: it need not wait for the image above it.
        if (moved := latent_studio(model, now, before not in (EXPLORE, IMAGE), key="studio")) is not None:
            keep(model, moved)
            code = code_recipe(model.name, moved.z, moved.label if model.labels else None)
        if wanted == IMAGE:
            with above:
                code = from_image(model) or code
    below(code, model)


def below(code: str, model: Model | None) -> None:
    """The cards; ``code`` is what is seen in Python, if there is anything."""
    own: dict[str, Callable[[], object]] = {} if model is None else {"Take away": lambda: take_away(model)}
    cards(
        {
            SEE: lambda: st.markdown(seen.LATENT),
            **own,
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(code, "python") if code else st.caption("Choose two images and a model first."),
        }
    )


def take_away(model: Model) -> None:
    """Codes as a table."""
    st.markdown("The codes of the map, each with what it shows, one a line.")
    st.download_button(
        "Codes as CSV", lambda: codes_csv(model.shown), f"{model.name}-codes.csv", "text/csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def chosen(models: dict[str, Model]) -> Model | None:
    """The model of the address, which the visitor may change among those at hand."""
    asked = st.query_params.get("model", FIRST)
    if asked not in models:
        try:
            if (other := usable(opened(asked))) is not None:
                models[other.name] = other
            else:
                raise InputError(f"{opened(asked).title}: it has no saved model that draws images: choose another.")
        except InputError as error:
            tell(str(error))
            st.query_params.pop("model")
    if not models:
        empty("There is no model: train one, and its codes are shown here.", "tune", to_training)
        return None
    return models[
        choose(st.selectbox, "Model", models, "model", next(name for name in (FIRST, *models) if name in models),
               key="studio_model", names=lambda each: models[each].shown.label, on_change=leave)
    ]  # fmt: skip


def to_training() -> None:
    """The way to a model."""
    st.page_link("images/train.py", label="Train a model", icon=":material/model_training:")


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
