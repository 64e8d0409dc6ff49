"""The training room: train an autoencoder or a VAE, steer it while it learns, and wind its film back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import streamlit as st

from genlib import recipe
from genlib.changes import Change, read_changes
from genlib.knobs import InputError
from genlib.library import example
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
from pages.ui.words import open_run, plain

TABS = ("The same in Python", "How it works", "The same on the command line")
CODE = {
    "ae": ("genlib.models.autoencoder:Autoencoder",),
    "vae": (
        "genlib.models.vae:VAE",
        "genlib.models.vae:negative_bound",
        "genlib.models.vae:gaussian_kl",
        "genlib.models.vae:rsample",
    ),
}


@dataclass(frozen=True)
class Shown:
    """The run in the room: what it was asked, what was changed since, and what it is trained with now."""

    run: RunFolder
    settings: RunSettings
    changes: list[Change]
    now: RunSettings
    mine: bool

    @property
    def steered(self) -> bool:
        """Whether a live knob that the visitor moves acts at once."""
        return self.mine and self.run.status.state in ACTIVE


def main() -> None:
    st.title("Training room")
    st.markdown(
        "A network squeezes 784 pixels into a few numbers and learns to draw digits from them. "
        "**Try this:** press Train, and while it learns drag β up and watch the map of the codes tighten."
    )
    notices = st.container()
    key = visitor_key()
    shown = in_the_address(key)
    if shown:
        asked.adopt(shown.now, shown.run.id)
    picture, panel = st.columns([2.7, 1], gap="large")
    with panel:
        top = st.container()
        wanted = asked.ask(shown is None, partial(turn, shown, key) if shown and shown.steered else None)
        difference = asked.draft(shown.now, wanted) if shown else ""
        with top:
            note(shown, difference)
    with picture:
        toolbar(shown, wanted, key, difference)
        room = shown or opened(example(wanted[-1].family).id, key)
        standing = news(room.run)["standing"] if shown else None
        training_room([(room.run, room.settings, room.changes)], key="room", standing=standing)
    more(shown, wanted)
    with notices:
        show(keep=key is None)
    ask_key()
    if both := st.session_state.pop("both", None):
        st.switch_page("images/compare.py", query_params={"runs": both})


def in_the_address(key: str | None) -> Shown | None:
    """The run that the address names, if there is one."""
    if name := st.query_params.get("run") or st.session_state.get("run"):
        try:
            found = opened(name, key)
            st.session_state["run"] = st.query_params["run"] = found.run.id
            return found
        except InputError as error:
            tell(str(error))
            close()
    st.session_state.pop("adopted", None)
    return None


def opened(name: str, key: str | None) -> Shown:
    run, settings = open_run(name)
    changes = read_changes(run.changes(), settings)
    now = settings
    for knob, value in [*((change.knob, change.value) for change in changes), *run.wish.knobs.items()]:
        with suppress(InputError):  # of a wish in a file that was altered
            now = now.changed(knob, value)
    return Shown(run, settings, changes, now, run.may_steer(key))


def turn(shown: Shown, key: str | None, name: str, where: str) -> None:
    """A live knob of the shown run was moved."""
    steer_knob(shown.run, shown.now, key, name, where)


def note(shown: Shown | None, difference: str) -> None:
    """Whose settings the widgets show."""
    if difference:
        st.info(f"A draft of your next run: {difference}.", icon=":material/edit:")
        button("Back to this run's settings", "undo", st.session_state.pop, "adopted", None)
    elif shown:
        live = " and ".join(knob.title for knob in shown.now.live())
        acts = f" Moving {live} acts on it at once; any other edit makes a draft." if shown.steered else ""
        st.caption(f"The settings of the run shown.{acts}")


def toolbar(shown: Shown | None, wanted: list[RunSettings], key: str | None, difference: str) -> None:
    """Train what is asked; steer what is shown."""
    if shown and shown.run.name:
        st.markdown(f"#### {plain(shown.run.name)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        busy = shown is not None and shown.steered and not difference
        text = "Trains with the settings beside, in a process of its own."
        text = "Change a setting to train another." if busy else text
        button("Train", "play_arrow", start, wanted, key, type="primary", disabled=busy or key is None, help=text)
        if shown:
            steering(shown.run, shown.now, key)
            button("Close", "close", close, help="Leave this run; it goes on. You find it again under My runs.")


def start(wanted: list[RunSettings], key: str) -> None:
    """Queue new runs, unless a second click follows the first."""
    if "both" in st.session_state:
        return
    with suppress(InputError):  # there is none before it, or it was deleted
        before = opened(st.session_state.get("run") or "", key)
        if before.steered and [before.now] == wanted:
            return
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


def more(shown: Shown | None, wanted: list[RunSettings]) -> None:
    """How it works, and how to do the same without the app."""
    python, works, command = st.tabs(TABS, on_change="rerun", key="train_more")
    if works.open:
        with works:
            families = [shown.settings.family] if shown else [each.family for each in wanted]
            method(*(code for family in families for code in CODE[family]), "genlib.models.base:Model.training_step")
    for part, which, language in ((python, 0, "python"), (command, 1, "bash")):
        if part.open:
            for found in [recipe.of_run(shown.run)] if shown else [_recipes(each) for each in wanted]:
                part.code(found[which], language)


def _recipes(settings: RunSettings) -> tuple[str, str]:
    return recipe.run_recipe(settings), recipe.command_recipe(settings)


main()
