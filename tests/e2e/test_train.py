"""The training page in a real browser."""

import os
import shutil
import signal
import time

import numpy as np
import pytest
from playwright.sync_api import TimeoutError, expect

from genlib.changes import read_changes
from genlib.film import Film
from genlib.runs import RunFolder
from genlib.runs.status import lives
from genlib.settings import RunSettings

pytestmark = pytest.mark.e2e


def start(page):
    """Press Train; returns the id of the run."""
    click(page, "Train")
    wait(page, "running")
    return page.url.rsplit("run=", 1)[1][:16]


def wait(page, state):
    try:
        page.wait_for_selector(f".live[data-state={state}]")
    except TimeoutError:
        found = page.locator(".live").evaluate_all("all => all.map((one) => one.dataset.state)")
        raise AssertionError(f"the run should be {state}, and the page shows {found} at {page.url}") from None


def step(page):
    return int(page.locator(".live").get_attribute("data-step"))


def click(page, name):
    button(page, name).click()


def button(page, name):
    # Streamlit's own header has a Stop, too, while the page runs.
    return page.get_by_role("button", name=name, exact=True).and_(page.locator(":not([kind=header])"))


def slide(page, name, times):
    """Move a slider by the keyboard, and see each step."""
    slider = page.get_by_role("slider", name=name)
    for _ in range(times):
        before = slider.input_value()
        slider.press("ArrowRight")
        expect(slider).not_to_have_value(before)


def pixels(page, name, top=0):
    """One 28 x 28 image of a sheet, from a row of pixels on."""
    flat = page.locator(f"canvas.{name}").evaluate(
        "(c, top) => Array.from(c.getContext('2d').getImageData(0, top, 28, 28).data).filter((_, i) => i % 4 === 0)",
        top,
    )
    return np.array(flat).reshape(28, 28)


def curve(page):
    return page.locator("canvas.reconstruction").evaluate("c => c.toDataURL()")


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
    np.testing.assert_array_equal(pixels(page, "samples"), expected)


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


@pytest.mark.slow
def test_a_second_visitor_watches_and_cannot_steer(visit, server):
    owner = visit().go(LONG, "canvas.samples")
    run = start(owner)
    guest = visit().go(f"/train?run={run}", ".live[data-state=running]")
    guest.wait_for_selector("text=there it can be steered")
    for name in ("Pause", "Stop", "One more epoch"):
        expect(button(guest, name)).to_have_count(0)
    before = step(guest)
    guest.wait_for_timeout(1500)
    assert step(guest) > before
    slide(guest, "Beta β", 3)
    guest.wait_for_selector("text=A draft of your next run")
    assert RunFolder(server.home / "runs" / run).wish.knobs == {}
    guest.goto(f"{server.url}/runs")
    guest.wait_for_selector("text=No run yet")
    click(owner, "Stop")
    wait(owner, "stopped")


@pytest.mark.slow
def test_two_tabs_of_one_visitor_stay_in_step(visit, server):
    visitor = visit()
    one = visitor.go(LONG, "canvas.samples")
    run = start(one)
    two = visitor.open()
    two.goto(f"{server.url}/train?run={run}")
    wait(two, "running")
    slide(one, "Beta β", 4)
    slide(two, "Learning rate", 1)
    for page in (one, two):
        page.wait_for_selector("text=/Changed while it trained.*Beta.*1.4/")
        page.wait_for_selector("text=/Changed while it trained.*Learning rate.*0.002/")
        assert page.get_by_text("A draft of your next run").count() == 0
    changes = read_changes(RunFolder(server.home / "runs" / run).changes(), RunSettings())
    assert {change.knob: change.value for change in changes} == {"beta": 1.4, "learning_rate": 0.002}
    click(two, "Pause")
    wait(one, "paused")
    click(one, "Stop")
    wait(two, "stopped")


@pytest.mark.slow
def test_two_tabs_that_steer_at_once_undo_nothing(visit, server):
    visitor = visit()
    one = visitor.go(LONG, "canvas.samples")
    run = RunFolder(server.home / "runs" / start(one))
    two = visitor.open()
    two.goto(f"{server.url}/train?run={run.id}")
    wait(two, "running")
    for beta, rate in ((1.3, 0.002), (1.6, 0.005)):
        slide(two, "Beta β", 3)
        slide(one, "Learning rate", 1)
        deadline = time.monotonic() + 15
        while {**run.wish.knobs} != {"beta": beta, "learning_rate": rate}:
            assert time.monotonic() < deadline, run.wish
            time.sleep(0.1)
        one.wait_for_timeout(2500)
        assert {**run.wish.knobs} == {"beta": beta, "learning_rate": rate}, "nothing is taken back later"
    click(one, "Stop")
    wait(two, "stopped")


def test_the_keyboard_keeps_its_place(visit):
    page = visit().go(LONG, "canvas.samples")
    start(page)
    page.get_by_role("button", name="Pause", exact=True).focus()
    page.keyboard.press("Enter")
    wait(page, "paused")
    page.wait_for_timeout(700)
    assert "Resume" in page.evaluate("document.activeElement.innerText")
    paused = step(page)
    page.get_by_role("button", name="One step", exact=True).focus()
    for more in (1, 2, 3):
        page.keyboard.press("Enter")
        page.wait_for_selector(f".live[data-state=paused][data-step='{paused + more}']")
        page.wait_for_timeout(700)
        assert "One step" in page.evaluate("document.activeElement.innerText")
    click(page, "Stop")
    wait(page, "stopped")


def test_one_step_and_one_more_epoch(visit):
    page = visit().go("/train?epochs=1&batch_size=1000&hidden_dim=16", "canvas.samples")
    start(page)
    wait(page, "done")
    assert step(page) == 55
    click(page, "One more epoch")
    page.wait_for_selector(".live[data-state=done][data-step='110']")
    page.get_by_role("button", name="One more epoch", exact=True).dblclick()
    page.wait_for_selector(".live[data-state=done][data-step='165']")
    page.wait_for_timeout(1500)
    assert step(page) == 165, "two clicks ask for one epoch"


def test_an_edit_is_a_draft_and_a_run_wins_over_the_address(visit, server):
    page = visit().go(LONG, "canvas.samples")
    run = start(page)
    slide(page, "Latent size D", 3)
    page.wait_for_selector("text=Latent size D 5 instead of 2")
    page.goto(f"{server.url}/train?run={run}&latent_dim=9&seconds=5")
    wait(page, "running")
    page.wait_for_timeout(500)
    assert page.get_by_role("slider", name="Latent size D").input_value() == "2"
    assert "latent_dim" not in page.url
    assert page.get_by_text("A draft of your next run").count() == 0
    slide(page, "Latent size D", 1)
    page.wait_for_selector("text=Latent size D 3 instead of 2")
    click(page, "Train")
    page.wait_for_selector(".live[data-state=queued]")
    assert run not in page.url
    click(page, "Stop")
    wait(page, "stopped")
    page.goto(f"{server.url}/train?run={run}")
    wait(page, "running")
    click(page, "Stop")
    wait(page, "stopped")


def test_a_finished_run_is_wound_back_without_the_server(visit, server):
    page = visit().go("/train?epochs=2&batch_size=200&hidden_dim=32", "canvas.samples")
    run = start(page)
    wait(page, "done")
    film = Film(RunFolder(server.home / "runs" / run).path / "frames")
    steps = film.steps()
    page.wait_for_selector(f".lane[data-loaded='{len(steps)}']")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/frames" in request.url else None)
    page.on("websocket", lambda socket: asked.append(socket.url))
    slider = page.locator(".room input[type=range]")
    assert slider.get_attribute("max") == str(len(steps) - 1)
    plain = curve(page)
    for at in (0, len(steps) // 2, len(steps) - 1):
        slider.evaluate("(r, at) => { r.value = at; r.dispatchEvent(new Event('input')) }", at)
        page.wait_for_selector(f".lane[data-shown='{steps[at]}']")
        np.testing.assert_array_equal(pixels(page, "samples"), film.frame(steps[at])["samples"][0])
        # Below the first original stands its reconstruction.
        np.testing.assert_array_equal(pixels(page, "pairs", 29), film.frame(steps[at])["reconstructions"][0])
        assert (curve(page) != plain) == (at < len(steps) - 1), (
            "a marker stands on the curves while one is back in time"
        )
        assert at == len(steps) - 1 or f"step {steps[at]:,}" in page.locator(".room .now").inner_text()
    page.locator(".room [data-do=first]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".lane[data-shown='{steps[-1]}']")
    page.keyboard.press("Home")
    page.wait_for_selector(f".lane[data-shown='{steps[0]}']")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f".lane[data-shown='{steps[1]}']")
    assert asked == []


def test_a_running_run_is_wound_back_while_it_goes_on(visit):
    page = visit().go(LONG, "canvas.samples")
    start(page)
    page.wait_for_function("document.querySelector('[data-testid=stMain]') !== null")
    page.wait_for_timeout(2500)
    page.locator(".room [data-do=first]").click()
    page.wait_for_selector(".lane[data-shown='0']")
    before = step(page)
    page.wait_for_timeout(1500)
    assert step(page) > before
    assert page.locator(".lane").get_attribute("data-shown") == "0", "news do not tear one out of the past"
    page.locator(".room [data-do=last]").click()
    page.locator(".lane").evaluate(
        """async (lane, before) => {
          while (!(+lane.dataset.shown > before)) await new Promise(resolve => setTimeout(resolve, 50));
        }""",
        before,
    )
    click(page, "Stop")
    wait(page, "stopped")


def test_a_killed_trainer_is_noticed_within_five_seconds(visit, server):
    page = visit().go(LONG, "canvas.samples")
    run = start(page)
    page.wait_for_timeout(1000)
    os.kill(RunFolder(server.home / "runs" / run).status.pid, signal.SIGKILL)
    page.wait_for_selector(".live[data-state=interrupted]", timeout=5000)
    click(page, "Go on")
    wait(page, "running")
    click(page, "Stop")
    wait(page, "stopped")


@pytest.mark.slow
def test_a_folder_that_is_removed_is_one_sentence(visit, server):
    page = visit().go(LONG, "canvas.samples")
    run = start(page)
    pid = RunFolder(server.home / "runs" / run).status.pid
    (server.home / "runs" / run).rename(server.home / "removed")  # at once, while its trainer writes
    shutil.rmtree(server.home / "removed", ignore_errors=True)
    page.wait_for_selector("text=There is no")
    deadline = time.monotonic() + 15
    while lives(pid):
        assert time.monotonic() < deadline, "the trainer of a removed run goes on"
        time.sleep(0.1)


def test_two_clicks_start_one_run(visit, server):
    page = visit().go(LONG, "canvas.samples")
    count = len(list((server.home / "runs").glob("*")))
    page.get_by_role("button", name="Train", exact=True).dblclick()
    wait(page, "running")
    page.wait_for_timeout(1000)
    assert len(list((server.home / "runs").glob("*"))) == count + 1
    click(page, "Stop")
    wait(page, "stopped")


@pytest.mark.slow
def test_a_far_too_large_learning_rate_ends_in_a_sentence(visit):
    page = visit().go("/train?learning_rate=100", "canvas.samples")
    click(page, "Train")
    wait(page, "failed")
    assert "learning rate" in page.locator(".words").inner_text()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


@pytest.mark.slow
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


def test_a_gan_plays_and_either_side_can_be_stopped(visit):
    page = visit().go(f"{LONG}&family=gan", "canvas.scores")
    start(page)
    while step(page) < 5:
        page.wait_for_timeout(100)
    page.get_by_text("D alone", exact=True).click()
    page.wait_for_selector(".changed:has-text('Who learns D alone')")
    click(page, "Pause")
    wait(page, "paused")
    before = step(page)
    click(page, "One step")
    page.wait_for_selector(f".live[data-step='{before + 1}']")
    for name in ("game", "belief", "gradients", "spread", "samples", "scores"):
        assert page.locator(f"canvas.{name}").is_visible()
    assert not page.locator("canvas.map").is_visible(), "a GAN has no codes of images"


def test_a_preset_that_fails_names_its_cure(visit):
    page = visit().go("/train", "canvas.samples")
    page.get_by_label("Preset").click()
    page.get_by_role("option", name="Fails: posterior collapse").click()
    page.wait_for_url("**beta=20**")
    click(page, "Show the cure")
    page.wait_for_url(lambda url: "beta" not in url)
    assert page.get_by_text("Settings of your own").count() == 0
