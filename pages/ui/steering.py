"""The buttons that steer a run, for whoever started it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from genlib.knobs import InputError
from genlib.runs import ACTIVE, RESUMABLE, RunFolder, Status
from genlib.settings import RunSettings
from pages.ui.notices import tell
from pages.ui.server import dispatcher

_DOUBLE = 0.3  # seconds between the clicks of a double click

__all__ = [
    "anew",
    "button",
    "closing",
    "epoch_more",
    "keep_running",
    "resume",
    "steer",
    "steer_knob",
    "steering",
    "submit",
    "together",
]


def steering(run: RunFolder, settings: RunSettings, key: str | None, further: int = 0) -> None:
    """Pause, resume, stop, step and lengthen a run; nothing for those who may only watch.

    Arguments:
        run: To be steered.
        settings: What it is to be trained with from now on.
        key: The visitor's.
        further: By how many updates it is lengthened, where an epoch is none that people count.
    """
    status, wish = run.status, run.wish
    state = status.state
    if not run.may_steer(key):
        return
    waiting = wish.sequence > status.acknowledged
    # A single step is over before anybody could pause it: the buttons stay, and with them the focus of the keyboard.
    stepping = state == "running" and wish.until_step is not None and wish.until_step <= status.step + 1
    state = "paused" if stepping else state
    if state in ("running", "starting") and wish.want != "pause":
        button("Pause", "pause", steer, run, key, "pause", place="pause")
    elif state in ("paused", "parked", "running", "starting"):
        button("Resume", "resume", resume, run, key, place="pause")
    elif state in RESUMABLE:
        button("Go on", "resume", resume, run, key)
    if state in ACTIVE:
        button("Stop", "stop", steer, run, key, "stop", disabled=waiting and wish.want == "stop")
    if state == "paused":
        text, reached = "One update of the weights, then pause.", (stepping and wish.until_step) or status.step
        button("One step", "step", resume, run, key, reached + 1, help=text)
    if not further:
        more(run, replace(status, state=state), settings, key, waiting and not stepping)
    elif state in RESUMABLE | {"paused", "done"}:
        button(f"{further:,} steps more", "forward_media", resume, run, key, status.step + further, disabled=waiting)


def together(runs: Sequence[RunFolder], key: str | None, word: str = "all") -> None:
    """The buttons that act on several runs, as far as they are the visitor's and go on.

    Arguments:
        runs: Shown together.
        key: The visitor's.
        word: What they are called in one word.
    """
    mine = [run for run in runs if run.may_steer(key) and run.status.state in ACTIVE]
    going = [run for run in mine if run.wish.want != "pause"]
    if going:
        button(f"Pause {word}", "pause", _each, going, key, "pause", place="pause")
    elif mine:
        button(f"Resume {word}", "resume", _each, mine, key, "run", place="pause")
    if mine:
        button(f"Stop {word}", "stop", _each, mine, key, "stop")


def _each(runs: Sequence[RunFolder], key: str | None, want: str) -> None:
    for run in runs:
        resume(run, key) if want == "run" else steer(run, key, want)


def anew(act: Callable[[str], None], run: RunFolder, key: str | None) -> None:
    """The button that stops a run of the visitor's and begins it again."""
    if run.may_steer(key):
        text = "Stop this run, and start one anew with the same settings and the same seed."
        button("Reset", "restart_alt", act, key, help=text)


def closing(
    act: Callable[[], None], text: str = "Leave this run; it goes on. You find it again under My runs."
) -> None:
    """The button that leaves what is shown."""
    button("Close", "close", act, help=text)


def more(run: RunFolder, status: Status, settings: RunSettings, key: str | None, waiting: bool) -> None:
    """The button that trains an epoch more."""
    target = epoch_more(status, settings, run.wish.until_step)
    if status.state not in RESUMABLE | {"running", "paused", "done"}:
        return
    ends = status.state in ("running", "done")
    text = f"Train until step {target:,}, then {'end' if ends else 'pause'}." if target else "Its end is ahead."
    label, off = "One more epoch" if ends else "One epoch", waiting or not target
    button(label, "forward_media", resume, run, key, target, disabled=off, help=text)


def keep_running(runs: Sequence[RunFolder], key: str | None) -> None:
    """The switch by which the visitor's active runs train on although nobody watches; none where none is parked."""
    minutes = dispatcher().limits.unwatched_minutes
    mine = [run for run in runs if run.may_steer(key) and run.status.state in ACTIVE]
    if minutes and mine:
        place = "keep_" + "_".join(run.id for run in mine)
        st.session_state[place] = all(run.wish.keep for run in mine)
        text = f"Off: after {minutes:g} minutes in which no page shows it, a run is saved and parked."
        st.toggle("Keep running", key=place, on_change=_keep, args=(mine, key, place), help=text)


def _keep(runs: Sequence[RunFolder], key: str | None, place: str) -> None:
    for run in runs:
        try:
            run.steer(key, keep=bool(st.session_state[place]))
        except InputError as error:  # of one that was deleted meanwhile; the others are kept all the same
            tell(str(error))


def submit(wanted: Sequence[RunSettings], key: str) -> list[str]:
    """Queue new runs, as far as that is allowed; their names."""
    names = []
    try:
        for each in wanted:
            names.append(dispatcher().submit(each.to_json(), key).id)
    except InputError as error:
        tell(str(error))
    return names


def epoch_more(status: Status, settings: RunSettings, until_step: int | None) -> int | None:
    """The step until which one epoch more is trained: more than was planned, or from here for a run that rests.

    It is an absolute step, so that two clicks ask for the same. None if there is nothing to lengthen: the run has not
    begun, ends by the clock, or has an end of its own that was wished.
    """
    per = status.per_epoch
    if not per:
        return None
    if status.state != "running":
        return status.step + per
    planned = settings.train.epochs * per
    if settings.train.budget == "seconds" or (until_step is not None and until_step < planned):
        return None
    target = planned + per if status.step < planned else (status.step // per + 2) * per
    return None if until_step is not None and until_step >= target else target


def steer_knob(run: RunFolder, settings: RunSettings, key: str | None, name: str, value: float) -> None:
    """Ask a run to train on with another value of a live knob."""
    try:
        settings.changed(name, value)
        run.steer(key, knobs={name: value})
    except InputError as error:
        tell(str(error))


def steer(run: RunFolder, key: str | None, want: str) -> None:
    try:
        run.steer(key, want=want)
        dispatcher().tick()
    except InputError as error:
        tell(str(error))


def resume(run: RunFolder, key: str | None, until_step: int | None = None) -> None:
    """Have a run train on, whatever has become of it since the button was drawn."""
    try:
        dispatcher().resume(run, key, until_step)
    except InputError as error:
        tell(str(error))


def button(label: str, icon: str, act: Callable[..., None], *args: Any, place: str = "", **options: Any) -> None:
    """A button with an icon; the label is its name, and that of its place where another may take it."""
    place = f"do_{place or label}"
    st.button(label, key=place, icon=f":material/{icon}:", on_click=_pressed, args=(place, act, *args), **options)


def _pressed(place: str, act: Callable[..., None], *args: Any) -> None:
    """Act, unless this is the second half of a double click, which may meet what has taken the place."""
    before, now = st.session_state.get("pressed", ("", 0.0)), time.monotonic()
    st.session_state["pressed"] = place, now
    if before[0] != place or now - before[1] > _DOUBLE:
        act(*args)
