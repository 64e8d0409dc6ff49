"""What every page offers beside its title, and the bar of whoever presents."""

from __future__ import annotations

from typing import Any

import streamlit as st

from genlib.lessons import list_lessons
from pages.ui import cards, presenting
from pages.ui.element import element, markup

__all__ = ["LESSONS", "bar", "give_back", "heading", "here", "tools"]

LESSONS = "start/lessons.py"
_FROM, _TO, _HERE = "lesson_from", "lesson_to", "page_here"
_share = element("share", "share.js", html=markup("share.html"))


def heading(title: str, words: str = "", attempt: str = "", question: str = "") -> None:
    """The title of a page and what it is for; beside it how to share it, to present it, and to be led.

    Arguments:
        title: Of the page.
        words: Its aim, in a sentence.
        attempt: One thing to try.
        question: One question to answer before.
    """
    with st.container(key="head"):
        if presenting.has_menu():
            with st.container(horizontal=True, vertical_alignment="center", key="heading"):
                st.title(title, anchor=False)
                lessons_here()
                tools()
        else:
            st.title(title, anchor=False)
        if not st.context.is_embedded and not presenting.presenting():  # a lesson, or a teacher, says what to try
            if words:
                st.markdown(words)
            if attempt or question:
                cards.attempt(attempt, question)


def here(page: Any) -> None:
    """Note which page runs; go where a lesson was asked for."""
    if st.session_state.get(_HERE) != page:
        st.session_state.pop(cards.STOOD, None)
    st.session_state[_HERE] = page
    if lesson := st.session_state.pop(_TO, None):
        st.switch_page(LESSONS, query_params={"lesson": lesson, "step": "1"})


def give_back() -> tuple[Any, dict[str, str]] | None:
    """Where the visitor was before a lesson began: the page, and what its address said; told once."""
    return st.session_state.pop(_FROM, None)


def lead(lesson: str) -> None:
    """Begin a lesson; on leaving, the visitor is back where they were."""
    st.session_state[_FROM] = (st.session_state[_HERE], st.query_params.to_dict())
    st.session_state[_TO] = lesson


def lessons_here() -> None:
    """The lessons that speak of this page."""
    name = st.session_state[_HERE].url_path
    lessons = [each for each in list_lessons()[0] if name and any(step.page == name for step in each.steps)]
    if lessons:
        with st.popover("Lessons", icon=":material/school:", key="lessons_here", type="tertiary"):
            for each in lessons:
                st.button(
                    f"{each.title} · {each.minutes} min", key=f"lead_{each.name}", type="tertiary", on_click=lead,
                    args=(each.name,),
                )  # fmt: skip


def tools() -> None:
    """To present, and to share."""
    st.button("Present", icon=":material/present_to_all:", key="present_on", type="tertiary",
              on_click=presenting.present, args=(True,),
              help="Large type, and one setting at a time: for a projector.")  # fmt: skip
    with st.popover("Share", icon=":material/link:", key="share_here", type="tertiary"):
        _share(key="share")


def bar() -> None:
    """Next and back through the settings, and the way out, for whoever presents."""
    if not presenting.in_bar():
        return
    place, found, at = presenting.controls()
    with place:
        if found:
            st.button("Back", icon=":material/arrow_back:", key="bar_back", on_click=presenting.move, args=(-1,),
                      shortcut="PageUp")  # fmt: skip
            st.markdown(f"{found.index(at) + 1} of {len(found)}", width="content")
            st.button("Next", icon=":material/arrow_forward:", key="bar_next", on_click=presenting.move, args=(1,),
                      shortcut="PageDown", type="primary")  # fmt: skip
        st.button("End", icon=":material/close:", key="bar_end", on_click=presenting.present, args=(False,),
                  help="End the presentation.")  # fmt: skip
