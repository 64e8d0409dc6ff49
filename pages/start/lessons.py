"""Lessons: a card that leads, beside the page that it speaks of; and the list of all."""

from __future__ import annotations

import streamlit as st

from genlib.knobs import InputError
from genlib.lessons import Answer, Lesson, Step, find_lesson, list_lessons
from pages.ui.notices import show, tell
from pages.ui.owner import ask_key, visitor_key
from pages.ui.stage import stage
from pages.ui.tools import came_from, heading
from pages.ui.words import unlinked

_ANSWERS, _SEEN = "lesson_answers", "lesson_seen"


def main() -> None:
    lesson = asked()
    notices = st.container()
    if lesson is None:
        overview()
    else:
        lead(lesson)
    with notices:
        show(keep=visitor_key() is None)
    ask_key()
    if gone := st.session_state.pop("lesson_gone", None):
        st.switch_page(gone[0], query_params=gone[1])


def asked() -> Lesson | None:
    """The lesson of the address."""
    if "lesson" not in st.query_params:
        return None
    try:
        return find_lesson(st.query_params["lesson"])
    except InputError as error:
        tell(str(error))
        st.query_params.pop("lesson")
        return None


def place(lesson: Lesson) -> int:
    """The step of the address, from 0."""
    text = st.query_params.get("step", "1")
    if text.isdecimal() and 1 <= int(text[:4]) <= len(lesson.steps):
        return int(text) - 1
    tell(f"In the address: step must be from 1 to {len(lesson.steps)}: the first is shown.")
    st.query_params["step"] = "1"
    return 0


def lead(lesson: Lesson) -> None:
    at = place(lesson)
    step = lesson.steps[at]
    card, beside = st.columns([1, 2.8], gap="medium")
    with card, st.container(key="card"):
        explain(lesson, at)
    with beside:
        view = step.check if step.check and (lesson.name, at) in _answered() else ""
        view = view or next((each.view for each in reversed(lesson.steps[: at + 1]) if each.view), "")
        if view:
            stage(view, f"{lesson.title}, step {at + 1}: {step.title}")


def explain(lesson: Lesson, at: int) -> None:
    """The card of a step: what to see, to try and to predict, and the way on."""
    step, last = lesson.steps[at], len(lesson.steps) - 1
    st.caption(f"{lesson.title} · {at + 1} of {last + 1}")
    st.title(step.title, anchor=False)
    st.markdown(step.text)
    if step.attempt:
        st.info(f"**Try this:** {step.attempt}", icon=":material/touch_app:")
    if step.question:
        question(lesson, at, step)
    with st.container(horizontal=True, key="ways"):
        st.button("Back", icon=":material/arrow_back:", disabled=at == 0, on_click=go, args=(at - 1,), key="step_back",
                  shortcut="PageUp")  # fmt: skip
        if at < last:
            st.button("Next", icon=":material/arrow_forward:", type="primary", on_click=go, args=(at + 1,),
                      key="step_next", shortcut="PageDown")  # fmt: skip
        else:
            st.button("Done", icon=":material/check:", type="primary", on_click=leave, key="step_done")
        st.button("Leave", icon=":material/close:", type="tertiary", on_click=leave, key="step_leave")


def question(lesson: Lesson, at: int, step: Step) -> None:
    """Predict, and then check."""
    given = _answered().get((lesson.name, at))
    st.markdown(f"**Predict:** {step.question}")
    texts = [answer.text for answer in step.answers]
    chosen = st.radio(step.question, texts, index=given, key=f"answer_{lesson.name}_{at}", label_visibility="collapsed")
    if given is None or chosen != texts[given]:
        st.button("Check", disabled=chosen is None, key="check", on_click=answer, args=(lesson.name, at, texts, chosen))
        return
    told(step.answers[given])


def told(answer: Answer) -> None:
    (st.success if answer.right else st.warning)(
        answer.feedback or ("That is right." if answer.right else "That is not it."),
        icon=":material/check_circle:" if answer.right else ":material/cancel:",
    )


def answer(lesson: str, at: int, texts: list[str], chosen: str | None) -> None:
    if chosen is not None:
        _answered()[lesson, at] = texts.index(chosen)


def go(at: int) -> None:
    st.query_params["step"] = str(at + 1)


def leave() -> None:
    """Give back what the visitor had before."""
    if (before := came_from()) is not None:
        st.session_state["lesson_gone"] = before
    else:
        for name in ("lesson", "step"):
            st.query_params.pop(name, None)


def overview() -> None:
    heading("Lessons", "Each sets a view, asks what you expect, and shows what comes of it. Leave whenever you like.")
    lessons, faults = list_lessons()
    for fault in faults:
        st.warning(unlinked(fault))
    for each in lessons:
        with st.container(border=True):
            st.markdown(f"**{each.title}** · {each.minutes} min  \n{each.aim}")
            st.page_link("start/lessons.py", label="Begin", query_params={"lesson": each.name, "step": "1"},
                         icon=":material/play_arrow:")  # fmt: skip


def _answered() -> dict[tuple[str, int], int]:
    return st.session_state.setdefault(_ANSWERS, {})


main()
