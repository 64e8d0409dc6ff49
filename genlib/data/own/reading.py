"""From files of a visitor's to images of 28 x 28 with their classes; what cannot be used is named, and why."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genlib.data.own.arrays import MOST_IMAGES, blocks, idx_array, npz_arrays
from genlib.data.own.pictures import CROPS, pixels_of, small, small_picture
from genlib.data.own.zips import MOST_UNPACKED, check_table, is_array, is_npz, is_picture, ungzipped, unzipped
from genlib.knobs import InputError, shown

__all__ = ["CROPS", "FEWEST", "MOST_BYTES", "Collected", "Reading", "Skipped", "collect"]

FEWEST = 50  # images
MOST_BYTES = 50 * 2**20  # of all files
MOST_CLASSES = 10  # models with labels know so many
_MOST_PIXELS = 1_000_000_000  # of all pictures, before they are made small
_TOLD, _PART = 100, 1.0  # skipped files that are named; seconds between two signs of life
_BRIGHT = 127  # grey level of a ground above which images are dark on light

_Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why, as a sentence."""

    name: str
    why: str


@dataclass(frozen=True, eq=False)
class Collected:
    """Images as they were found.

    Arguments:
        images: (N, 28, 28), one byte a pixel, no two alike.
        labels: Their classes, (N,).
        classes: Names of the classes, one to ten.
        skipped: Files that were left out: the first hundred.
        left_out: How many were.
        alike: Images that were left out, being the same as another.
        note: What else to know; empty if nothing.
    """

    images: _Bytes
    labels: _Bytes
    classes: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    left_out: int = 0
    alike: int = 0
    note: str = ""

    @property
    def bright(self) -> bool:
        """Whether most images are dark on light, where those of MNIST are light on dark."""
        rim = np.ones((28, 28), bool)
        rim[2:-2, 2:-2] = False
        return bool(np.mean(np.median(self.images[:, rim], axis=1) > _BRIGHT) > 0.5)

    def inverted(self) -> Collected:
        """The same with black and white exchanged."""
        return replace(self, images=255 - self.images)


@dataclass(frozen=True)
class Reading:
    """How far the reading has come: the share done, in [0, 1], and at the end what was found."""

    done: float
    found: Collected | None = None


class _Pile:
    """What was found so far."""

    def __init__(self) -> None:
        self.images: list[_Bytes] = []
        self.folders: list[str] = []
        self.arrays: list[tuple[str, NDArray[np.generic]]] = []
        self.skipped: list[Skipped] = []
        self.left_out = self.pixels = 0
        self.left = MOST_UNPACKED  # bytes that arrays may still take

    def skip(self, name: str, why: str) -> None:
        self.left_out += 1
        if len(self.skipped) < _TOLD:
            self.skipped.append(Skipped(_shown(name), why))

    def add(self, name: str, content: bytes | str, crop: str) -> None:
        """One file: a picture, or an array in IDX form."""
        if isinstance(content, str):
            self.skip(name, content)
            return
        try:
            if is_array(name) or content[:3] == b"\0\0\x08":
                unpacked = ungzipped(content, self.left)
                self.left -= len(unpacked)
                self.arrays.append((name, idx_array(name, unpacked)))
                return
            self.pixels += pixels_of(content)
            if self.pixels <= _MOST_PIXELS:
                self.images.append(small_picture(content, crop))
                self.folders.append(_folder(name))
        except InputError as error:
            self.skip(name, str(error))
        if self.pixels > _MOST_PIXELS:
            raise InputError(
                f"The pictures have more than {_MOST_PIXELS // 10**6:,} million pixels together: make them smaller, "
                "28 x 28 are kept of each."
            )


def collect(files: Sequence[tuple[str, bytes]], crop: str = "square") -> Iterator[Reading]:
    """Read what a visitor brings: a ZIP of PNG, JPEG or WebP or of IDX files, an NPZ, IDX files, or single pictures.

    Classes are the folders that pictures lie in, or the labels of arrays; more than ten are one class.

    Arguments:
        files: Name and bytes of each, at most 50 MB together.
        crop: A key of ``CROPS``.

    Yields:
        How far it has come, about once a second; the last has what was found.

    Raises:
        InputError: If there are fewer than 50 different images in it, or too much of anything.
    """
    if crop not in CROPS:
        raise InputError(f"The crop cannot be {shown(crop)}: choose {' or '.join(CROPS)}.")
    size = sum(len(content) for _, content in files)
    if size > MOST_BYTES:
        raise InputError(
            f"The files have {size / 2**20:.0f} MB where {MOST_BYTES // 2**20} MB are allowed: give fewer images or "
            "smaller ones."
        )
    pile = _Pile()
    told, done = time.monotonic(), 0
    for name, content, seen in _entries(files, pile):
        pile.add(name, content, crop)
        done += seen
        if time.monotonic() - told > _PART:
            told = time.monotonic()
            yield Reading(min(0.9, 0.9 * done / max(1, size)))
    images, names, note = _from_pictures(pile) if pile.images else (yield from _from_arrays(pile, crop))
    yield Reading(1.0, _found(pile, images, names, note))


def _entries(files: Sequence[tuple[str, bytes]], pile: _Pile) -> Iterator[tuple[str, bytes | str, int]]:
    """All files, those in a ZIP too: name, bytes or why it is left out, and the bytes of the upload they took."""
    for name, content in files:
        if content[:2] == b"PK":
            check_table(content)
        if content[:2] != b"PK":
            known = is_picture(name) or is_array(name) or content[:2] == b"\0\0"
            yield name, content if known else "It is no ZIP, NPZ, IDX file or picture.", len(content)
        elif is_npz(content):
            arrays = npz_arrays(content, pile.left)
            pile.left -= sum(array.nbytes for array in arrays.values())
            pile.arrays += arrays.items()
        else:
            for inside, found in unzipped(content):
                yield inside, found, len(found) if is_picture(inside) and isinstance(found, bytes) else 0


def _from_pictures(pile: _Pile) -> tuple[_Bytes, list[str], str]:
    for name, _ in pile.arrays:
        pile.skip(name, "It is an array among pictures.")
    names = pile.folders
    if len(set(names)) > MOST_CLASSES:
        note = f"The {len(set(names))} folders are more than the {MOST_CLASSES} classes that models know: all are one."
        return np.stack(pile.images), [""] * len(names), note
    return np.stack(pile.images), names, ""


def _from_arrays(pile: _Pile, crop: str) -> Generator[Reading, None, tuple[_Bytes, list[str], str]]:
    if not pile.arrays:
        reason = f" {pile.left_out} were left out{_first(pile)}" if pile.skipped else ""
        raise InputError(f"There are no images in it: give a ZIP of PNG, JPEG or WebP, an NPZ, or IDX files.{reason}")
    parts, names, known = [], [], True
    for images, labels in blocks(pile.arrays):
        if images.shape[1:] == (28, 28) and crop == "square":
            parts.append(images)
        else:
            parts.append(np.stack([small(image, crop) for image in images]))
            yield Reading(0.9 * sum(map(len, parts)) / MOST_IMAGES)
        known &= labels is not None
        # A text of any length may be a label.
        names += [""] * len(images) if labels is None else [_shown(each, 30) for each in _texts(labels)]
    if not known or len(set(names)) > MOST_CLASSES:
        count = len(set(names))
        note = f"The {count:,} different labels are more than the {MOST_CLASSES} classes that models know: all are one."
        return np.concatenate(parts), [""] * len(names), note if known else ""
    return np.concatenate(parts), names, ""


def _texts(labels: NDArray[np.generic]) -> list[str]:
    """Labels as they are written."""
    return [each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in labels.tolist()]


def _found(pile: _Pile, images: _Bytes, names: list[str], note: str) -> Collected:
    """Without those that are alike: one in training and one in testing would tell nothing."""
    first: dict[bytes, int] = {}
    for i, image in enumerate(images):
        first.setdefault(image.tobytes(), i)
    kept = list(first.values())
    if len(kept) < FEWEST:
        reason = f" {pile.left_out} were left out{_first(pile)}" if pile.skipped else ""
        raise InputError(
            f"There are {len(kept)} different images in it, and a model needs at least {FEWEST}: give more.{reason}"
        )
    chosen = [names[i] for i in kept]
    known = sorted(set(chosen), key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))
    place = {name: i for i, name in enumerate(known)}
    rest = "all" if len(known) == 1 else "no folder" if "other" in known else "other"
    classes = tuple(name or rest for name in known)
    labels = np.array([place[name] for name in chosen], np.uint8)
    alike = len(images) - len(kept)
    return Collected(images[kept], labels, classes, tuple(pile.skipped), pile.left_out, alike, note)


def _first(pile: _Pile) -> str:
    """Of what was left out the first, and why."""
    return f"; {pile.skipped[0].name}: {pile.skipped[0].why}"


def _folder(name: str) -> str:
    """The folder that a file lies in, as a class may be called; empty if in none."""
    parts = name.replace("\\", "/").split("/")
    return _shown(parts[-2], 30) if len(parts) > 1 else ""


def _shown(text: str, longest: int = 60) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
