"""Which points in the plane the next run learns from: a data set, a file, clicks, or those of the run shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from genlib.data.cloud import load_cloud
from genlib.knobs import InputError
from genlib.settings import MOST_POINTS, PlanePoints, PointsConfig
from pages.ui import cached, presenting
from pages.ui.address import choice, write
from pages.ui.controls import Controls
from pages.ui.flipbook import MOST_ADDED
from pages.ui.points import added, choose_points, clear
from pages.ui.steering import button

__all__ = ["SPACE", "Chosen", "choose_plane", "put_points"]

SPACE = "lab_"  # begins the session's keys of the lab, whose values are not those of other pages
_BARE, _LENT, _BEGAN = (f"{SPACE}{name}" for name in ("bare", "lent", "began"))
_BOTH = ("true", "false")
_REACH = 3.0  # to each side goes the picture of an empty plane

Pairs = tuple[tuple[float, float], ...]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Chosen:
    """Points to learn from.

    Arguments:
        points: None if nothing can be learnt from them.
        why: Why not, a sentence.
        x: All of them, (N, 2); those put by hand first.
        added: Those put by hand.
        box: Left, right, lower and upper end of their picture.
        groups: Of a data set that was just chosen, how many there are; else 0.
    """

    points: PlanePoints | None
    why: str
    x: np.ndarray
    added: Pairs
    box: Box
    groups: int


def choose_plane(addressed: bool) -> Chosen:
    """Draw the widgets; ``addressed``: whether the address tells what they say."""
    drawn, given, put, groups = _asked(addressed)
    x = np.concatenate([np.array(given).reshape(-1, 2), cached.rows(drawn) if drawn else np.empty((0, 2))])
    try:
        points = PlanePoints(drawn, given)
        box = load_cloud(points).box
    except InputError as error:
        return Chosen(None, str(error), x, put, _around(x), groups)
    return Chosen(points, "", x, put, _around(x) if st.session_state.get(_BARE) else box, groups)


def put_points(points: PlanePoints) -> None:
    """Have the widgets show these points."""
    st.session_state[_BEGAN] = True
    st.session_state.pop(_LENT, None)
    by_hand = len(points.given) <= MOST_ADDED
    if points.drawn is not None:
        Controls(PointsConfig, "data_", False, SPACE).put(points.drawn)
        st.session_state[f"{SPACE}shown_dataset"] = points.drawn.dataset
    st.session_state[_BARE] = points.drawn is None and by_hand
    if not by_hand:
        st.session_state[_LENT] = points.given
    clear(SPACE, points.given if by_hand else ())


def _asked(addressed: bool) -> tuple[PointsConfig | None, Pairs, Pairs, int]:
    """What is drawn, what is given, which of those were put by hand, and the groups of a data set just chosen."""
    if lent := st.session_state.get(_LENT):
        presenting.section("Data")
        st.caption(f"The {len(lent):,} points that the run shown was given.")
        button("Other data", "undo", st.session_state.pop, _LENT, None)
        put = added(SPACE, addressed)
        return None, (*put, *lent), put, 0
    if _BEGAN not in st.session_state:
        st.session_state[_BEGAN] = True
        told = any(name.startswith("data_") for name in st.query_params)
        alone = addressed and not told and "points" in st.query_params
        st.session_state.setdefault(_BARE, alone or (addressed and choice("bare", _BOTH, "false") == "true"))
        if not told:
            Controls(PointsConfig, "data_", addressed, SPACE).put(PlanePoints().drawn or PointsConfig())
    bare = bool(st.session_state.get(_BARE))
    if bare:
        presenting.section("Data")
        put = added(SPACE, addressed)
        st.caption(
            "Nothing but what you put on the plane by clicking." + (f" {len(put)} points so far." if put else "")
        )
        for name in PlanePoints.addressed():
            st.query_params.pop(name, None)
        origin, groups = None, 0
    else:
        (origin, put), groups = choose_points(SPACE, addressed, always=("dataset",))
    with presenting.setting("bare", _BARE) as there:
        if there:
            st.toggle(
                "Only points that I click", key=_BARE, persist_state="session", on_change=_emptied,
                help="An empty plane, for points of your own: use Add points by clicking under the picture.",
            )  # fmt: skip
    write("bare", "true" if addressed and bare and not put else None)
    if isinstance(origin, tuple):
        return None, (*put, *_thinned(cached.rows(origin), len(put))), put, 0
    return origin, put, put, groups


def _thinned(rows: np.ndarray, before: int) -> list[tuple[float, float]]:
    """Every n-th row of a file, so that no more are given than may be."""
    stride = -(-len(rows) // (MOST_POINTS - before))
    if stride > 1:
        st.caption(f"Of {len(rows):,} points every {stride}. is used: the lab takes at most {MOST_POINTS:,}.")
    return [(float(x), float(y)) for x, y in rows[::stride]]


def _around(x: np.ndarray) -> Box:
    """A picture of few points that does not jump with each that is put."""
    (left, low), (right, high) = [
        end(np.concatenate([x, [[-_REACH] * 2, [_REACH] * 2]]), 0) for end in (np.min, np.max)
    ]
    return float(left), float(right), float(low), float(high)


def _emptied() -> None:
    clear(SPACE)
