"""The same in Python: a few lines that reproduce what a page shows, with genlib alone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from genlib.changes import Change, read_changes
from genlib.knobs import Config
from genlib.runs import ACTIVE, RunFolder, saved_status
from genlib.settings import MNIST, BenchConfig, MixtureConfig, PlanePoints, PointsConfig, RunSettings

__all__ = ["bench_recipe", "code_recipe", "command_recipe", "mixture_recipe", "of_run", "run_recipe"]


def mixture_recipe(
    points: PointsConfig, mixture: MixtureConfig, added: Sequence[tuple[float, float]] = (), columns: Sequence[str] = ()
) -> str:
    """Python that draws or reads the same points, fits the same mixture and makes new points from it.

    Arguments:
        points: What was drawn, unless ``columns`` says that a file was read.
        mixture: What was fitted.
        added: Points put by hand, before all others.
        columns: The two columns of the visitor's own file.
    """
    lines = ["from genlib.gmm import fit_em", "from genlib.seeding import numpy_rng", *_rows(points, columns)]
    if added:
        lines = ["import numpy as np", *lines, f"x = np.concatenate([{[list(point) for point in added]!r}, x])"]
    lines += [f"for step in fit_em(x, {_call(mixture)}):"]
    lines += ["    print(step.iteration, step.log_likelihood)"]
    lines += [f'new_points, components = step.mixture.sample(100, numpy_rng({mixture.seed}, "sample"))']
    return "\n".join(lines) + "\n"


def bench_recipe(points: PointsConfig, config: BenchConfig, mixture: MixtureConfig, columns: Sequence[str] = ()) -> str:
    """Python that does the same to the same table, and tries the same ways.

    Arguments:
        points: What was drawn, unless ``columns`` says that a file was read.
        config: What was done to it.
        mixture: What was fitted.
        columns: Those of the visitor's own file.
    """
    lines = [
        "from genlib.preprocess import try_ways",
        "from genlib.settings import BenchConfig",
        *_rows(points, columns),
    ]
    lines += [f"config = {_call(config)}", f"mixture = {_call(mixture)}"]
    lines += ["for tried in try_ways(x, config, mixture):", "    way = list(tried.outcomes)[-1]"]
    lines += ["    print(way, tried.outcomes[way])"]
    return "\n".join(lines) + "\n"


def _rows(points: PointsConfig, columns: Sequence[str]) -> list[str]:
    """Lines that draw points or read some columns of a file, in which values may be missing, as ``x``."""
    if columns:
        return [
            "from pathlib import Path",
            "from genlib.data.tables import read_table",
            "from genlib.settings import MixtureConfig",
            "",
            'table = read_table(Path("points.csv").read_bytes(), gaps=True)',
            f"x = table.values[:, [table.names.index(name) for name in {list(columns)!r}]]",
        ]
    return [
        "from genlib.data.toy2d import make_points",
        "from genlib.settings import MixtureConfig, PointsConfig",
        "",
        f"x = make_points({_call(points)}).x",
    ]


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
run = Run.new("{settings.family}", {_call(settings.model)}, {_call(settings.train)})
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
    drawn = "None" if points.drawn is None else _call(points.drawn)
    return f"PlanePoints({drawn}{f', {points.given!r}' if points.given else ''})"


def _call(config: Config) -> str:
    chosen = ", ".join(f"{name}={getattr(config, name)!r}" for name in config.to_text())
    return f"{type(config).__name__}({chosen})"


def code_recipe(name: str, z: Sequence[float], label: int | None = None) -> str:
    """Python that decodes the same code by the same model.

    Arguments:
        name: Of a bundled model, or the id of a run.
        z: The code, (D,).
        label: The digit that a conditional model is asked for.
    """
    told = "" if label is None else f", torch.tensor([{label}])"
    return f"""import torch

from genlib.checkpoint import load_model
from genlib.library import find_model

model = load_model(find_model({json.dumps(name)}).path)
z = torch.tensor([[{", ".join(repr(float(value)) for value in z)}]])
with torch.no_grad():
    image = model.decode(z{told})[0, 0]  # 28 x 28, from 0 to 1
"""


def face_recipe(z: Sequence[float]) -> str:
    """Python that draws the same face, and measures it.

    Arguments:
        z: Its code, (D,).
    """
    return f"""from genlib.portraits import READINGS, load_gallery, read

z = [[{", ".join(f"{value:g}" for value in z)}]]
face = load_gallery().decode(z)  # (1, 64, 64), from 0 to 1
print(dict(zip(READINGS, read(face)[0])))
"""
