"""From one page to another."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.served import settle

pytestmark = pytest.mark.e2e
PAGES = ("Lessons", "2-D lab", "Own images", "Train", "Portraits", "My runs", "Compare")


def test_a_page_that_nobody_touches_runs_once(visit):
    visitor, asked = visit(), []
    page = visitor.page
    page.on("websocket", lambda socket: socket.on("framesent", lambda sent: asked.append(BackMsg.FromString(sent))))
    visitor.go("/mixture", "h1")
    settle(page)
    runs = {}
    for name in PAGES:
        asked.clear()
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        settle(page)
        runs[name] = sum(message.HasField("rerun_script") for message in asked)
    assert runs == dict.fromkeys(PAGES, 1)
