"""Runs in Python and on the command line: trained anew, so that the weights are the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from genlib.changes import Change, read_changes
from genlib.recipe.calls import call
from genlib.runs import ACTIVE, RunFolder, saved_status
from genlib.settings import MNIST, PlanePoints, RunSettings

__all__ = ["command_recipe", "of_run", "run_recipe"]


def run_recipe(settings: RunSettings, changes: Sequence[Change] = (), until_step: int | None = None) -> str:
    """Python that trains the same network, on as many threads as a page does, so that the weights are the same.

    Arguments:
        settings: What the run was asked to do.
        changes: What was changed on the way.
        until_step: The updates it made, where its budget alone would not give them.
    """
    model = type(settings.model).__name__
    imports = "from genlib.changes import Change\n" if changes else ""
    made = "".join(f"\n    Change({c.step}, {c.knob!r}, {c.value!r})," for c in changes).replace("'", '"')
    made = f"run.changes = [{made}\n]\n" if changes else ""
    until = "" if until_step is None else f", until_step={until_step}"
    load, configs, data = "images import load_images", [model], "" if settings.data == MNIST else f'"{settings.data}"'
    if settings.points is not None:
        load, data = "cloud import load_cloud", _points(settings.points)
        configs += ["PlanePoints"] + (["PointsConfig"] if settings.points.drawn is not None else [])
    return f"""{imports}from genlib.data.{load}
from genlib.device import set_threads
from genlib.settings import {", ".join([*configs, "TrainConfig"])}
from genlib.training import Report, Run, train

set_threads()
run = Run.new("{settings.family}", {call(settings.model)}, {call(settings.train)})
{made}for event in train(run, {load.split()[-1]}({data}){until}):
    if isinstance(event, Report):
        print(event.step, event.split, event.metrics)
"""


def command_recipe(settings: RunSettings, changes: Sequence[Change] = (), until_step: int | None = None) -> str:
    """The same on the command line."""
    flags = [f"--family {settings.family}"]
    flags += [f"--data {settings.data}"] if settings.data != MNIST else []
    if settings.points is not None:
        usual = {name: knob.text(knob.default) for name, knob in settings.points.addressed().items()}
        told = settings.points.to_text()
        names = [name for name, text in told.items() if text != usual.get(name) or name == "data_dataset"]
        # With an equals sign, since the first number may be below 0.
        flags += [f"--{name.replace('_', '-')}={shlex.quote(told[name])}" for name in names]
    for config in (settings.model, settings.train):
        flags += [f"{config.knob(name).flag} {text}" for name, text in config.to_text().items()]
    flags += [f"--change {change.text}" for change in changes]
    flags += [f"--until-step {until_step}"] if until_step is not None else []
    return "genlib train " + " ".join(flags)


def of_run(folder: RunFolder) -> tuple[str, str]:
    """The recipes of a run: in Python, and on the command line. Of one that may go on by itself, those of its end;
    of any other, those of the weights that it has saved.

    Raises:
        InputError: If its settings cannot be read.
    """
    settings = RunSettings.from_json(folder.settings)
    changes, until_step = read_changes(folder.changes(), settings), _until(folder, settings)
    # One that was made at the very end never acted.
    changes = [change for change in changes if until_step is None or change.step < until_step]
    return run_recipe(settings, changes, until_step), command_recipe(settings, changes, until_step)


def _until(folder: RunFolder, settings: RunSettings) -> int | None:
    """The step that a recipe has to name; None where the budget gives the same updates."""
    status = folder.status
    saved = None if status.state in ACTIVE else saved_status(folder.path, status)
    if status.state in ACTIVE or (status.state == "failed" and saved is None):
        return folder.wish.until_step  # a run that broke breaks again where it did
    status = saved or status
    whole = settings.train.budget == "epochs" and status.epoch == settings.train.epochs
    return None if whole else status.step


def _points(points: PlanePoints) -> str:
    drawn = "None" if points.drawn is None else call(points.drawn)
    return f"PlanePoints({drawn}{f', {points.given!r}' if points.given else ''})"
