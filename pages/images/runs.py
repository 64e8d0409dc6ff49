"""My runs: all that this browser started, to open, name, compare, carry away and bring back."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from genlib import archive
from genlib.data.own import last_run, remove
from genlib.film import Film
from genlib.knobs import InputError
from genlib.recipe import runs_recipe
from genlib.runs import ACTIVE, RunFolder, saved_step
from genlib.runs.owners import key_hash
from genlib.settings import FAMILIES, RunSettings
from pages.ui import asked, asked_plane, seen
from pages.ui.cards import COMMAND, PYTHON, SEE, WORKS, cards, empty
from pages.ui.explain import method
from pages.ui.news import news
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, mine
from pages.ui.owner import LENT, ask_key, lend, take, visitor_hash, visitor_key
from pages.ui.room import MOST_RUNS
from pages.ui.server import compute, compute_part
from pages.ui.steering import keep_running
from pages.ui.studio import explore
from pages.ui.tools import heading
from pages.ui.words import plain

ON_A_PAGE = 8
_MB = 50


def main() -> None:
    heading("My runs", "All that you started in this browser, the newest first.", "choose two to four of them, and "
            "compare; give one a name, and take it to another device.")  # fmt: skip
    notices = st.container()
    key = visitor_key()
    runs = mine(key)
    with st.container(horizontal=True):
        compare = st.container(width="content")
        upload(key)
        devices(key)
    listed(runs, key)
    with compare:
        comparing(runs)
    able = (each.run.id for each in runs if each.settings.family in FAMILIES and saved_step(each.run.path) is not None)
    first = next(able, None)
    cards(
        {
            SEE: lambda: st.markdown(seen.RUNS),
            WORKS: lambda: method("genlib.runs.folder:RunFolder"),
            PYTHON: lambda: st.code(runs_recipe(first), "python"),
            COMMAND: lambda: st.code("genlib models\ngenlib sample " + (first or "vae-2d"), "bash"),
        }
    )
    with notices:
        show(keep=key is None)
    ask_key()
    if room := st.session_state.pop("duplicated", None):
        st.switch_page(room)


def devices(key: str | None) -> None:
    """Take what is the visitor's to another device."""
    if st.session_state.pop("devices_done", False):
        st.session_state["devices"] = False
    with st.popover("Another device", icon=":material/devices:", key="devices", on_change="rerun") as menu:
        if not menu.open:
            return
        st.markdown(
            f"**From here.** Make a code and type it on the other device, at the projector for instance, within "
            f"{LENT // 60} minutes. Whoever has it can steer and delete your runs, as you can; a link never lets them."
        )
        if st.button("Make a code", icon=":material/key:", disabled=key is None) and key:
            st.session_state["lent"] = lend(key)
        if code := st.session_state.get("lent"):
            st.code(code, None)
        st.markdown("**To here.** This device then has the runs and images of the other, and no longer its own.")
        st.text_input("Code from the other device", key="code", max_chars=12, placeholder="ABCD-EFGH")
        st.button("Take over", icon=":material/login:", on_click=taken)


def taken() -> None:
    try:
        take(str(st.session_state.get("code", "")))
    except InputError as error:
        tell(str(error))
        return
    st.session_state.pop("lent", None)
    st.session_state["devices_done"] = True
    tell("Runs and images of the other device are yours here, too.", good=True)


def listed(runs: list[Opened], key: str | None) -> None:
    if not runs:
        empty("You have no run yet: train one, and it stays here.", "folder_open", to_training)
        return
    pages = -(-len(runs) // ON_A_PAGE)
    place = st.container()
    page = min(st.session_state.get("runs_page", 1), pages)
    for shown in runs[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]:
        card(shown, key)
    if pages > 1:
        with place:
            st.pagination(pages, key="runs_page")


def to_training() -> None:
    """The way to a first run."""
    st.page_link("images/train.py", label="Train a model", icon=":material/model_training:")


def card(shown: Opened, key: str | None) -> None:
    """One run: its newest samples, its name and state, and what can be done with it."""
    run = shown.run
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
        picture = archive.thumbnail(run)
        if picture is not None:
            what = "The plane" if shown.settings.points else "Sixteen images"
            st.image(picture, width=112, alt=f"{what} as drawn by {shown.title}.")
        with st.container(width="stretch"):
            when = time.strftime("%d %b %Y, %H:%M", time.localtime(run.created))
            told = news(shown)
            st.markdown(f"**{plain(shown.label)}** &nbsp; {told['title']} · {when}")
            st.caption(plain(f"{shown.line}\n\n{told['words']}"))
        with st.container(width="content", horizontal=True, vertical_alignment="center"):
            query, icon = {"run": run.id}, ":material/open_in_new:"
            if shown.settings.points is not None:
                st.page_link("two_d/lab.py", label="Open", icon=icon, query_params=query)
            elif shown.settings.family in FAMILIES:  # others make no images to watch
                st.checkbox("Compare", key=f"pick_{run.id}", persist_state="session")
                st.page_link("images/train.py", label="Open", icon=icon, query_params=query)
                explore(shown)
            with st.popover("More", icon=":material/more_horiz:", key=f"more_{run.id}", on_change="rerun") as menu:
                # Only what is open is drawn, and files are made only when they are asked for.
                if menu.open:
                    more(shown, key)


def more(shown: Opened, key: str | None) -> None:
    """Rename, duplicate, download, delete."""
    run = shown.run
    if run.may_steer(key):
        name, title = f"name_{run.id}", shown.title
        st.text_input(
            "Name", run.name, max_chars=60, key=name, placeholder=title, on_change=rename, args=(run, name, key)
        )
        keep_running([run], key)
    room = "2-D lab" if shown.settings.points else "training room"
    text, start = f"Opens the {room} with these settings, to change and to train.", (shown.settings,)
    if shown.settings.points or shown.settings.family in FAMILIES:
        st.button("Duplicate with changes", icon=":material/content_copy:", on_click=duplicate, args=start, help=text)
    downloads(run, shown.settings)
    if run.may_steer(key):
        active = run.status.state in ACTIVE
        if active:
            st.caption("Stop this run to delete it.")
        if shown.own and (own := last_run(run, key)):
            st.caption(plain(f"No other run of yours uses {own.name(key_hash(key or ''))}: these images go with it."))
        sure = st.checkbox("Delete this run for good", disabled=active, key=f"sure_{run.id}")
        st.button("Delete", icon=":material/delete:", disabled=not sure or active, on_click=delete, args=(run, key))


def rename(run: RunFolder, name: str, key: str | None) -> None:
    acted(lambda: run.rename(st.session_state[name], key))


def duplicate(settings: RunSettings) -> None:
    (asked if settings.points is None else asked_plane).adopt(settings)
    st.session_state.pop("run" if settings.points is None else asked_plane.RUN, None)
    st.session_state["duplicated"] = "images/train.py" if settings.points is None else "two_d/lab.py"


def delete(run: RunFolder, key: str | None) -> None:
    own = last_run(run, key)
    if acted(lambda: run.delete(key)):
        st.session_state.pop(f"pick_{run.id}", None)
        if st.session_state.get("run") == run.id:
            st.session_state.pop("run")
        if own and acted(lambda: remove(own.id, key)):
            tell(f"{own.name(visitor_hash())} went with its last run.", good=True)


def downloads(run: RunFolder, settings: RunSettings) -> None:
    """Files made when they are asked for."""
    trained = (run.path / "checkpoint").is_dir()
    filmed = bool(Film(run.path / "frames").steps())
    name = f"{settings.family}-{run.id[:6]}"
    st.caption("Download")
    with st.container(horizontal=True):
        for label, make, file, kind, ready in (
            ("Weights", archive.weights, f"{name}.safetensors", "application/octet-stream", trained),
            ("Settings", archive.settings_json, f"{name}.json", "application/json", True),
            ("Film", archive.film, f"{name}.gif", "image/gif", filmed),
            ("All, to bring back", archive.pack, f"{name}.zip", "application/zip", True),
        ):
            st.download_button(
                label, deferred(make, run), file, kind, key=f"{label}_{run.id}", disabled=not ready, on_click="ignore"
            )


def deferred(make: Callable[[RunFolder], bytes | str], run: RunFolder) -> Callable[[], bytes | str]:
    # A film of the plane is painted, which takes seconds.
    return lambda: compute_part(make, run) if make is archive.film else make(run)


def upload(key: str | None) -> None:
    """Bring back a run that was downloaded."""
    turn = st.session_state.setdefault("brought", 0)
    if st.session_state.pop("bring_done", False):
        st.session_state["bring"] = False
    with st.popover("Bring a run back", icon=":material/upload:", key="bring", on_change="rerun"):
        label = "A ZIP that was downloaded under More, here or elsewhere"
        # Another key is an empty uploader.
        place = f"archive_{turn}"
        file = st.file_uploader(label, type="zip", max_upload_size=_MB, key=place, disabled=key is None)
        if file is not None:
            with st.spinner("Checking every part of it"):
                if acted(lambda: compute(archive.unpack, file.getvalue(), key)):
                    tell("The run was brought back: it is the first in the list.", good=True)
            st.session_state["brought"] = turn + 1
            st.session_state["bring_done"] = True
            st.rerun()


def comparing(runs: list[Opened]) -> None:
    picked = [shown.run.id for shown in runs if st.session_state.get(f"pick_{shown.run.id}")]
    few, many = len(picked) < 2, len(picked) > MOST_RUNS
    text = "Compare" if few or many else f"Compare {len(picked)} runs"
    if st.button(text, type="primary", icon=":material/compare:", disabled=few or many):
        st.switch_page("images/compare.py", query_params={"runs": ",".join(picked)})
    if many:
        st.caption(f"{len(picked)} are chosen, at most {MOST_RUNS} can be compared.")


def acted(act: Callable[[], object]) -> bool:
    """Do something that may be refused with a sentence, which is then told."""
    try:
        act()
    except InputError as error:
        tell(str(error))
        return False
    return True


main()
