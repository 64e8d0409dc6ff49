"""Results kept for all visitors, by what was asked."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from genlib.data.tables import Table, read_table
from genlib.data.toy2d import make_points
from genlib.gmm import EMStep, Selection, select_components, several_starts
from genlib.settings import MixtureConfig, PointsConfig
from pages.ui.server import compute

__all__ = ["Source", "fits", "plane", "selection", "table"]

# Where points come from: drawn, or two columns of a file; with points put by hand in front.
Source = tuple[PointsConfig | tuple[bytes, str, str], tuple[tuple[float, float], ...]]


@lru_cache(maxsize=16)
def table(data: bytes) -> Table:
    return read_table(data)


@lru_cache(maxsize=64)
def plane(source: Source) -> np.ndarray:
    """The points of a source, shape (N, 2)."""
    origin, added = source
    if isinstance(origin, PointsConfig):
        x = make_points(origin).x
    else:
        data, *columns = origin
        read = table(data)
        x = read.values[:, [read.names.index(column) for column in columns]]
    return np.concatenate([np.array(added).reshape(-1, 2), x])


@lru_cache(maxsize=256)
def fits(source: Source, config: MixtureConfig, starts: int = 1) -> list[list[EMStep]]:
    """EM from so many seeds, every iteration kept."""
    return compute(several_starts, plane(source), config, starts)


@lru_cache(maxsize=1024)
def selection(source: Source, config: MixtureConfig, components: int) -> Selection:
    """The criteria of one K."""
    return compute(_select, plane(source), config, components)


def _select(x: np.ndarray, config: MixtureConfig, components: int) -> Selection:
    return next(iter(select_components(x, config, [components])))
