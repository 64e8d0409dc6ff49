"""Images of the visitor's own: what was found in files, and what is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from genlib.data.images import Images, load_images
from genlib.data.own import Collected, OwnSet, Reading, collect, find_own, list_own
from genlib.knobs import InputError
from genlib.runs.owners import key_hash
from genlib.sampling import sheet
from genlib.settings import MNIST
from genlib.worker import advance
from pages.ui.address import belong, choose, write
from pages.ui.server import compute_part
from pages.ui.words import data_name

__all__ = [
    "choose_data",
    "collecting",
    "counted",
    "digest_of",
    "file_list",
    "one_kind",
    "rows_of",
    "thumbnail",
    "trained_on",
    "whose",
]

_NAMED = 6  # skipped files, before the rest is counted


def choose_data(key: str | None, addressed: bool, act: Callable[[], None]) -> str:
    """What the next run learns from; a widget where the visitor has images, or an address or a run names some.

    Arguments:
        key: The visitor's.
        addressed: Whether the address tells it.
        act: Called when another is chosen.
    """
    session = st.session_state
    asked = st.query_params.get("data", MNIST) if addressed else MNIST
    belong("data")
    if "data" not in session:
        session["data"] = _checked(asked)
    options = {MNIST: "MNIST digits"} | {each.id: own_label(each, key) for each in list_own(key)}
    options.setdefault(session["data"], data_name(session["data"]))
    if len(options) > 1:
        text = "What the model learns from: the bundled digits, or images of your own."
        st.selectbox("Data", list(options), format_func=options.__getitem__, key="data", persist_state="session",
                     on_change=act, help=text)  # fmt: skip
    data = str(session["data"])
    write("data", data if addressed and data != MNIST else None)
    return data


def whose(there: Iterable[str], text: str) -> str:
    """Which images a page is about, where the visitor has models of several; the address tells it.

    Arguments:
        there: What the models at hand learned from.
        text: What is chosen by it.
    """
    names = {MNIST: "MNIST digits"} | {data: data_name(data) for data in there if data != MNIST}
    asked = st.query_params.get("data", MNIST)
    if asked not in names:
        with suppress(InputError):  # somebody's link
            names[asked] = data_name(load_images(asked).data)
    if len(names) < 2 and asked == MNIST:
        return MNIST
    return str(choose(st.selectbox, "Images", names, "data", MNIST, key="whose", names=names.__getitem__, help=text))


def trained_on(data: str) -> int | None:
    """How many images of a data set are learned from; None of MNIST, and of what is gone."""
    if data == MNIST:
        return None
    try:
        return len(load_images(data).train)
    except InputError:
        return None


def one_kind(data: str) -> bool:
    """Whether images have but one class, so that there is nothing to tell a model."""
    try:
        return len(load_images(data).classes) < 2
    except InputError:
        return False


def own_label(own: OwnSet, key: str | None) -> str:
    return f"{own.name(key_hash(key or ''))} ({own.n:,} images)"


def _checked(asked: str) -> str:
    """What an address names, if it is there."""
    from pages.ui.notices import tell

    try:
        return load_images(asked).data
    except InputError as error:
        tell(f"In the address: {error} MNIST is used.")
        return MNIST


def collecting(files: Sequence[tuple[str, bytes]], crop: str) -> Iterator[Reading]:
    """Read files in the worker, part by part; what is found is the visitor's alone, so nobody else keeps it."""
    task = (collect, digest_of(files), crop)
    found = None
    while found is None:
        reading = compute_part(advance, task, collect, files, crop)
        found = reading.found
        yield reading


def digest_of(files: Sequence[tuple[str, bytes]]) -> str:
    """What tells files apart."""
    whole = hashlib.sha256()
    for name, content in files:
        whole.update(f"{name!r} {len(content)} ".encode() + content)
    return whole.hexdigest()


def rows_of(found: Collected, columns: int) -> dict[str, NDArray[np.uint8]]:
    """The first images of each class as a strip, by its name and count."""
    strips = {}
    for label, name in enumerate(found.classes):
        mine = found.images[found.labels == label]
        chosen = mine[np.linspace(0, len(mine) - 1, min(columns, len(mine))).astype(int)]
        strips[f"{name} ({len(mine):,})"] = sheet(chosen, columns)
    return strips


def file_list(found: Collected) -> list[str]:
    """The files that were left out, and why, a line each; the rest is counted."""
    lines = [f"{each.name}: {each.why}" for each in found.skipped[:_NAMED]]
    more = found.left_out - len(lines)
    return lines + ([f"and {more:,} more"] if more else [])


@st.cache_data(show_spinner=False, max_entries=64)
def thumbnail(name: str) -> NDArray[np.uint8]:
    """Sixteen images of a kept data set, all classes in turn, (112, 112)."""
    images = load_images(name)
    order = np.argsort(_turns(images), kind="stable")[:16]
    return sheet(images.train[order], 4)


def _turns(images: Images) -> NDArray[np.intp]:
    """How many of its own class stand before each image."""
    turns = np.zeros(len(images.train), np.intp)
    for label in range(len(images.classes)):
        mine = images.train_labels == label
        turns[mine] = np.arange(mine.sum())
    return turns


def counted(own: OwnSet) -> str:
    """What a data set holds, in a line."""
    with suppress(InputError):
        own = find_own(own.id)
    kinds = ", ".join(f"{name} {count:,}" for name, count in zip(own.classes, own.counts, strict=True))
    return kinds if len(own.classes) > 1 else "one class"
