"""Sentences for the visitor that must outlive a second run of the page."""

from __future__ import annotations

import streamlit as st

from pages.ui.words import unlinked

__all__ = ["show", "tell"]


def tell(sentence: str, *, good: bool = False) -> None:
    """Have :func:`show` say this: what is wrong, or what went well."""
    st.session_state.setdefault("notices", []).append((sentence, good))


def show(keep: bool = False) -> None:
    """Say what there is to say; keep it for the next run if that one comes by itself, before anybody could read."""
    for sentence, good in st.session_state.get("notices", []):
        (st.success if good else st.warning)(unlinked(sentence))
    if not keep:
        st.session_state["notices"] = []
