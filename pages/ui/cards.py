"""What every page shares below its title and below its pictures, by the same names, and what stands where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import streamlit as st

from genlib.knobs import InputError
from pages.ui.words import unlinked

__all__ = ["COMMAND", "PYTHON", "SEE", "WORKS", "attempt", "awaited", "cards", "empty"]

SEE = "What you see"
WORKS = "How it works"
PYTHON = "The same in Python"
COMMAND = "On the command line"


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


def attempt(text: str, question: str = "") -> None:
    """One thing to try, and one question to answer before it is tried."""
    lines = [f":primary[:material/touch_app:] **Try this:** {text}"] if text else []
    lines += [f":primary[:material/psychology_alt:] **Predict:** {question}"] if question else []
    with st.container(key="attempt"):
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
        name: Of the place, in the session.
        height: Of what will stand there, in pixels.

    Yields:
        A function that shows which share is done, from 0 to 1, and what is being done.
    """
    name = f"awaited_{name}"
    place = st.empty()
    if name in st.session_state:
        box = place.container(key=f"{name}_over")
    else:
        box = place.container(key=name, border=True, height=height, vertical_alignment="center")
    with box:
        bar = st.empty()
        with st.spinner(text):
            yield lambda done, what: _progress(bar, done, what)
    place.empty()
    st.session_state[name] = True


def _progress(bar: st.delta_generator.DeltaGenerator, done: float, what: str) -> None:
    bar.progress(done, what)
