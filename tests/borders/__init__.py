"""Every border over which something from outside comes in, each with inputs that are nearly good and what takes them.

A border is whole if whatever comes is either taken, and then as the border promises, or refused in one sentence; if
nothing is written but where it may be; and if the memory does not grow. ``tests/test_borders.py`` looks at a few dozen
inputs of each, ``python -m tests.load.borders`` at a thousand.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis.strategies import SearchStrategy

from genlib.knobs import InputError
from genlib.runs import home

__all__ = ["Border", "check_private", "check_sentence", "meet"]

ROOT = Path(__file__).parents[2]
_LONGEST = 300
_PRIVATE = {str(ROOT), sys.prefix, tempfile.gettempdir()}
_OF_PYTHON = re.compile(r"\b[A-Z]\w*(Error|Exception|Warning)\b|Traceback|<class | object at 0x|site-packages")


@dataclass(frozen=True, eq=False, repr=False)
class Border:
    """A border.

    Arguments:
        name: What comes over it.
        inputs: Makes inputs, most of them good ones with faults.
        call: What a page, a route or a command does with one. It checks what it takes; it returns False, or raises an
            InputError, where it takes nothing.
        writes: What may be new below the parent of the home, as a regular expression.
        examples: Inputs that were once taken amiss, and a sound one where few of the others are.
        weight: How many inputs it gets in CI for each of another border; on demand only whole pages get fewer.
        caches: Whether what it makes is kept on purpose, so that memory tells nothing.
    """

    name: str
    inputs: SearchStrategy[Any]
    call: Callable[[Any], bool | None]
    writes: str = "(?!)"
    examples: tuple[Any, ...] = ()
    weight: float = 1.0
    caches: bool = False


def meet(border: Border, value: Any) -> bool:
    """Whether a border takes an input.

    Raises:
        AssertionError: If it is not whole; and what else it lets through.
    """
    before = _files()
    try:
        taken = border.call(value) is not False
    except InputError as error:
        check_sentence(str(error))
        taken = False
    changed = [name for name, _ in _files() ^ before]
    assert all(re.fullmatch(border.writes, name) for name in changed), f"written: {changed}"
    return taken


def check_sentence(text: str) -> None:
    """Make sure that a refusal is a short sentence that tells nothing of the machine.

    Raises:
        AssertionError: If it is not.
    """
    assert text.endswith("."), text
    assert text[0].isupper() or text[0] == "'", text
    assert text.isprintable(), text
    assert len(text) <= _LONGEST, text
    check_private(text)


def check_private(text: str) -> None:
    """Make sure that a text tells nothing of the machine, nor of what the program is made of.

    Raises:
        AssertionError: If it does.
    """
    assert not [part for part in (*_PRIVATE, str(home())) if part in text], text
    assert not _OF_PYTHON.search(re.sub("'.*'", "", text)), text  # in quotation marks are a visitor's own words


def _files() -> set[tuple[str, int]]:
    """All that lies around the home, and when it was written."""
    around = home().parent
    return {
        (path.relative_to(around).as_posix(), path.lstat().st_mtime_ns)
        for path in around.rglob("*")
        if not path.is_dir()
    }
