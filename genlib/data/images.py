r"""Images to learn from: handwritten digits, read from IDX files and checked, or what a visitor brought.

References:
    The MNIST database of handwritten digits (LeCun, Cortes & Burges, 1998), CC BY-SA 3.0
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.data.idx import parse_idx
from genlib.data.own.kept import arrays_of, find_own, touch
from genlib.data.own.parts import split
from genlib.knobs import InputError
from genlib.runs.files import read_json
from genlib.settings import MNIST, check_data

__all__ = ["Images", "data_of", "images_of", "load_images"]

# Names of the files, and the SHA-256 of what the bundled ones hold once uncompressed.
_MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_SIDE = 28
_FEWEST = 20
_LARGEST = 200_000_000  # bytes of one file once uncompressed: four times MNIST's largest

_Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images with their labels, in three parts that share nothing; the arrays cannot be written to.

    Arguments:
        name: What to call them in front of people.
        train: Images to learn from, (N, 28, 28), one byte a pixel.
        train_labels: Their digits or other classes, (N,), 0 to 9.
        validation: Images to choose by: the last twelfth of the training file, 5,000 of MNIST's 60,000.
        validation_labels: Their digits.
        test: Images that nothing was chosen by.
        test_labels: Their digits.
        data: "mnist", or the hash of a visitor's data set.
        classes: Names of the classes, at most ten.
    """

    name: str
    train: _Bytes
    train_labels: _Bytes
    validation: _Bytes
    validation_labels: _Bytes
    test: _Bytes
    test_labels: _Bytes
    data: str = MNIST
    classes: tuple[str, ...] = tuple("0123456789")

    @property
    def own(self) -> bool:
        """Whether a visitor brought them."""
        return self.data != MNIST


def load_images(source: Path | str | None = None) -> Images:
    """Read the bundled MNIST, the data set that a visitor keeps, or a folder of four IDX files named like MNIST's.

    The bundled files are compared with their checksums and held once per process; of another folder's files only the
    form is checked. Files may be gzip-compressed (``.gz``) or plain.

    Arguments:
        source: "mnist", the default; the hash of a kept data set; or another folder, whose images must be 28 x 28, at
            least 20 to train and 20 to test.

    Raises:
        InputError: If a file is missing, damaged, altered, too large, or does not fit the others.
    """
    if source is None or source == MNIST:
        return _bundled()
    if isinstance(source, str):
        name = find_own(check_data(source)).name()  # also of what another process has just removed
        touch(source)
        return _own(source, name)
    return _read_folder(source, source.name or "images", bundled=False)


def data_of(folder: Path) -> str:
    """What a run or a bundled model in ``folder`` was trained on: "mnist", or the hash of a data set.

    Raises:
        InputError: If its settings were altered.
    """
    settings = read_json(folder / "run.json").get("settings")
    return check_data(settings.get("data", MNIST)) if isinstance(settings, dict) else MNIST


def images_of(folder: Path) -> Images:
    """The images that a run or a bundled model in ``folder`` was trained on.

    Raises:
        InputError: If they are not here any more.
    """
    return load_images(data_of(folder))


@lru_cache(maxsize=3)
def _own(data: str, name: str) -> Images:
    images, labels = arrays_of(data)
    parts = [part for places in split(labels) for part in (images[places], labels[places])]
    for part in parts:
        part.flags.writeable = False
    train, train_labels, validation, validation_labels, test, test_labels = parts
    classes = find_own(data).classes
    return Images(name, train, train_labels, validation, validation_labels, test, test_labels, data, classes)


@cache
def _bundled() -> Images:
    return _read_folder(assets() / "mnist", "MNIST", bundled=True)


def _read_folder(folder: Path, name: str, bundled: bool) -> Images:
    parts = []
    for part in ("train", "t10k"):
        images_file, labels_file = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        images = parse_idx(images_file, _read(folder, images_file, bundled), dimensions=3)
        labels = parse_idx(labels_file, _read(folder, labels_file, bundled), dimensions=1)
        _check(images_file, images, labels_file, labels)
        parts.append((images, labels))
    (train, train_labels), (test, test_labels) = parts
    cut = len(train) - len(train) // 12
    return Images(name, train[:cut], train_labels[:cut], train[cut:], train_labels[cut:], test, test_labels)


def _read(folder: Path, name: str, bundled: bool) -> bytes:
    """The uncompressed bytes of a file, whose size is bounded whatever the file claims."""
    cure = "restore it from the project" if bundled else "copy it again from its source"
    paths = [folder / f"{name}.gz", folder / name]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise InputError(f"The file {name}.gz is missing: {cure}.")
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    content = unpacked.read(_LARGEST + 1)
            else:
                content = file.read(_LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"The file {path.name} is incomplete or damaged: {cure}.") from None
    except OSError as error:
        raise InputError(f"The file {path.name} cannot be read ({error.strerror}): {cure}.") from None
    if len(content) > _LARGEST:
        raise InputError(f"The file {path.name} holds more than {_LARGEST // 10**6} MB: choose a smaller one.")
    if bundled and (found := hashlib.sha256(content).hexdigest()) != _MNIST[name]:
        raise InputError(
            f"The file {path.name} was altered (checksum {found[:12]}, expected {_MNIST[name][:12]}): {cure}."
        )
    return content


def _check(images_file: str, images: _Bytes, labels_file: str, labels: _Bytes) -> None:
    if images.shape[1:] != (_SIDE, _SIDE):
        raise InputError(
            f"The images of {images_file} are {images.shape[1]} x {images.shape[2]}: "
            f"give images of {_SIDE} x {_SIDE} pixels."
        )
    if len(images) < _FEWEST:
        raise InputError(f"The file {images_file} has {len(images)} images: give at least {_FEWEST}.")
    if len(images) != len(labels):
        raise InputError(
            f"The file {images_file} has {len(images)} images but {labels_file} has {len(labels)} labels: "
            "give one label per image."
        )
    if labels.max() > 9:
        raise InputError(f"The file {labels_file} has a label {labels.max()}: give digits from 0 to 9.")
