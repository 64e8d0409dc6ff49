"""Another page of the app within a page, as its address shows it: a visit of its own, of which nothing stays here."""

from __future__ import annotations

from collections.abc import Callable

from pages.ui import presenting
from pages.ui.element import element, heard, markup

__all__ = ["stage"]

_KEY = "stage"
_stage = element("stage", "stage.js", html=markup("stage.html"))


def stage(address: str, title: str, step: int, seconds: int, over: Callable[[object], None]) -> None:
    """Show the page of an address, without menu.

    Arguments:
        address: Within the app, such as ``/mixture?components=3``.
        title: What is seen, for whoever cannot see it.
        step: Which step of a lesson it is.
        seconds: How long it stays if it goes on by itself; 0 if it does not.
        over: Called with what the browser says of which step's time is over.
    """
    source = f"{address}{'&' if '?' in address else '?'}embed=true{'&present=true' * presenting.presenting()}"
    data = {"source": source, "title": title, "step": step, "seconds": seconds}
    _stage(key=_KEY, data=data, on_told_change=lambda: over(heard(_KEY).get("over")))
