"""A table of the visitor's own: brought as a file, kept, chosen again, removed."""

from __future__ import annotations

import streamlit as st

from genlib.data.own.csv import keep_table, list_tables, remove_table, table_of
from genlib.data.tables import Table
from genlib.knobs import InputError
from pages.ui import cached
from pages.ui.notices import tell
from pages.ui.owner import visitor_key
from pages.ui.words import plain, unlinked

__all__ = ["OWN_TABLE", "own_table"]

OWN_TABLE = "Your own table, kept for you alone. Choose none in its list to go back to the data sets."
_NONE = ""


def own_table(where: str, label: str, gaps: bool = False) -> tuple[str, Table] | None:
    """The digest and the content of the visitor's table, if there is one that can be read and is chosen.

    Arguments:
        where: Begins the keys of the widgets.
        label: Of the uploader.
        gaps: Whether cells may be empty.
    """
    key, turn = visitor_key(), st.session_state.setdefault(f"{where}_turn", 0)
    file = st.file_uploader(label, type=["csv", "tsv", "txt"], max_upload_size=5, key=f"{where}_{turn}")
    try:
        if file is not None:
            found = cached.table(file.getvalue(), gaps)
            if key is None or not _kept(where, file.getvalue(), file.name, key):
                return found
            st.rerun()
        chosen = _chosen(where, key)
        return cached.table(table_of(chosen, key), gaps) if chosen else None
    except InputError as error:
        st.error(unlinked(str(error)))
        return None


def _kept(where: str, content: bytes, name: str, key: str) -> bool:
    """Keep a file that can be read, and have it chosen; where that cannot be, it is used for this visit."""
    try:
        kept = keep_table(content, name, key)
    except InputError as error:
        st.warning(unlinked(str(error)))
        return False
    st.session_state[f"{where}_table"] = st.query_params["table"] = kept.id
    st.session_state[f"{where}_turn"] += 1
    return True


def _chosen(where: str, key: str | None) -> str:
    """Which of the visitor's tables is used; the address tells it."""
    kept = {each.id: each for each in list_tables(key)}
    asked = st.query_params.get("table", _NONE)
    if asked not in kept and key is not None and asked:
        tell("In the address: this table is not here; it was removed, or another browser brought it. None is used.")
    if not kept:
        return _NONE
    options = [_NONE, *kept]
    first = options.index(asked) if asked in kept else 0
    chosen = st.selectbox("Your tables", options, first, key=f"{where}_table", persist_state="session",
                          format_func=lambda name: kept[name].name if name else "none")  # fmt: skip
    if not chosen:
        st.query_params.pop("table", None)
        return _NONE
    st.query_params["table"] = chosen
    st.button(f"Remove {plain(kept[chosen].name)}", icon=":material/delete:", on_click=_removed, key=f"{where}_remove",
              args=(where, chosen, key))  # fmt: skip
    return str(chosen)


def _removed(where: str, name: str, key: str | None) -> None:
    try:
        remove_table(name, key)
    except InputError as error:
        tell(str(error))
        return
    st.session_state.pop(f"{where}_table", None)
    st.query_params.pop("table", None)
