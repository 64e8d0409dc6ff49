"""What every page shares around its content."""

from __future__ import annotations

import streamlit as st

from genlib.data import assets
from pages.ui import presenting
from pages.ui.server import begin

__all__ = ["frame"]

_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 3.6rem; padding-bottom: 3rem; max-width: 1500px; }
[data-testid="stMain"] h1 { font-size: 2.1rem; padding: 0.2rem 0 0.4rem; }
[data-testid="stMain"] h3 { font-size: 1.1rem; padding: 0.2rem 0; }
@media (max-width: 640px) {
  .st-key-heading { flex-wrap: nowrap; column-gap: 0.2rem; }
  .st-key-present_on, .st-key-heading button [aria-hidden="true"]:last-child:not(:first-child) { display: none; }
  .st-key-heading button p { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
  [data-testid="stMain"] h1 { font-size: 1.7rem; }
}
.st-key-heading > :first-child { flex: 1 1 12rem; width: auto; min-width: 0; }
.st-key-heading { column-gap: 1.1rem; row-gap: 0; }
[class*="st-key-step_"] kbd, .st-key-bar kbd { display: none; }
.st-key-card { position: sticky; top: 4rem; }
.st-key-card h1 { font-size: 1.5rem !important; padding-top: 0; }
.st-key-card .st-key-heading button p { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.st-key-card .st-key-heading button [aria-hidden="true"]:last-child:not(:first-child) { display: none; }
</style>
"""
# All sizes are told in rem, so that one number makes everything large.
_LARGE = "<style>html { font-size: 21px; }</style>"
# Within a lesson, which says what the page is for.
_WITHIN = """
<style>
[data-testid="stMainBlockContainer"] { padding: 0.6rem 1rem 1rem !important; }
[data-testid="stMain"] h1 { font-size: 1.25rem !important; padding: 0; }
</style>
"""


def frame() -> None:
    """Set up the page, its style, and, once a server, what all visitors share."""
    st.set_page_config(layout="wide", page_icon="🎲")
    st.html(_STYLE + (_LARGE if presenting.presenting() else "") + (_WITHIN if st.context.is_embedded else ""))
    if not st.context.is_embedded:
        st.logo(assets() / "logo.svg", size="large")
    begin()
