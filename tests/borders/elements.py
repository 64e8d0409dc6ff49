"""What elements in the browser send, and what comes over the websocket: any JSON, or none."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import cache

import numpy as np
from google.protobuf.message import DecodeError
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.ui import faces
from pages.ui.brush import mask_from_text, mask_text, packed, unpacked
from pages.ui.flipbook import MOST_ADDED, added_points, seen_texts
from pages.ui.gate import Gate
from pages.ui.opened import opened
from pages.ui.owner import checked_key
from pages.ui.room import seat_texts
from pages.ui.sorter import marked
from pages.ui.studio import Model, checked_code, usable
from tests.borders import Border
from tests.borders.junk import JSONS, NUMBERS, TEXTS, altered, damaged
from tests.brought import KEY

_KINDS = [field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
_OURS = {"rerun_script", "stop_script", "file_urls_request", "app_heartbeat", "backend_operation_request"}
_SHAPE = (9, 7)


def brush(answer: object) -> None:
    """A drawing or a mask."""
    drawn = unpacked(answer, _SHAPE)
    assert (drawn.shape, drawn.dtype) == (_SHAPE, np.uint8)
    assert np.array_equal(unpacked(packed(drawn), _SHAPE), drawn)


def points(answer: object) -> bool:
    found = added_points(answer, 3)
    if found is None:
        return False
    assert len(found) <= MOST_ADDED
    assert all(type(value) is float and abs(value) <= 1e9 for point in found for value in point)
    return True


def hole(text: str) -> None:
    """A hole in an address."""
    mask = mask_from_text(text, _SHAPE)
    assert (mask.shape, mask.dtype) == (_SHAPE, np.uint8)
    assert set(np.unique(mask)) <= {0, 255}
    assert np.array_equal(mask_from_text(mask_text(mask), _SHAPE), mask)


def stood(answer: object) -> bool:
    """Where players say that they stand: what goes into an address can be read from it."""
    taken = False
    for texts in (seat_texts(answer, "3"), seen_texts(answer, "mixture", "3"), seen_texts(answer, "film", "3")):
        for name, text in (texts or {}).items():
            taken = taken or bool(text)
            if name in ("at", "slow"):
                assert not text or 0 <= float(text) <= 1e9
            else:
                assert set(filter(None, text.split(","))) <= {"seconds", "points", "ellipses", "density", "none"}
    return taken


def moves(answer: object) -> bool:
    """How far the sliders of a face say that they are."""
    return faces._moves(answer)


def places(answer: object) -> bool:
    found = marked(answer, "deal", 20)
    assert found is None or (found.shape, found.dtype) == ((20,), bool)
    return found is not None


@cache
def _model() -> Model:
    found = usable(opened("vae-2d"))
    assert found
    return found


def code(answer: object) -> bool:
    found = checked_code(answer, _model(), 3)
    assert found is None or (len(found.z) == 2 and np.abs(found.z).max() <= 1e4 and found.label in range(10))
    return found is not None


def face(answer: object) -> bool:
    found = faces._checked({"z": answer} if not isinstance(answer, dict) else answer, 3)
    assert found is None or (len(found) == 3 and np.abs(found).max() <= 1e4)
    return found is not None


def key(answer: object) -> bool:
    found = checked_key(answer)
    assert found is None or (found == answer and len(found) == 32 and set(found) <= set("0123456789abcdef"))
    return found is not None


def message(sent: bytes | str) -> bool:
    """What comes through the gate is what pages send, or no message, at which Streamlit closes the connection."""
    first = {"type": "websocket.receive", "text" if isinstance(sent, str) else "bytes": sent}
    waiting, got = [first, {"type": "websocket.disconnect"}], []

    async def receive() -> dict[str, object]:
        return waiting.pop(0)

    async def inner(scope: object, receive: Callable[[], Awaitable[object]], send: object) -> None:
        got.append(await receive())

    with suppress(StopIteration):  # nothing in it waits, so that one step is all
        Gate(inner)({"type": "websocket"}, receive, None).send(None)  # type: ignore[arg-type]
    if got != [first]:
        return False
    try:
        assert isinstance(sent, bytes)
        assert BackMsg.FromString(sent).WhichOneof("type") in _OURS
    except DecodeError:
        return False
    return True


def _message(kind: str) -> bytes:
    made = BackMsg()
    field = getattr(made, kind)
    field.SetInParent() if hasattr(field, "SetInParent") else setattr(made, kind, True)
    return made.SerializeToString()


_PAIRS = st.lists(st.tuples(st.integers(1, 255), st.integers(0, 255)), max_size=8)
_DRAWINGS = _PAIRS.map(lambda pairs: bytes(value for pair in pairs for value in pair)) | st.just(bytes([63, 9]))
_TEXT = (_DRAWINGS | damaged(st.just(bytes([60, 255, 3, 0])))).map(lambda content: base64.b64encode(content).decode())
_POINTS = {"epoch": 3, "points": [[0.5, -1.0], [2, 3]]}
_MARKED = {"deal": "deal", "marked": [0, 3, 19]}
_CODES = {"model": "vae-2d", "z": [0.5, 2], "label": 3, "sent": 3}
_FACES = {"z": [0.5, 2, -1.25]}
_STOOD = {"of": "3", "at": 640, "slow": 3, "axis": "seconds", "drawn": ["points", "density"]}
_MOVED = [1.0, 0, 0, -2.5, 0, 0, 3]
_HOLES = st.binary(min_size=8, max_size=8) | st.binary(max_size=12)
_KEYS = st.text("0123456789abcdefABCDEF\n", min_size=31, max_size=33)

BORDERS = [
    Border(
        "what the brush sends",
        _TEXT | _TEXT.map(lambda text: text + "\n") | JSONS,
        brush,
        examples=(packed(np.ones(_SHAPE, np.uint8)),),
    ),
    Border("what the flipbook sends", altered(st.just(_POINTS)) | JSONS, points, examples=(_POINTS,)),
    Border("what the sorter sends", altered(st.just(_MARKED)) | JSONS, places, examples=(_MARKED,)),
    Border("what the studio sends", altered(st.just(_CODES)) | JSONS, code, examples=(_CODES,)),
    Border(
        "what the portraits send",
        altered(st.just(_FACES)) | st.lists(NUMBERS | TEXTS, min_size=3, max_size=3) | JSONS,
        face,
        examples=(_FACES,),
    ),
    Border(
        "holes in an address",
        _HOLES.map(lambda content: base64.urlsafe_b64encode(content).decode().rstrip("=")) | TEXTS,
        hole,
        examples=(mask_text(np.full(_SHAPE, 255, np.uint8)),),
    ),
    Border("where players stand", altered(st.just(_STOOD)) | JSONS, stood, examples=(_STOOD,)),
    Border(
        "what the sliders of a face send",
        altered(st.just(_MOVED)) | st.lists(NUMBERS, min_size=7, max_size=7) | JSONS,
        moves,
        examples=(_MOVED,),
    ),
    Border("keys of browsers", st.just(KEY) | _KEYS | JSONS, key, examples=(KEY,)),
    Border(
        "messages of the websocket",
        damaged(st.sampled_from(_KINDS).map(_message) | st.binary(max_size=60))
        | TEXTS
        | st.sampled_from(_KINDS).map(_message),
        message,
        examples=(_message("rerun_script"),),
    ),
]
