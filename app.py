"""genlib: see generative models work. The server: its pages, and what their elements ask it for."""

import streamlit as st
from starlette.middleware import Middleware

from pages.ui.dress import Dress
from pages.ui.gate import Gate
from pages.ui.routes import ROUTES

app = st.App("pages/site.py", routes=ROUTES, middleware=[Middleware(Gate), Middleware(Dress)])
