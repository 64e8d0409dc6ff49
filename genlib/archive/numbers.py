"""The numbers behind the pictures of a run, for those who draw them anew or cannot see them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from genlib.film import Film
from genlib.runs import RunFolder
from genlib.sampling import png, sheet

__all__ = ["numbers"]

_COLUMNS = {
    "components": ("weight", "mean x", "mean y", "var x", "cov xy", "var y"),
    "codes": ("z1", "z2"),
    "deviations": ("deviation of z1", "deviation of z2"),
    "needles": ("dx", "dy"),
}


def numbers(run: RunFolder, step: int | None = None) -> bytes:
    """What is drawn of a run, as a ZIP.

    ``curves.csv`` has every report; the other files are the frame at ``step``: images as one PNG, pixel by pixel, all
    else as CSV, a row for each point. Codes have the class of their image beside them.

    Arguments:
        run: Whose.
        step: That has a frame; else, and if it has none any more, the newest.
    """
    film = Film(run.path / "frames")
    steps = film.steps()
    arrays = film.constants() | (film.frame(step if step in steps else steps[-1]) if steps else {})
    labels = arrays.get("labels")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("curves.csv", _curves(run))
        for name, array in sorted(arrays.items()):
            if array.ndim == 3 and len(array):
                archive.writestr(f"{name}.png", png(sheet(array), 1))
            elif array.ndim in (1, 2) and name != "labels":
                classes = labels if name == "codes" and labels is not None and len(labels) == len(array) else None
                archive.writestr(f"{name}.csv", _table(name, array, classes))
    return packed.getvalue()


def _curves(run: RunFolder) -> str:
    lines = run.metrics()[0]
    names = list(dict.fromkeys(["split", "step", "seconds", *(name for line in lines for name in line)]))
    return _csv(names, ([line.get(name, "") for name in names] for line in lines))


def _table(name: str, array: np.ndarray, classes: np.ndarray | None) -> str:
    flat = array.reshape(len(array), -1)
    usual = ("x", "y") if flat.shape[1] == 2 else (name,)
    columns, rows = [*_COLUMNS.get(name, usual)], [[f"{value:.6g}" for value in row] for row in flat]
    if classes is not None:
        columns, rows = [*columns, "class"], [[*row, str(label)] for row, label in zip(rows, classes, strict=True)]
    return _csv(columns, rows)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
