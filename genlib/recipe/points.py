"""Points and tables in Python: what was drawn or read, and what was fitted to it."""

from __future__ import annotations

from collections.abc import Sequence

from genlib.recipe.calls import call
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig

__all__ = ["bench_recipe", "mixture_recipe"]


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
    lines += [f"for step in fit_em(x, {call(mixture)}):"]
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
    lines += [f"config = {call(config)}", f"mixture = {call(mixture)}"]
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
        f"x = make_points({call(points)}).x",
    ]
