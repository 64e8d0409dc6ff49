"""The 2-D lab in a real browser."""

import json
import time

import numpy as np
import pytest
from playwright.sync_api import TimeoutError, expect

from genlib.film import Film
from genlib.library import example
from genlib.presets import PLANE_PRESETS
from genlib.runs import RunFolder
from genlib.settings import RunSettings

pytestmark = pytest.mark.e2e
FIELD = ".field canvas"
SHORT = "/lab?budget=seconds&seconds=120&hidden_dim=16&data_n=200&data_dataset=ring"


def scrub(page, at):
    page.locator(".lab input[type=range]").evaluate(
        "(range, at) => { range.value = at; range.dispatchEvent(new Event('input')) }", at
    )
    drawn(page)


def drawn(page):
    """Wait until what was asked for is on the canvas."""
    page.wait_for_function(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )


def picture(page):
    drawn(page)
    return page.locator(FIELD).evaluate("canvas => canvas.toDataURL()")


def colour(page, place, box):
    """The pixel that shows a place of the data's unit."""
    x = float((place[0] - box[0]) / (box[1] - box[0]))
    y = float((box[3] - place[1]) / (box[3] - box[2]))
    found = page.locator(FIELD).evaluate(
        "(c, [x, y]) => Array.from(c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data)", [x, y]
    )
    return np.array(found)


def click(page, name):
    page.get_by_role("button", name=name, exact=True).and_(page.locator(":not([kind=header])")).click()


def wait(page, state):
    try:
        page.wait_for_selector(f".live[data-state={state}]", timeout=30_000)
    except TimeoutError:
        found = [page.locator(".live").get_attribute("data-state"), page.locator(".words").all_inner_texts()]
        raise AssertionError(f"the run should be {state}, and the page shows {found} at {page.url}") from None


def layer(page, name):
    return page.locator(f".layers [data-layer={name}]")


def opened(visit, **options):
    """The recorded GAN with its whole film, and that film."""
    run = example("gan2d")
    film = Film(run.path / "frames")
    page = visit(**options).go(f"/lab?run={run.id}", f".lane[data-loaded='{len(film.steps())}']")
    return page, film


def test_frames_are_scrubbed_without_the_server_and_figures_are_those_of_the_reports(visit):
    page, film = opened(visit)
    reports = [json.loads(line) for line in (film.folder.parent / "metrics.jsonl").read_text().splitlines()]
    energy = {each["step"]: each["energy"] for each in reports if each["split"] == "validation"}
    asked, seen = [], set()
    page.on("request", lambda request: asked.append(request.url) if "/frames" in request.url else None)
    steps = film.steps()
    for at in (0, len(steps) // 2, len(steps) - 1):
        scrub(page, at)
        page.wait_for_selector(f".lane[data-shown='{steps[at]}']")
        row = page.locator(".readings dt:has-text('Energy') + dd")
        assert row.inner_text() == f"{energy[steps[at]]:.4f}"
        seen.add(picture(page))
    assert len(seen) == 3
    assert asked == []


def test_words_of_the_caption_switch_layers_which_show_the_numbers_of_the_frame(visit):
    page, film = opened(visit)
    last = film.frame(film.steps()[-1])
    box, surface = film.constants()["box"], last["surface"].reshape(40, 40)
    for name in ("data", "samples"):
        layer(page, name).click()
        assert layer(page, name).get_attribute("aria-pressed") == "false"
    drawn(page)
    middle = PLANE_PRESETS["gan2d"].settings.model.guess
    # Where D is most and least sure, off the edge, where the axes are.
    inner = surface[4:-4, 4:-4]
    columns, rows = np.linspace(box[0], box[1], 40)[4:-4], np.linspace(box[2], box[3], 40)[4:-4]
    for pick, stronger in ((np.argmax, 2), (np.argmin, 0)):
        j, i = np.unravel_index(pick(inner), inner.shape)
        if abs(inner[j, i] - middle) > 0.05:
            found = colour(page, (columns[i], rows[j]), box)
            assert found[stronger] > found[2 - stronger], "blue is real, orange is made"
    # With smoothed labels the line lies elsewhere, and the words say so.
    assert layer(page, "surface").inner_text() == f"D's surface with its {middle:g} line"
    plain = picture(page)
    for name in ("needles", "grid", "ideal"):
        layer(page, name).click()
        assert picture(page) != plain
        layer(page, name).click()
        assert picture(page) == plain
    page.wait_for_url("**drawn=surface*")
    layer(page, "best").click()
    assert layer(page, "surface").get_attribute("aria-pressed") == "false", "one surface covers the other"


def test_slow_motion_tells_six_numbered_steps_between_two_frames(visit):
    page, film = opened(visit, reduced_motion="reduce")
    steps = film.steps()
    scrub(page, 3)
    click(page, "Slow motion")
    names = page.locator(".substeps button").all_inner_texts()
    assert [name[0] for name in names] == list("123456")
    seen = []
    for k in range(6):
        page.wait_for_selector(f".substeps li:nth-child({k + 1}) [aria-pressed=true]")
        assert f"{k + 1} of 6" in page.locator(".now").inner_text()
        assert page.locator(".lane").get_attribute("data-shown") == str(steps[3])
        seen.append(picture(page))
        page.locator(".lab [data-do=next]").click()
    assert len(set(seen)) == 6
    page.wait_for_selector(f".lane[data-shown='{steps[4]}']")
    click(page, "Slow motion")
    expect(page.locator(".lab input[type=range]")).to_have_value("4")


def test_a_run_is_started_once_steered_and_found_after_a_refresh(visit, server):
    page = visit().go(SHORT, FIELD)
    before = len(list((server.home / "runs").glob("*")))
    page.get_by_role("button", name="Train", exact=True).dblclick()
    wait(page, "running")
    page.get_by_text("D alone", exact=True).click()
    page.wait_for_selector(".changed:has-text('Who learns D alone')")
    page.reload()
    wait(page, "running")
    click(page, "Pause")
    wait(page, "paused")
    reached = int(page.locator(".live").get_attribute("data-step"))
    click(page, "One step")
    page.wait_for_selector(f".live[data-step='{reached + 1}']")
    assert len(list((server.home / "runs").glob("*"))) == before + 1, "two clicks start one run"


def test_points_are_put_by_clicking_and_learned_from(visit, server):
    page = visit().go("/lab?points=0,0&hidden_dim=16&budget=seconds&seconds=120", FIELD)
    click(page, "Add points by clicking")
    box = page.locator(FIELD).bounding_box()
    for i in range(10):
        page.mouse.click(box["x"] + box["width"] * (0.3 + 0.04 * i), box["y"] + box["height"] * (0.3 + 0.05 * (i % 3)))
        page.wait_for_function(f"location.search.split('%3B').length >= {i + 2}")
    click(page, "Train")
    wait(page, "running")
    run = RunFolder(server.home / "runs" / page.url.rsplit("run=", 1)[1][:16])
    points = RunSettings.from_json(run.settings).points
    assert points.drawn is None
    assert len(points.given) == 11
    assert points.given[0] == (0.0, 0.0)
    # A click lands where it was made: the empty plane goes from -3 to 3.
    assert points.given[1] == pytest.approx((-1.2, 1.2), abs=0.05)
    deadline = time.monotonic() + 20
    while page.locator(".lane").get_attribute("data-shown") in (None, "null"):
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
