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
from pages.ui.lab import Draft, plane_lab
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, opened, plane
from pages.ui.owner import ask_key, visitor_key
from pages.ui.plane_more import more
from pages.ui.plane_points import SPACE, Chosen, choose_plane
from pages.ui.points import clear_added, epoch, take
from pages.ui.room import MOST_RUNS
from pages.ui.steering import anew, button, closing, keep_running, steer, steer_knob, steering, submit, together
from pages.ui.tools import heading
from pages.ui.words import plain, unlinked


def main() -> None:
    heading(
        "2-D lab",
        "Points in the plane, where one can see what a model thinks.",
        "press Replay, wind it back, and switch to slow motion. Then choose a preset that fails, and find its cure.",
        "are all groups of the data found at once, one by one, or never?",
    )
    notices = st.container()
    key = visitor_key()
    runs = in_the_address()
    shown = runs[0] if len(runs) == 1 else None
    steered = shown is not None and shown.run.may_steer(key) and shown.run.status.state in ACTIVE
    if shown:
        asked.adopt(shown.wished, shown.run.id)
    picture, panel = st.columns([2.7, 1], gap="large")
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
            note(runs, difference)
    with head:
        toolbar(runs, wanted, key, steered and not difference)
    with picture:
        lanes = pictures(runs, wanted, chosen)
    more(shown, wanted, lanes)
    with notices:
        show(keep=key is None)
    ask_key()


def in_the_address() -> list[Opened]:
    """The runs that the address names, if there are any."""
    if names := st.query_params.get("run") or st.session_state.get(asked.RUN):
        found = []
        for name in dict.fromkeys(names.split(",")[:MOST_RUNS]):
            try:
                found.append(plane(name))
            except InputError as error:
                tell(str(error))
        if found:
            st.session_state[asked.RUN] = st.query_params["run"] = ",".join(each.run.id for each in found)
            return found
        close()
    st.session_state.pop(asked.ADOPTED, None)
    return []


def turn(shown: Opened | None, key: str | None, name: str, value: float) -> None:
    """A live knob of the shown run was moved."""
    if shown:
        steer_knob(shown.run, shown.wished, key, name, value)


def note(runs: list[Opened], difference: str) -> None:
    """Whose settings the widgets show."""
    if difference:
        st.info(f"A draft of your next run: {unlinked(difference)}.", icon=":material/edit:")
        button("Back to this run's settings", "undo", st.session_state.pop, asked.ADOPTED, None)
    elif len(runs) == 1:
        st.caption("The settings of the run shown; an edit drafts the next one.")


def toolbar(runs: list[Opened], wanted: list[RunSettings], key: str | None, busy: bool) -> None:
    """Train what is asked; steer what is shown."""
    shown = runs[0] if len(runs) == 1 else None
    if shown and shown.run.name:
        st.markdown(f"#### {plain(shown.run.name)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        text = "Trains with the settings beside, in a process of its own."
        text = "Change a setting to train another." if busy else text
        label = "Train all four" if len(wanted) > 1 else "Train"
        button(label, "play_arrow", start, wanted, key, place="Train", type="primary",
               disabled=busy or key is None or not wanted, help=text)  # fmt: skip
        if shown:
            steering(shown.run, shown.wished, key, further=1000)
            anew(partial(restart, shown), shown.run, key)
        elif runs:
            together([each.run for each in runs], key)
        if runs:
            closing(close)
            keep_running([each.run for each in runs], key)
    if shown and not shown.run.may_steer(key) and not shown.recorded:
        st.caption("Started in another browser or on the command line: here you can watch it, there it can be steered.")


def start(wanted: list[RunSettings], key: str) -> None:
    """Queue new runs, unless a second click follows the first."""
    before = []
    with suppress(InputError):  # there is none before it, or it was deleted
        before = [opened(name) for name in (st.session_state.get(asked.RUN) or "").split(",")]
    same = [each.wished for each in before] == wanted
    if same and all(each.run.may_steer(key) and each.run.status.state in ACTIVE for each in before):
        return
    begin(wanted, key)


def restart(shown: Opened, key: str) -> None:
    """The same from the beginning."""
    if shown.run.status.state in ACTIVE:
        steer(shown.run, key, "stop")
    begin([shown.wished], key)


def begin(wanted: list[RunSettings], key: str) -> None:
    """Queue new runs, and show them."""
    if names := submit(wanted, key):
        st.session_state[asked.RUN] = st.query_params["run"] = ",".join(names)


def close() -> None:
    st.session_state.pop(asked.RUN, None)
    st.query_params.pop("run", None)


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
