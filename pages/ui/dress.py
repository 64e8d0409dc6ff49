"""The style of all pages, sent with the page itself.

Streamlit shows a page before any style that the page sets comes, and then everything would move.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Dress"]

_FILES = ("frame.css", "everybody.css", "home.css")
_STYLE = "".join((Path(__file__).parent / name).read_text("utf-8") for name in _FILES)
# Where the menu will be, until it is there.
_MENU = """
@media (min-width: 768px) {
  [data-testid="stAppViewContainer"]:not(:has([data-testid="stSidebar"], h1)) > :has([data-testid="stMain"]) {
    margin-left: 300px;
  }
}
"""
_WITHOUT_MENU = {"embed", "hide", "lesson", "present"}  # in the address, for whom there may be none
_END = b"</body>"  # behind it Streamlit's own style, which it adds to the head, comes first


class Dress:
    """Middleware that adds the style to every web page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        # A packed page could not be dressed: whoever asks for a page gets it as it is.
        asked = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        if b"text/html" in dict(asked).get(b"accept", b""):
            scope = {**scope, "headers": asked}
        menu = "" if _WITHOUT_MENU & parse_qs(scope["query_string"].decode("latin-1")).keys() else _MENU
        style = f"<style>{_STYLE}{menu}</style>".encode()
        begun: Message | None = None  # the start of a web page, held back until it is whole
        parts: list[bytes] = []

        async def dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _is_page(message):
                begun = message
                return
            if begun is None or message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            body = b"".join(parts).replace(_END, style + _END, 1)
            headers = MutableHeaders(raw=begun["headers"])
            headers["content-length"] = str(len(body))
            for name in ("etag", "last-modified", "accept-ranges"):  # of the page without
                del headers[name]
            await send(begun)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, dressed)


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=start["headers"])
    packed = "content-encoding" in headers
    return start["status"] == 200 and headers.get("content-type", "").startswith("text/html") and not packed
