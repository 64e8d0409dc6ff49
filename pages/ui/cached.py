"""Results kept for all visitors, by what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from genlib.data.tables import Table, read_table
from genlib.data.toy2d import make_points
from genlib.gmm import EMStep, Filled, Selection, fill_gaps, select, several_starts
from genlib.latent import Found, Search
from genlib.reading import Obedience, Reader, obedience, read_images, reader
from genlib.repair import Mended, watch
from genlib.runs import RunFolder
from genlib.scoring import Look, Score, look, scored
from genlib.settings import DamageConfig, GapsConfig, MixtureConfig, PointsConfig
from genlib.studio import Inference, infer, seek
from pages.ui.server import compute

__all__ = [
    "Inference",
    "Source",
    "filled",
    "fits",
    "inferred",
    "looked",
    "mended",
    "obeys",
    "plane",
    "read",
    "reads",
    "restored",
    "scored_with",
    "seeking",
    "selection",
    "sought",
    "table",
]

# Where points come from: drawn, or two columns of a file by its digest; with points put by hand in front.
Source = tuple[PointsConfig | tuple[str, str, str], tuple[tuple[float, float], ...]]

_SECONDS = 15.0  # that one fit may keep others waiting
_MOST_TABLES = 16
_MOST_FOUND = 256
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


@lru_cache(maxsize=64)
def filled(source: Source, gaps: GapsConfig, config: MixtureConfig) -> Filled:
    """Points of which some coordinates were hidden, and put in again."""
    return compute(fill_gaps, plane(source), gaps, config)


@lru_cache(maxsize=256)
def obeys(model: Path, step: int) -> Obedience:
    """How often what a model draws is read as what it was asked for; ``step`` tells its states apart."""
    return compute(obedience, model)


@lru_cache(maxsize=16)
def reads(model: Path) -> Reader:
    """How well a model reads digits."""
    return compute(reader, model)


@lru_cache(maxsize=64)
def looked(model: Path, step: int) -> Look:
    """Drawings of a model, sorted; ``step`` tells its states apart."""
    return compute(look, RunFolder(model))


@lru_cache(maxsize=64)
def scored_with(model: Path, step: int, n: int) -> Score:
    """What the drawings of a model are worth; ``step`` tells its states apart."""
    return compute(scored, RunFolder(model), n)


@lru_cache(maxsize=1024)
def inferred(model: Path, step: int, pixels: bytes, label: int | None) -> Inference:
    """What a model makes of an image of 28 x 28 bytes; ``step`` tells its states apart."""
    return compute(infer, model, _image(pixels), label)


@lru_cache(maxsize=1024)
def mended(pixels: bytes, mask: bytes, method: str, n: int, seed: int, label: int | None) -> tuple[Mended, np.ndarray]:
    """The repair of an image of 28 x 28 bytes, and its steps; in ``mask`` a byte is 1 where a pixel is seen."""
    seen = np.frombuffer(mask, np.bool_).reshape(28, 28)
    return compute(watch, _image(pixels), seen, method, n, seed, label)


@lru_cache(maxsize=1024)
def restored(
    known: bytes, config: DamageConfig, method: str, n: int, seed: int, label: int | None
) -> tuple[Mended, np.ndarray]:
    """The repair of a damaged image, of which so many single-precision numbers are known, and its steps."""
    numbers = np.frombuffer(known, np.float32)
    side = round(len(numbers) ** 0.5)
    return compute(watch, numbers.reshape(side, side), config, method, n, seed, label)


@lru_cache(maxsize=1024)
def read(pixels: bytes) -> list[tuple[int, float]]:
    """The digit that the classifier reads in each image of 28 x 28 bytes, and how probable it finds it."""
    return compute(read_images, np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28))


_found: dict[tuple[Path, int, bytes, int | None], Inference] = {}


def sought(model: Path, step: int, pixels: bytes, label: int | None) -> Inference | None:
    """What a search for the code of an image found, if it was made."""
    return _found.get((model, step, pixels, label))


def seeking(model: Path, step: int, pixels: bytes, label: int | None) -> Iterator[Found]:
    """Search for the code of an image, part by part, so that others get their turn between; it is kept for all."""
    search: Search | None = None
    while search is None or search.step < search.steps:
        found = compute(seek, model, _image(pixels), label, search=search)
        search = found.search
        yield found
    while len(_found) >= _MOST_FOUND:
        _found.pop(next(iter(_found)), None)
    _found[model, step, pixels, label] = Inference(
        found.z, np.zeros_like(found.z), found.image, found.squared_error, label
    )


def _image(pixels: bytes) -> np.ndarray:
    return np.frombuffer(pixels, np.uint8).reshape(28, 28)
