"""Lessons: short pages that set a view of the app and ask something about it, written as Markdown.

A lesson is a file. Its first heading is the title; ``Aim:``, ``Minutes:`` and ``Order:`` (its place in the list)
follow. Each second-level heading begins a step, all parts of which are optional::

    # Choosing K

    Aim: See why more components always fit better, and seldom model better.
    Minutes: 8

    ## Too few

    View: /mixture?data_dataset=blobs&components=2

    Any Markdown: what is to be seen.

    Try: Move *Components* and watch the curve.

    Predict: Which K has the highest likelihood of the points it was fitted to?
    - [ ] The true one. | Not quite: ...
    - [x] The largest. | Yes: ...

    Check: /mixture?data_dataset=blobs&more=How+many+components%3F

``View`` is the address of a page as *Share* gives it: whatever an address holds, a lesson can set. ``Check`` is shown
once the question was answered. ``Seconds:`` is how long a step stays in a lesson that runs by itself, and
``Offer: handout`` offers the page to take away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from genlib.data import assets
from genlib.knobs import InputError, shown
from genlib.runs import home

__all__ = ["Answer", "Lesson", "Step", "find_lesson", "list_lessons", "parse_lesson"]

_LARGEST = 100_000  # characters of a file
_HEAD = ("Aim", "Minutes", "Order")
_NUMBERS = ("Minutes", "Order", "Seconds")
_FIELD = re.compile(r"(Aim|Minutes|Order|View|Try|Predict|Check|Seconds|Offer):(?:\s+(.*))?$")
_ANSWER = re.compile(r"- \[([ xX])\] (.+?)(?:\s+\|\s+(.+))?$")
_ADDRESS = re.compile(r"/[a-z]*(\?[^\s#]*)?")


@dataclass(frozen=True)
class Answer:
    """One answer to a question, whether it is right, and what to say to whoever chose it."""

    text: str
    right: bool
    feedback: str = ""


@dataclass(frozen=True)
class Step:
    """One page of a lesson. ``view`` and ``check`` are addresses within the app, empty where there is none."""

    title: str
    text: str = ""
    view: str = ""
    attempt: str = ""
    question: str = ""
    answers: tuple[Answer, ...] = ()
    check: str = ""
    seconds: int = 0
    handout: bool = False

    @property
    def page(self) -> str:
        """The page that it shows, as its address names it."""
        return self.view.partition("?")[0].strip("/")


@dataclass(frozen=True)
class Lesson:
    """A lesson; ``name`` is that of its file."""

    name: str
    title: str
    aim: str
    minutes: int
    steps: tuple[Step, ...]
    order: int = 999
    own: bool = False

    @property
    def runs(self) -> bool:
        """Whether it goes on by itself."""
        return any(step.seconds for step in self.steps)


@dataclass
class _Draft:
    """A step, or the head of a lesson, while it is read."""

    title: str
    fields: dict[str, str] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def parse_lesson(text: str, name: str, own: bool = False) -> Lesson:
    """Read a lesson.

    Arguments:
        text: As this module describes it.
        name: Of its file, without the ending.
        own: Whether it is somebody's own rather than one that comes with genlib.

    Raises:
        InputError: If it cannot be read, naming the line.
    """
    if len(text) > _LARGEST:
        raise InputError(f"The lesson {shown(name)} is too long: write at most {_LARGEST:,} characters.")
    drafts: list[_Draft] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            _read(line.rstrip(), drafts)
        except InputError as error:
            raise InputError(f"The lesson {shown(name)}, line {number}: {error}") from None
    try:
        head, *steps = drafts
        if not steps:
            raise ValueError
    except ValueError:
        raise InputError(
            f"The lesson {shown(name)} has no steps: begin it with '# Title', and each step with '## Title'."
        ) from None
    minutes, order = _number(head, "Minutes", 5), _number(head, "Order", 999)
    return Lesson(name, head.title, head.fields.get("Aim", ""), minutes, tuple(map(_step, steps)), order, own)


@lru_cache(maxsize=256)
def _parsed(path: Path, stamp: int, own: bool) -> Lesson:
    try:
        return parse_lesson(path.read_text("utf-8"), path.stem, own)
    except (OSError, UnicodeError):
        raise InputError(f"The lesson {shown(path.stem)} cannot be read: save it as UTF-8 text.") from None


def list_lessons() -> tuple[list[Lesson], list[str]]:
    """The lessons that come with genlib, those in ``lessons`` of its home, and what is wrong with others."""
    found: dict[str, Lesson] = {}
    faults = []
    for folder, own in ((assets() / "lessons", False), (home() / "lessons", True)):
        for path in sorted(folder.glob("*.md")):
            try:
                found[path.stem] = _parsed(path, path.stat().st_mtime_ns, own)
            except InputError as error:
                faults.append(str(error))
    return sorted(found.values(), key=lambda each: (each.order, each.title)), faults


def find_lesson(name: str) -> Lesson:
    """The lesson of that name.

    Raises:
        InputError: If there is none.
    """
    lessons, _ = list_lessons()
    for lesson in lessons:
        if lesson.name == name:
            return lesson
    raise InputError(f"There is no lesson {shown(name)}: choose {', '.join(each.name for each in lessons)}.")


def _read(line: str, drafts: list[_Draft]) -> None:
    """Take one line into what was read before."""
    if heading := re.match(r"(##?) +(.+)$", line):
        if (heading[1] == "#") == bool(drafts):
            raise InputError("begin with one '# Title', and each step after it with '## Title'.")
        drafts.append(_Draft(heading[2]))
    elif not drafts:
        if line:
            raise InputError("begin with '# Title'.")
    elif found := _FIELD.match(line):
        key, value = found[1], found[2] or ""
        if (key in _HEAD) != (len(drafts) == 1):
            raise InputError(f"{key} belongs {'below the title' if key in _HEAD else 'into a step'}.")
        if key in ("View", "Check"):
            value = _address(value)
        if key in _NUMBERS and not re.fullmatch(r"[1-9]\d{0,2}", value):
            raise InputError(f"{key} must be a whole number from 1 to 999.")
        if key == "Offer" and value != "handout":
            raise InputError(f"Offer cannot be {shown(value)}: write handout, or leave it out.")
        drafts[-1].fields[key] = value
    elif answer := _ANSWER.match(line):
        drafts[-1].answers.append(Answer(answer[2], answer[1] != " ", answer[3] or ""))
    else:
        drafts[-1].text.append(line)


def _address(value: str) -> str:
    """An address within the app; of a whole one the machine is left out."""
    try:
        parts = urlsplit(value)
        address = parts.path + (f"?{parts.query}" if parts.query else "")
    except ValueError:
        address = ""
    if not _ADDRESS.fullmatch(address):
        raise InputError(f"{shown(value)} is no address of a page: copy one with Share, such as /mixture?components=3.")
    return address


def _number(draft: _Draft, key: str, default: int) -> int:
    return int(draft.fields.get(key, default))


def _step(draft: _Draft) -> Step:
    fields, question = draft.fields, draft.fields.get("Predict", "")
    if bool(question) != bool(draft.answers):
        raise InputError(f"The step {shown(draft.title)} needs both: 'Predict: ...' and answers as '- [ ] ...'.")
    if question and not any(answer.right for answer in draft.answers):
        raise InputError(f"The step {shown(draft.title)} has no right answer: mark one as '- [x] ...'.")
    return Step(
        title=draft.title,
        text="\n".join(draft.text).strip(),
        view=fields.get("View", ""),
        attempt=fields.get("Try", ""),
        question=question,
        answers=tuple(draft.answers),
        check=fields.get("Check", ""),
        seconds=_number(draft, "Seconds", 0),
        handout="Offer" in fields,
    )
