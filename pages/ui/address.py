"""What the address tells where no knob declares it: choices, what elements show, and whose word counts.

The address and the session both remember. Within a page the session has the last word, and the address follows. Whoever
comes to a page by a link has it as a fresh browser would: the session forgets what it knew of that page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from genlib.knobs import shown
from genlib.settings import RunSettings
from pages.ui import presenting
from pages.ui.notices import tell

__all__ = [
    "anyhow",
    "arrive",
    "arrived",
    "asked",
    "belong",
    "choice",
    "choose",
    "count",
    "number",
    "numbers",
    "plays",
    "share",
    "told",
    "words",
    "write",
]

EVERYWHERE = {"hide", "present", "play"}  # these choose nothing on a page
# These begin what is no page's own.
_ALL = ("owner", "element_", "lesson_", "presenting_", "page_here", "notices", "sorted", "address_")
_NAMED = 12  # options in a sentence
_PAGE, _KEYS, _TOLD = "address_page", "address_keys", "address_told"


def arrive(page: str) -> None:
    """Before a page runs: note what the session keeps of the one before; forget what it kept of this, after a link."""
    session = st.session_state
    before, keys = session.get(_PAGE), session.setdefault(_KEYS, {})
    if before is not None:
        for key in session:
            if not str(key).startswith(_ALL):
                keys.setdefault(key, {before})
    if before == page:
        return
    session[_PAGE], session[_TOLD] = page, {}
    if set(st.query_params) - EVERYWHERE:
        for key in [key for key, pages in keys.items() if page in pages]:
            session.pop(key, None)
            del keys[key]


def belong(*keys: str) -> None:
    """These keys of the session are of this page, whoever put something there first."""
    for key in keys:
        st.session_state.setdefault(_KEYS, {}).setdefault(key, set()).add(st.session_state.get(_PAGE))


def write(name: str, text: str | None) -> None:
    """Have the address tell this; None: nothing by that name."""
    if text is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != text:
        st.query_params[name] = text


def choice(name: str, options: Iterable[object], default: object) -> str:
    """What the address chooses among some, as it is written there; the default, and a sentence, if it is none of them.

    Arguments:
        name: In the address.
        options: What may be chosen.
        default: What is meant if nothing is.
    """
    known = [str(option) for option in options]
    asked = st.query_params.get(name, str(default))
    if asked in known or name not in st.query_params:
        return asked
    named = ", ".join(known[:_NAMED]) + (" …" if len(known) > _NAMED else "")
    tell(f"In the address: {name} cannot be {shown(asked)}: choose {named}. {default} is used.")
    write(name, None)  # told once
    return str(default)


def choose(
    widget: Callable[..., Any],
    label: str,
    options: Iterable[Any],
    name: str,
    default: Any,
    *,
    key: str,
    names: Callable[[Any], str] = str,
    addressed: bool = True,
    **more: Any,
) -> Any:
    """A widget for one of some options; the address tells what is chosen, unless it is the usual.

    Arguments:
        widget: Such as ``st.pills``.
        label: Of the widget.
        options: What may be chosen; written in the address as ``str`` does.
        name: In the address.
        default: What is chosen before anybody did; None for nothing.
        key: In the session.
        names: What to call an option.
        addressed: Whether the address tells it.
        more: For the widget.
    """
    options = list(options)
    belong(key)
    if key not in st.session_state or st.session_state[key] not in [*options, default]:
        text = choice(name, options, default) if addressed else str(default)
        st.session_state[key] = next((option for option in options if str(option) == text), default)
    presenting.know([name])
    with presenting.setting(name, key) as there:
        if there:
            widget(label, options, format_func=names, key=key, persist_state="session", **more)
    value = st.session_state[key]
    write(name, str(value) if addressed and value != default else None)
    return value


def count(label: str, last: int, name: str, first: int, *, key: str, least: int = 0, **more: Any) -> int:
    """A field for a whole number; the address tells it, unless it is the usual.

    Arguments:
        label: Of the field.
        last: The highest.
        name: In the address.
        first: What it is before anybody chose.
        key: In the session.
        least: The lowest.
        more: For the field.
    """
    belong(key)
    if key not in st.session_state:
        found = number(name, least, last)
        st.session_state[key] = first if found is None else int(found)
    st.session_state[key] = min(st.session_state[key], last)  # another's may have had more
    presenting.know([name])
    with presenting.setting(name, key) as there:
        if there:
            st.number_input(label, least, last, key=key, persist_state="session", **more)
    value = int(st.session_state[key])
    write(name, str(value) if value != first else None)
    return value


def anyhow(settings: RunSettings) -> tuple[str, ...]:
    """The knob that the address tells anyhow: without any, it asks for the settings with which a family begins."""
    return ("budget",) if settings.model.to_text() or settings.train.to_text() else ()


def plays() -> bool:
    """Whether the address asks players to begin by themselves."""
    return choice("play", ("true", "false"), "false") == "true"


def asked(name: str, of: str = "") -> str:
    """What is asked of an element: by the address when one comes to the page, then by itself as :func:`told` notes it.

    Arguments:
        name: In the address.
        of: What the element shows; of anything else nothing was asked.
    """
    kept = st.session_state.setdefault(_TOLD, {})
    of_before, text = kept.get(name, (of, st.query_params.get(name, "")))
    told(name, text if of_before == of else "", of)
    return str(kept[name][1])


def told(name: str, text: str, of: str = "") -> None:
    """An element that shows ``of`` has come to this; empty for what is usual."""
    st.session_state.setdefault(_TOLD, {})[name] = of, text
    write(name, text or None)


def number(name: str, low: float, high: float, of: str = "") -> float | None:
    """The number that is asked of an element; None, and a sentence, if it is none."""
    if not (text := asked(name, of)):
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if low <= value <= high:
        return value
    tell(f"In the address: {name} cannot be {shown(text)}: choose a number from {low:g} to {high:g}. It is left out.")
    told(name, "", of)
    return None


def share() -> dict[str, Any]:
    """How much of a way from A to B the address asks to have gone, and whether to play it."""
    return {"share": number("at", 0, 1), "play": plays()}


def arrived(seen: Any) -> None:
    """Have the address tell how much of the way the visitor has gone, if that is news; half of it is usual."""
    if isinstance(seen, int | float) and 0 <= seen <= 1:
        told("at", "" if seen == 0.5 else f"{seen:.3g}")
        write("play", None)


def numbers(name: str, count: int, reach: float) -> list[float] | None:
    """So many numbers of the address, none beyond ``reach``; None, and a sentence, if they are others."""
    text = st.query_params.get(name, "")
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) == count and all(abs(value) <= reach for value in found):
        return found
    if text:
        tell(f"In the address: {name} must be {count} numbers from {-reach:g} to {reach:g}, with commas between them. "
             "It is left out.")  # fmt: skip
        write(name, None)
    return None


def words(name: str, known: Iterable[str], of: str = "") -> list[str] | None:
    """The words that are asked of an element, none if it is "none"; None, and a sentence, if some are not known."""
    if not (text := asked(name, of)):
        return None
    known, found = list(known), [] if text == "none" else text.split(",")
    if unknown := [each for each in found if each not in known]:
        tell(f"In the address: {name} cannot be {shown(unknown[0])}: choose some of {', '.join(known)}, or none. "
             "It is left out.")  # fmt: skip
        told(name, "", of)
        return None
    return found
