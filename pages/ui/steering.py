"""The buttons that steer a run, for whoever started it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from genlib.knobs import InputError
from genlib.runs import ACTIVE, RESUMABLE, RunFolder, Status
from genlib.settings import RunSettings
from pages.ui.notices import tell
from pages.ui.server import dispatcher

__all__ = ["button", "epoch_end", "steer_knob", "steering"]


def steering(run: RunFolder, settings: RunSettings, key: str | None) -> None:
    """Pause, resume, step, lengthen and stop a run; a sentence for those who may only watch."""
    status, wish = run.status, run.wish
    state = status.state
    if not run.may_steer(key):
        st.caption("Started in another browser or on the command line: here you can watch it, there it can be steered.")
        return
    waiting = wish.sequence > status.acknowledged
    target = epoch_end(status, settings, wish.until_step)
    more = f"Train until step {target:,}, the end of an epoch." if target else "Wait for the first steps."
    if state in ("running", "starting") and wish.want != "pause":
        button("Pause", "pause", steer, run, key, {"want": "pause"}, disabled=waiting)
    elif state in ("paused", "parked", "running", "starting"):
        button("Resume", "resume", steer, run, key, {"want": "run"}, disabled=waiting and state != "parked")
    elif state in RESUMABLE:
        button("Go on", "resume", resume, run, key)
    if state == "paused":
        one = {"want": "run", "until_step": status.step + 1}
        button(
            "One step", "step", steer, run, key, one, disabled=waiting, help="One update of the weights, then pause."
        )
    if state in ("running", "paused"):
        one = {"want": "run", "until_step": target}
        button("One more epoch", "forward_media", steer, run, key, one, disabled=waiting or not target, help=more)
    elif state in RESUMABLE | {"done"}:
        button("One more epoch", "forward_media", resume, run, key, target, disabled=not target, help=more)
    if state in ACTIVE:
        button("Stop", "stop", steer, run, key, {"want": "stop"}, disabled=waiting and wish.want == "stop")


def epoch_end(status: Status, settings: RunSettings, until_step: int | None) -> int | None:
    """The step at which one epoch more than now planned ends; None if that cannot be told yet.

    It is an absolute step, so that two clicks ask for the same.
    """
    if not status.step or not status.epoch:
        return None
    per = max(1, round(status.step / status.epoch))
    if status.state != "running":
        return (status.step // per + 1) * per
    planned = settings.train.epochs * per if settings.train.budget == "epochs" else status.step
    return (max(until_step or planned, status.step) // per + 1) * per


def steer_knob(run: RunFolder, settings: RunSettings, key: str | None, name: str, where: str) -> None:
    """Ask a run to train on with the value that the widget ``where`` has."""
    try:
        settings.changed(name, st.session_state[where])
        run.steer(key, knobs={name: st.session_state[where]})
    except InputError as error:
        tell(str(error))


def steer(run: RunFolder, key: str | None, wish: Mapping[str, Any]) -> None:
    try:
        run.steer(key, **wish)
        dispatcher().tick()
    except InputError as error:
        tell(str(error))


def resume(run: RunFolder, key: str | None, until_step: int | None = None) -> None:
    try:
        dispatcher().resume(run, key, until_step)
    except InputError as error:
        tell(str(error))


def button(label: str, icon: str, act: Callable[..., None], *args: Any, **options: Any) -> None:
    """A button with an icon; the label is its name."""
    st.button(label, key=f"do_{label}", icon=f":material/{icon}:", on_click=act, args=args, **options)
