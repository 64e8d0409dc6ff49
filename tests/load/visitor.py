"""A visitor without a screen: a Streamlit session over the websocket, as a browser holds it, and what the elements of
the page ask for over HTTP.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.served import Server

__all__ = ["Visitor"]

PATIENCE = 60.0  # seconds


class Visitor:
    """One tab of the training room.

    Attributes:
        key: What tells whose a run is, as the browser's cookie would.
        query: What the address says after the page.
        buttons: What can be pressed now, by what stands on it: the names by which the server knows them.
        sentences: What the page tells now.
    """

    def __init__(self, server: Server, number: int, query: str = "") -> None:
        self.server, self.key, self.query = server, f"{number + 1:032x}", query
        self.buttons: dict[str, str] = {}
        self.sentences: list[str] = []
        self._name = f"{number}"
        self._drawn = asyncio.Event()
        self._lines: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> float:
        """Come to the page; seconds until it was drawn."""
        self._socket = await websockets.connect(
            f"ws://127.0.0.1:{self.server.port}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=self.server.url,
            additional_headers={"Cookie": f"genlib_key={self.key}"},
            max_size=None,
            compression=None,
        )
        self._hearing = asyncio.create_task(self._hear())
        return await self.draw()

    async def draw(self, press: str = "") -> float:
        """Have the page run, by a button where one is named; seconds that it took."""
        message, began = BackMsg(), time.perf_counter()
        message.rerun_script.query_string, message.rerun_script.page_name = self.query, "train"
        if press:
            widget = message.rerun_script.widget_states.widgets.add()
            widget.id, widget.trigger_value = press, True
        self._drawn.clear()
        await self._socket.send(message.SerializeToString())
        drawn = asyncio.create_task(self._drawn.wait())
        await asyncio.wait({drawn, self._hearing}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if not drawn.done():
            drawn.cancel()
            raise OSError("the page was not drawn")
        return time.perf_counter() - began

    async def press(self, button: str) -> float:
        return await self.draw(self.buttons[button])

    @property
    def run(self) -> str:
        """The run that the address names."""
        return self.query.partition("run=")[2][:16]

    async def news(self, run: str) -> dict[str, Any]:
        return json.loads(await self.get(f"/genlib/runs/{run}/news"))

    async def get(self, path: str) -> bytes:
        """Ask over the connection that is kept, or over a new one where the server has closed it, as a browser does."""
        try:
            return await self._ask(path)
        except (ConnectionError, EOFError):
            self._lines = None
        try:
            return await self._ask(path)
        except EOFError as error:
            raise OSError(f"no answer: {error}") from None

    async def _ask(self, path: str) -> bytes:
        if self._lines is None:
            self._lines = await asyncio.open_connection("127.0.0.1", self.server.port)
        reader, writer = self._lines
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Film: {self._name}\r\n\r\n".encode())
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length"))
        content = await reader.readexactly(length)
        if " 200 " not in lines[0]:
            raise OSError(lines[0])
        return content

    async def close(self) -> None:
        self._hearing.cancel()
        await self._socket.close()
        if self._lines:
            self._lines[1].close()

    async def _hear(self) -> None:
        async for content in self._socket:
            message = ForwardMsg.FromString(content)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.buttons, self.sentences = {}, []
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "script_finished":
                self._drawn.set()
            elif kind == "delta":
                element = message.delta.new_element
                if element.WhichOneof("type") == "button":
                    self.buttons[element.button.label] = element.button.id
                elif element.WhichOneof("type") == "alert":
                    self.sentences.append(element.alert.body)
