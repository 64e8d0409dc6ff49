"""Another page of the app within a page, as its address shows it: a visit of its own, of which nothing stays here."""

from __future__ import annotations

from pages.ui.element import element

__all__ = ["stage"]

_stage = element("stage", "stage.js", html='<div class="stage-host"></div>')


def stage(address: str, title: str, key: str = "stage") -> None:
    """Show the page of an address, without menu.

    Arguments:
        address: Within the app, such as ``/mixture?components=3``.
        title: What is seen, for whoever cannot see it.
        key: Name of the element on its page.
    """
    source = f"{address}{'&' if '?' in address else '?'}embed=true"
    _stage(key=key, data={"source": source, "title": title})
