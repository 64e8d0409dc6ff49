"""The 2-D lab: one to four models of points in the plane, live and back in time, and what each thinks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from genlib.colours import CLASSES, FAMILIES
from genlib.data.cloud import known_groups, load_cloud
from genlib.knobs import InputError
from genlib.settings import PlaneGANConfig, RunSettings
from pages.ui.address import told, words
from pages.ui.charts import charts
from pages.ui.element import element, encode, markup
from pages.ui.flipbook import added_points
from pages.ui.news import news
from pages.ui.opened import Opened
from pages.ui.room import begin, changed, seated
from pages.ui.words import points_name

__all__ = ["LAYERS", "Draft", "layers_from_text", "plane_lab"]

_lab = element(
    "plane_lab", "draw.js", "player.js", "tensors.js", "film.js", "lanes.js", "mixture.js", "adding.js", "plane.js",
    "slow.js", "layers.js", "lab.js", html=markup("lab.html"),
)  # fmt: skip
LAYERS = ("data", "samples", "surface", "ideal", "best", "grid", "needles", "pairs", "ellipses", "density")
_SHOWN = 2000
_SCORED = ("hinge", "wasserstein")
_CODES = {
    "gan2d": "G bends this square of codes into the warped grid. Dashed: one and two deviations of the codes.",
    "vae2d": "Codes of test points in ellipses of their doubt, coloured by where the points lie. Dashed: the prior.",
    "ae2d": "Codes of test points, coloured by where the points lie. Nobody says where codes are to lie.",
    "mixture2d": "",
}
_USUAL = {"split": "validation", "digits": 2, "error": "", "share": False}
_FIGURES: dict[str, dict[str, Any]] = {
    "modes": {
        "title": "Modes found",
        "help": "True groups with one of 2,000 samples within three deviations.",
    },
    "high_quality": {
        "title": "High quality",
        "share": True,
        "help": "The share of samples within three deviations of a true group.",
    },
    "energy": {"title": "Energy distance", "digits": 4, "help": "Between samples and fresh real points."},
    "missing": {
        "title": "Missing (nats)",
        "error": "missing_error",
        "help": "KL(data, samples): grows where a part of the data is never made.",
    },
    "invented": {
        "title": "Invented (nats)",
        "error": "invented_error",
        "help": "KL(samples, data): grows where something is made that is no data.",
    },
    "loss_d": {"title": "Loss of D", "split": "train", "help": "What D makes small."},
    "loss_g": {"title": "Loss of G", "split": "train", "help": "What G makes small."},
}
_LINE = "G bends this line of codes into the curve. Dashed: one and two deviations of the codes."
_WIDE = " The first two numbers of each."


@dataclass(frozen=True)
class Draft:
    """Points that the next run is to learn from, before there is one.

    Arguments:
        settings: Of that run; its points may be too few to train.
        points: (N, 2); those that were put by hand come first.
        box: Left, right, lower and upper end of the picture.
        emphasis: How many were put by hand.
    """

    settings: RunSettings
    points: np.ndarray
    box: tuple[float, float, float, float]
    emphasis: int = 0


def plane_lab(
    shown: Sequence[Opened | Draft],
    *,
    key: str,
    follows: bool = True,
    added: Sequence[tuple[float, float]] = (),
    epoch: int = 0,
) -> list[tuple[float, float]] | None:
    """Show runs under one player; returns the points that a visitor has put, or None while there is no news.

    Arguments:
        shown: One to four.
        key: Name of the element on its page.
        follows: Whether the page runs again when the standing of a run changes, on which its buttons depend.
        added: The points that were put by hand so far.
        epoch: Counts how often they were cleared, so that a stale answer is told apart.

    Raises:
        InputError: If what comes back is no list of points.
    """
    lanes = [_draft(each) if isinstance(each, Draft) else _told(each) for each in shown]
    if len(lanes) > 1:  # what all have in common
        for each in lanes:
            each["charts"] = [chart for chart in each["charts"] if chart.get("judged")]
            each["codenote"] = ""
    standing = "|".join("" if isinstance(each, Draft) else each.standing for each in shown) if follows else ""
    data = {"runs": lanes, "standing": standing, "palette": CLASSES, "epoch": epoch, "added": [list(p) for p in added]}
    families = " ".join(sorted({each.settings.family for each in shown}))
    of = " ".join("" if isinstance(each, Draft) else each.run.id for each in shown)
    data |= {"layers": words("drawn", LAYERS, families), "families": families, **begin(of)}
    quiet = {f"on_{name}_change": lambda: None for name in ("standing", "added")}
    result = _lab(key=key, data=data, **quiet)
    if "layers" in result:
        told("drawn", ",".join(layers_from_text(result["layers"])) or "none", families)
    seated(result.get("seat"), of)
    return None if result["added"] is None else added_points(result["added"], epoch)


def layers_from_text(text: Any) -> list[str]:
    """The layers that are to be drawn, as "data,surface"; of what is none nothing is left."""
    return [name for name in str(text).split(",") if name in LAYERS]


def _told(shown: Opened) -> dict[str, Any]:
    settings, now = shown.settings, news(shown)
    waiting: dict[str, Any] = {}
    if settings.points and not now["steps"]:
        with suppress(InputError):  # of a folder that was altered
            cloud = load_cloud(settings.points)
            waiting = {"points": encode(_thinned(cloud.own(cloud.train))), "box": list(cloud.box)}
    return (
        _common(settings)
        | waiting
        | {
            "name": shown.run.id,
            "recorded": shown.recorded,
            "title": shown.title,
            "settings": shown.line,
            "changed": changed(settings, shown.changes),
            "changes": [change.step for change in shown.changes],
            "empty": "These are the points. What it makes of them is drawn as soon as it trains.",
            "news": now,
        }
    )


def _draft(draft: Draft) -> dict[str, Any]:
    news = {"state": "draft", "active": False, "standing": "", "attempt": 0, "step": 0, "per_epoch": 0, "film": ""}
    news |= {"title": "", "words": "", "progress": 0, "health": None, "steps": [], "curves": {}}
    return _common(draft.settings) | {
        "name": "",
        "recorded": False,
        "title": points_name(draft.settings.points) if draft.settings.points else "",
        "settings": "",
        "changed": "",
        "changes": [],
        "empty": "These are the points. Press Train, and a model learns to make more of them.",
        "news": news,
        "points": encode(_thinned(draft.points, draft.emphasis)),
        "box": list(draft.box),
        "emphasis": draft.emphasis,
    }


def _thinned(points: np.ndarray, first: int = 0) -> np.ndarray:
    """Two to four thousand of many points, with the first ones among them."""
    return np.concatenate([points[:first], points[first :: max(1, len(points) // _SHOWN)]])


def _common(settings: RunSettings) -> dict[str, Any]:
    """What is known of a run before it has begun."""
    model, family, points = settings.model, settings.family, settings.points
    k = known_groups(points) if points else 0
    note = _LINE if family == "gan2d" and model.latent_dim == 1 else _CODES[family]
    return {
        "family": family,
        "colour": FAMILIES[family.removesuffix("2d")],
        "width": model.latent_dim,
        "known": k > 0,
        "scored": isinstance(model, PlaneGANConfig) and model.loss in _SCORED,
        "zero": isinstance(model, PlaneGANConfig) and model.loss == "hinge",
        "middle": round(model.guess, 3) if isinstance(model, PlaneGANConfig) else 0.5,
        "codenote": note + (_WIDE if note and model.latent_dim > 2 else ""),
        "charts": charts(settings),
        "readings": _readings(family, k),
        "points": "",
        "box": [-1.0, 1.0, -1.0, 1.0],
        "emphasis": 0,
    }


def _readings(family: str, k: int) -> list[dict[str, Any]]:
    """The figures beside a picture: which metric, and how it is told."""
    names = [*(("modes", "high_quality") if k else ()), "energy", "missing", "invented"]
    rows = [*names, *(("loss_d", "loss_g") if family == "gan2d" else ())]
    return [{"metric": name, "of": k if name == "modes" else 0} | _USUAL | _FIGURES[name] for name in rows]
