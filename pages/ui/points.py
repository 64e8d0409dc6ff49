"""Where the points of a page come from: a data set with a known truth, the visitor's own file, and clicks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from genlib.data.toy2d import DATASETS
from genlib.knobs import InputError
from genlib.settings import PointsConfig
from pages.ui import cached, presenting
from pages.ui.address import choose, write
from pages.ui.controls import Controls
from pages.ui.flipbook import points_from_text, points_text
from pages.ui.notices import tell
from pages.ui.tables import OWN_TABLE, own_table
from pages.ui.words import plain

__all__ = ["choose_points", "clear_added", "epoch", "take"]


def choose_points(space: str = "", addressed: bool = True, always: Collection[str] = ()) -> tuple[cached.Source, int]:
    """Draw the controls; returns the source, and the number of groups of a data set that was just chosen, else 0.

    Arguments:
        space: Begins the session's keys of a page that keeps its points apart.
        addressed: Whether the address tells them.
        always: Names of knobs that it tells even if they are as usual.
    """
    data, groups = Controls(PointsConfig, "data_", addressed, space, always=always), 0
    presenting.section("Data")
    box, columns = st.container(), None
    if not presenting.without_controls():
        with st.expander("Own points from a file"):
            columns = own_file(space)
    with box:
        if columns:
            st.caption(OWN_TABLE)
            return (columns, added(space, addressed)), 0
        data.draw("dataset")
        chosen = str(data.values["dataset"])
        if st.session_state.get(f"{space}shown_dataset", chosen) != chosen:
            groups = DATASETS[chosen].groups
            clear(space)
        st.session_state[f"{space}shown_dataset"] = chosen
        st.caption(DATASETS[chosen].description)
        with presenting.fold("Size, noise, seed"):
            data.draw("n", "noise", "seed")
    return (data.config(PointsConfig), added(space, addressed)), groups


def own_file(space: str) -> tuple[str, str, str] | None:
    """The visitor's own points, if there are any that can be read: the file's digest and two of its columns."""
    found = own_table(f"{space}own_points", "CSV with two columns of numbers or more")
    if found is None:
        return None
    digest, table = found
    first = choose(st.selectbox, "Horizontal", table.names, "across", table.names[0], key=f"{space}own_x")
    others = [name for name in table.names if name != first]
    second = choose(st.selectbox, "Vertical", others, "up", others[0], key=f"{space}own_y")
    if table.left_out:
        st.caption(plain(f"Left out, since they hold text: {', '.join(table.left_out)}."))
    return digest, first, second


def added(space: str = "", addressed: bool = True) -> tuple[tuple[float, float], ...]:
    """The points put by hand, kept in the address so that a refresh finds them."""
    place = f"{space}added"
    if place not in st.session_state:
        try:
            st.session_state[place] = points_from_text(st.query_params.get("points", "")) if addressed else []
        except InputError as error:
            tell(f"In the address: {error}")
            st.session_state[place] = []
    points = st.session_state[place]
    write("points", points_text(points) if points and addressed else None)
    return tuple(points)


def epoch(space: str = "") -> int:
    """How often the added points were cleared."""
    return int(st.session_state.setdefault(f"{space}added_epoch", 0))


def take(answer: list[tuple[float, float]] | None, before: Sequence[tuple[float, float]], space: str = "") -> None:
    """Keep the points that the element says were put, and run the page again if that is news."""
    if answer is not None and tuple(answer) != tuple(before):
        st.session_state[f"{space}added"] = answer
        st.rerun()


def clear_added(points: Sequence[tuple[float, float]], space: str = "") -> None:
    if points and st.button(f"Remove the {len(points)} points you put", icon=":material/undo:"):
        clear(space)
        st.rerun()


def clear(space: str = "", points: Sequence[tuple[float, float]] = ()) -> None:
    """Forget the points put by hand, for others."""
    st.session_state[f"{space}added"] = list(points)
    st.session_state[f"{space}added_epoch"] = epoch(space) + 1
