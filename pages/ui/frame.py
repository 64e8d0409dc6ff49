"""What every page shares around its content."""

from __future__ import annotations

import streamlit as st

from genlib.data import assets
from pages.ui.server import begin

__all__ = ["frame"]

_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 3.6rem; padding-bottom: 3rem; max-width: 1500px; }
[data-testid="stMain"] h1 { font-size: 2.1rem; padding: 0.2rem 0 0.4rem; }
[data-testid="stMain"] h3 { font-size: 1.1rem; padding: 0.2rem 0; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
  [data-testid="stMain"] h1 { font-size: 1.7rem; }
}
</style>
"""


def frame() -> None:
    """Set up the page, its style, and, once a server, what all visitors share."""
    st.set_page_config(layout="wide", page_icon="🎲")
    st.html(_STYLE)
    st.logo(assets() / "logo.svg", size="large")
    begin()
