"""The brush: a field to draw in with mouse, finger, pen or keys, and what comes back from it, checked."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from genlib.knobs import InputError
from pages.ui.address import asked, told
from pages.ui.element import element, encode
from pages.ui.notices import tell

__all__ = ["brush", "mask_from_text", "mask_text", "packed", "unpacked"]

_brush = element("brush", "draw.js", "brush.js", html='<div class="brush"></div>')

_Grey = NDArray[np.uint8]
_HALF = 127  # above it a pixel is drawn


def brush(
    *,
    key: str,
    label: str = "Draw a digit",
    shape: tuple[int, int] = (140, 140),
    sizes: tuple[int, int, int] = (6, 14, 30),
    under: _Grey | None = None,
    start: _Grey | None = None,
    turn: str = "",
    address: str = "",
) -> _Grey | None:
    """A field to draw in; the page runs again after each stroke. The drawing is there again when the field is.

    Arguments:
        key: Name of the element on its page.
        label: What the field asks for while it is empty.
        shape: Rows and columns of the drawing.
        sizes: Least, first and largest width of a stroke, in pixels of the drawing.
        under: A picture of that shape to paint on: strokes are then all or nothing, and cover it in a colour.
        start: The drawing to begin with, whenever ``turn`` is another one.
        turn: Names the beginning: letters, digits and dashes.
        address: By what name the address tells a hole that was painted, if it is to.

    Returns:
        White on black, the pixels as they are seen, or None where nothing is drawn.

    Raises:
        InputError: If what the browser sends is no drawing.
    """
    begun, kept = st.session_state.get(f"{key}_kept", ("", ""))
    usual = start
    if address and (text := asked(address, turn)):
        try:
            start = mask_from_text(text, shape)
        except InputError as error:
            tell(str(error))
    if begun != turn and start is not None:
        kept = packed(start)
    data = {"label": label, "shape": shape, "sizes": sizes, "start": kept, "turn": f"{turn}:" if turn else ""}
    data["under"] = None if under is None else encode(under, np.uint8)
    answer = _brush(key=key, data=data, on_drawing_change=lambda: None)["drawing"] or kept
    if turn:  # a drawing of a beginning before this one is over
        before, _, answer = str(answer).rpartition(":")
        answer = answer if before in (turn, "") else kept
    drawing = unpacked(answer, shape) if answer else None
    st.session_state[f"{key}_kept"] = turn, answer
    if address:
        empty = np.zeros(shape, np.uint8)
        mask, before = (mask_text(empty if each is None else each) for each in (drawing, usual))
        told(address, "" if mask == before else mask, turn)
    return drawing if drawing is not None and drawing.any() else None


def mask_text(drawing: _Grey) -> str:
    """Where there is a drawing, as an address has it: a bit for each pixel."""
    return base64.urlsafe_b64encode(np.packbits(drawing > _HALF).tobytes()).decode().rstrip("=")


def mask_from_text(text: str, shape: tuple[int, int]) -> _Grey:
    """Read :func:`mask_text`: 255 where there is a drawing, 0 elsewhere.

    Raises:
        InputError: If it is no mask of that shape.
    """
    size = shape[0] * shape[1]
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", True), np.uint8))
        if len(bits) != -(-size // 8) * 8:
            raise ValueError
    except ValueError:
        raise InputError(
            f"In the address: what was painted is no hole of {shape[0]} x {shape[1]} pixels: take the whole link."
        ) from None
    return bits[:size].reshape(shape) * np.uint8(255)


def packed(drawing: _Grey) -> str:
    """What :func:`unpacked` reads as this drawing."""
    flat = drawing.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=flat[0] ^ 1))
    pairs = []
    for start, end in zip(starts, [*starts[1:], flat.size], strict=True):
        whole, rest = divmod(int(end - start), 255)
        pairs += [255, int(flat[start])] * whole + ([rest, int(flat[start])] if rest else [])
    return base64.b64encode(bytes(pairs)).decode()


def unpacked(answer: Any, shape: tuple[int, int]) -> _Grey:
    """Read what the browser says was drawn.

    It is base64 of pairs of bytes, row by row: how many pixels in a row (1 to 255), and how bright they are.

    Raises:
        InputError: If it is no drawing of that shape.
    """
    size = shape[0] * shape[1]
    try:
        # No drawing takes more than a pair for each pixel: nothing longer is looked at.
        if len(answer) > 4 * (2 * size // 3 + 1):
            raise ValueError
        counts, greys = np.frombuffer(base64.b64decode(answer, validate=True), np.uint8).reshape(-1, 2).T
        if not counts.all() or int(counts.sum(dtype=np.int64)) != size:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError("The drawing cannot be read: clear it and draw again.") from None
    return np.repeat(greys, counts).reshape(shape)
