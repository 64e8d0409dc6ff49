"""Which pages there are; runs before each of them."""

import os

import streamlit as st

from pages.ui import address, presenting
from pages.ui.frame import frame
from pages.ui.server import freeze
from pages.ui.tools import bar, here

presenting.begin()
frame()  # first: an icon that a page names would be fetched from elsewhere
start = [
    st.Page("start/home.py", title="Home", icon=":material/home:", default=True),
    st.Page("start/lessons.py", title="Lessons", icon=":material/school:", url_path="lessons"),
]
if os.environ.get("GENLIB_TEACHER"):
    start.append(st.Page("start/teach.py", title="Class", icon=":material/groups:", url_path="class"))
page = st.navigation(
    {
        "": start,
        "Two dimensions": [
            st.Page("two_d/mixture.py", title="Gaussian mixture", icon=":material/scatter_plot:", url_path="mixture"),
            st.Page("two_d/lab.py", title="2-D lab", icon=":material/science:", url_path="lab"),
            st.Page("two_d/bench.py", title="Data bench", icon=":material/table_chart:", url_path="bench"),
        ],
        "Images": [
            st.Page("images/own.py", title="Own images", icon=":material/add_photo_alternate:", url_path="own"),
            st.Page("images/train.py", title="Train", icon=":material/model_training:", url_path="train"),
            st.Page("images/latent.py", title="Latent studio", icon=":material/tune:", url_path="latent"),
            st.Page("images/repair.py", title="Repair studio", icon=":material/healing:", url_path="repair"),
            st.Page("images/scores.py", title="Scoreboard", icon=":material/leaderboard:", url_path="scores"),
            st.Page("images/beat.py", title="Real or made?", icon=":material/person_search:", url_path="beat"),
            st.Page("images/portraits.py", title="Portraits", icon=":material/face:", url_path="portraits"),
            st.Page("images/labels.py", title="Labels", icon=":material/label:", url_path="labels"),
            st.Page("images/runs.py", title="My runs", icon=":material/folder_open:", url_path="runs"),
            st.Page("images/compare.py", title="Compare", icon=":material/compare:", url_path="compare"),
        ],
    },
    position="sidebar" if presenting.has_menu() else "hidden",
)
address.arrive(page.url_path)
presenting.turn_to(page.url_path)
here(page)
page.run()
presenting.finish()
bar()
freeze(page.title)
