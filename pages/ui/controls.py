"""Widgets from knobs: the same declaration makes the control, its address key and its check."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import streamlit as st

from genlib.knobs import Config, InputError, Knob
from pages.ui import presenting
from pages.ui.address import belong, write
from pages.ui.notices import tell

__all__ = ["Controls", "place"]

C = TypeVar("C", bound=Config)
_ODD = 10**6
_RENEWED = "renewed"  # how often each widget was replaced


class Controls:
    """Draws the widgets of one configuration and keeps them in the address.

    Arguments:
        cls: The configuration whose knobs are shown.
        prefix: Put before each name in the address, where two configurations on a page share a name.
        addressed: Whether the address tells the values; else it is rid of them.
        space: Begins the session's keys, where pages are to keep values of the same configuration apart.
        words: What becomes of titles and explanations.
        always: Names of knobs whose value the address tells even if it is the usual one.
    """

    def __init__(
        self,
        cls: type[Config],
        prefix: str = "",
        addressed: bool = True,
        space: str = "",
        words: Callable[[str], str] = str,
        always: Collection[str] = (),
    ) -> None:
        self.cls = cls
        self.prefix = prefix
        self.addressed = addressed
        self.space = space
        self.words = words
        self.always = always
        for knob in cls.knobs():  # what is not drawn counts too
            belong(self.key(knob.name))
            if self.key(knob.name) not in st.session_state:
                st.session_state[self.key(knob.name)] = self._from_address(knob)
        presenting.know(prefix + knob.name for knob in cls.knobs())
        self.values: dict[str, Any] = {knob.name: st.session_state[self.key(knob.name)] for knob in cls.knobs()}

    def draw(self, *names: str, act: Callable[[str, str], None] | None = None) -> None:
        """Draw the widgets of these knobs where the page stands; ``act`` gets the name and key of one that moved."""
        for name in names:
            knob, key = self.cls.knob(name), self.key(name)
            address = self.prefix + name
            with presenting.setting(address, key) as shown:
                if shown:
                    acting = {"on_change": act, "args": (name, key)} if act else {}
                    self.values[name] = _widget(knob, key, self.words, acting)
            value = self.values[name]
            told = self.addressed and (value != knob.default or name in self.always)
            write(address, knob.text(value) if told else None)

    def put(self, config: Config) -> None:
        """Have the widgets show these values from now on; to be called before they are drawn."""
        for knob in self.cls.knobs():
            if hasattr(config, knob.name):
                st.session_state[self.key(knob.name)] = getattr(config, knob.name)

    def renew(self, name: str, value: Any) -> None:
        """Put a new widget in the place of one: a browser that still tells the old one's value moves nothing by it."""
        renewed = st.session_state.setdefault(_RENEWED, {})
        first = f"{self.space}{self.cls.__name__}.{name}"
        renewed[first] = renewed.get(first, 0) + 1
        st.session_state[self.key(name)] = self.values[name] = value

    def key(self, name: str) -> str:
        """Where the session keeps the value."""
        return place(self.cls, name, self.space)

    def config(self, cls: type[C]) -> C:
        return cls(**{knob.name: self.values[knob.name] for knob in cls.knobs()})

    def _from_address(self, knob: Knob) -> Any:
        address = self.prefix + knob.name
        if address not in st.query_params or not self.addressed:
            return knob.default
        try:
            return knob.parse(st.query_params[address])
        except InputError as error:
            tell(f"In the address: {error} The default, {knob.text(knob.default)}, is used.")
            return knob.default


def place(cls: type[Config], name: str, space: str = "") -> str:
    """Where the session keeps the value of a knob; two configurations may have knobs of the same name."""
    key = f"{space}{cls.__name__}.{name}"
    return f"{key}.{count}" if (count := st.session_state.get(_RENEWED, {}).get(key)) else key


def _widget(knob: Knob, key: str, words: Callable[[str], str], acting: dict[str, Any]) -> Any:
    title = words(knob.title)
    common: dict[str, Any] = {"key": key, "help": words(knob.help), "persist_state": "session", **acting}
    if knob.kind is bool:
        return st.toggle(title, **common)
    if knob.choices:
        return st.selectbox(title, knob.choices, format_func=lambda choice: knob.names.get(choice, choice), **common)
    if knob.log:
        options = _ladder(knob, st.session_state[key])
        return st.select_slider(title, options, format_func=_number, **common)
    if knob.high is not None and knob.high > _ODD:
        return st.number_input(title, int(knob.low or 0), int(knob.high), step=1, **common)
    low, high, step = (knob.kind(value) for value in (knob.low or 0, knob.high or 1, knob.step or 1))
    if knob.names:
        called = {option: knob.names[knob.text(option)] for option in range(low, high + 1)}
        return st.segmented_control(title, list(called), format_func=called.__getitem__, required=True, **common)
    digits = None if knob.kind is int else f"%.{max(1, -math.floor(math.log10(step)))}f"
    return st.slider(title, low, high, step=step, format=digits, **common)


def _ladder(knob: Knob, current: float) -> list[Any]:
    """Values 1, 2, 5, 10 ... within the knob's range, with its ends, its default and the current value."""
    low, high = float(knob.low or 0), float(knob.high or 1)
    steps = {float(f"{digit}e{power}") for power in range(-12, 12) for digit in (1, 2, 5)}
    values = {step for step in steps if low <= step <= high} | {low, high, float(knob.default), float(current)}
    if low == 0:
        values = {value for value in values if value == 0 or value >= (1 if knob.kind is int else 1e-8)}
    return [knob.kind(value) for value in sorted(values)]


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
