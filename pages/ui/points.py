"""Where the points of a page come from: a data set with a known truth, the visitor's own file, and clicks."""

from __future__ import annotations

import streamlit as st

from genlib.data.toy2d import DATASETS
from genlib.knobs import InputError
from genlib.settings import PointsConfig
from pages.ui import cached
from pages.ui.controls import Controls
from pages.ui.flipbook import points_from_text, points_text
from pages.ui.notices import tell
from pages.ui.tables import OWN_TABLE, own_table
from pages.ui.words import plain

__all__ = ["choose_points", "clear_added", "epoch", "take"]


def choose_points() -> tuple[cached.Source, int]:
    """Draw the controls; returns the source, and the number of groups of a data set that was just chosen, else 0."""
    data, groups = Controls(PointsConfig, "data_"), 0
    st.subheader("Data", anchor=False)
    box = st.container()
    with st.expander("Own points from a file"):
        columns = own_file()
    with box:
        if columns:
            st.caption(OWN_TABLE)
            return (columns, added()), 0
        data.draw("dataset")
        chosen = str(data.values["dataset"])
        if st.session_state.get("shown_dataset", chosen) != chosen:
            groups = DATASETS[chosen].groups
            clear()
        st.session_state["shown_dataset"] = chosen
        st.caption(DATASETS[chosen].description)
        with st.expander("Size, noise, seed"):
            data.draw("n", "noise", "seed")
    return (data.config(PointsConfig), added()), groups


def own_file() -> tuple[str, str, str] | None:
    """The visitor's own points, if there are any that can be read: the file's digest and two of its columns."""
    found = own_table("own_points", "CSV with two columns of numbers or more")
    if found is None:
        return None
    digest, table = found
    first = st.selectbox("Horizontal", table.names, key="own_x")
    second = st.selectbox("Vertical", [name for name in table.names if name != first], key="own_y")
    if table.left_out:
        st.caption(plain(f"Left out, since they hold text: {', '.join(table.left_out)}."))
    return digest, first, second


def added() -> tuple[tuple[float, float], ...]:
    """The points put by hand, kept in the address so that a refresh finds them."""
    if "added" not in st.session_state:
        try:
            st.session_state["added"] = points_from_text(st.query_params.get("points", ""))
        except InputError as error:
            tell(f"In the address: {error}")
            st.session_state["added"] = []
    points = st.session_state["added"]
    if points:
        st.query_params["points"] = points_text(points)
    else:
        st.query_params.pop("points", None)
    return tuple(points)


def epoch() -> int:
    """How often the added points were cleared."""
    return int(st.session_state.setdefault("added_epoch", 0))


def take(answer: list[tuple[float, float]] | None, source: cached.Source) -> None:
    """Keep the points that the flipbook says were put, and run the page again if that is news."""
    if answer is not None and tuple(answer) != source[1]:
        st.session_state["added"] = answer
        st.rerun()


def clear_added(source: cached.Source) -> None:
    if source[1] and st.button(f"Remove the {len(source[1])} points you put", icon=":material/undo:"):
        clear()
        st.rerun()


def clear() -> None:
    """Forget the points put by hand."""
    st.session_state["added"] = []
    st.session_state["added_epoch"] = epoch() + 1
