"""The training room: train an autoencoder or a VAE, steer it while it learns, and wind its film back."""

from __future__ import annotations

import streamlit as st

from genlib import recipe
from genlib.changes import read_changes
from genlib.knobs import InputError
from genlib.library import bundled
from genlib.runs import ACTIVE, RunFolder
from genlib.settings import RunSettings
from pages.ui import asked
from pages.ui.explain import method
from pages.ui.news import news
from pages.ui.notices import show, tell
from pages.ui.owner import ask_key, visitor_key
from pages.ui.room import training_room
from pages.ui.server import dispatcher
from pages.ui.steering import button, steer_knob, steering
from pages.ui.words import open_run, plain, run_title

TABS = ("How it works", "The same in Python", "The same on the command line")
CODE = {
    "ae": ("genlib.models.autoencoder:Autoencoder",),
    "vae": (
        "genlib.models.vae:VAE",
        "genlib.models.vae:negative_bound",
        "genlib.models.vae:gaussian_kl",
        "genlib.models.vae:rsample",
    ),
}


def main() -> None:
    st.title("Training room")
    st.markdown(
        "A network squeezes 784 pixels into a few numbers and learns to draw digits from them. "
        "**Try this:** press Train, and while it learns drag β up and watch the map of the codes tighten."
    )
    notices = st.container()
    key = visitor_key()
    run, settings = shown()
    now = current(run, settings) if run else settings
    steers = run is not None and run.may_steer(key) and run.status.state in ACTIVE
    if run:
        asked.adopt(now, run.id, tuple(knob.name for knob in now.live()))
    picture, panel = st.columns([2.7, 1], gap="large")
    with panel:
        top = st.container()
        wanted = asked.ask(
            run is None, (lambda name, where: steer_knob(run, now, key, name, where)) if run and steers else None
        )
        with top:
            difference = note(run, now, wanted, steers)
    with picture:
        toolbar(run, now, wanted, key, difference)
        folder = run or bundled()[0]
        standing = news(folder)["standing"] if run else None
        changes = read_changes(folder.changes(), settings)
        training_room([(folder, settings, changes)], key="room", standing=standing)
    more(run, settings, wanted)
    with notices:
        show(keep=key is None)
    ask_key()
    if both := st.session_state.pop("both", None):
        st.switch_page("images/compare.py", query_params={"runs": both})


def shown() -> tuple[RunFolder | None, RunSettings]:
    """The run that the address names and what it was asked; without one, what a bundled run was asked."""
    name = st.query_params.get("run") or st.session_state.get("run")
    if name:
        try:
            run, settings = open_run(name)
            st.session_state["run"] = st.query_params["run"] = run.id
            return run, settings
        except InputError as error:
            tell(str(error))
            close()
    st.session_state.pop("adopted", None)
    return None, RunSettings.from_json(bundled()[0].settings)


def current(run: RunFolder, settings: RunSettings) -> RunSettings:
    """What the run is trained with now: as asked, then changed, then wished."""
    changes = [(change.knob, change.value) for change in read_changes(run.changes(), settings)]
    now = settings
    for name, value in [*changes, *run.wish.knobs.items()]:
        try:
            now = now.changed(name, value)
        except InputError:
            continue  # a file that was altered
    return now


def note(run: RunFolder | None, now: RunSettings, wanted: list[RunSettings], steers: bool) -> str:
    """Whose settings these are; returns how a draft differs."""
    if run is None:
        return ""
    difference = asked.draft(now, wanted)
    if difference:
        st.info(f"A draft of your next run: {difference}.", icon=":material/edit:")
        button("Back to this run's settings", "undo", st.session_state.pop, "adopted", None)
    else:
        live = " and ".join(knob.title.lower() if len(knob.title) > 7 else knob.title for knob in now.live())
        acts = f" {live[:1].upper()}{live[1:]} act at once; another edit makes a draft." if steers else ""
        st.caption(f"The settings of the run shown.{acts}")
    return difference


def toolbar(
    run: RunFolder | None, now: RunSettings, wanted: list[RunSettings], key: str | None, difference: str
) -> None:
    """Train what is asked; steer what is shown."""
    mine = run is not None and run.may_steer(key)
    busy = mine and run is not None and run.status.state in ACTIVE and not difference
    if run and run.name:
        st.markdown(f"#### {plain(run_title(run, now))}")
    with st.container(horizontal=True, vertical_alignment="center"):
        text = (
            "Change a setting to train another."
            if busy
            else "Trains with the settings beside, in a process of its own."
        )
        button("Train", "play_arrow", start, wanted, key, type="primary", disabled=busy or key is None, help=text)
        if run:
            steering(run, now, key)
            button("Close", "close", close, help="Leave this run; it goes on. You find it again under My runs.")


def start(wanted: list[RunSettings], key: str) -> None:
    """Queue new runs, unless a second click follows the first."""
    if "both" in st.session_state:
        return
    try:
        run, settings = open_run(st.session_state.get("run") or "")
        if (
            len(wanted) == 1
            and current(run, settings) == wanted[0]
            and run.may_steer(key)
            and run.status.state in ACTIVE
        ):
            return
    except InputError:
        pass  # there is none, or it was deleted
    try:
        names = [dispatcher().submit(each.to_json(), key).id for each in wanted]
    except InputError as error:
        tell(str(error))
        return
    if len(names) > 1:
        st.session_state["both"] = ",".join(names)
    else:
        st.session_state["run"] = st.query_params["run"] = names[0]


def close() -> None:
    st.session_state.pop("run", None)
    st.query_params.pop("run", None)


def more(run: RunFolder | None, settings: RunSettings, wanted: list[RunSettings]) -> None:
    """How it works, and how to do the same without the app."""
    parts = st.tabs(TABS, on_change="rerun", key="train_more")
    if parts[0].open:
        with parts[0]:
            families = [settings.family] if run else [each.family for each in wanted]
            method(*(code for family in families for code in CODE[family]), "genlib.models.base:Model.training_step")
    for part, which, language in ((parts[1], 0, "python"), (parts[2], 1, "bash")):
        if part.open:
            recipes = [recipe.of_run(run)] if run else [_recipes(each) for each in wanted]
            for found in recipes:
                part.code(found[which], language)


def _recipes(settings: RunSettings) -> tuple[str, str]:
    return recipe.run_recipe(settings), recipe.command_recipe(settings)


main()
