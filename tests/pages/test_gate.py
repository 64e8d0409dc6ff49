"""What reaches Streamlit of what a browser sends."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.ui.gate import Gate

pytestmark = pytest.mark.fast
KINDS = [field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
OURS = {"rerun_script", "stop_script", "file_urls_request", "app_heartbeat", "backend_operation_request"}
CLOSE = {"type": "websocket.disconnect"}


def made(kind):
    message = BackMsg()
    field = getattr(message, kind)
    field.SetInParent() if hasattr(field, "SetInParent") else setattr(message, kind, True)
    return {"type": "websocket.receive", "bytes": message.SerializeToString()}


def passed(messages, kind="websocket"):
    """What comes through, until the connection closes."""
    waiting, got = [*messages, CLOSE], []

    async def receive():
        return waiting.pop(0)

    async def inner(scope, receive, send):
        while (message := await receive()) != CLOSE:
            got.append(message)

    with pytest.raises(StopIteration):  # nothing in it waits, so that one step is all
        Gate(inner)({"type": kind}, receive, None).send(None)
    return got


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_pages_send_passes(kind):
    assert passed([made(kind)]) == ([made(kind)] if kind in OURS else [])


def test_what_is_no_socket_is_left_alone():
    assert passed([made("clear_cache")], "http") == [made("clear_cache")]
