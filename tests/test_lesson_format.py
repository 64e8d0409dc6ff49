"""Lessons as they are written, read and refused."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genlib.knobs import InputError
from genlib.lessons import Answer, Lesson, Step, find_lesson, list_lessons, parse_lesson
from genlib.runs import home

pytestmark = pytest.mark.fast

WHOLE = """# Two heaps

Aim: See two heaps.
Minutes: 4
Order: 2

## First

View: http://10.0.0.7:8501/mixture?components=2&data_seed=3

Look at **this**.

And this.

Try: Move *Components*.

## Second

Predict: What comes?
- [ ] One heap. | No: there are two.
- [x] Two heaps.

Check: /mixture?components=2
Seconds: 20
Offer: handout
"""


def test_a_whole_lesson_is_read():
    assert parse_lesson(WHOLE, "heaps") == Lesson(
        "heaps", "Two heaps", "See two heaps.", 4,
        (
            Step("First", "Look at **this**.\n\nAnd this.", "/mixture?components=2&data_seed=3", "Move *Components*."),
            Step(
                "Second", question="What comes?",
                answers=(Answer("One heap.", False, "No: there are two."), Answer("Two heaps.", True)),
                check="/mixture?components=2", seconds=20, handout=True,
            ),
        ),
        order=2,
    )  # fmt: skip


WORDS = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,4}\.", fullmatch=True)
ADDRESS = st.from_regex(r"/[a-z]{1,8}(\?[a-z_]{1,8}=[0-9a-z.%+;,-]{1,12})?", fullmatch=True)
ANSWERS = st.lists(st.builds(Answer, WORDS, st.booleans(), st.just("") | WORDS), min_size=1, max_size=4).filter(
    lambda answers: any(answer.right for answer in answers)
)
STEPS = st.builds(
    Step, title=WORDS, text=st.just("") | WORDS, view=st.just("") | ADDRESS, attempt=st.just("") | WORDS,
    check=st.just("") | ADDRESS, seconds=st.integers(0, 999), handout=st.booleans(),
) | st.builds(Step, title=WORDS, question=WORDS, answers=ANSWERS.map(tuple))  # fmt: skip
LESSONS = st.builds(
    Lesson, st.just("some"), WORDS, WORDS, st.integers(1, 999), st.lists(STEPS, min_size=1, max_size=4).map(tuple),
    st.integers(1, 999),
)  # fmt: skip


def written(lesson):
    """The file that this lesson would be."""
    lines = [f"# {lesson.title}", "", f"Aim: {lesson.aim}", f"Minutes: {lesson.minutes}", f"Order: {lesson.order}"]
    for step in lesson.steps:
        fields = {"View": step.view, "Try": step.attempt, "Check": step.check, "Predict": step.question}
        fields |= {"Seconds": step.seconds or "", "Offer": "handout" * step.handout}
        lines += ["", f"## {step.title}", "", step.text, ""]
        lines += [f"{name}: {value}" for name, value in fields.items() if value]
        lines += [
            f"- [{'x' if a.right else ' '}] {a.text}{f' | {a.feedback}' * bool(a.feedback)}" for a in step.answers
        ]
    return "\n".join(lines)


@settings(deadline=None)
@given(LESSONS)
def test_what_is_written_is_read_back(lesson):
    assert parse_lesson(written(lesson), "some") == lesson


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no steps"),
        ("# Title", "has no steps"),
        ("Some words\n# Title", "line 1: begin with '# Title'"),
        ("## Step", "line 1: begin with one '# Title'"),
        ("# A\n# B", "line 2: begin with one '# Title'"),
        ("# A\nView: /mixture", "line 2: View belongs into a step"),
        ("# A\n## B\nAim: c", "line 3: Aim belongs below the title"),
        ("# A\nMinutes: soon", "line 2: Minutes must be a whole number from 1 to 999"),
        ("# A\n## B\nSeconds: 0", "Seconds must be a whole number from 1 to 999"),
        ("# A\n## B\nView: javascript:alert(1)", "is no address of a page"),
        ("# A\n## B\nView: //elsewhere", "is no address of a page"),
        ("# A\n## B\nView: http://[", "is no address of a page"),
        ("# A\n## B\nCheck: /mixture?a=b c", "is no address of a page"),
        ("# A\n## B\nPredict: What?", "needs both"),
        ("# A\n## B\n- [x] That.", "needs both"),
        ("# A\n## B\nPredict: What?\n- [ ] That.", "has no right answer"),
        ("# A\n## B\nOffer: money", "Offer cannot be 'money'"),
        ("#" * 100_001, "too long"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text, said):
    with pytest.raises(InputError, match=re.escape(said)):
        parse_lesson(text, "some")


@given(st.text(alphabet=st.sampled_from("#- [x]|:/?&=\n ATryViewPredictSecondsé\0"), max_size=200) | st.text())
def test_junk_is_refused_in_a_sentence_or_read(text):
    try:
        parse_lesson(text, "some")
    except InputError as error:
        assert str(error).endswith(".")


def test_own_lessons_stand_in_the_list_and_broken_ones_are_told():
    folder = home() / "lessons"
    folder.mkdir(parents=True)
    (folder / "heaps.md").write_text(WHOLE, "utf-8")
    (folder / "broken.md").write_text("# A\n## B\nView: nowhere", "utf-8")
    (folder / "bytes.md").write_bytes(b"\xff\xfe\x00")
    lessons, faults = list_lessons()
    assert [lesson.title for lesson in lessons if lesson.own] == ["Two heaps"]
    assert find_lesson("heaps").own
    assert len(faults) == 2
    assert all(str(folder) not in fault for fault in faults)
    (folder / "heaps.md").write_text(WHOLE.replace("Two heaps\n", "Three heaps\n"), "utf-8")
    assert find_lesson("heaps").title == "Three heaps"
    with pytest.raises(InputError, match="There is no lesson 'other'"):
        find_lesson("other")
