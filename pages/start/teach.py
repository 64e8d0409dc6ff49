"""The teacher's page: all current runs on one wall, one run for the class, and an end to everything."""

from __future__ import annotations

import hmac
import os
import time

import streamlit as st

from genlib import archive
from genlib.knobs import InputError
from genlib.presets import PLANE_PRESETS, PRESETS
from genlib.runs import ACTIVE
from genlib.runs.classroom import clear_all, current, machine, stop_all, taken
from genlib.settings import FAMILY_NAMES
from pages.ui import watchers
from pages.ui.news import news
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.picker import inline
from pages.ui.server import dispatcher
from pages.ui.steering import submit
from pages.ui.tools import heading
from pages.ui.words import plain

REFRESH = 3.0  # seconds
ON_THE_WALL = 24
_PAUSE = 1.0  # seconds that a wrong key costs


def main() -> None:
    heading("Class")
    notices = st.container()
    if admitted():
        st.fragment(numbers, run_every=REFRESH)()
        acts(visitor_key())
        st.fragment(wall, run_every=REFRESH)()
    with notices:
        show(keep=visitor_key() is None)
    ask_key()


def admitted() -> bool:
    """Whether this visit has shown the key that the environment sets."""
    if st.session_state.get("teacher"):
        return True
    st.markdown("For whoever looks after this machine: all runs, one for the class, and an end to everything.")
    with st.form("teacher_form", border=False):
        said = st.text_input(
            "Key", type="password", width=320, help="It is set in GENLIB_TEACHER where the app starts."
        )
        if st.form_submit_button("Open", type="primary"):
            if hmac.compare_digest(said.encode(), os.environ.get("GENLIB_TEACHER", "").encode()) and said:
                st.session_state["teacher"] = True
                st.rerun()
            time.sleep(_PAUSE)  # who guesses has to wait
            st.warning("This is not the key: it is set in GENLIB_TEACHER where the app starts.")
    return False


def numbers() -> None:
    """How the machine stands."""
    now, limits = machine(), dispatcher().limits
    told = {
        "In training": f"{now.training} of {dispatcher().limit}",
        "Waiting": f"{now.waiting}",
        "People with a run": f"{now.people}",
        "Panels watching": f"{watchers.count()}",
        "Runs on the disk": f"{on_the_disk():,.0f} MB",
        "Free on the disk": f"{now.free_mb / 1000:,.1f} GB",
        "Free memory": "not told" if now.memory_mb is None else f"{now.memory_mb / 1000:,.1f} GB",
    }
    with st.container(horizontal=True, gap="medium"):
        for title, value in told.items():
            st.metric(title, value, width="content")
    if limits.words:
        st.caption(f"Limits: {limits.words}.")


@st.cache_data(ttl=60, show_spinner=False)
def on_the_disk() -> float:
    return taken()


def acts(key: str | None) -> None:
    """Start one run for all to watch; stop or clear all."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        every = PRESETS | PLANE_PRESETS
        titles = {name: f"{FAMILY_NAMES[each.settings.family]}: {each.title}" for name, each in every.items()}
        name = st.selectbox("One run for the class", list(titles), format_func=titles.__getitem__, key="class_preset",
                            width=380)  # fmt: skip
        st.button("Start it", type="primary", icon=":material/play_arrow:", disabled=key is None, on_click=start,
                  args=(str(name), key), key="class_start")  # fmt: skip
        with st.popover("Stop all", icon=":material/stop_circle:", key="class_stop", on_change="rerun"):
            st.markdown("All runs are saved and stopped; whoever started one can go on with it.")
            st.button("Stop all runs", on_click=stop, key="class_stop_sure")
        with st.popover("Clear all", icon=":material/delete_sweep:", key="class_clear", on_change="rerun"):
            st.markdown("Runs of visitors that are over go for good. Those with a name, and those that train, stay.")
            st.button("Clear all runs that are over", on_click=clear, key="class_clear_sure")
    if started := st.session_state.get("class_run"):
        st.page_link(st.session_state["class_page"], label="The run for the class: its address lets anybody watch",
                     query_params={"run": started}, icon=":material/link:")  # fmt: skip


def start(name: str, key: str) -> None:
    settings = (PRESETS | PLANE_PRESETS)[name].settings
    for run in submit([settings], key):
        st.session_state["class_run"] = run
        st.session_state["class_page"] = "images/train.py" if settings.points is None else "two_d/lab.py"
        tell("The run for the class is in the queue.", good=True)


def stop() -> None:
    st.session_state["class_stop"] = False  # it lies over what one then looks for
    try:
        count = stop_all()
    except InputError as error:
        tell(str(error))
        return
    tell(f"{count} run{'s' * (count != 1)} asked to stop.", good=True)


def clear() -> None:
    st.session_state["class_clear"] = False
    count = clear_all()
    tell(f"{count} run{'s are' if count != 1 else ' is'} gone.", good=True)


def wall() -> None:
    """The newest drawings of all current runs, to be projected."""
    runs = []
    for run in current()[:ON_THE_WALL]:
        try:
            runs.append(opened(run.id))
        except InputError:
            continue  # removed in this moment
    st.header("All current runs", anchor=False)
    if not runs:
        st.caption("None yet: they appear here as soon as somebody presses Train.")
    with st.container(horizontal=True, gap="medium"):
        for shown in runs:
            with st.container(width=210, gap="xsmall"):
                picture(shown)


def picture(shown: Opened) -> None:
    told, drawn = news(shown), archive.thumbnail(shown.run)
    if drawn is not None:
        st.html(inline(drawn, f"What {shown.title} makes", 200))
    state = told["title"] if shown.run.status.state in ACTIVE else f":gray[{told['title']}]"
    st.markdown(
        f"**{plain(shown.label)}**  \n:small[{state} · step {told['step']:,} · {watchers.count(shown.run.id)} watching]"
    )


main()
