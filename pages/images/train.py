"""Training page: press Train and watch a VAE learn handwritten digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from genlib import recipe
from genlib.knobs import InputError
from genlib.library import bundled
from genlib.runs import ACTIVE, RESUMABLE, RunFolder, Watcher, find
from genlib.settings import MODEL_CONFIGS, RunSettings, TrainConfig
from pages.ui.controls import Controls
from pages.ui.live import live_panel
from pages.ui.notices import show, tell
from pages.ui.owner import ask_key, visitor_key
from pages.ui.server import dispatcher

REFRESH = 0.2  # seconds


def main() -> None:
    st.title("Train a VAE")
    st.markdown(
        "A variational autoencoder squeezes 784 pixels into a few numbers and learns to draw digits from them. "
        "**Try this:** press Train, and watch when the blur first turns into digits."
    )
    notices = st.container()
    key = visitor_key()
    run = current_run()
    picture, panel = st.columns([2.7, 1], gap="large")
    with panel:
        settings = controls()
    with picture:
        watch(run, settings, key)
    if run is None:
        same(settings)
    else:
        same(RunSettings.from_json(run.settings), run.status.step)
    with notices:
        show(keep=key is None)
    ask_key()


def current_run() -> RunFolder | None:
    """The run that the address names; None if there is none, with a sentence if it cannot be shown."""
    name = st.query_params.get("run") or st.session_state.get("run")
    if not name:
        return None
    try:
        run = find(name)
        RunSettings.from_json(run.settings)
    except InputError as error:
        tell(str(error))
        st.session_state.pop("run", None)
        st.query_params.pop("run", None)
        return None
    st.session_state["run"] = st.query_params["run"] = run.id
    return run


def controls() -> RunSettings:
    """The settings of the next run."""
    model, train = Controls(MODEL_CONFIGS["vae"]), Controls(TrainConfig)
    st.subheader("Model", anchor=False)
    model.draw("latent_dim", "hidden_dim", "beta")
    st.subheader("Training", anchor=False)
    train.draw("budget")
    train.draw(str(train.values["budget"]))
    with st.expander("Learning rate, batch, seed, device"):
        train.draw("learning_rate", "batch_size", "seed", "device")
    return RunSettings("vae", model.config(MODEL_CONFIGS["vae"]), train.config(TrainConfig))


def start(settings: RunSettings, key: str) -> None:
    """Queue a new run, unless a second click follows the first."""
    run = st.session_state.get("run")
    try:
        if run and find(run).may_steer(key) and find(run).status.state in ACTIVE:
            return
    except InputError:
        pass  # the run before was deleted
    try:
        st.session_state["run"] = st.query_params["run"] = dispatcher().submit(settings.to_json(), key).id
    except InputError as error:
        tell(str(error))


def watch(run: RunFolder | None, asked: RunSettings, key: str | None) -> None:
    """The live panel of a run, refreshed while it is active; without a run, one that comes with genlib."""
    folder = run or next(iter(bundled()))
    watcher = st.session_state.get("watcher")
    if watcher is None or watcher.folder.path != folder.path:
        watcher = st.session_state["watcher"] = Watcher(folder)
    settings = RunSettings.from_json(folder.settings)
    watcher.poll()
    shown = standing(watcher)
    steering(watcher if run else None, asked, key)
    active = run is not None and watcher.status.state in ACTIVE

    def refresh() -> None:
        status = watcher.poll()
        place = dispatcher().place(folder) if run and status.state == "queued" else 0
        live_panel(watcher, settings, key="live", place=place, recorded=run is None)
        if run and standing(watcher) != shown:
            # The buttons lie outside, so that five times a second only the panel is sent.
            st.rerun()

    st.fragment(refresh, run_every=REFRESH if active else None)()


def standing(watcher: Watcher) -> tuple[str, str, bool]:
    """What the buttons depend on: the state, the owner's wish, and whether the trainer has yet to hear of it."""
    sequence, want = watcher.folder.control
    return watcher.status.state, want, sequence > watcher.status.acknowledged


def steering(watcher: Watcher | None, asked: RunSettings, key: str | None) -> None:
    """Train a new run; pause, resume and stop the one that is shown, for whoever started it."""
    state, want, waiting = standing(watcher) if watcher else ("", "run", False)
    mine = watcher is not None and watcher.folder.may_steer(key)
    with st.container(horizontal=True):
        busy = mine and state in ACTIVE
        text = "Finish or stop this run first." if busy else "Trains with the settings beside, in a process of its own."
        button("Train", "play_arrow", start, asked, key, type="primary", disabled=busy or key is None, help=text)
        if watcher is None:
            return
        if not mine:
            st.caption(
                "Started in another browser or on the command line: you can watch it, and only there it can be steered."
            )
            return
        folder = watcher.folder
        if state in ("running", "starting", "paused") and want != "pause":
            button("Pause", "pause", steer, folder, "pause", key, disabled=waiting)
        elif state in ("running", "starting", "paused"):
            button("Resume", "resume", steer, folder, "run", key, disabled=waiting)
        if state in ACTIVE:
            button("Stop", "stop", steer, folder, "stop", key, disabled=waiting and want == "stop")
        elif state in RESUMABLE:
            button("Go on", "resume", go_on, folder, key)


def button(label: str, icon: str, act: Callable[..., None], *args: Any, **options: Any) -> None:
    st.button(label, key=f"do_{label}", icon=f":material/{icon}:", on_click=act, args=args, **options)


def steer(folder: RunFolder, want: str, key: str | None) -> None:
    try:
        folder.steer(want, key)
    except InputError as error:
        tell(str(error))


def go_on(folder: RunFolder, key: str | None) -> None:
    try:
        dispatcher().resume(folder, key)
    except InputError as error:
        tell(str(error))


def same(settings: RunSettings, steps: int = 0) -> None:
    """How to do the same without the app; of a run in seconds, so many steps."""
    python, command = st.tabs(["The same in Python", "The same on the command line"])
    python.code(recipe.run_recipe(settings, steps), "python")
    command.code(recipe.command_recipe(settings), "bash")


main()
