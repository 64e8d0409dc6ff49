"""genlib: see generative models work. The server: its pages, and what their elements ask it for."""

import streamlit as st

from pages.ui.routes import ROUTES

app = st.App("pages/site.py", routes=ROUTES)
