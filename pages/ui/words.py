"""Runs in words."""

from __future__ import annotations

import re

from genlib.knobs import InputError
from genlib.library import find_model
from genlib.runs import RunFolder
from genlib.settings import FAMILY_NAMES, RunSettings, VAEConfig

__all__ = ["described", "differences", "duration", "open_run", "plain", "run_label", "run_title", "settings_line"]


def open_run(name: str) -> tuple[RunFolder, RunSettings]:
    """A run by its whole name, and what it was asked to do: who knows the name may see the run.

    Raises:
        InputError: If there is none, or its settings were altered.
    """
    run = find_model(name)
    if run.id != name:
        raise InputError("A run is named by all sixteen letters of its id: take the whole address.")
    return run, RunSettings.from_json(run.settings)


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


def settings_line(settings: RunSettings) -> str:
    """What a run was asked to do, in one line."""
    model, train = settings.model, settings.train
    parts = [FAMILY_NAMES[settings.family], f"latent size {model.latent_dim}", f"{model.hidden_dim} hidden units"]
    parts += [f"β {model.beta:g}"] if isinstance(model, VAEConfig) else []
    usual = type(model).knob("likelihood").default
    parts += [f"{model.likelihood} likelihood"] if model.likelihood != usual else []
    parts += [f"{train.epochs} epochs" if train.budget == "epochs" else duration(train.seconds)]
    parts += [f"learning rate {train.learning_rate:g}", f"batch {train.batch_size}", f"seed {train.seed}"]
    return " · ".join(parts)


def run_title(run: RunFolder, settings: RunSettings) -> str:
    """The name its owner gave it, or what it is."""
    return run.name or f"{FAMILY_NAMES[settings.family]}, latent size {settings.model.latent_dim}"


def run_label(run: RunFolder, settings: RunSettings) -> str:
    """A title that no other run has."""
    return f"{run_title(run, settings)} ({run.id[:6]})"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plain(text: str) -> str:
    """A text of somebody's as Markdown shows it letter by letter: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=@\"'])", r"\\\1", text)
