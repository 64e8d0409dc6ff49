"""Settings and times in words."""

from __future__ import annotations

import re

from genlib.settings import FAMILY_NAMES, RunSettings

__all__ = ["described", "differences", "duration", "plain"]


def described(settings: RunSettings) -> dict[str, str]:
    """What a run was asked to do, by title."""
    found = {"Family": FAMILY_NAMES[settings.family]}
    unused = "seconds" if settings.train.budget == "epochs" else "epochs"
    for config in (settings.model, settings.train):
        values = config.to_json()
        for knob in config.knobs():
            if knob.name not in ("budget", unused):
                value = values[knob.name]
                found[knob.title] = knob.names.get(value) or (f"{value:g}" if knob.kind is float else knob.text(value))
    return found


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


def plain(text: str) -> str:
    """A text of somebody's as Markdown shows it letter by letter: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=@\"'])", r"\\\1", text)
