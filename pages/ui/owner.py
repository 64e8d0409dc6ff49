"""Who started what: a random key in the browser's cookie, whose hash lies in the run; how another device gets it.

A link never carries the key. A code that is typed does: it is for one device, and for five minutes.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from typing import Any

import streamlit as st

from genlib.knobs import InputError
from genlib.runs.owners import key_hash
from pages.ui.element import element

__all__ = ["LENT", "ask_key", "checked_key", "lend", "take", "visitor_hash", "visitor_key"]

LENT = 300  # seconds that a code holds
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
_TAKEN, _TOLD = "owner_taken", "owner_told"
_owner = element("owner", "owner.js")
_lent: dict[str, tuple[str, float]] = {}
_lock = threading.Lock()


def visitor_key() -> str | None:
    """The key of this browser; None on the very first run of its first page, before the browser has made one."""
    # What was taken from another device comes first: the cookie that was sent along is that of before.
    found = st.session_state.get(_TAKEN), st.context.cookies.get("genlib_key"), _told()
    return next((key for key in map(checked_key, found) if key), None)


def _told() -> str | None:
    """What the browser told, on whichever page: told again on each, it would have each run twice."""
    key = checked_key((st.session_state.get("owner") or {}).get("key"))
    if key:
        st.session_state[_TOLD] = key
    return st.session_state.get(_TOLD)


def visitor_hash() -> str | None:
    """What is kept of that key."""
    key = visitor_key()
    return key_hash(key) if key else None


def ask_key() -> None:
    """Have the browser make a key, or tell the one it has; drawn last, since it takes a line of the page."""
    taken, stored = checked_key(st.session_state.get(_TAKEN)), checked_key(st.context.cookies.get("genlib_key"))
    if (stored or _told()) is None or taken not in (None, stored):
        _owner(key="owner", data={"take": taken}, on_key_change=lambda: None)


def lend(key: str) -> str:
    """A code by which another device gets this key, once; the one before is void."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(8))
    with _lock:
        for old in [old for old, (whose, end) in _lent.items() if whose == key or end < time.monotonic()]:
            del _lent[old]
        _lent[code] = key, time.monotonic() + LENT
    return f"{code[:4]}-{code[4:]}"


def take(code: str) -> None:
    """Give this device the key that a code stands for.

    Raises:
        InputError: If there is no such code any more.
    """
    with _lock:
        key, end = _lent.pop(re.sub(r"[^A-Z0-9]", "", code.upper())[:9], ("", 0.0))
    if end < time.monotonic():
        raise InputError(
            f"This code is not known: each works once, for {LENT // 60} minutes. Make a new one on the other device."
        )
    st.session_state[_TAKEN] = key


def checked_key(key: Any) -> str | None:
    """``key`` if it is one that our element makes: 32 hexadecimal digits."""
    return key if isinstance(key, str) and re.fullmatch(r"[0-9a-f]{32}", key) else None
