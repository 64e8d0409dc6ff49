"""Elements of our own: small JavaScript files, each beside its Python face, passed to the browser inline."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from genlib.colours import CLASSES

__all__ = ["element", "encode", "markup"]

_HERE = Path(__file__).parent
_COLOURS = " ".join(f"--class-{i}: {colour};" for i, colour in enumerate(CLASSES))


def element(name: str, *scripts: str, html: str = "") -> Any:
    """Register an element made of ``scripts``, the last of which exports the element's function."""
    js = "\n".join(
        [f"const CLASSES = {json.dumps(CLASSES)};", *((_HERE / each).read_text("utf-8") for each in scripts)]
    )
    css = f":host {{ {_COLOURS} }}\n{(_HERE / 'element.css').read_text('utf-8')}"
    return st.components.v2.component(name, html=html or "<div></div>", css=css, js=js)


def markup(file: str) -> str:
    """The HTML of an element; where it says so, with the player that all share."""
    player = (_HERE / "player.html").read_text("utf-8")
    return (_HERE / file).read_text("utf-8").replace("<!-- player -->", player)


def encode(array: np.ndarray, dtype: type = np.float32) -> str:
    """An array as text, for an element's ``data``."""
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
