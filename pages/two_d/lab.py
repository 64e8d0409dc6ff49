"""The 2-D lab: every family on the same points, with what it thinks drawn on the plane while it learns."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import streamlit as st

from genlib.data.cloud import noticed
from genlib.knobs import InputError
from genlib.library import example, recorded
from genlib.runs import ACTIVE
from genlib.settings import RunSettings
from pages.ui import asked_plane as asked
from pages.ui import presenting
from pages.ui.begun import Begun, named, only_watched, turn, watched
from pages.ui.lab import Draft, plane_lab
from pages.ui.notices import show
from pages.ui.opened import Opened, opened, plane
from pages.ui.owner import ask_key, visitor_key
from pages.ui.plane_more import more
from pages.ui.plane_points import SPACE, Chosen, choose_plane
from pages.ui.points import clear_added, epoch, take
from pages.ui.room import MOST_RUNS
from pages.ui.steering import anew, button, closing, keep_running, steering, together
from pages.ui.tools import heading
from pages.ui.words import unlinked

BEGUN = Begun(asked.RUN, asked.ADOPTED, MOST_RUNS)


def main() -> None:
    heading(
        "2-D lab",
        "Points in the plane, where one can see what a model thinks.",
        "press Replay, wind it back, and switch to slow motion. Then choose a preset that fails, and find its cure.",
        "are all groups of the data found at once, one by one, or never?",
    )
    notices = st.container()
    key = visitor_key()
    runs = BEGUN.asked(plane)
    shown = runs[0] if len(runs) == 1 else None
    steered = shown is not None and shown.run.may_steer(key) and shown.run.status.state in ACTIVE
    if shown:
        asked.adopt(shown.wished, shown.run.id)
    picture, panel = presenting.sides()
    with picture:
        head = st.container()
        live = st.container(horizontal=True, vertical_alignment="bottom") if steered else None
    with panel:
        top = st.container()
        chosen = choose_plane(not runs)
        names = [knob.name for knob in shown.settings.live()] if shown else []
        wanted = asked.ask(chosen, not runs, live, names, partial(turn, shown, key))
        difference = asked.draft(shown.wished, wanted) if shown else ""
        with top:
            BEGUN.note(runs, difference)
    with head:
        toolbar(runs, wanted, key, steered and not difference)
    with picture:
        lanes = pictures(runs, wanted, chosen)
    more(shown, wanted, lanes)
    with notices:
        show(keep=key is None)
    ask_key()


def toolbar(runs: list[Opened], wanted: list[RunSettings], key: str | None, busy: bool) -> None:
    """Train what is asked; steer what is shown."""
    shown = runs[0] if len(runs) == 1 else None
    named(shown)
    if only_watched(runs, key):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        text = "Trains with the settings beside, in a process of its own."
        text = "Change a setting to train another." if busy else text
        label = "Train all four" if len(wanted) > 1 else "Train"
        button(label, "play_arrow", BEGUN.start, wanted, key, place="Train", type="primary",
               disabled=busy or key is None or not wanted, help=text)  # fmt: skip
        if shown:
            steering(shown.run, shown.wished, key, further=1000)
            anew(partial(BEGUN.restart, shown), shown.run, key)
        elif runs:
            together([each.run for each in runs], key)
        if runs:
            closing(BEGUN.close)
            keep_running([each.run for each in runs], key)
    watched(shown, key)


def pictures(runs: list[Opened], wanted: list[RunSettings], chosen: Chosen) -> list[Opened | Draft]:
    """Draw the runs, a recorded one where there is none yet, or the points that are to be learnt from."""
    lanes: list[Opened | Draft] = [*(runs or alike(wanted))]
    if not lanes or (chosen.points != lanes[0].settings.points and len(runs) < 2):
        settings = wanted[0] if wanted else asked.first("gan2d")
        lanes = [Draft(settings, chosen.x, chosen.box, len(chosen.added))]
    try:
        answer = plane_lab(lanes, key="lab", follows=bool(runs), added=chosen.added, epoch=epoch(SPACE))
        take(answer, chosen.added, SPACE)
    except InputError as error:
        st.warning(unlinked(str(error)))
    clear_added(chosen.added, SPACE)
    if chosen.why:
        st.info(unlinked(chosen.why), icon=":material/info:")
    elif chosen.points:
        for sentence in noticed(chosen.points):
            st.info(unlinked(sentence), icon=":material/info:")
    return lanes


def alike(wanted: list[RunSettings]) -> list[Opened]:
    """For each of the settings a recorded run: one that was asked the same, else the one that shows its family."""
    found = []
    for settings in wanted:
        same = (run for run in recorded() if RunSettings.from_json(run.settings) == settings)
        with suppress(InputError):
            found.append(opened((next(same, None) or example(settings.family)).id))
    return found if len(found) == len(wanted) else []


main()
