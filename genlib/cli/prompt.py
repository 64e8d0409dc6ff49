"""A server that answers at once."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

__all__ = ["prompt"]

P = ParamSpec("P")


def prompt(bind: Callable[P, socket.socket]) -> Callable[P, socket.socket]:
    """Have the listening sockets that ``bind`` makes, and those they accept, send small answers without waiting.

    Streamlit 1.67 makes its socket without naming the protocol, by which asyncio would know to do this, so that every
    answer but the first of a connection waited 40 ms for more to send: half of what a refresh of a live page took.
    """

    @wraps(bind)
    def made(*args: P.args, **kwargs: P.kwargs) -> socket.socket:
        listening = bind(*args, **kwargs)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening

    return made
