"""Lessons: a card that leads, beside the page that it speaks of; and the list of all."""

from __future__ import annotations

from functools import partial

import streamlit as st

from genlib.data import assets
from genlib.handout import handout
from genlib.knobs import InputError
from genlib.lessons import Answer, Lesson, Step, find_lesson, list_lessons
from pages.ui import presenting
from pages.ui.cards import attempt
from pages.ui.notices import show, tell
from pages.ui.owner import ask_key, visitor_key
from pages.ui.stage import stage
from pages.ui.tools import give_back, heading, tools
from pages.ui.words import unlinked

_ANSWERED, _GONE = "lesson_answered", "lesson_gone"
TOUR = "tour"
OWN = """
A lesson is a text file. Put it into the folder `lessons` of the folder that `genlib info` names, as `my-lesson.md`, and
it stands in this list. `View:` is an address as *Share* gives it: set up a page until it shows what you want to speak
of, and copy its link. Below is a whole lesson, as it comes with genlib.
"""


def main() -> None:
    lesson = asked()
    if gone := st.session_state.pop(_GONE, None):
        st.switch_page(gone[0], query_params=gone[1])
    notices = st.container()
    if lesson is None:
        overview()
    else:
        at = place(lesson)
        card, beside = st.columns([1, 2.2 if presenting.presenting() else 2.9], gap="medium")
        with card, st.container(key="card"):
            explain(lesson, at)
        with beside:
            view(lesson, at)
    with notices:
        show(keep=visitor_key() is None)
    ask_key()


def asked() -> Lesson | None:
    """The lesson of the address."""
    if "lesson" not in st.query_params:
        return None
    try:
        return find_lesson(st.query_params["lesson"])
    except InputError as error:
        tell(str(error))
        leave()
        return None


def place(lesson: Lesson) -> int:
    """The step of the address, from 0."""
    text = st.query_params.get("step", "1")
    if text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= len(lesson.steps):
        return int(text) - 1
    tell(f"In the address: step must be a number from 1 to {len(lesson.steps)}: the first is shown.")
    st.query_params["step"] = "1"
    return 0


def view(lesson: Lesson, at: int) -> None:
    """What the step speaks of: the page that it sets, or the one that was set before."""
    step = lesson.steps[at]
    checked = step.check if (lesson.name, at) in _answered() else ""
    address = checked or next((each.view for each in reversed(lesson.steps[: at + 1]) if each.view), "")
    if address:
        seconds = step.seconds if at + 1 < len(lesson.steps) else 0  # after the last nothing goes on
        stage(address, f"{lesson.title}: {step.title}", at, seconds, partial(over, lesson, at))


def explain(lesson: Lesson, at: int) -> None:
    """The card of a step: what to see, to try and to predict, and the way on."""
    step, last = lesson.steps[at], len(lesson.steps) - 1
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.caption(f"{lesson.title} · {at + 1} of {last + 1}")
        tools()
    st.title(step.title, anchor=False)
    st.markdown(step.text)
    if step.attempt:
        attempt(step.attempt)
    if step.question:
        question(lesson, at, step)
    if step.handout:
        st.download_button("Take one page with you", handout, "genlib.html", "text/html", icon=":material/download:",
                           on_click="ignore", key="handout",
                           help="Pictures, formulas and measured scores on one page, to read or to print.")  # fmt: skip
    # In front of a class below the page, where the way on is seen however long the card is.
    with presenting.controls()[0] if presenting.in_bar() else st.container(horizontal=True, key="ways"):
        st.button("Back", icon=":material/arrow_back:", disabled=at == 0, on_click=go, args=(at - 1,), key="step_back",
                  shortcut="PageUp")  # fmt: skip
        if at < last:
            st.button("Next", icon=":material/arrow_forward:", type="primary", on_click=go, args=(at + 1,),
                      key="step_next", shortcut="PageDown")  # fmt: skip
            if not presenting.in_bar():  # which has a way out of its own
                st.button("Leave", icon=":material/close:", type="tertiary", on_click=leave, key="step_leave")
        else:
            st.button("Done", icon=":material/check:", type="primary", on_click=leave, key="step_done")


def question(lesson: Lesson, at: int, step: Step) -> None:
    """Predict, and then check."""
    given = _answered().get((lesson.name, at))
    texts = [answer.text for answer in step.answers]
    chosen = st.radio(f"**Predict:** {step.question}", texts, index=given, key=f"answer_{lesson.name}_{at}")
    if chosen is None or given is None or chosen != texts[given]:
        st.button("Check", disabled=chosen is None, key="check", on_click=answer, args=(lesson.name, at, texts, chosen),
                  icon=":material/visibility:")  # fmt: skip
    else:
        told(step.answers[given])


def told(answer: Answer) -> None:
    words = answer.feedback or ("That is right." if answer.right else "That is not it.")
    if answer.right:
        st.success(words, icon=":material/check_circle:")
    else:
        st.warning(words, icon=":material/cancel:")


def answer(lesson: str, at: int, texts: list[str], chosen: str | None) -> None:
    if chosen is not None:
        _answered()[lesson, at] = texts.index(chosen)


def over(lesson: Lesson, at: int, told: object) -> None:
    """The time of a step is over; what comes late speaks of one that was left."""
    if told == at == place(lesson) and at + 1 < len(lesson.steps):
        go(at + 1)


def go(at: int) -> None:
    st.query_params["step"] = str(at + 1)


def leave() -> None:
    """Give back what the visitor had before."""
    if (before := give_back()) is not None:
        st.session_state[_GONE] = before
    for name in ("lesson", "step"):
        st.query_params.pop(name, None)


def overview() -> None:
    heading("Lessons", "Each sets a view, asks what you expect, and shows what comes of it. Leave whenever you like.")
    lessons, faults = list_lessons()
    for fault in faults:
        st.warning(unlinked(fault))
    columns = st.columns(2, gap="medium")
    for number, each in enumerate(lessons):
        with columns[number % 2], st.container(border=True, key=f"lesson_{each.name}"):
            st.header(each.title, anchor=False)
            kind = "runs by itself" if each.runs else f"{len(each.steps)} steps"
            st.markdown(f"{each.aim}  \n:small[{each.minutes} min · {kind}{' · your own' * each.own}]")
            st.button(
                "Begin", key=f"begin_{each.name}", icon=":material/play_arrow:", on_click=begin, args=(each.name,)
            )
    sheet, own = st.tabs(["For teachers", "A lesson of your own"], key="more", bind="query-params")
    if sheet.open:
        with sheet:
            for_teachers()
    if own.open:
        with own:
            st.markdown(OWN)
            st.code((assets() / "lessons" / "choosing-k.md").read_text("utf-8"), "markdown")


def for_teachers() -> None:
    """Scripts for 10 and 45 minutes, to be read here or printed."""
    text = (assets() / "teaching.md").read_text("utf-8")
    st.download_button("Download the sheet", text, "genlib-teaching.md", "text/markdown", icon=":material/download:",
                       on_click="ignore")  # fmt: skip
    st.markdown(text)


def begin(name: str) -> None:
    give_back()  # what was before an earlier lesson is not given back by this one
    st.query_params.update({"lesson": name, "step": "1"})


def _answered() -> dict[tuple[str, int], int]:
    return st.session_state.setdefault(_ANSWERED, {})


main()
