"""The training room: one to four runs, live and back in time, on canvases that are never remounted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genlib.changes import Change
from genlib.colours import CLASSES, FAMILIES
from genlib.settings import GANConfig, RunSettings
from pages.ui.address import number, plays, told, words, write
from pages.ui.charts import charts
from pages.ui.element import element, markup
from pages.ui.news import news
from pages.ui.opened import Opened
from pages.ui.words import said

__all__ = ["MOST_RUNS", "begin", "changed", "seat_texts", "seated", "training_room"]

MOST_RUNS = 4
_MOST_SUBSTEPS = 6  # of slow motion
_LATEST = 1e9  # step or second
_room = element(
    "training_room", "draw.js", "player.js", "tensors.js", "film.js", "lanes.js", "room.js", html=markup("room.html")
)


def training_room(runs: Sequence[Opened], *, key: str, follows: bool = True) -> list[dict[str, Any]]:
    """Show runs: where they stand, their frames under one player, and their curves; returns their news.

    Arguments:
        runs: One to four.
        key: Name of the element on its page.
        follows: Whether the page runs again when the standing of a run changes, on which its buttons depend.
    """
    lanes = [_told(run) for run in runs]
    if len({run.settings.family for run in runs}) < len(runs):
        for i, each in enumerate(lanes):
            each["colour"] = CLASSES[i]
    standing = "|".join(run.standing for run in runs) if follows else ""
    data = {"runs": lanes, "standing": standing, "palette": CLASSES}
    of = " ".join(run.run.id for run in runs)
    answer = _room(key=key, data=data | begin(of), on_standing_change=lambda: None)
    seated(answer.get("seat"), of)
    return [each["news"] for each in lanes]


def begin(of: str) -> dict[str, Any]:
    """Where in time the address has runs begin, and whether they play.

    Arguments:
        of: The names of the runs.
    """
    axis = "seconds" if words("axis", ("seconds",)) else "step"
    slow = int(number("slow", 1, _MOST_SUBSTEPS) or 0)
    return {"play": plays(), "seat": {"at": number("at", 0, _LATEST, of), "slow": slow, "axis": axis}}


def seated(seat: Any, of: str) -> None:
    """Have the address tell where in time the visitor came to, if that is news."""
    if (texts := seat_texts(seat, of)) is None:
        return
    for name, text in texts.items():
        told(name, text, of if name == "at" else "")
    write("play", None)


def seat_texts(seat: Any, of: str) -> dict[str, str] | None:
    """Where in time runs are, as an address has it, each empty if it is as usual; None if it is said of others."""
    if not isinstance(seat, dict) or seat.get("of") != of:
        return None
    at, slow = seat.get("at"), seat.get("slow")
    return {
        "at": f"{at:.10g}" if isinstance(at, int | float) and 0 <= at <= _LATEST else "",
        "slow": str(slow) if type(slow) is int and 0 < slow <= _MOST_SUBSTEPS else "",
        "axis": "seconds" if seat.get("axis") == "seconds" else "",
    }


def _told(shown: Opened) -> dict[str, Any]:
    settings, d = shown.settings, shown.settings.model.latent_dim
    return {
        "name": shown.run.id,
        "recorded": shown.recorded,
        "title": shown.title,
        "settings": shown.line,
        "changed": changed(settings, shown.changes),
        "changes": [change.step for change in shown.changes],
        "charts": charts(settings),
        "colour": FAMILIES[settings.family],
        "columns": 10 if settings.model.labels else 8,
        "things": shown.things,
        "classes": shown.classes,
        "how": _how(shown),
        "maps": settings.family != "gan",
        "minds": _minds(shown),
        "mapnote": _map_note(d, shown),
        "news": news(shown),
    }


def _how(shown: Opened) -> str:
    """How the new images came about."""
    settings = shown.settings
    if settings.model.labels and settings.family != "ae":
        if shown.own:
            return (
                f"Each column was asked for one class, in turn {', '.join(shown.classes)}; each row has other noise, "
                "the same at every step."
            )
        return "Each column was asked for one digit, 0 to 9; each row has other noise, the same at every step."
    return {
        "ae": "Nothing says where codes lie. Upper half: codes from one bell curve around all of them. Lower half: "
        "from ten bell curves, fitted to 5,000 codes after the fact.",
        "vae": "64 codes drawn once from the prior, decoded at every step.",
        "gan": "64 codes drawn once from the prior, turned into images by G at every step.",
        "mixture": "64 draws: a component by its weight, then a point of its bell curve; the same noise each time.",
    }[settings.family]


def _minds(shown: Opened) -> dict[str, Any]:
    """How D's answers are drawn."""
    settings = shown.settings
    scored = isinstance(settings.model, GANConfig) and settings.model.loss in ("hinge", "wasserstein")
    return {
        "kinds": [
            {"text": f"real {shown.things}", "colour": CLASSES[0]},
            {"text": f"new {shown.things}", "colour": FAMILIES["gan"]},
        ],
        "ends": None if scored else [0, 1],
        "names": None if scored else ["0: surely made", "1: surely real"],
        "note": "D's answer to 250 test images, and to as many that G drew. Where the heaps lie on each other, D can "
        "only guess.",
    }


def changed(settings: RunSettings, changes: Sequence[Change]) -> str:
    """The newest change of each knob: many a turn of one hides no other."""
    knobs = {knob.name: knob for knob in settings.live()}
    newest = sorted({change.knob: change for change in changes}.values(), key=lambda change: change.step)
    parts = [
        f"{knobs[each.knob].title} {said(knobs[each.knob], each.value)} from step {each.step:,}" for each in newest
    ]
    before = len(changes) - len(newest)
    more = f"; {before} change{'s' * (before > 1)} before" if before else ""
    return f"▲ Changed while it trained: {'; '.join(parts)}{more}." if parts else ""


def _map_note(latent_dim: int, shown: Opened) -> str:
    images = "Test images" if shown.own else "1,000 test images"
    named = "class" if shown.own else "digit"
    if latent_dim == 2:
        return f"{images}, each at its two-number code, coloured and named by {named}."
    if latent_dim == 1:
        return f"{images} at their one-number code, coloured and named by {named}."
    return f"{images}: the two directions in which their {latent_dim}-number codes differ most."
