"""What stands below the pictures of the 2-D lab: what every page has there, and the film."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from genlib.film import Film
from genlib.morph import FORMS
from genlib.plane_film import MOST_PICTURES, SIZE, plane_film
from genlib.settings import RunSettings
from pages.ui import seen
from pages.ui.cards import cards, empty
from pages.ui.families import run_cards
from pages.ui.lab import Draft
from pages.ui.opened import Opened
from pages.ui.server import compute_part
from pages.ui.words import plain

__all__ = ["more"]


def more(shown: Opened | None, wanted: list[RunSettings], lanes: Sequence[Opened | Draft]) -> None:
    """How it works, how to do the same without the app, and the films of what is seen."""
    families = [shown.settings.family] if shown else [each.family for each in wanted]
    film = {"Film": lambda: films([each for each in lanes if isinstance(each, Opened)])}
    cards(run_cards(seen.LAB, families, [shown] if shown else wanted, **film))


def films(runs: Sequence[Opened]) -> None:
    """Files to take along, painted when they are asked for."""
    ready = [each for each in runs if Film(each.run.path / "frames").steps()]
    if not ready:
        empty("There is no film yet: train something, and it is kept.", "movie")
        return
    st.caption(f"What is seen above, {SIZE} pixels wide, in at most {MOST_PICTURES} pictures, for slides and messages. "
               "It is painted when you press a button, which takes some seconds.")  # fmt: skip
    for each in ready:
        family, painted = each.settings.family, partial(compute_part, plane_film, each.run.path, each.settings)
        with st.container(horizontal=True, vertical_alignment="center"):
            for form, name in FORMS.items():
                st.download_button(
                    f"{name}: {plain(each.title)}", partial(painted, form),
                    f"{family}-{each.run.id[:6]}.{form}", f"image/{form}", icon=":material/movie:",
                    key=f"film_{form}_{each.run.id}", on_click="ignore",
                )  # fmt: skip
