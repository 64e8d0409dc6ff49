"""Compare runs: their frames under one player, their curves on the same axes, and what differs."""

from __future__ import annotations

import streamlit as st

from genlib.knobs import InputError
from genlib.library import bundled, example
from genlib.runs import list_runs
from genlib.settings import FAMILIES
from pages.ui import seen
from pages.ui.cards import cards, empty
from pages.ui.families import run_cards
from pages.ui.figure import table as table_of
from pages.ui.news import results
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, filmed
from pages.ui.owner import ask_key, visitor_key
from pages.ui.room import MOST_RUNS, training_room
from pages.ui.steering import keep_running, together
from pages.ui.tools import heading
from pages.ui.words import plain

REFRESH = 2.0  # seconds
_CHOSEN = "compared"


def main() -> None:
    heading(
        "Compare runs",
        "Two to four runs under one slider.",
        "wind all of them back to the first step, and watch which one first draws what you can read.",
        "which family makes the best new images, and which rebuilds best? Can one be good at both?",
    )
    key = visitor_key()
    runs = chosen(key)
    show(keep=key is None)
    if runs:
        steering(runs, key)
        told = training_room(runs, key="compare")
        # The page runs again when a run changes its state; between, only the table is drawn anew.
        active = any(news["active"] for news in told)
        st.fragment(table, run_every=REFRESH if active else None)(runs)
        cards(run_cards(seen.COMPARE, [each.settings.family for each in runs], runs))
    else:
        empty("No run is chosen: choose two to four above, or take one of each family.", "compare", examples)
    ask_key()


def steering(runs: list[Opened], key: str | None) -> None:
    """An end to those that are the visitor's, and the way to each run."""
    with st.container(horizontal=True, vertical_alignment="center"):
        together([shown.run for shown in runs], key)
        for shown in runs:
            if not shown.recorded:
                st.page_link("images/train.py", label=f"Open {plain(shown.label)}", icon=":material/open_in_new:",
                             query_params={"run": shown.run.id})  # fmt: skip
        keep_running([shown.run for shown in runs], key)


def examples() -> None:
    """The button that chooses one of each family."""
    st.button("One of each family", icon=":material/compare:", type="primary", key="examples", on_click=take_examples)


def take_examples() -> None:
    st.query_params.pop("runs", None)
    st.session_state.pop("compared_from", None)


def chosen(key: str | None) -> list[Opened]:
    """The runs of the address, which the visitor may change among those at hand."""
    asked = st.query_params.get("runs", "")
    if st.session_state.get("compared_from") != asked:
        names = [name for name in asked.split(",") if name] or [example(family).id for family in FAMILIES]
        st.session_state[_CHOSEN] = [shown.run.id for shown in found(names[:MOST_RUNS])]
        if len(names) > MOST_RUNS:
            tell(f"At most {MOST_RUNS} runs can be compared at once: the first {MOST_RUNS} are shown.")
    mine = [run for run in reversed(list_runs()) if run.may_steer(key) or run.asked.get("owner") is None]
    filmed = [run for run in bundled() if (run.path / "frames").is_dir()]
    options = [run.id for run in [*mine, *filmed]]
    options += [name for name in st.session_state.get(_CHOSEN, []) if name not in options]
    labels = {shown.run.id: shown.label for shown in found(options, quiet=True)}
    names = st.multiselect(
        "Runs", list(labels), format_func=labels.__getitem__, max_selections=MOST_RUNS, key=_CHOSEN,
        placeholder="Choose two to four", persist_state="session",
    )  # fmt: skip
    st.query_params["runs"] = st.session_state["compared_from"] = ",".join(names)
    return found(names)


def found(names: list[str], quiet: bool = False) -> list[Opened]:
    runs = []
    for name in dict.fromkeys(names):
        try:
            runs.append(filmed(name))
        except InputError as error:
            if not quiet:
                tell(str(error))
    return runs


def table(runs: list[Opened]) -> None:
    """What differs between the runs, and how each stands."""
    asked = {shown.label: shown.described for shown in runs}
    rows = [row for row in _rows(asked) if len(set(list(row.values())[1:])) > 1]
    rows += _rows({shown.label: results(shown) for shown in runs})
    st.header("What differs, and what came of it", anchor=False)
    table_of(rows, "What differs between the runs, and how each stands")


def _rows(columns: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    titles = dict.fromkeys(title for column in columns.values() for title in column)
    return [{"What": title} | {label: column.get(title, "–") for label, column in columns.items()} for title in titles]


main()
