"""Sentences for the visitor that must outlive a second run of the page."""

from __future__ import annotations

import time

import streamlit as st

from pages.ui.words import unlinked

__all__ = ["show", "tell"]

_READ = 2.0  # seconds: a page that runs again sooner does so by itself, before anybody could read


def tell(sentence: str, *, good: bool = False) -> None:
    """Have :func:`show` say this: what is wrong, or what went well."""
    st.session_state.setdefault("notices", {})[sentence] = good, None


def show(keep: bool = False) -> None:
    """Say what there is to say; keep it for the next run if that one comes by itself."""
    now, kept = time.monotonic(), {}
    for sentence, (good, since) in st.session_state.get("notices", {}).items():
        if since is None or now - since < _READ:
            (st.success if good else st.warning)(unlinked(sentence))
            kept[sentence] = good, None if keep else since or now
    st.session_state["notices"] = kept
