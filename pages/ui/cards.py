"""What every page shares: what to try, the cards below its pictures, and what stands where nothing is yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from genlib.knobs import InputError
from pages.ui import presenting
from pages.ui.words import unlinked

__all__ = ["COMMAND", "PYTHON", "SEE", "STOOD", "WORKS", "attempt", "awaited", "cards", "empty"]

SEE = "What you see"
WORKS = "How it works"
PYTHON = "The same in Python"
COMMAND = "On the command line"
STOOD = "stood"  # in the session: which places of this page had something


def cards(parts: Mapping[str, Callable[[], object]], key: str = "more") -> None:
    """Draw the one of these that is open; the address tells which.

    Arguments:
        parts: What draws each, by its name. Names that other pages have too are the constants of this module, and
            stand in their order; what a page has alone stands after what is seen.
        key: In the address, where a page has two such rows.
    """
    for part, draw in zip(st.tabs(list(parts), key=key, bind="query-params"), parts.values(), strict=True):
        if part.open:
            with part:
                try:
                    draw()
                except InputError as error:
                    st.warning(unlinked(str(error)))


def attempt(text: str, question: str = "", key: str = "attempt") -> None:
    """One thing to try, and one question to answer before it is tried; nothing where nothing can be changed."""
    if presenting.without_controls():
        return
    lines = [f":primary[:material/touch_app:] **Try this:** {text}"] if text else []
    lines += [f":primary[:material/psychology_alt:] **Predict:** {question}"] if question else []
    with st.container(key=key):
        st.markdown("  \n".join(lines))


def empty(text: str, icon: str, act: Callable[[], object] | None = None) -> None:
    """A place where nothing is yet: what is missing, and one thing to do about it.

    Arguments:
        text: What is missing, and why, in a sentence.
        icon: Name of a Material symbol.
        act: Draws the link or button that mends it.
    """
    with st.container(key=f"empty_{icon}", border=True, horizontal_alignment="center", gap="small"):
        st.markdown(f":material/{icon}:", width="content")
        st.markdown(text, width="content", text_alignment="center")
        if act is not None:
            act()


@contextmanager
def awaited(text: str, name: str, height: int) -> Iterator[Callable[[float, str], None]]:
    """While something is made that takes a while: say so, and keep its place where nothing stands yet.

    Later, what stood there before stays until the new is there, and nothing moves.

    Arguments:
        text: What is being made.
        name: Of the place, on its page.
        height: Of what will stand there, in pixels.

    Yields:
        A function that shows which share is done, from 0 to 1, and what is being done.
    """
    place = st.empty()
    before: set[str] = st.session_state.setdefault(STOOD, set())
    if name in before:
        box = place.container(key=f"awaited_{name}_over")
    else:
        box = place.container(key=f"awaited_{name}", border=True, height=height, vertical_alignment="center")
    try:
        with box:
            bar = st.empty()
            with st.spinner(text):
                yield lambda done, what: _progress(bar, done, what)
        before.add(name)
    finally:
        place.empty()


def _progress(bar: DeltaGenerator, done: float, what: str) -> None:
    bar.progress(done, what)
