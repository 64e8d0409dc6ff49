"""Data sets of visitors as they lie on the disk, for those who look at them or learn from them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genlib.data.own.reading import FEWEST, MOST_CLASSES
from genlib.knobs import InputError
from genlib.runs import home
from genlib.runs.files import bounded, read_json
from genlib.runs.naming import read_name
from genlib.runs.owners import key_hash

__all__ = ["ARRAYS", "KEPT_DAYS", "TOLD", "OwnSet", "arrays_of", "find_own", "folders", "list_own", "root", "touch"]

KEPT_DAYS = 30  # without being used
ARRAYS, TOLD = "images.safetensors", "data.json"
_ID = re.compile(r"[0-9a-f]{16}")
_LARGEST = 64 * 2**20  # bytes of a file that is read at all
_OFTEN = 3600.0  # seconds between two notes that a set is used
_ALTERED = "The kept images cannot be read, a file of theirs was altered: remove them and bring them again."


@dataclass(frozen=True)
class OwnSet:
    """A data set that is kept.

    Arguments:
        id: The hash of what it holds, 16 hexadecimal digits.
        classes: Names of its classes.
        counts: Images of each.
        names: How each owner calls it, by the hash of the key.
        used: When it was last used, seconds since 1970.
        bytes: On the disk.
    """

    id: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    names: dict[str, str]
    used: float
    bytes: int

    @property
    def n(self) -> int:
        return sum(self.counts)

    def name(self, owner: str | None = None) -> str:
        """How an owner calls it, by the hash of the key; to others it has no name but its own."""
        return self.names.get(owner or "") or f"images {self.id[:6]}"

    def belongs_to(self, key: str | None) -> bool:
        return bool(key) and key_hash(key or "") in self.names

    @property
    def days_left(self) -> int:
        """Days until it goes by itself, unless it is used."""
        return max(0, round(KEPT_DAYS - (time.time() - self.used) / 86_400))


def find_own(name: str) -> OwnSet:
    """The data set of this name.

    Raises:
        InputError: If there is none, or its file was altered.
    """
    folder = root() / name
    if not _ID.fullmatch(name) or not (folder / TOLD).is_file():
        raise InputError(
            "The images of this run or address are not here: they were removed, or kept elsewhere; bring them again, "
            "the same files give the same set."
        )
    told = read_json(folder / TOLD)
    try:
        classes, counts = tuple(map(str, told["classes"])), tuple(map(int, told["counts"]))
        names = {owner: read_name(each["name"]) for owner, each in told["owners"].items()}
        used, size = (folder / TOLD).stat().st_mtime, (folder / ARRAYS).stat().st_size
    except (OSError, LookupError, TypeError, ArithmeticError, ValueError, AttributeError):
        raise InputError(_ALTERED) from None
    if not 1 <= len(classes) == len(counts) <= MOST_CLASSES:
        raise InputError(_ALTERED)
    return OwnSet(name, classes, counts, names, used, size)


def list_own(key: str | None) -> list[OwnSet]:
    """The data sets of whoever has ``key``, the one used last first."""
    found = []
    for folder in folders():
        with suppress(InputError):
            found.append(find_own(folder.name))
    return sorted((each for each in found if each.belongs_to(key)), key=lambda each: -each.used)


def arrays_of(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (N, 28, 28) and labels (N,) of a data set, which cannot be written to.

    Raises:
        InputError: If there is none, or its files were altered.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    classes = find_own(name).classes
    try:
        arrays = load(bounded(root() / name / ARRAYS, _LARGEST))  # one that is longer has lost its end
        images, labels = arrays["images"], arrays["labels"]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        raise InputError(_ALTERED) from None
    good = images.dtype == labels.dtype == np.uint8 and labels.ndim == 1 and images.shape == (len(labels), 28, 28)
    if not good or len(images) < FEWEST or labels.max() >= len(classes):
        raise InputError(_ALTERED)
    for array in (images, labels):
        array.flags.writeable = False
    return images, labels


def touch(name: str) -> None:
    """Note that a data set is used; cheap."""
    path = root() / name / TOLD
    with suppress(OSError):
        if time.time() - path.stat().st_mtime > _OFTEN:
            os.utime(path)


def root() -> Path:
    return home() / "data"


def folders() -> Iterator[Path]:
    with suppress(OSError), os.scandir(root()) as found:
        yield from [Path(item.path) for item in found if _ID.fullmatch(item.name)]
