"""Which settings are shown: all; in front of a class one at a time, below the page; or those that the link leaves.

``hide`` in the address names knobs that are not drawn, or ``controls`` for all of them, or ``menu`` for the way to
other pages. Their values hold as the address gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from genlib.knobs import shown
from pages.ui.notices import tell

__all__ = [
    "begin",
    "controls",
    "finish",
    "fold",
    "has_menu",
    "in_bar",
    "know",
    "move",
    "present",
    "presenting",
    "section",
    "setting",
    "sides",
    "turn_to",
    "without_controls",
]

CONTROLS, MENU = "controls", "menu"
_ON, _AT, _FOUND, _PAGE, _KNOWN, _REFUSED, _BAR, _SLOT = (
    f"presenting_{name}" for name in ("on", "at", "found", "page", "known", "refused", "bar", "slot")
)


def begin() -> None:
    """Before anything is drawn: whether the address asks to present."""
    if st.query_params.get("present") == "true":
        st.session_state[_ON] = True


def turn_to(page: str) -> None:
    """Before a page runs: what its controls ask here is anew."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state.pop(_AT, None)
    st.session_state[_FOUND] = {}
    st.session_state[_KNOWN] = set()
    if in_bar():
        bar = st.session_state[_BAR] = st.bottom.container(horizontal=True, vertical_alignment="center", key="bar")
        st.session_state[_SLOT] = bar.container()


def presenting() -> bool:
    """Whether the visitor presents: large type, and one setting at a time."""
    return bool(st.session_state.get(_ON))


def present(on: bool) -> None:
    """Begin or end to present."""
    st.session_state[_ON] = on
    if on:
        st.query_params["present"] = "true"
    else:
        st.query_params.pop("present", None)


def has_menu() -> bool:
    """Whether the way to other pages is shown."""
    return not st.context.is_embedded and not presenting() and MENU not in _hidden()


def know(names: Iterable[str]) -> None:
    """These names may stand in ``hide`` on this page."""
    st.session_state.setdefault(_KNOWN, set()).update(names)


@contextmanager
def setting(name: str, key: str) -> Iterator[bool]:
    """Where a control is to be drawn now, and whether it is.

    Arguments:
        name: In the address.
        key: In the session.
    """
    if {name, CONTROLS} & _hidden():
        yield False
    elif not in_bar():
        yield True
    else:
        st.session_state[_FOUND][key] = None  # in order, and once where a part of the page runs again
        if here := key == st.session_state.setdefault(_AT, key):
            with st.session_state[_SLOT]:
                yield here
        else:
            yield here


def sides() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where what is seen stands, and where its settings do: beside it, or below where few words are left of them."""
    if _beside():
        picture, panel = st.columns([2.7, 1], gap="large")
        return picture, panel
    return st.container(), st.container()


def without_controls() -> bool:
    """Whether the link leaves nothing that could be changed."""
    return CONTROLS in _hidden()


def _beside() -> bool:
    return not in_bar() and not without_controls()


def fold(title: str) -> DeltaGenerator:
    """An expander for controls that are seldom needed; where they are shown elsewhere or not at all, none."""
    return st.expander(title) if _beside() else st.container()


def section(title: str) -> None:
    """The heading of some controls, where they are shown."""
    if _beside():
        st.header(title, anchor=False)


def in_bar() -> bool:
    """Whether one setting at a time stands below the page."""
    return presenting() and not st.context.is_embedded


def controls() -> tuple[DeltaGenerator, list[str], str]:
    """The bar below the page, the keys of its controls, and which of them is shown."""
    return st.session_state[_BAR], list(st.session_state[_FOUND]), st.session_state.get(_AT, "")


def move(by: int) -> None:
    """Show the control that stands so many after the one that is shown."""
    if keys := list(st.session_state.get(_FOUND, {})):
        at = st.session_state.get(_AT)
        st.session_state[_AT] = keys[(keys.index(at) + by) % len(keys)] if at in keys else keys[0]


def finish() -> None:
    """After a page ran: what was shown may be gone, and an address may hide what there is not."""
    found = st.session_state[_FOUND]
    if found and st.session_state.get(_AT) not in found:
        st.session_state[_AT] = next(iter(found))
        st.rerun()
    known = {CONTROLS, MENU, *st.session_state.get(_KNOWN, ())}
    unknown = sorted(_hidden() - known)
    if unknown and st.session_state.get(_REFUSED) != unknown:
        st.session_state[_REFUSED] = unknown
        tell(f"In the address: hide cannot be {shown(unknown[0])} here: choose {', '.join(sorted(known))}.")
        st.rerun()


def _hidden() -> set[str]:
    return set(filter(None, st.query_params.get("hide", "").split(",")))
