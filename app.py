"""genlib: see generative models work."""

import streamlit as st

from pages.ui.frame import frame
from pages.ui.server import freeze

frame()
page = st.navigation(
    {
        "": [st.Page("pages/start/home.py", title="Home", icon=":material/home:", default=True)],
        "Two dimensions": [
            st.Page(
                "pages/two_d/mixture.py", title="Gaussian mixture", icon=":material/scatter_plot:", url_path="mixture"
            )
        ],
        "Images": [
            st.Page("pages/images/train.py", title="Train a VAE", icon=":material/model_training:", url_path="train")
        ],
    }
)
page.run()
freeze(page.title)
