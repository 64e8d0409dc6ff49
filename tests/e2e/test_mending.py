"""The repair studio in a real browser: a hole is painted, and what is seen stays what it was."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from genlib.data.images import load_images

pytestmark = pytest.mark.e2e
READY = ".st-key-repairs img >> nth=11"
LAYERS = "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data)"


def pixels(page, selector):
    return np.array(page.locator(selector).evaluate(LAYERS)).reshape(28, 28, 4)[:, :, :3]


def missing(colours):
    """Where the hole is drawn: what is no grey."""
    return np.ptp(colours, axis=2) > 0


def shows(page, hole):
    """Whether the field comes to show this hole: it is drawn with the browser's next frame."""
    for _ in range(50):
        if np.array_equal(missing(pixels(page, ".brush canvas")), hole):
            return True
        page.wait_for_timeout(100)
    return False


def drag(page, a, b):
    """Drag over the field from one place to another, both as shares of its sides."""
    box = page.locator(".brush canvas").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (a, b)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=8)
    page.mouse.up()


def look(page, at):
    """Move the slider of the closer look, and read what is drawn."""
    page.locator(".wipe input").evaluate("(r, at) => { r.value = at; r.dispatchEvent(new Event('input')) }", at)
    return pixels(page, ".wipe canvas")


def test_a_hole_is_painted_and_mended(visit):
    page = visit().go("/repair?image=17&hole=bottom", READY)
    image = load_images().test[17]
    assert missing(pixels(page, ".brush canvas"))[14:].all()
    page.get_by_role("button", name="Clear").click()
    page.wait_for_selector("text=Nothing is missing")
    drag(page, (0.25, 0.5), (0.75, 0.5))
    page.wait_for_selector(READY)
    hole = missing(pixels(page, ".brush canvas"))
    assert 20 < hole.sum() < 200
    assert hole[13:15, 8:20].all()
    expect(page.locator(".wipe")).to_have_count(1)
    deadline = 100
    while not np.array_equal(missing(look(page, 100)), hole):
        deadline -= 1
        assert deadline, "the closer look shows another hole"
        page.wait_for_timeout(100)
    original, mended = look(page, 0)[:, :, 0], look(page, 200)[:, :, 0]
    assert np.array_equal(original, image)
    assert np.array_equal(mended[~hole], image[~hole])
    assert not np.array_equal(mended[hole], np.zeros(hole.sum()))
    with page.expect_download() as download:
        page.get_by_role("button", name="Repair as PNG").click()
    with Image.open(download.value.path()) as saved:
        assert np.array_equal(np.asarray(saved)[::10, ::10], mended)
    page.get_by_role("button", name="Invert").click()
    assert shows(page, ~hole)
    page.get_by_role("button", name="Undo").click()
    assert shows(page, hole)
    page.get_by_role("button", name="Undo").click()  # the stroke
    page.wait_for_selector("text=Nothing is missing")


def test_presets_by_keyboard_and_back(visit):
    page = visit().go("/repair", READY)
    before = missing(pixels(page, ".brush canvas"))
    assert before[7:21, 7:21].all()
    assert before.sum() == 14 * 14
    page.get_by_role("combobox", name="Hole").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**hole=**")
    page.wait_for_timeout(1000)
    after = missing(pixels(page, ".brush canvas"))
    assert after.sum() == 28 * 14
    page.get_by_role("button", name="Undo").click()
    assert shows(page, before), "the hole before can be had back"


@pytest.mark.slow
def test_noise_is_mended_and_the_work_is_watched(visit):
    page = visit().go("/repair?image=17&damage=noise", ".st-key-repairs img >> nth=9")
    expect(page.get_by_text("cannot mend this")).to_have_count(2, timeout=30_000)
    page.wait_for_selector("text=Watch it work")
    film, ends = page.locator(".flipbook canvas.sheet"), []
    note = page.locator(".flipbook .panel header span")
    expect(note).to_have_text("at the end", timeout=30_000)
    for button, told in (("first", "at first"), ("last", "at the end")):
        page.locator(f".flipbook [data-do={button}]").click()
        expect(note).to_have_text(told, timeout=30_000)  # drawn with the picture
        ends.append(np.array(film.evaluate(LAYERS)).reshape(28, 28, 4)[:, :, 0].astype(float))
    image = load_images().test[17].astype(float)
    first, last = (np.square(end - image).mean() for end in ends)
    assert last < 0.7 * first, "it comes nearer"
    assert np.array_equal(ends[1], look(page, 200)[:, :, 0].astype(float)), "and ends in the repair"
