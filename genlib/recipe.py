"""The same in Python: a few lines that reproduce what a page shows, with genlib alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from genlib.knobs import Config
from genlib.settings import MixtureConfig, PointsConfig, RunSettings

__all__ = ["command_recipe", "mixture_recipe", "run_recipe"]


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
    lines = ["from genlib.gmm import fit_em", "from genlib.seeding import numpy_rng"]
    if columns:
        lines += ["from pathlib import Path", "from genlib.data.tables import read_table"]
        lines += ["from genlib.settings import MixtureConfig", ""]
        lines += ['table = read_table(Path("points.csv").read_bytes())']
        lines += [f"x = table.values[:, [table.names.index(name) for name in {list(columns)!r}]]"]
    else:
        lines += [
            "from genlib.data.toy2d import make_points",
            "from genlib.settings import MixtureConfig, PointsConfig",
        ]
        lines += ["", f"x = make_points({_call(points)}).x"]
    if added:
        lines = ["import numpy as np", *lines, f"x = np.concatenate([{[list(point) for point in added]!r}, x])"]
    lines += [f"for step in fit_em(x, {_call(mixture)}):"]
    lines += ["    print(step.iteration, step.log_likelihood)"]
    lines += [f'new_points, components = step.mixture.sample(100, numpy_rng({mixture.seed}, "sample"))']
    return "\n".join(lines) + "\n"


def run_recipe(settings: RunSettings, steps: int = 0) -> str:
    """Python that trains the same network, on as many threads as a page does, so that the weights are the same.

    Arguments:
        settings: What the run was asked to do.
        steps: How many it made. A run given in seconds makes more on a faster machine: its recipe counts steps instead.
    """
    model, config, until = type(settings.model).__name__, settings.train, ""
    if config.budget == "seconds" and steps:
        config, until = replace(config, budget="epochs", epochs=int(config.knob("epochs").high or 1)), f", {steps}"
    return f"""from genlib.data.images import load_images
from genlib.device import set_threads
from genlib.settings import {model}, TrainConfig
from genlib.training import Report, Run, train

set_threads()
run = Run.new("{settings.family}", {_call(settings.model)}, {_call(config)})
for event in train(run, load_images(){until}):
    if isinstance(event, Report):
        print(event.step, event.split, event.metrics)
"""


def command_recipe(settings: RunSettings) -> str:
    """The same on the command line."""
    flags = [f"--family {settings.family}"]
    for config in (settings.model, settings.train):
        flags += [f"{config.knob(name).flag} {text}" for name, text in config.to_text().items()]
    return "genlib train " + " ".join(flags)


def _call(config: Config) -> str:
    chosen = ", ".join(f"{name}={getattr(config, name)!r}" for name in config.to_text())
    return f"{type(config).__name__}({chosen})"
