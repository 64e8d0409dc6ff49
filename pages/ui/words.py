"""Settings and times in words."""

from __future__ import annotations

import re
from typing import Any

from genlib.data.own import find_own
from genlib.knobs import InputError, Knob
from genlib.settings import FAMILY_NAMES, MNIST, PlanePoints, RunSettings
from pages.ui.owner import visitor_hash

__all__ = [
    "about",
    "data_name",
    "described",
    "differences",
    "duration",
    "of_points",
    "plain",
    "points_name",
    "said",
    "unlinked",
]


def described(settings: RunSettings) -> dict[str, str]:
    """What a run was asked to do, by title."""
    used = settings.used()
    knobs = [knob for config in (settings.model, settings.train) for knob in config.knobs()]
    told = {knob.title: said(knob, used[knob.name]) for knob in knobs if knob.name in used and knob.name != "budget"}
    family = {"Family": FAMILY_NAMES[settings.family]}
    if settings.points is None:
        return family | {"Data": data_name(settings.data)} | told
    drawn, data = settings.points.drawn, {"Data": points_name(settings.points)}
    if drawn is not None:
        data |= {f"Data, {knob.title.lower()}": said(knob, getattr(drawn, knob.name)) for knob in drawn.knobs()[1:]}
    return family | data | {of_points(title): text for title, text in told.items()}


def data_name(data: str) -> str:
    """How the visitor calls what a run learns from; what others call theirs is their own."""
    if data == MNIST:
        return "MNIST"
    try:
        return find_own(data).name(visitor_hash())
    except InputError:
        return f"images {data[:6]} (gone)"


def points_name(points: PlanePoints) -> str:
    """How people call what a run in the plane learns from."""
    many = len(points.given)
    given = f"{many:,} given point{'s' * (many != 1)}" if many else ""
    name = ""
    if points.drawn is not None:
        name = points.drawn.knob("dataset").names[points.drawn.dataset].partition(":")[0]
    return " and ".join(part for part in (name, given) if part)


def of_points(text: str) -> str:
    """What is said of images, said of points in the plane."""
    return text.replace("an image", "a point").replace("image", "point").replace("pixels", "coordinates")


def said(knob: Knob, value: Any) -> str:
    """The value of a knob as people say it."""
    if knob.kind is bool:
        return "yes" if value else "no"
    text = knob.text(knob.kind(value))
    return knob.names.get(text) or (f"{value:g}" if knob.kind is float else text)


def differences(old: RunSettings, new: RunSettings) -> dict[str, tuple[str, str]]:
    """The settings in which two runs differ, by title; "–" where one has no such setting."""
    a, b = described(old), described(new)
    return {title: (a.get(title, "–"), b.get(title, "–")) for title in {**a, **b} if a.get(title) != b.get(title)}


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def about(seconds: float) -> str:
    """Seconds that nobody knows exactly, as people say them: "about 4 min"."""
    if seconds < 50:
        return "less than a minute"
    minutes = max(1, round(seconds / 60))
    if minutes >= 90:
        return f"about {round(minutes / 60)} h"
    return f"about {minutes if minutes <= 10 else 5 * round(minutes / 5)} min"


def unlinked(text: str) -> str:
    """A sentence that repeats what somebody wrote: nothing in it becomes a link, a picture, a formula or code."""
    return re.sub(r"([\\\[\]<`$])", r"\\\1", _cut(text))


def plain(text: str) -> str:
    """A text of somebody's as Markdown shows it letter by letter: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=@\"'])", r"\\\1", _cut(text))


def _cut(text: str) -> str:
    """The text with an invisible character in each address, which browsers make a link of even where it is escaped."""
    return re.sub(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", "\u2060", text, flags=re.IGNORECASE)
