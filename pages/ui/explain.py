"""The text and the code that ran, as the page shows them."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import streamlit as st

__all__ = ["method"]


def method(*things: Callable[..., object] | type) -> None:
    """Show the docstring of each and its source: the reader sees what runs."""
    for thing in things:
        text, code = st.columns(2, gap="large")
        text.markdown(f"##### {thing.__name__}\n\n{inspect.getdoc(thing)}")
        with code.expander("The code that runs", expanded=True):
            st.code(inspect.getsource(thing), "python", line_numbers=False)
