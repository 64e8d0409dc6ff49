"""Results kept for all visitors, by what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from genlib import portraits
from genlib.data.tables import Table, read_table
from genlib.data.toy2d import make_points
from genlib.gmm import EMStep, Selection, select, several_starts
from genlib.latent import Found, Search
from genlib.pca import load_pca_errors, pca_errors
from genlib.preprocess import Tried, try_scalings, try_ways
from genlib.reading import Obedience, Reader, obedience, read_images, reader
from genlib.runs import ACTIVE, RunFolder, saved_digest
from genlib.scoring import Deck, Look, PointScore, Scoring, Taught, deck, look, score, score_mixture, teach
from genlib.settings import MNIST, BenchConfig, MixtureConfig, PointsConfig
from genlib.studio import Inference, infer, seek
from pages.ui.followed import ended, followed
from pages.ui.server import compute

__all__ = [
    "Inference",
    "Rows",
    "Source",
    "dealt",
    "errors",
    "faced",
    "fits",
    "inferred",
    "judged",
    "looked",
    "obeys",
    "plane",
    "read",
    "reads",
    "rows",
    "scalings",
    "scoring",
    "seeking",
    "selection",
    "sought",
    "table",
    "taught",
    "teaching",
    "trying",
]

# Where points come from: drawn, or two columns of a file by its digest; with points put by hand in front.
Source = tuple[PointsConfig | tuple[str, str, str], tuple[tuple[float, float], ...]]

# Where rows come from: drawn, or columns of a file, behind its digest.
Rows = PointsConfig | tuple[str, ...]

_SECONDS = 15.0  # that one fit may keep others waiting
_SOON = 20_000  # cells of a table, each step with which takes well below a second
_MOST_TABLES = 16
_MOST_FOUND = 256
_tables: dict[str, Table] = {}


def table(data: bytes, gaps: bool = False) -> tuple[str, Table]:
    """A file's digest and what it holds; its cells may be empty if there may be ``gaps``.

    Raises:
        InputError: If it cannot be read.
    """
    digest = hashlib.sha256(data).hexdigest() + (" with gaps" if gaps else "")
    found = _tables.pop(digest, None) or read_table(data, gaps)
    _tables[digest] = found  # the newest comes last
    while len(_tables) > _MOST_TABLES:
        _tables.pop(next(iter(_tables)), None)
    return digest, found


@lru_cache(maxsize=64)
def plane(source: Source) -> np.ndarray:
    """The points of a source, shape (N, 2)."""
    origin, added = source
    return np.concatenate([np.array(added).reshape(-1, 2), rows(origin)])


@lru_cache(maxsize=256)
def fits(source: Source, config: MixtureConfig, starts: int = 1) -> list[list[EMStep]]:
    """EM from so many seeds, every iteration kept."""
    return compute(several_starts, plane(source), config, starts, _SECONDS)


@lru_cache(maxsize=1024)
def selection(source: Source, config: MixtureConfig, components: int) -> Selection:
    """The criteria of one K."""
    return compute(select, plane(source), config, components)


@lru_cache(maxsize=16)
def rows(origin: Rows) -> np.ndarray:
    """The rows of a data set, or some columns of a file by its digest, (N, D); NaN where a value is missing."""
    if isinstance(origin, PointsConfig):
        return make_points(origin).x
    digest, *columns = origin
    read = _tables[digest]
    return read.values[:, [read.names.index(column) for column in columns]]


def trying(origin: Rows, config: BenchConfig, mixture: MixtureConfig) -> Iterator[Tried]:
    """All ways to deal with gaps in a table, one by one; the last tells all."""
    return _tried(try_ways, origin, config, mixture)


def scalings(origin: Rows, config: BenchConfig, mixture: MixtureConfig) -> Iterator[Tried]:
    """What each scaling makes of a table, one by one; the last tells all."""
    return _tried(try_scalings, origin, config, mixture)


def _tried(
    function: Callable[..., Iterator[Tried]], origin: Rows, config: BenchConfig, mixture: MixtureConfig
) -> Iterator[Tried]:
    table = rows(origin)
    return followed((function, origin, config, mixture), function, table, config, mixture, soon=table.size <= _SOON)


@lru_cache(maxsize=64)
def judged(source: Source, config: MixtureConfig, n: int) -> PointScore:
    """How well points of a mixture match real ones."""
    origin, added = source
    known = origin if isinstance(origin, PointsConfig) and not added else None  # put by hand, no data set has them
    return compute(score_mixture, plane(source), config, known, n)


@lru_cache(maxsize=256)
def obeys(model: Path, step: int) -> Obedience:
    """How often what a model draws is read as what it was asked for; ``step`` tells its states apart."""
    return compute(obedience, model)


@lru_cache(maxsize=16)
def reads(model: Path) -> Reader:
    """How well a model reads digits."""
    return compute(reader, model)


@lru_cache(maxsize=64)
def looked(model: Path, digest: str, features: str, real: int) -> Look:
    """Drawings of a model, sorted, and so many real ones counted; ``digest`` tells its states apart."""
    return compute(look, RunFolder(model), features, real=real)


def scoring(run: RunFolder, n: int, features: str) -> Iterator[Scoring]:
    """What the drawings of a run are worth, part by part; the last tells all."""
    # Its state is in the score, too: a run that ended where it was saved is not in training any more.
    key = (score, run.id, saved_digest(run.path), run.status.state in ACTIVE, n, features)
    return followed(key, score, run, n, 0, features)


@lru_cache(maxsize=16)
def dealt(model: Path, digest: str) -> Deck:
    """Images to be sorted into real and made; ``digest`` tells the states of the model apart."""
    return compute(deck, RunFolder(model))


def teaching(run: RunFolder) -> Iterator[Taught]:
    """A network that learns to sort them, part by part; the last tells all."""
    return followed(_lessons(run), teach, run)


def taught(run: RunFolder) -> Taught | None:
    """The network that has learned that; None before it has."""
    found: Taught | None = ended(_lessons(run))
    return found


def _lessons(run: RunFolder) -> Hashable:
    return teach, run.id, saved_digest(run.path)


@lru_cache(maxsize=1024)
def inferred(model: Path, step: int, pixels: bytes, label: int | None) -> Inference:
    """What a model makes of an image of 28 x 28 bytes; ``step`` tells its states apart."""
    return compute(infer, model, _image(pixels), label)


@lru_cache(maxsize=256)
def faced(number: int, seen: bytes) -> portraits.Mended:
    """The repairs of one of the 400 photographs; in ``seen`` a byte is 1 where a pixel is."""
    mask = np.frombuffer(seen, np.bool_).reshape(portraits.SIDE, portraits.SIDE)
    return compute(portraits.mend, portraits.photograph(number), mask)


@lru_cache(maxsize=1024)
def read(pixels: bytes, data: str = MNIST) -> list[tuple[int, float | None]]:
    """The class that is read in each image of 28 x 28 bytes; of a digit also how probable the classifier finds it."""
    return compute(read_images, np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28), data)


@lru_cache(maxsize=16)
def errors(data: str) -> np.ndarray:
    """What PCA loses with codes of 1, 2, 3 ... numbers."""
    return load_pca_errors() if data == MNIST else compute(pca_errors, data)


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
