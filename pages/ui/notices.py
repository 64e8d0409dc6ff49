"""Sentences for the visitor that must outlive a second run of the page."""

from __future__ import annotations

import streamlit as st

__all__ = ["show", "tell"]


def tell(sentence: str) -> None:
    """Have :func:`show` say this."""
    st.session_state.setdefault("notices", []).append(sentence)


def show(keep: bool = False) -> None:
    """Say what there is to say; keep it for the next run if that one comes by itself, before anybody could read."""
    for sentence in st.session_state.get("notices", []):
        st.warning(sentence)
    if not keep:
        st.session_state["notices"] = []
