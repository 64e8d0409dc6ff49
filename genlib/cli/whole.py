"""A server on which no click is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["whole"]


def whole(answer: Callable[..., None]) -> Callable[..., None]:
    """Have what a click calls run to its end before a newer message of the same browser is looked at.

    Streamlit 1.67 breaks a page off wherever it touches the session, to begin anew with what the browser told last.
    What a widget calls is broken off as well, and not called again: on a busy machine the second half of a double click
    left the first half undone.

    Arguments:
        answer: ``SafeSessionState.on_script_will_rerun``, which takes over what the browser tells and calls it.
    """

    @wraps(answer)
    def answered(state: Any, *args: Any, **kwargs: Any) -> None:
        runner = getattr(getattr(state, "_yield_callback", None), "__self__", None)
        if not getattr(runner, "_execing", False):
            return answer(state, *args, **kwargs)
        runner._execing = False  # type: ignore[union-attr]  # by which it knows that there is a page to break off
        try:
            return answer(state, *args, **kwargs)
        finally:
            runner._execing = True  # type: ignore[union-attr]

    return answered
