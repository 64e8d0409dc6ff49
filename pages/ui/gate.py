"""What a browser may ask the server for: nothing that acts on all visitors at once."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

__all__ = ["Gate"]

# Among the others is "clear_cache": from any visitor, it would close the dispatcher of all runs.
_ALLOWED = {"rerun_script", "stop_script", "file_urls_request", "app_heartbeat", "backend_operation_request"}


class Gate:
    """Middleware that drops what no page of ours asks for, and only a forged message can."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def passed() -> Message:
            while not _may_pass(message := await receive()):
                pass
            return message

        await self._app(scope, passed if scope["type"] == "websocket" else receive, send)


def _may_pass(message: Message) -> bool:
    if message["type"] != "websocket.receive":
        return True
    try:
        return BackMsg.FromString(message.get("bytes") or b"").WhichOneof("type") in _ALLOWED
    except DecodeError:
        return True  # at which Streamlit closes the connection
