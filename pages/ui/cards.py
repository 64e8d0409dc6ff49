"""What stands below every page, by the same names: what is seen, how it works, the same in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from genlib.knobs import InputError
from pages.ui.words import unlinked

__all__ = ["COMMAND", "PYTHON", "SEE", "WORKS", "cards"]

SEE = "What you see"
WORKS = "How it works"
PYTHON = "The same in Python"
COMMAND = "On the command line"


def cards(parts: Mapping[str, Callable[[], object]], key: str = "more") -> None:
    """Draw the one of these that is open; the address tells which.

    Arguments:
        parts: What draws each, by its name. Names that other pages have too are the constants of this module.
        key: In the address, where a page has two such rows.
    """
    for part, draw in zip(st.tabs(list(parts), key=key, bind="query-params"), parts.values(), strict=True):
        if part.open:
            with part:
                try:
                    draw()
                except InputError as error:
                    st.warning(unlinked(str(error)))
