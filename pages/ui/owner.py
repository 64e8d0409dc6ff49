"""Who started what: a random key in the browser's cookie, whose hash lies in the run."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from genlib.runs.folder import key_hash
from pages.ui.element import element

__all__ = ["ask_key", "checked_key", "visitor_hash", "visitor_key"]

_owner = element("owner", "owner.js")


def visitor_key() -> str | None:
    """The key of this browser; None on the very first run of its first page, before the browser has made one."""
    answer = st.session_state.get("owner") or {}
    return checked_key(st.context.cookies.get("genlib_key")) or checked_key(answer.get("key"))


def visitor_hash() -> str | None:
    """What is kept of that key."""
    key = visitor_key()
    return key_hash(key) if key else None


def ask_key() -> None:
    """Have the browser make a key, or tell the one it has; drawn last, since it takes a line of the page."""
    if checked_key(st.context.cookies.get("genlib_key")) is None:
        _owner(key="owner", on_key_change=lambda: None)


def checked_key(key: Any) -> str | None:
    """``key`` if it is one that our element makes: 32 hexadecimal digits."""
    return key if isinstance(key, str) and re.fullmatch(r"[0-9a-f]{32}", key) else None
