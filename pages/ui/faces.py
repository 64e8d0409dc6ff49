"""The elements of the portraits page: a face that follows the hand, and the way between two."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from genlib.knobs import InputError
from genlib.portraits import LEARNT, READINGS, SHOTS, load_gallery, way_file
from genlib.recipe import face_recipe
from pages.ui.address import arrived, choice, choose, numbers, share, write
from pages.ui.element import element, markup
from pages.ui.notices import tell
from pages.ui.studio import code_from_text, code_text

__all__ = ["blend", "explorer", "somebody"]

_WAYS, _REACH = ("untangled", "plain"), 3  # what sliders take along; how far they go
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
    if fresh:
        moved = numbers("moved", len(READINGS), _REACH)
        way = choice("way", _WAYS, _WAYS[0])
        st.session_state["portraits_begun"] = {"z": _asked(size), "moved": moved, "way": way}
    begun = st.session_state["portraits_begun"]
    answer = _portraits(key="portraits", data=begun, on_face_change=lambda: None)
    if (z := _checked(answer.get("face"), size)) is not None:
        write("z", code_text(z))
        moves = answer["face"].get("moved")
        write("moved", code_text(moves) if _moves(moves) and any(moves) else None)
        write("way", _WAYS[1] if answer["face"].get("way") == _WAYS[1] else None)
        return face_recipe(z)
    return face_recipe(begun["z"]) if begun["z"] else ""


def blend(a: int, b: int) -> None:
    """The way between two photographs, by their numbers."""
    arrived(_blend(key="blend", data={"a": a, "b": b} | share()).get("seen"))
    st.download_button(
        "Save as WebP", partial(way_file, a, b), f"portraits-{a + 1}-{b + 1}.webp", "image/webp",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def somebody(key: str, title: str, people: range, first: tuple[int, int]) -> int:
    """Widgets for one photograph; its number among all 400.

    Arguments:
        key: Of the widgets, and of what stands in the address.
        title: What it is for.
        people: Who can be chosen, from 0.
        first: Person and shot to begin with, from 0.
    """
    numbers, shots = [each + 1 for each in people], range(1, SHOTS + 1)
    left, right = st.columns([3, 2])
    where, what = f"{key}_person", f"{key}_shot"
    with left:
        person = choose(st.selectbox, title, numbers, where, first[0] + 1, key=where,
                        names=lambda number: f"{number}" + (", unseen" if number > LEARNT else ""))  # fmt: skip
    with right:
        shot = choose(st.selectbox, "Photograph", shots, what, first[1] + 1, key=what)
    return SHOTS * (person - 1) + shot - 1


def _asked(size: int) -> list[float] | None:
    """The code of the address."""
    text = st.query_params.get("z", "")
    try:
        return list(code_from_text(text, size)) if text else None
    except InputError as error:
        tell(str(error))
        st.query_params.pop("z", None)
        return None


def _moves(moved: Any) -> bool:
    """Whether this says how far each slider is from its middle."""
    good = isinstance(moved, list) and len(moved) == len(READINGS)
    return good and all(type(by) in (int, float) and abs(by) <= _REACH for by in moved)


def _checked(answer: Any, size: int) -> tuple[float, ...] | None:
    """What the element says, if it is a code."""
    z = answer.get("z") if isinstance(answer, dict) else None
    if not isinstance(z, list) or len(z) != size:
        return None
    try:
        return code_from_text(",".join(str(value) for value in z), size)
    except InputError:
        return None
