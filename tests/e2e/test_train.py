"""The training page in a real browser."""

import time

import numpy as np
import pytest

from genlib.film import Film
from genlib.runs import RunFolder

pytestmark = pytest.mark.e2e


def start(page):
    """Press Train; returns the id of the run."""
    page.get_by_role("button", name="Train", exact=True).click()
    wait(page, "running")
    return page.url.rsplit("run=", 1)[1][:16]


def wait(page, state):
    page.wait_for_selector(f".live[data-state={state}]")


def step(page):
    return int(page.locator(".live").get_attribute("data-step"))


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


LONG = "/train?budget=seconds&seconds=300"


def test_train_pause_resume_stop(visit):
    page = visit().go(LONG, "canvas.samples")
    start(page)
    click(page, "Pause")
    wait(page, "paused")
    page.wait_for_timeout(600)
    paused = step(page)
    page.wait_for_timeout(600)
    assert step(page) == paused
    click(page, "Resume")
    wait(page, "running")
    deadline = time.monotonic() + 30
    while step(page) <= paused:
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
    click(page, "Stop")
    wait(page, "stopped")
    click(page, "Go on")
    wait(page, "running")
    assert step(page) > paused
    click(page, "Stop")
    wait(page, "stopped")


def test_the_panel_shows_the_newest_frame_and_is_never_remounted(visit, server):
    page = visit().go(LONG, "canvas.samples")
    run = start(page)
    page.locator("canvas.samples").evaluate("canvas => { canvas.mine = true }")
    page.locator("canvas.reconstruction").evaluate("canvas => { canvas.mine = true }")
    page.wait_for_timeout(2500)
    click(page, "Stop")
    wait(page, "stopped")
    for name in ("samples", "reconstruction"):
        assert page.locator(f"canvas.{name}").evaluate("canvas => canvas.mine === true")
    page.wait_for_timeout(500)
    film = Film(RunFolder(server.home / "runs" / run).path / "frames")
    expected = film.frame(film.steps()[-1])["samples"][0]
    shown = page.locator("canvas.samples").evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0)"
    )
    np.testing.assert_array_equal(np.array(shown).reshape(28, 28), expected)


def test_a_refresh_finds_the_run_and_keeps_the_key(visit):
    visitor = visit()
    page = visitor.go(LONG, "canvas.samples")
    run = start(page)
    before = step(page)
    page.reload()
    wait(page, "running")
    assert run in page.url
    assert step(page) >= before
    click(page, "Stop")
    wait(page, "stopped")


def test_a_second_visitor_watches_and_cannot_steer(visit):
    owner = visit().go(LONG, "canvas.samples")
    run = start(owner)
    guest = visit().go(f"/train?run={run}", ".live[data-state=running]")
    guest.wait_for_selector("text=only there it can be steered")
    for name in ("Pause", "Stop"):
        assert guest.get_by_role("button", name=name, exact=True).count() == 0
    before = step(guest)
    guest.wait_for_timeout(1500)
    assert step(guest) > before
    click(owner, "Stop")
    wait(owner, "stopped")
    wait(guest, "stopped")


def test_two_clicks_start_one_run(visit, server):
    page = visit().go(LONG, "canvas.samples")
    count = len(list((server.home / "runs").glob("*")))
    page.get_by_role("button", name="Train", exact=True).dblclick()
    wait(page, "running")
    page.wait_for_timeout(1000)
    assert len(list((server.home / "runs").glob("*"))) == count + 1
    click(page, "Stop")
    wait(page, "stopped")


def test_a_far_too_large_learning_rate_ends_in_a_sentence(visit):
    page = visit().go("/train?learning_rate=100", "canvas.samples")
    page.get_by_role("button", name="Train", exact=True).click()
    wait(page, "failed")
    assert "learning rate" in page.locator(".words").inner_text()
    assert page.get_by_role("button", name="Train", exact=True).is_enabled()


def test_a_server_that_was_killed_finds_its_runs(fresh_server, visit):
    visitor = visit(fresh_server.url)
    page = visitor.go(LONG, "canvas.samples")
    run = start(page)
    page.wait_for_timeout(1500)
    fresh_server.stop(kill=True)
    folder = RunFolder(fresh_server.home / "runs" / run)
    deadline = time.monotonic() + 30
    while folder.status.state != "interrupted":
        assert time.monotonic() < deadline, "the trainer outlived its server"
        time.sleep(0.1)
    visitor.faults.clear()  # a lost server is an error that the browser rightly tells
    fresh_server.start()
    page.goto(f"{fresh_server.url}/train?run={run}")
    wait(page, "interrupted")
    reached = folder.status.step
    click(page, "Go on")
    wait(page, "running")
    click(page, "Stop")
    wait(page, "stopped")
    assert folder.status.step >= reached
    visitor.faults.clear()


@pytest.mark.parametrize(("query", "part"), [("run=zzz", "no run"), ("latent_dim=999", "from 1 to 64")])
def test_a_first_visitor_reads_what_is_wrong_with_an_address(visit, query, part):
    page = visit().go(f"/train?{query}", "canvas.samples")
    page.wait_for_selector(f"text={part}")
    page.wait_for_timeout(1500)  # the browser has told its key by now, and the page has run again
    assert page.get_by_text(part).count() == 1
