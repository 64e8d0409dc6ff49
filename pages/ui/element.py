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
# The colours of genlib.colours, to scripts as a list and to styles as --class-0 and so on.
_SCRIPT = f"const CLASSES = {json.dumps(CLASSES)};\n"
_STYLE = ":host {" + "".join(f" --class-{i}: {colour};" for i, colour in enumerate(CLASSES)) + " }\n"


def element(name: str, *scripts: str, html: str = "") -> Any:
    """Register an element made of ``scripts``, the last of which exports the element's function.

    Its style is what all elements share, and that in the files among ``scripts`` whose names end in ``.css``.
    """
    styles = ["element.css", *(script for script in scripts if script.endswith(".css"))]
    js = _SCRIPT + "\n".join((_HERE / script).read_text("utf-8") for script in scripts if script not in styles)
    css = _STYLE + "\n".join((_HERE / style).read_text("utf-8") for style in styles)
    return st.components.v2.component(name, html=html or "<div></div>", css=css, js=js)


def markup(file: str) -> str:
    """The HTML of an element; where it says so, with the player that all share."""
    player = (_HERE / "player.html").read_text("utf-8")
    return (_HERE / file).read_text("utf-8").replace("<!-- player -->", player)


def encode(array: np.ndarray, dtype: type = np.float32) -> str:
    """An array as text, for an element's ``data``."""
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
