"""Elements of our own: small JavaScript files, each beside its Python face, passed to the browser inline."""

from __future__ import annotations

import base64
import json
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from genlib.colours import CLASSES

__all__ = ["element", "encode", "heard", "markup", "module", "unheard"]

_HERE = Path(__file__).parent
_END = 1e14  # milliseconds since 1970 that no clock will show
# The colours of genlib.colours, to scripts as a list and to styles as --class-0 and so on.
_SCRIPT = f"const CLASSES = {json.dumps(CLASSES)};\n"
_STYLE = ":host {" + "".join(f" --class-{i}: {colour};" for i, colour in enumerate(CLASSES)) + " }\n"
# Browsers import a script that two wait for in any order, so that of two messages to an element which is not yet loaded
# the older may come last. And of two events that come while a page still runs, Streamlit forgets the first, so that the
# newest of each kind is told every time.
_AROUND = """
const newest = new WeakMap();
export default (component) => {
  const { parentElement: root, data, setStateValue } = component;
  const now = newest.get(root) || { since: 0, told: {} };
  if (data.since < now.since) return undefined;
  newest.set(root, Object.assign(now, { since: data.since }));
  const setTriggerValue = (name, value) => {
    now.told = { ...now.told, [name]: [performance.timeOrigin + performance.now(), value] };
    setStateValue("told", now.told);
  };
  return takeData({ ...component, setTriggerValue });
};
"""


def element(name: str, *scripts: str, html: str = "") -> Any:
    """Register an element made of ``scripts``, the last of which exports the element's function.

    Its style is what all elements share, and that in the files among ``scripts`` whose names end in ``.css``. Returns
    what puts it on a page, with ``key``, ``data`` and what to call when its state has changed; that gives its state and
    what it has told since, by name.
    """
    styles = ["element.css", *(script for script in scripts if script.endswith(".css"))]
    css = _STYLE + "\n".join((_HERE / style).read_text("utf-8") for style in styles)
    place = st.components.v2.component(name, html=html or "<div></div>", css=css, js=module(*scripts))

    def put(*, key: str, data: dict[str, Any] | None = None, **on: Any) -> dict[str, Any]:
        on = {"on_told_change": lambda: None} | on
        state = place(key=key, data=_stamped(key, data or {}), **on)
        return dict(state) | heard(key)

    return put


def module(*scripts: str) -> str:
    """The script of an element, which shows nothing older than what it has shown."""
    texts = [(_HERE / script).read_text("utf-8") for script in scripts if script.endswith(".js")]
    text = "\n".join([_SCRIPT, *texts, _AROUND])
    return text.replace("\nexport default function", "\nconst takeData = function")


def heard(key: str) -> dict[str, Any]:
    """What an element has told since this was last asked, by name."""
    place = f"element_{key}_heard"
    told = (st.session_state.get(key) or {}).get("told")
    news, st.session_state[place] = unheard(told, st.session_state.get(place, 0.0))
    return news


def unheard(told: Any, last: float) -> tuple[dict[str, Any], float]:
    """Of what a browser tells by name, each with its moment, what it told after ``last``; and the newest moment."""
    news, newest = {}, last
    for name, event in told.items() if isinstance(told, dict) else ():
        if isinstance(event, list) and len(event) == 2 and isinstance(event[0], int | float) and last < event[0] < _END:
            news[name], newest = event[1], max(newest, event[0])
    return news, newest


def _stamped(key: str, data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with the time since which it is as it is."""
    place, digest = f"element_{key}", blake2b(json.dumps(data).encode(), digest_size=8).digest()
    before, since = st.session_state.get(place, (b"", 0.0))
    if digest != before:
        st.session_state[place] = before, since = digest, max(time.time(), since + 1e-3)
    return data | {"since": since}


def markup(file: str) -> str:
    """The HTML of an element; where it says so, with the player that all share."""
    player = (_HERE / "player.html").read_text("utf-8")
    return (_HERE / file).read_text("utf-8").replace("<!-- player -->", player)


def encode(array: np.ndarray, dtype: type = np.float32) -> str:
    """An array as text, for an element's ``data``."""
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
