"""My runs and the comparison in a real browser."""

import io
import secrets
import shutil
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import expect

from genlib import archive
from genlib.film import Film
from genlib.runs import RunFolder
from tests.e2e.conftest import Visitor
from tests.e2e.test_train import click, start, wait
from tests.served import bring

pytestmark = pytest.mark.e2e
SHORT = "budget=epochs&epochs=1&batch_size=500&hidden_dim=16"


@pytest.fixture(scope="module")
def trained(browser, server):
    """A small VAE that was trained once and put aside, and what the browser knows of who trained it."""
    context = browser.new_context()
    made = server.home / "runs" / train(Visitor(context, server.url), f"/train?{SHORT}")
    aside = made.rename(server.home / "trained")
    yield aside, context.storage_state()
    context.close()


@pytest.fixture
def visitor(visit, trained, server):
    """Somebody who has trained a small VAE."""
    aside, memory = trained
    made = visit(storage_state=memory)
    made.run = secrets.token_hex(8)
    yours = shutil.copytree(aside, server.home / "runs" / made.run)
    yield made
    shutil.rmtree(yours, ignore_errors=True)


def train(visitor, path):
    page = visitor.go(path, "canvas.pairs")
    run = start(page)
    wait(page, "done")
    return run


def menu(page):
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("button", name="Duplicate with changes").wait_for()


def test_a_run_is_named_opened_duplicated_and_deleted(visitor, server):
    page = visitor.go("/runs", "[data-testid=stMain] img")
    menu(page)
    page.get_by_role("textbox", name="Name").fill("<img src=x onerror=alert(1)> **bold**")
    page.keyboard.press("Enter")
    page.get_by_text("<img src=x onerror=alert(1)> **bold**").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Open").first.click()
    wait(page, "done")
    page.get_by_text("<img src=x onerror=alert(1)> **bold**").first.wait_for()
    page.goto(f"{server.url}/runs")
    page.wait_for_selector("[data-testid=stMain] img")
    menu(page)
    click(page, "Duplicate with changes")
    page.wait_for_url("**/train?**hidden_dim=16**")
    page.get_by_text("More about the model").click()
    page.get_by_role("slider", name="Hidden units").wait_for()
    page.goto(f"{server.url}/runs")
    page.wait_for_selector("[data-testid=stMain] img")
    menu(page)
    page.get_by_text("Delete this run for good").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_selector("text=No run yet")
    assert not (server.home / "runs" / visitor.run).exists()


def test_what_is_downloaded_is_the_run_and_can_be_brought_back(visitor, server, tmp_path):
    page = visitor.go("/runs", "[data-testid=stMain] img")
    menu(page)
    files = {}
    for label in ("Weights", "Settings", "Film", "All, to bring back"):
        with page.expect_download() as download:
            click(page, label)
        files[label] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[label])
    film = Film(RunFolder(server.home / "runs" / visitor.run).path / "frames")
    with Image.open(files["Film"]) as moving:
        assert moving.n_frames <= len(film.steps())
        assert moving.n_frames > 1
    assert zipfile.ZipFile(io.BytesIO(files["All, to bring back"].read_bytes())).testzip() is None
    page.keyboard.press("Escape")
    before = {folder.name for folder in (server.home / "runs").iterdir()}
    bring_back(page, files["All, to bring back"])
    page.wait_for_selector("text=The run was brought back")
    (new,) = {folder.name for folder in (server.home / "runs").iterdir()} - before
    brought = RunFolder(server.home / "runs" / new)
    assert brought.settings == RunFolder(server.home / "runs" / visitor.run).settings
    page.goto(f"{server.url}/train?run={new}")
    wait(page, "done")
    click(page, "One more epoch")
    page.wait_for_selector(".live[data-state=done][data-step='220']")


@pytest.mark.slow
def test_a_run_of_the_usual_size_can_be_brought_back(visit, server, tmp_path):
    visitor = visit()
    run = RunFolder(server.home / "runs" / train(visitor, "/train?budget=seconds&seconds=1&hidden_dim=1024"))
    (tmp_path / "run.zip").write_bytes(archive.pack(run))
    assert (tmp_path / "run.zip").stat().st_size > 15e6
    page = visitor.go("/runs", "[data-testid=stMain] img")
    bring_back(page, tmp_path / "run.zip")
    page.wait_for_selector("text=The run was brought back")


def test_junk_that_is_brought_gets_one_sentence(visitor, server, tmp_path):
    junk = tmp_path / "run.zip"
    with zipfile.ZipFile(junk, "w") as packed:
        packed.writestr("../../outside.txt", "x")
    page = visitor.go("/runs", "[data-testid=stMain] img")
    before = {folder.name for folder in (server.home / "runs").iterdir()}
    bring_back(page, junk)
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.count() == 1
    assert str(server.home) not in alert.inner_text()
    assert {folder.name for folder in (server.home / "runs").iterdir()} == before


def bring_back(page, file):
    page.get_by_role("button", name="Bring a run back").click()
    bring(page, file)


def test_runs_are_compared_under_one_slider(visitor, server):
    other, page = train(visitor, f"/train?{SHORT}&family=ae"), visitor.page
    page.goto(f"{server.url}/runs")
    page.wait_for_selector("[data-testid=stMain] img")
    for run in (other, visitor.run):
        page.locator(f".st-key-pick_{run} label").click()
        page.wait_for_timeout(400)
    click(page, "Compare 2 runs")
    page.wait_for_selector(".lane:nth-of-type(2)[data-shown]")
    films = [Film(server.home / "runs" / run / "frames").steps() for run in (other, visitor.run)]
    lanes = page.locator(".lane")
    expect(lanes).to_have_count(2)
    for lane, steps in enumerate(films):
        page.wait_for_selector(f".lane:nth-of-type({lane + 1})[data-loaded='{len(steps)}']")
    times = sorted({step for steps in films for step in steps})
    slider = page.locator(".room input[type=range]")
    assert slider.get_attribute("max") == str(len(times) - 1)
    for at in (0, len(times) // 2, len(times) - 1):
        slider.evaluate("(r, at) => { r.value = at; r.dispatchEvent(new Event('input')) }", at)
        for lane, steps in enumerate(films):
            newest = max(step for step in steps if step <= times[at])
            page.wait_for_selector(f".lane:nth-of-type({lane + 1})[data-shown='{newest}']")
    page.get_by_role("button", name="by seconds").click()
    assert page.locator("[data-axis=seconds]").get_attribute("aria-pressed") == "true"
    page.locator(".room [data-do=first]").click()
    for lane in (1, 2):
        page.wait_for_selector(f".lane:nth-of-type({lane})[data-shown='0']")
    page.reload()
    page.wait_for_selector(".lane:nth-of-type(2)[data-shown]")
    expect(lanes).to_have_count(2)


@pytest.mark.slow
def test_all_families_train_for_the_same_time_and_are_compared(visit):
    page = visit().go("/train?family=all&latent_dim=8&seconds=1", "canvas.samples")
    click(page, "Train")
    page.wait_for_url("**/compare?runs=*")
    for lane in (1, 2, 3, 4):
        page.locator(f".lane:nth-of-type({lane}) .state", has_text="Finished").wait_for(timeout=90_000)
    expect(page.locator(".lane canvas.samples:visible")).to_have_count(4)
    expect(page.locator(".lane canvas.scores:visible")).to_have_count(1)  # only the GAN has a D that answers
    expect(page.locator(".lane canvas.map:visible")).to_have_count(3)
