"""What people call their runs."""

from __future__ import annotations

from typing import Any

from genlib.knobs import InputError, shown

__all__ = ["checked_name", "read_name"]

_LONGEST = 60


def checked_name(name: str) -> str:
    """The name with single spaces inside and none around it; empty is no name.

    Raises:
        InputError: If it is too long, or has characters that cannot be shown.
    """
    name = " ".join(name.split())
    if not name.isprintable():
        raise InputError(f"The name {shown(name)} has characters that cannot be shown: use letters, digits and signs.")
    if len(name) > _LONGEST:
        raise InputError(f"A name of {len(name)} characters is too long: use at most {_LONGEST}.")
    return name


def read_name(value: Any) -> str:
    """The name in a file of a run; empty if there is none, or it was altered."""
    try:
        return checked_name(value) if isinstance(value, str) else ""
    except InputError:
        return ""
