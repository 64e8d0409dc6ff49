"""Results kept for all visitors, by what was asked."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from genlib.data.tables import Table, read_table
from genlib.data.toy2d import make_points
from genlib.gmm import EMStep, Selection, select, several_starts
from genlib.reading import Obedience, Reader, obedience, reader
from genlib.settings import MixtureConfig, PointsConfig
from pages.ui.server import compute

__all__ = ["Source", "fits", "obeys", "plane", "reads", "selection", "table"]

# Where points come from: drawn, or two columns of a file by its digest; with points put by hand in front.
Source = tuple[PointsConfig | tuple[str, str, str], tuple[tuple[float, float], ...]]

_SECONDS = 15.0  # that one fit may keep others waiting
_MOST_TABLES = 16
_tables: dict[str, Table] = {}


def table(data: bytes) -> tuple[str, Table]:
    """A file's digest and what it holds.

    Raises:
        InputError: If it cannot be read.
    """
    digest = hashlib.sha256(data).hexdigest()
    found = _tables.pop(digest, None) or read_table(data)
    _tables[digest] = found  # the newest comes last
    while len(_tables) > _MOST_TABLES:
        _tables.pop(next(iter(_tables)), None)
    return digest, found


@lru_cache(maxsize=64)
def plane(source: Source) -> np.ndarray:
    """The points of a source, shape (N, 2)."""
    origin, added = source
    if isinstance(origin, PointsConfig):
        x = make_points(origin).x
    else:
        digest, *columns = origin
        read = _tables[digest]
        x = read.values[:, [read.names.index(column) for column in columns]]
    return np.concatenate([np.array(added).reshape(-1, 2), x])


@lru_cache(maxsize=256)
def fits(source: Source, config: MixtureConfig, starts: int = 1) -> list[list[EMStep]]:
    """EM from so many seeds, every iteration kept."""
    return compute(several_starts, plane(source), config, starts, _SECONDS)


@lru_cache(maxsize=1024)
def selection(source: Source, config: MixtureConfig, components: int) -> Selection:
    """The criteria of one K."""
    return compute(select, plane(source), config, components)


@lru_cache(maxsize=256)
def obeys(model: Path, step: int) -> Obedience:
    """How often what a model draws is read as what it was asked for; ``step`` tells its states apart."""
    return compute(obedience, model)


@lru_cache(maxsize=16)
def reads(model: Path) -> Reader:
    """How well a model reads digits."""
    return compute(reader, model)
