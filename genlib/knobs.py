"""One declaration per parameter: its default, check, slider, command-line flag, URL key and JSON.

A configuration is a frozen dataclass whose fields are made by :func:`knob`. Whatever reads or writes a parameter
(a page, the command line, an address, a file) asks the same :class:`Knob`, so a bad value is refused in one place
with one sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

__all__ = ["Config", "InputError", "Knob", "knob", "shown"]

_LARGEST = 1e300  # beyond this a whole number may be none that a float can hold


class InputError(ValueError):
    """Something from outside (a person, a file, an address) that cannot be used.

    Its text is one sentence for the reader: what was wrong, what is allowed, what to do.
    """


def knob(
    default: Any,
    low: float | None = None,
    high: float | None = None,
    *,
    step: float | None = None,
    log: bool = False,
    label: str = "",
    unit: str = "",
    help: str = "",
    names: Mapping[str, str] | None = None,
    live: bool = False,
) -> Any:
    """Declare a parameter as a dataclass field of a :class:`Config`.

    Arguments:
        default: The value when nobody chose one.
        low: Smallest value allowed.
        high: Largest value allowed.
        step: Distance between neighbouring values of a slider.
        log: Whether the slider moves by factors (1, 2, 5, 10 ...) instead of by sums.
        label: Name for people; by default the field's own.
        unit: Unit of the value, such as "nats" or "s".
        help: What it does, in a sentence.
        names: What to call each choice, or each number, in front of people.
        live: Whether it may be changed while a run trains.
    """
    metadata = {"low": low, "high": high, "step": step, "log": log, "label": label, "unit": unit, "help": help}
    return field(default=default, metadata={"knob": metadata | {"names": dict(names or {}), "live": live}})


@dataclass(frozen=True)
class Knob:
    """A declared parameter. ``kind`` is int, float, bool or str; only a str has ``choices``."""

    name: str
    kind: type
    default: Any
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    label: str = ""
    unit: str = ""
    help: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    live: bool = False

    @property
    def title(self) -> str:
        """Label with its unit, as shown beside a control."""
        label = self.label or self.name.replace("_", " ").capitalize()
        return f"{label} ({self.unit})" if self.unit else label

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.kind is bool:
            return "true or false"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.names:
            return "one of " + ", ".join(f"{number} ({name})" for number, name in self.names.items())
        # Whole numbers in full: 4.29497e+09 is no largest seed.
        low, high = (str(end) if self.kind is int else f"{end:g}" for end in (self.low, self.high))
        return f"a {'whole ' if self.kind is int else ''}number from {low} to {high}"

    def check(self, value: Any) -> Any:
        """Return ``value`` in its own type.

        Raises:
            InputError: If it is of another type or out of range.
        """
        if self.kind is bool:
            good = isinstance(value, bool)
        elif self.choices:
            good = isinstance(value, str) and value in self.choices
        else:
            good = isinstance(value, int | float) and not isinstance(value, bool)
            # The comparisons are false for NaN, and exact for whole numbers of any size.
            good = good and -_LARGEST <= value <= _LARGEST and (self.kind is float or value == int(value))
            good = good and (self.low is None or self.low <= value) and (self.high is None or value <= self.high)
        if not good:
            raise InputError(f"{self.title} cannot be {shown(value)}: choose {self.allowed}.")
        return self.kind(value)

    def parse(self, text: str) -> Any:
        """Read a value written as text, as in an address or on the command line.

        Raises:
            InputError: If the text is no value of this parameter.
        """
        text = text.strip()
        value: Any = text
        if self.kind is bool:
            value = {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
        elif self.kind in (int, float):
            # int() first: a float would silently round a large whole number.
            for read in (int, float):
                try:
                    value = read(text)
                    break
                except ValueError:
                    continue
        return self.check(value)

    def text(self, value: Any) -> str:
        """Write ``value`` so that :meth:`parse` reads it back exactly."""
        return str(value).lower() if self.kind is bool else str(value)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Base of all configurations: a frozen dataclass of knobs, checked when it is made."""

    title: ClassVar[str] = "setting"
    _declared: ClassVar[tuple[Knob, ...]]

    def __post_init__(self) -> None:
        for knob in self.knobs():
            object.__setattr__(self, knob.name, knob.check(getattr(self, knob.name)))
        self.check_together()

    def check_together(self) -> None:
        """Refuse values that are good one by one and impossible together.

        Raises:
            InputError: If there are such.
        """

    @classmethod
    def knobs(cls) -> tuple[Knob, ...]:
        if "_declared" not in cls.__dict__:
            cls._declared = _knobs(cls)
        return cls._declared

    @classmethod
    def knob(cls, name: str) -> Knob:
        return next(knob for knob in cls.knobs() if knob.name == name)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Build from a JSON object; what is missing takes its default.

        Raises:
            InputError: If it is no object, names an unknown parameter, or a value is refused.
        """
        if not isinstance(values, Mapping):
            raise InputError(f"The {cls.title} must be a JSON object of names and values, not {shown(values)}.")
        known = {knob.name for knob in cls.knobs()}
        unknown = [name for name in values if name not in known]
        if unknown:
            raise InputError(
                f"The {cls.title} has no {shown(unknown[0])}: it knows {', '.join(sorted(known))}; remove the rest."
            )
        return cls(**values)

    @classmethod
    def from_text(cls, values: Mapping[str, str]) -> Self:
        """Build from texts by name, ignoring names of other configurations."""
        return cls(**{knob.name: knob.parse(values[knob.name]) for knob in cls.knobs() if knob.name in values})

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def to_text(self) -> dict[str, str]:
        """The values that differ from their defaults, as texts by name."""
        values = ((knob, getattr(self, knob.name)) for knob in self.knobs())
        return {knob.name: knob.text(value) for knob, value in values if value != knob.default}


def _knobs(cls: type[Config]) -> tuple[Knob, ...]:
    hints = get_type_hints(cls)
    knobs = []
    for item in dataclasses.fields(cls):
        hint = hints[item.name]
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        knobs.append(Knob(item.name, str if choices else hint, item.default, choices, **item.metadata["knob"]))
    return tuple(knobs)


def shown(value: Any) -> str:
    """A value from outside as it may stand in a sentence: short, and without what cannot be printed."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):
        text = "something endless"  # more digits or more brackets than Python writes
    text = "".join(character if character.isprintable() else "?" for character in text[:41])
    text = text if len(text) <= 40 else text[:37] + "..."
    return f"'{text}'" if isinstance(value, str) else text
