"""What the address asks for, where no knob declares it."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from genlib.knobs import shown
from pages.ui.notices import tell

__all__ = ["choice"]


def choice(name: str, options: Iterable[object], default: object) -> str:
    """What the address chooses among some, as it is written there; the default, and a sentence, if it is none of them.

    Arguments:
        name: In the address.
        options: What may be chosen.
        default: What is meant if nothing is.
    """
    known = [str(option) for option in options]
    asked = st.query_params.get(name, str(default))
    if asked in known:
        return asked
    tell(f"In the address: {name} cannot be {shown(asked)}: choose {', '.join(known)}. {default} is used.")
    return str(default)
