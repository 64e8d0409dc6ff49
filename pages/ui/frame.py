"""What every page shares around its content."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from genlib.data import assets
from pages.ui import presenting
from pages.ui.server import begin

__all__ = ["frame"]

_HERE = Path(__file__).parent


def frame() -> None:
    """Set up the page, its style, and, once a server, what all visitors share."""
    leads = "lesson" in st.query_params
    st.set_page_config(layout="wide", page_icon="🎲", initial_sidebar_state="collapsed" if leads else "auto")
    st.html(_HERE / "frame.css")
    st.html(_HERE / "everybody.css")
    if presenting.presenting():
        st.html(_HERE / "frame_presented.css")
    if st.context.is_embedded:
        st.html(_HERE / "frame_within.css")
    else:
        st.logo(assets() / "logo.svg", size="large")
    begin()
