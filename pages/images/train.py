"""The training room: train a model of any family, steer it while it learns, and wind its film back."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import streamlit as st

from genlib.knobs import InputError
from genlib.library import example
from genlib.runs import ACTIVE
from genlib.settings import FAMILIES, RunSettings
from pages.ui import asked, seen
from pages.ui.cards import cards
from pages.ui.families import run_cards
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, filmed, opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.room import training_room
from pages.ui.steering import anew, button, closing, keep_running, steer, steer_knob, steering, submit
from pages.ui.studio import explore
from pages.ui.tools import heading
from pages.ui.words import plain, unlinked


def main() -> None:
    heading(
        "Training room",
        "Four families learn to make images, each in its own way, from the same examples: 55,000 digits, or your own.",
        "choose a family, press Train, and watch. Then choose a preset that fails, and see why.",
        "which family draws digits that you can read first, and which never rebuilds any?",
    )
    notices = st.container()
    key = visitor_key()
    shown = in_the_address()
    steered = shown is not None and shown.run.may_steer(key) and shown.run.status.state in ACTIVE
    if shown:
        asked.adopt(shown.wished, shown.run.id)
    picture, panel = st.columns([2.7, 1], gap="large")
    with picture:
        head = st.container()
        live = st.container(horizontal=True) if steered else None
    with panel:
        top = st.container()
        names = [knob.name for knob in shown.settings.live()] if shown else []
        wanted = asked.ask(key, shown is None, live, names, partial(turn, shown, key))
        difference = asked.draft(shown.wished, wanted) if shown else ""
        with top:
            note(shown, difference)
    with head:
        toolbar(shown, wanted, key, steered and not difference)
    with picture:
        if shown or asked.family() != "all":
            training_room([shown or opened(example(asked.family()).id)], key="room", follows=shown is not None)
        else:
            training_room([opened(example(family).id) for family in FAMILIES], key="room", follows=False)
    families = [shown.settings.family] if shown else [each.family for each in wanted]
    cards(run_cards(seen.ROOM, families, [shown] if shown else wanted))
    with notices:
        show(keep=key is None)
    ask_key()
    if several := st.session_state.pop("several", None):
        st.switch_page("images/compare.py", query_params={"runs": several})


def in_the_address() -> Opened | None:
    """The run that the address names, if there is one."""
    if name := st.query_params.get("run") or st.session_state.get("run"):
        try:
            found = filmed(name)
            st.session_state["run"] = st.query_params["run"] = found.run.id
            return found
        except InputError as error:
            tell(str(error))
            close()
    st.session_state.pop("adopted", None)
    return None


def turn(shown: Opened | None, key: str | None, name: str, value: float) -> None:
    """A live knob of the shown run was moved."""
    if shown:
        steer_knob(shown.run, shown.wished, key, name, value)


def note(shown: Opened | None, difference: str) -> None:
    """Whose settings the widgets show."""
    if difference:
        st.info(unlinked(f"A draft of your next run: {difference}."), icon=":material/edit:")
        button("Back to this run's settings", "undo", st.session_state.pop, "adopted", None)
    elif shown:
        st.caption("The settings of the run shown; an edit drafts the next one.")


def toolbar(shown: Opened | None, wanted: list[RunSettings], key: str | None, busy: bool) -> None:
    """Train what is asked; steer what is shown."""
    if shown and shown.run.name:
        st.markdown(f"#### {plain(shown.run.name)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        text = "Trains with the settings beside, in a process of its own."
        text = "Change a setting to train another." if busy else text
        idle = busy or key is None or not wanted
        button("Train", "play_arrow", start, wanted, key, type="primary", disabled=idle, help=text)
        if shown:
            steering(shown.run, shown.wished, key)
            anew(partial(restart, shown), shown.run, key)
            closing(close)
            explore(shown)
            keep_running([shown.run], key)
    if shown and not shown.run.may_steer(key) and not shown.recorded:
        st.caption("Started in another browser or on the command line: here you can watch it, there it can be steered.")


def start(wanted: list[RunSettings], key: str) -> None:
    """Queue new runs, unless a second click follows the first."""
    if "several" in st.session_state:
        return
    with suppress(InputError):  # there is none before it, or it was deleted
        before = opened(st.session_state.get("run") or "")
        if [before.wished] == wanted and before.run.may_steer(key) and before.run.status.state in ACTIVE:
            return
    begin(wanted, key)


def restart(shown: Opened, key: str) -> None:
    """The same from the beginning."""
    if shown.run.status.state in ACTIVE:
        steer(shown.run, key, "stop")
    begin([shown.wished], key)


def begin(wanted: list[RunSettings], key: str) -> None:
    """Queue new runs, and show them."""
    names = submit(wanted, key)
    if len(names) > 1:
        st.session_state["several"] = ",".join(names)
    elif names:
        st.session_state["run"] = st.query_params["run"] = names[0]


def close() -> None:
    st.session_state.pop("run", None)
    st.query_params.pop("run", None)


main()
