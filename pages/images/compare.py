"""Compare runs: their frames under one player, their curves on the same axes, and what differs."""

from __future__ import annotations

import streamlit as st

from genlib.changes import read_changes
from genlib.knobs import InputError
from genlib.library import bundled
from genlib.runs import RunFolder, list_runs
from genlib.settings import RunSettings
from pages.ui.news import results
from pages.ui.notices import show, tell
from pages.ui.owner import ask_key, visitor_key
from pages.ui.room import MOST_RUNS, training_room
from pages.ui.words import described, open_run, run_label

_CHOSEN = "compared"


def main() -> None:
    st.title("Compare runs")
    st.markdown(
        "Two or three runs under one slider. **Predict:** which rebuilds digits better, an autoencoder or a VAE of the "
        "same size, and which of the two beats PCA, the best that straight lines can do?"
    )
    key = visitor_key()
    runs = chosen(key)
    show(keep=key is None)
    if not runs:
        st.info("Choose up to three runs above.")
    else:
        training_room([(run, settings, read_changes(run.changes(), settings)) for run, settings in runs], key="compare")
        table(runs)
    ask_key()


def chosen(key: str | None) -> list[tuple[RunFolder, RunSettings]]:
    """The runs of the address, which the visitor may change among those at hand."""
    asked = st.query_params.get("runs", "")
    if st.session_state.get("compared_from") != asked:
        names = [name for name in asked.split(",") if name] or [run.id for run in bundled()]
        st.session_state[_CHOSEN] = [run.id for run, _ in opened(names[:MOST_RUNS])]
        if len(names) > MOST_RUNS:
            tell(f"At most {MOST_RUNS} runs can be compared at once: the first {MOST_RUNS} are shown.")
    mine = [run for run in reversed(list_runs()) if run.may_steer(key) or run.asked.get("owner") is None]
    options = [run.id for run in [*mine, *bundled()]]
    options += [name for name in st.session_state.get(_CHOSEN, []) if name not in options]
    labels = {run.id: run_label(run, settings) for run, settings in opened(options, quiet=True)}
    names = st.multiselect(
        "Runs", list(labels), format_func=labels.__getitem__, max_selections=MOST_RUNS, key=_CHOSEN,
        placeholder="Choose two or three", persist_state="session",
    )  # fmt: skip
    st.query_params["runs"] = st.session_state["compared_from"] = ",".join(names)
    return opened(names)


def opened(names: list[str], quiet: bool = False) -> list[tuple[RunFolder, RunSettings]]:
    found = []
    for name in dict.fromkeys(names):
        try:
            found.append(open_run(name))
        except InputError as error:
            if not quiet:
                tell(str(error))
    return found


def table(runs: list[tuple[RunFolder, RunSettings]]) -> None:
    """What differs between the runs, and how each stands."""
    asked = {run_label(run, settings): described(settings) for run, settings in runs}
    rows = [row for row in _rows(asked) if len(set(list(row.values())[1:])) > 1]
    rows += _rows({run_label(run, settings): results(run) for run, settings in runs})
    st.subheader("What differs, and what came of it", anchor=False)
    st.dataframe(rows, hide_index=True)


def _rows(columns: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    titles = dict.fromkeys(title for column in columns.values() for title in column)
    return [{"": title} | {label: column.get(title, "–") for label, column in columns.items()} for title in titles]


main()
