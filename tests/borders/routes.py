"""What browsers ask the server for over HTTP: addresses, query strings, headers and bodies, routed as on the server."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from starlette.applications import Starlette

from genlib.library import bundled
from pages.ui.routes import ROUTES
from tests.borders import Border, check_sentence
from tests.borders.junk import TEXTS

_APP = Starlette(routes=ROUTES)
_MOST = 4_000_000  # bytes of an answer


@dataclass(frozen=True)
class Asked:
    """One question."""

    path: str
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    method: str = "GET"
    body: tuple[bytes, ...] = ()


def answered(asked: Asked) -> bool:
    """An answer is never a fault of the server's; what is refused is told in a sentence."""
    status, headers, content = _answer(asked)
    assert status < 500, content[:500]
    assert len(content) <= _MOST
    if headers.get(b"content-type") == b"application/json":
        told = json.loads(content, parse_constant=_no_number)
        if "error" in told:
            check_sentence(told["error"])
            assert set(told) == {"error"}
            return False
    location = headers.get(b"location", b"/").decode("latin-1")
    assert location.startswith("/")
    assert not location.startswith("//"), "it leads to another server"
    return status < 400


def _no_number(name: str) -> None:
    raise AssertionError(f"a browser cannot read {name}")


def _answer(asked: Asked) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[dict[str, Any]] = []
    parts = list(asked.body) or [b""]

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": asked.method,
        "path": asked.path,
        "raw_path": b"",
        "query_string": asked.query,
        "headers": list(asked.headers),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }

    async def ask() -> None:
        await _APP(scope, receive, send)  # type: ignore[arg-type]

    # In a thread of its own: where browser tests ran before, this one has an event loop that never ends.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, ask()).result()
    start = next(message for message in sent if message["type"] == "http.response.start")
    return start["status"], dict(start["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


_NAMES = (
    st.sampled_from(["vae-2d", "vae-labels", "ae-2d", "classifier", "0" * 16, *(run.id for run in bundled())]) | TEXTS
)
_WHAT = st.sampled_from(
    [
        "runs/{}/news",
        "runs/{}/frames",
        "runs/{}/numbers",
        "models/{}/decoder",
        "models/{}/atlas",
        "models/{}/decode",
        "models/{}/nearest",
        "models/{}/tests",
        "portraits",
        "runs/../models/{}/atlas",
    ]
)
_PAGES = st.sampled_from(["mixture", "train", "runs", "/train", "train/", "nowhere"])
_REST = TEXTS | st.sampled_from(["_stcore/health", "/evil.example", "//evil.example", "..//evil.example", "%2f%2fevil"])
_PATHS = st.builds(lambda what, name: f"/genlib/{what.replace('{}', name)}", _WHAT, _NAMES) | st.builds(
    "/{}/{}".format, _PAGES, _REST
)
_VALUES = TEXTS.map(lambda text: text.encode("utf-8", "replace")) | st.sampled_from(
    [
        b"0,0",
        b"0,0;1,1",
        b"1e7,0",
        b"nan,0",
        b",".join([b"0"] * 20),
        b"0,2147483647,4294967295,4294967296,-1",
        b"3",
        b"%00",
        b"%ff%fe",
        b"&z=1",
        b";" * 10_000,
        b"1," * 10_000,
    ]
)
_QUERIES = st.lists(st.tuples(st.sampled_from([b"z", b"label", b"steps", b"step", b"x"]), _VALUES), max_size=3).map(
    lambda pairs: b"&".join(name + b"=" + value for name, value in pairs)
) | st.binary(max_size=40)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"x-film", b"if-none-match", b"cookie", b"range", b"content-length", b"host", b"accept-encoding"]
        ),
        st.binary(max_size=30) | st.sampled_from([b"*", b'W/"x"', b"bytes=0-", b"-1", b"evil.example", b"x" * 5000]),
    ),
    max_size=3,
)
_BODIES = st.lists(
    st.binary(max_size=50) | st.sampled_from([bytes(784), bytes(392), b"\xff" * 785, bytes(10**6)]), max_size=3
)

BORDERS = [
    Border(
        "questions over HTTP",
        st.builds(
            Asked,
            _PATHS,
            _QUERIES,
            _HEADERS.map(tuple),
            st.sampled_from(["GET", "GET", "POST", "HEAD", "PUT"]),
            _BODIES.map(tuple),
        ),
        answered,
        examples=(
            Asked("/genlib/models/vae-2d/atlas"),
            Asked("/mixture/", b"\x80"),
        ),
    ),
]
