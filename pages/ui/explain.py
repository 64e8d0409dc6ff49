"""The text and the code that ran, as the page shows them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import streamlit as st

__all__ = ["as_markdown", "method"]

_SECTION = re.compile(r"^(Arguments|Attributes|Returns|Yields|Raises|Metrics|References):$")
_ITEM = re.compile(r"^([\w*, ]+|\$[^$]+\$): (.*)$")


def method(*things: Callable[..., object] | type) -> None:
    """Show the docstring of each and its source: the reader sees what runs."""
    for thing in things:
        text, code = st.columns(2, gap="large")
        text.markdown(f"##### {thing.__name__}\n\n{as_markdown(inspect.getdoc(thing) or '')}")
        with code.expander("The code that runs", expanded=False):
            st.code(inspect.getsource(thing), "python")


def as_markdown(docstring: str) -> str:
    """A docstring of ours with its sections as headed lists."""
    lines, inside = [], False
    for line in docstring.splitlines():
        if section := _SECTION.match(line):
            lines += ["", f"**{section[1]}**", ""]
            inside = True
        elif inside and line.startswith("    "):
            # Four columns in begins an entry, more goes on with it.
            text, item = line.strip(), _ITEM.match(line.strip())
            entry = f"`{item[1]}`: {item[2]}" if item and not item[1].startswith("$") else text
            lines.append(f"  {text}" if line.startswith("     ") else f"- {entry}")
        else:
            inside = inside and not line
            lines.append(line)
    return "\n".join(lines)
