"""Nobody can steer, rename or delete another's run: not by the page, by its address, or by forged messages.

What a page sends is recorded as its owner acts, and sent again from the browser of somebody else, whole but for the
owner's key, which no other browser has. From a second tab of the owner the same message works, so that the proof would
fail if it were drawn from a page that hears nothing.
"""

import json
import re
import shutil
import time

import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from genlib.runs import RunFolder
from tests.e2e.test_train import button, click, start, wait

pytestmark = pytest.mark.e2e
LONG = "/train?budget=seconds&seconds=300&hidden_dim=16"
PATIENCE = 1500  # milliseconds in which a forged message would have acted; an honest one takes about 300


class Tap:
    """A page whose messages to the server are recorded, and joined by forged ones."""

    def __init__(self, page):
        self.page, self.sent, self.heard, self.introduced = page, [], 0, None
        page.route_web_socket(re.compile("_stcore/stream"), self._join)

    def _join(self, socket):
        self.server = socket.connect_to_server()
        socket.on_message(self._send)
        self.server.on_message(lambda message: self._hear(socket, message))

    def _send(self, message):
        if b"owner" in message and self.introduced is None:
            self.introduced = message
        self.sent.append(message)
        self.server.send(message)

    def _hear(self, socket, message):
        self.heard += 1
        socket.send(message)

    def act(self, does):
        """What the page sends because of ``does``, with a trigger or a value in it."""
        self.sent.clear()
        does()
        return [message for message in self.sent if BackMsg.FromString(message).rerun_script.HasField("widget_states")]

    def forge(self, messages, patience=PATIENCE):
        """Send what another page has sent, but for its key."""
        before = self.heard
        for message in messages:
            forged = BackMsg.FromString(message)
            kept = [each for each in forged.rerun_script.widget_states.widgets if "owner" not in each.id]
            del forged.rerun_script.widget_states.widgets[:]
            forged.rerun_script.widget_states.widgets.extend(kept)
            self.server.send(forged.SerializeToString())
        deadline = time.monotonic() + 15
        while self.heard == before:
            assert time.monotonic() < deadline, "the server answers"
            self.page.wait_for_timeout(50)
        self.page.wait_for_timeout(patience)

    def claim(self, key):
        """Say that this browser's key is another one, as its element would."""
        forged = BackMsg.FromString(self.introduced)
        (owner,) = (each for each in forged.rerun_script.widget_states.widgets if "owner" in each.id)
        owner.json_value = json.dumps({"key": key})
        self.server.send(forged.SerializeToString())


@pytest.fixture
def two(visit, server):
    """The page of a run's owner, that of another visitor who watches, and the run."""
    owner = Tap(visit().page)
    owner.page.goto(server.url + LONG)
    owner.page.wait_for_selector("canvas.samples")
    run = RunFolder(server.home / "runs" / start(owner.page))
    guest = Tap(visit().page)
    guest.page.goto(f"{server.url}/train?run={run.id}")
    wait(guest.page, "running")
    return owner, guest, run


def test_a_run_is_not_steered_by_others(two, server):
    owner, guest, run = two
    pause = owner.act(lambda: (click(owner.page, "Pause"), wait(owner.page, "paused")))
    resume = owner.act(lambda: (click(owner.page, "Resume"), wait(owner.page, "running")))
    guest.forge(pause)
    assert (run.wish.want, run.status.state) == ("run", "running")
    twin = Tap(owner.page.context.new_page())
    twin.page.goto(f"{server.url}/train?run={run.id}")
    wait(twin.page, "running")
    twin.forge(pause)
    wait(owner.page, "paused")
    guest.forge(resume)
    assert run.status.state == "paused"
    stop = owner.act(lambda: (click(owner.page, "Stop"), wait(owner.page, "stopped")))
    click(owner.page, "Go on")
    wait(owner.page, "running")
    guest.forge(stop)
    hashed = json.loads((run.path / "run.json").read_text())["owner"]
    for key in (hashed, hashed[:32], "0" * 32, "../../etc", "", None, ["key"], {"key": hashed}):
        guest.claim(key)
        guest.forge(stop[-1:], 300)
    guest.page.wait_for_timeout(PATIENCE)
    assert run.status.state == "running"
    guest.page.goto(f"{server.url}/train?run={run.id}&want=stop&do_Stop=true&delete={run.id}&key={hashed}")
    wait(guest.page, "running")
    expect(button(guest.page, "Stop")).to_have_count(0)
    for method in ("post", "put", "delete", "patch"):
        answer = getattr(guest.page.request, method)(f"{server.url}/genlib/runs/{run.id}/news")
        assert answer.status in (404, 405)
    click(owner.page, "Stop")
    wait(owner.page, "stopped")


def test_a_run_is_not_renamed_or_deleted_by_others(two, server):
    owner, guest, run = two
    click(owner.page, "Stop")
    wait(owner.page, "stopped")
    for tap in two[:2]:
        tap.page.goto(f"{server.url}/runs")
    owner.page.wait_for_selector("[data-testid=stMain] img")
    guest.page.wait_for_selector("text=No run yet")
    owner.page.get_by_role("button", name="More").first.click()
    name = owner.page.get_by_role("textbox", name="Name")
    named = owner.act(lambda: (name.fill("mine"), name.press("Enter"), owner.page.get_by_text("mine").first.wait_for()))
    name.fill("mine alone")
    name.press("Enter")
    owner.page.get_by_text("mine alone").first.wait_for()
    guest.forge(named)
    assert run.name == "mine alone"
    aside = shutil.copytree(run.path, server.home / "aside")
    owner.page.get_by_text("Delete this run for good").click()
    deleted = owner.act(
        lambda: (click(owner.page, "Delete"), owner.page.get_by_text("No run yet").wait_for(state="visible"))
    )
    assert not run.path.exists()
    aside.rename(run.path)
    guest.forge(deleted)
    assert run.path.exists()
    owner.page.reload()
    owner.page.get_by_text("mine alone").first.wait_for()


def test_messages_that_no_page_sends_do_not_reach_streamlit(visit, server):
    guest = Tap(visit().page)
    guest.page.goto(server.url + "/runs")
    guest.page.wait_for_selector("text=No run yet")
    guest.server.send(BackMsg(debug_shutdown_runtime=True).SerializeToString())  # of which it would warn
    guest.server.send(BackMsg(clear_cache=True).SerializeToString())
    guest.page.wait_for_timeout(500)
    assert "shut down" not in (server.home / "server.log").read_text()
