"""The training room: one to three runs, live and back in time, on canvases that are never remounted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genlib.changes import Change
from genlib.colours import CLASSES, FAMILIES
from genlib.pca import load_pca_errors
from genlib.settings import RunSettings
from pages.ui.element import element, markup
from pages.ui.news import news
from pages.ui.opened import Opened

__all__ = ["MOST_RUNS", "training_room"]

MOST_RUNS = 3
_room = element("training_room", "draw.js", "player.js", "film.js", "room.js", html=markup("room.html"))


def training_room(runs: Sequence[Opened], *, key: str, follows: bool = True) -> list[dict[str, Any]]:
    """Show runs: where they stand, their frames under one player, and their curves; returns their news.

    Arguments:
        runs: One to three.
        key: Name of the element on its page.
        follows: Whether the page runs again when the standing of a run changes, on which its buttons depend.
    """
    told = [_told(run) for run in runs]
    if len(told) > 1:
        for i, each in enumerate(told):
            each["colour"] = CLASSES[i]
    standing = "|".join(each["news"]["standing"] for each in told) if follows else ""
    _room(key=key, data={"runs": told, "standing": standing, "palette": CLASSES}, on_standing_change=lambda: None)
    return [each["news"] for each in told]


def _told(shown: Opened) -> dict[str, Any]:
    settings, d = shown.settings, shown.settings.model.latent_dim
    return {
        "name": shown.run.id,
        "recorded": shown.recorded,
        "title": shown.title,
        "settings": shown.line,
        "changed": _changed(settings, shown.changes),
        "changes": [change.step for change in shown.changes],
        "charts": _charts(settings),
        "colour": FAMILIES[settings.family],
        "mapnote": _map_note(d),
        "pca": {"y": float(load_pca_errors()[d - 1]), "text": f"PCA, D = {d}"},
        "news": news(shown),
    }


def _charts(settings: RunSettings) -> list[str]:
    """The curves that a run has or will have."""
    if settings.family == "vae":
        return ["reconstruction", "kl", "error"]
    return ["error"] if settings.model.likelihood == "gaussian" else ["reconstruction", "error"]


def _changed(settings: RunSettings, changes: Sequence[Change]) -> str:
    titles = {knob.name: knob.title for knob in settings.live()}
    parts = [f"{titles[change.knob]} {change.value:g} from step {change.step:,}" for change in changes[-4:]]
    more = f"; {len(changes) - 4} changes before" if len(changes) > 4 else ""
    return f"▲ Changed while it trained: {'; '.join(parts)}{more}." if parts else ""


def _map_note(latent_dim: int) -> str:
    if latent_dim == 2:
        return "1,000 test images, each at its two-number code, coloured and named by digit."
    if latent_dim == 1:
        return "1,000 test images at their one-number code, coloured and named by digit."
    return f"1,000 test images: the two directions in which their {latent_dim}-number codes differ most."
