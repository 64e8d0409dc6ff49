"""Every figure of the pages: a picture, what it says in words, and a way to what it is drawn from."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from genlib.sampling import png

if TYPE_CHECKING:
    from genlib.plots import Chart

__all__ = ["figure", "pictures", "strip", "table", "take"]

Content = bytes | np.ndarray


def figure(chart: Chart, key: str) -> None:
    """A chart, below it what it shows in a sentence with its numbers, and these numbers to take away."""
    st.plotly_chart(chart.figure, key=key, config={"displayModeBar": False}, alt=chart.summary)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            st.caption(chart.summary)
        _button("Data (CSV)", chart.csv, f"{key}.csv", "text/csv", key)


def table(rows: Sequence[Mapping[str, Any]], about: str, **form: Any) -> None:
    """A table; its own toolbar takes it away as CSV.

    Arguments:
        rows: Each by column.
        about: What it tells, for those who do not see it.
        **form: As Streamlit's.
    """
    st.dataframe(rows, hide_index=True, alt=about, **form)


def strip(images: np.ndarray, captions: Sequence[str], name: str, key: str) -> None:
    """Some small images in a row, dark on light, each with its caption; and the images to take away.

    Arguments:
        images: (n, 28, 28), white on black.
        captions: One of each.
        name: What they are.
        key: Of the button.
    """
    shown = [f"{name}: {caption}" for caption in captions]
    st.image(list(255 - images), width=56, caption=list(captions), alt=shown)
    pictures({f"{i} {caption}": image for i, (image, caption) in enumerate(zip(images, captions, strict=True), 1)}, key)


def pictures(images: Mapping[str, Content], key: str) -> None:
    """A quiet button for pictures, each as PNG under its name."""
    take({f"{_file_name(name)}.png": image for name, image in images.items()}, key, "Pictures (PNG)")


def take(files: Mapping[str, Content | Callable[[], bytes]], key: str, label: str = "Data (CSV)") -> None:
    """A quiet button for files, packed when somebody wants them; several come as one ZIP."""
    names = list(files)
    if len(names) == 1:
        kind = "image/png" if names[0].endswith(".png") else "text/csv"
        _button(label, partial(_content, files[names[0]]), names[0], kind, key)
    elif names:
        _button(label, partial(_packed, dict(files)), f"{key}.zip", "application/zip", key)


def _button(label: str, make: Callable[[], bytes], file: str, kind: str, key: str) -> None:
    st.download_button(label, make, file, kind, key=f"{key}_data", type="tertiary", icon=":material/download:",
                       on_click="ignore")  # fmt: skip


def _content(content: Content | Callable[[], bytes]) -> bytes:
    if isinstance(content, np.ndarray):
        return png(content)
    return content if isinstance(content, bytes) else content()


def _packed(files: Mapping[str, Content | Callable[[], bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, _content(content))
    return packed.getvalue()


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-.")[:60] or "picture"
