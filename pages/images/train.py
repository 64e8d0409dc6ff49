"""The training room: train a model of any family, steer it while it learns, and wind its film back."""

from __future__ import annotations

from functools import partial

import streamlit as st

from genlib.library import example
from genlib.runs import ACTIVE
from genlib.settings import FAMILIES, RunSettings
from pages.ui import asked, presenting, seen
from pages.ui.begun import Begun, named, only_watched, turn, watched
from pages.ui.cards import cards
from pages.ui.families import run_cards
from pages.ui.notices import show
from pages.ui.opened import Opened, filmed, opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.room import training_room
from pages.ui.steering import anew, button, closing, keep_running, steering
from pages.ui.studio import explore
from pages.ui.tools import heading

BEGUN = Begun("run", asked.ADOPTED, several="several")


def main() -> None:
    heading(
        "Training room",
        "Four families learn to make images, each in its own way, from the same examples: 55,000 digits, or your own.",
        "choose a family, press Train, and watch. Then choose a preset that fails, and see why.",
        "which family draws digits that you can read first, and which never rebuilds any?",
    )
    notices = st.container()
    key = visitor_key()
    runs = BEGUN.asked(filmed)
    shown = runs[0] if runs else None
    steered = shown is not None and shown.run.may_steer(key) and shown.run.status.state in ACTIVE
    if shown:
        asked.adopt(shown.wished, shown.run.id)
    picture, panel = presenting.sides()
    with picture:
        head = st.container()
        live = st.container(horizontal=True) if steered else None
    with panel:
        top = st.container()
        names = [knob.name for knob in shown.settings.live()] if shown else []
        wanted = asked.ask(key, shown is None, live, names, partial(turn, shown, key))
        difference = asked.draft(shown.wished, wanted) if shown else ""
        with top:
            BEGUN.note(runs, difference)
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
    if several := st.session_state.pop(BEGUN.several, None):
        st.switch_page("images/compare.py", query_params={"runs": several})


def toolbar(shown: Opened | None, wanted: list[RunSettings], key: str | None, busy: bool) -> None:
    """Train what is asked; steer what is shown."""
    named(shown)
    if only_watched([shown] if shown else [], key):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        text = "Trains with the settings beside, in a process of its own."
        text = "Change a setting to train another." if busy else text
        idle = busy or key is None or not wanted
        button("Train", "play_arrow", BEGUN.start, wanted, key, type="primary", disabled=idle, help=text)
        if shown:
            steering(shown.run, shown.wished, key)
            anew(partial(BEGUN.restart, shown), shown.run, key)
            closing(BEGUN.close)
            explore(shown)
            keep_running([shown.run], key)
    watched(shown, key)


main()
