"""The training room: one to three runs, live and back in time, on canvases that are never remounted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genlib.changes import Change
from genlib.colours import CLASSES, FAMILIES
from genlib.pca import load_pca_errors
from genlib.runs import RunFolder
from genlib.settings import RunSettings
from pages.ui.element import element, markup
from pages.ui.news import news
from pages.ui.words import run_title, settings_line

__all__ = ["MOST_RUNS", "training_room"]

MOST_RUNS = 3
_room = element("training_room", "draw.js", "player.js", "film.js", "room.js", html=markup("room.html"))


def training_room(
    runs: Sequence[tuple[RunFolder, RunSettings, Sequence[Change]]], *, key: str, standing: str | None = None
) -> None:
    """Show runs: where they stand, their frames under one player, and their curves.

    Arguments:
        runs: One to three, each with what it was asked and what was changed meanwhile.
        key: Name of the element on its page.
        standing: What the buttons of the page were drawn for (:func:`pages.ui.news.news`); when that changes, the page
            runs again. None: nothing of the page depends on it.
    """
    told = [_told(run, settings, changes) for run, settings, changes in runs]
    if len(told) > 1:
        for i, each in enumerate(told):
            each["colour"] = CLASSES[i]
    data = {"runs": told, "standing": standing, "palette": CLASSES}
    _room(key=key, data=data, on_standing_change=lambda: None)


def _told(run: RunFolder, settings: RunSettings, changes: Sequence[Change]) -> dict[str, Any]:
    d = settings.model.latent_dim
    return {
        "name": run.id,
        "title": run_title(run, settings),
        "settings": settings_line(settings),
        "changed": _changed(settings, changes),
        "changes": [change.step for change in changes],
        "colour": FAMILIES[settings.family],
        "mapnote": _map_note(d),
        "pca": {"y": float(load_pca_errors()[d - 1]), "text": f"PCA, D = {d}"},
        "news": news(run),
    }


def _changed(settings: RunSettings, changes: Sequence[Change]) -> str:
    titles = {knob.name: knob.title for knob in settings.live()}
    parts = [f"{titles[change.knob]} {change.value:g} from step {change.step:,}" for change in changes[-4:]]
    more = f"; {len(changes) - 4} changes before" if len(changes) > 4 else ""
    return f"Changed while it trained: {'; '.join(parts)}{more} (▲)." if parts else ""


def _map_note(latent_dim: int) -> str:
    if latent_dim == 2:
        return "1,000 test images, each at its two-number code, coloured and named by digit."
    if latent_dim == 1:
        return "1,000 test images at their one-number code, coloured and named by digit."
    return f"1,000 test images: the two directions in which their {latent_dim}-number codes differ most."
