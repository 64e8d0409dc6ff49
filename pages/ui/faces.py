"""The elements of the portraits page: a face that follows the hand, and the way between two."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from genlib.knobs import InputError
from genlib.portraits import LEARNT, SHOTS, load_gallery, way_file
from genlib.recipe import face_recipe
from pages.ui.address import choice
from pages.ui.element import element, markup
from pages.ui.notices import tell
from pages.ui.studio import code_from_text, code_text

__all__ = ["blend", "choose", "explorer"]

_portraits = element(
    "portraits", "draw.js", "tensors.js", "decoder.js", "latent.js", "portraits.js", html=markup("portraits.html")
)
_blend = element("blend", "draw.js", "tensors.js", "decoder.js", "player.js", "blend.js", html=markup("blend.html"))


def explorer(fresh: bool) -> str:
    """A face under the hand; the address keeps where the visitor is. Returns the same in Python.

    Arguments:
        fresh: Whether it was not there in the run of the page before.
    """
    size = load_gallery().config.latent_dim
    asked = st.query_params.get("z", "")
    if fresh or (asked and asked != st.session_state.get("portraits_told")):
        st.session_state["portraits_begun"], st.session_state["portraits_told"] = _asked(size), asked
    begun = st.session_state["portraits_begun"]
    answer = _portraits(key="portraits", data={"z": begun}, on_face_change=lambda: None)
    if (z := _checked(answer.get("face"), size)) is not None:
        st.query_params["z"] = st.session_state["portraits_told"] = code_text(z)
        return face_recipe(z)
    return face_recipe(begun) if begun else ""


def blend(a: int, b: int) -> None:
    """The way between two photographs, by their numbers."""
    _blend(key="blend", data={"a": a, "b": b})
    st.download_button(
        "Save as WebP", partial(way_file, a, b), f"portraits-{a + 1}-{b + 1}.webp", "image/webp",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def choose(key: str, title: str, people: range, first: tuple[int, int]) -> int:
    """Widgets for one photograph; its number among all 400.

    Arguments:
        key: Of the widgets, and of what stands in the address.
        title: What it is for.
        people: Who can be chosen, from 0.
        first: Person and shot to begin with, from 0.
    """
    numbers, shots = [each + 1 for each in people], range(1, SHOTS + 1)
    known = [int(choice(f"{key}_{part}", options, first[i] + 1))
             for i, (part, options) in enumerate((("person", numbers), ("shot", shots)))]  # fmt: skip
    left, right = st.columns([3, 2])
    person = left.selectbox(
        title, numbers, index=numbers.index(known[0]), key=f"{key}_person", persist_state="session",
        format_func=lambda number: f"{number}" + (", unseen" if number > LEARNT else ""),
    )  # fmt: skip
    shot = right.selectbox(
        "Photograph", shots, index=shots.index(known[1]), key=f"{key}_shot", persist_state="session"
    )  # fmt: skip
    st.query_params.update({f"{key}_person": str(person), f"{key}_shot": str(shot)})
    return SHOTS * (int(person) - 1) + int(shot) - 1


def _asked(size: int) -> list[float] | None:
    """The code of the address."""
    text = st.query_params.get("z", "")
    try:
        return list(code_from_text(text, size)) if text else None
    except InputError as error:
        tell(str(error))
        st.query_params.pop("z", None)
        return None


def _checked(answer: Any, size: int) -> tuple[float, ...] | None:
    """What the element says, if it is a code."""
    z = answer.get("z") if isinstance(answer, dict) else None
    if not isinstance(z, list) or len(z) != size:
        return None
    try:
        return code_from_text(",".join(str(value) for value in z), size)
    except InputError:
        return None
