"""Home in a real browser: digits that live, and what a visitor does with them."""

import re
import urllib.request

import numpy as np
import pytest

from genlib.facts import STORY
from genlib.handout import handout

LIVE = ".hero[data-state=live]"
PIXELS = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, 28, 28);
  return Array.from(data).filter((x, i) => i % 4 === 0);
}"""
MOVED = """([canvas, before]) => {
  const now = canvas.getContext('2d').getImageData(0, 0, 28, 28).data;
  return before.some((x, i) => Math.abs(x - now[4 * i]) > 40);
}"""
SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  const count = (list) => list.getEntries().forEach((each) => !each.hadRecentInput && (sum += each.value));
  new PerformanceObserver(count).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


def digits(page):
    return [canvas.element_handle() for canvas in page.locator(".hero canvas").all()]


def moved(page, canvas, before):
    """Wait until a digit differs plainly from what it was."""
    page.wait_for_function(MOVED, arg=[canvas, before])


def decoded(server, model, z, label=""):
    """What the server makes of the same code."""
    with urllib.request.urlopen(f"{server.url}/genlib/models/{model}/decode?z={z}&label={label}") as answer:
        return np.frombuffer(answer.read(), np.uint8).astype(int)


def same(canvas, server, model, label=""):
    drawn = np.array(canvas.evaluate(PIXELS))
    assert drawn.max() > 100
    np.testing.assert_allclose(drawn, decoded(server, model, canvas.get_attribute("data-z"), label), atol=1)


def drag(page, canvas, by):
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=4)
    page.mouse.up()


@pytest.mark.fast
def test_home_is_alive_and_its_doors_lead_on(visit):
    visitor = visit(viewport={"width": 1440, "height": 900})
    page = visitor.go("/", LIVE)
    canvases = digits(page)
    assert len(canvases) == len(STORY)
    befores = [canvas.evaluate(PIXELS) for canvas in canvases]
    assert all(max(before) > 100 for before in befores)
    for canvas, before in zip(canvases, befores, strict=True):
        moved(page, canvas, before)
    assert page.evaluate(SHIFT) < 0.05
    doors = page.locator(".st-key-doors a")
    assert doors.count() == 3
    for i in range(3):
        box = doors.nth(i).bounding_box()
        assert box["y"] + box["height"] <= 900
    page.get_by_role("link", name="Play").click()
    page.wait_for_selector("canvas.samples")


@pytest.mark.e2e
def test_motion_stops_and_a_digit_follows_hand_and_keys(visit, server):
    page = visit().go("/", LIVE)
    page.locator(".hero").get_by_role("button", name="Stop").click()
    page.wait_for_selector(".hero[data-moving=false]")
    canvases = digits(page)
    page.wait_for_function("(canvases) => canvases.every((each) => each.dataset.z)", arg=canvases)  # drawn at rest
    resting = [canvas.evaluate(PIXELS) for canvas in canvases]
    page.wait_for_timeout(600)
    assert [canvas.evaluate(PIXELS) for canvas in canvases] == resting
    for canvas, story in zip(canvases, STORY.values(), strict=True):
        same(canvas, server, story.model)
    for canvas, before in zip(canvases, resting, strict=True):
        drag(page, canvas, 110)
        moved(page, canvas, before)
    still = canvases[3].evaluate(PIXELS)
    for _ in range(6):
        canvases[3].press("ArrowUp")
    moved(page, canvases[3], still)
    page.wait_for_timeout(100)
    for canvas, story in zip(canvases, STORY.values(), strict=True):
        same(canvas, server, story.model)
    page.locator(".hero").get_by_role("button", name="Move").click()
    moved(page, canvases[1], canvases[1].evaluate(PIXELS))


@pytest.mark.e2e
def test_less_motion_means_that_digits_begin_at_rest_and_follow_the_hand(visit):
    page = visit(reduced_motion="reduce").go("/", LIVE)
    canvas = digits(page)[2]
    before = canvas.evaluate(PIXELS)
    page.wait_for_timeout(600)
    assert canvas.evaluate(PIXELS) == before
    drag(page, canvas, 110)
    moved(page, canvas, before)
    assert page.locator(".hero").get_by_role("button", name="Move").count() == 1


@pytest.mark.e2e
def test_before_its_decoder_is_here_a_digit_is_already_a_true_one(visit, server):
    visitor = visit(reduced_motion="reduce")
    held = []
    visitor.page.route("**/genlib/models/*/decoder", lambda route: held.append(route))
    page = visitor.go("/", ".hero canvas")
    stills = [canvas.evaluate(PIXELS) for canvas in digits(page)]
    assert all(max(still) > 100 for still in stills)
    for route in held:
        route.continue_()
    visitor.page.unroute("**/genlib/models/*/decoder")
    page.wait_for_selector(LIVE)
    page.wait_for_timeout(200)
    for canvas, still, story in zip(digits(page), stills, STORY.values(), strict=True):
        np.testing.assert_allclose(still, decoded(server, story.model, canvas.get_attribute("data-z")), atol=1)


@pytest.mark.e2e
def test_a_digit_that_is_asked_for_is_drawn(visit, server):
    page = visit().go("/", ".demand[data-digit='7']")
    canvas = page.locator(".demand canvas").element_handle()
    before = canvas.evaluate(PIXELS)
    same(canvas, server, "gan-labels", 7)
    page.locator(".demand").get_by_role("button", name="3", exact=True).click()
    page.wait_for_selector(".demand[data-digit='3']")
    moved(page, canvas, before)
    same(canvas, server, "gan-labels", 3)
    again, code = canvas.evaluate(PIXELS), canvas.get_attribute("data-z")
    page.locator(".demand").get_by_role("button", name="3", exact=True).click()
    moved(page, canvas, again)
    assert canvas.get_attribute("data-z") != code
    same(canvas, server, "gan-labels", 3)


@pytest.mark.e2e
def test_a_finger_drags_across_and_scrolls_along(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).go("/", LIVE)
    assert page.locator(".hero canvas").first.evaluate("canvas => getComputedStyle(canvas).touchAction") == "pan-y"
    page.locator(".hero").get_by_role("button", name="Stop").tap()
    canvas = page.locator(".hero canvas").first
    page.wait_for_timeout(200)
    handle, before = canvas.element_handle(), canvas.evaluate(PIXELS)
    box = canvas.bounding_box()
    touch = page.context.new_cdp_session(page)
    at = {"x": box["x"] + 40, "y": box["y"] + 60}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    for step in range(1, 6):
        point = {"x": at["x"] + 20 * step, "y": at["y"]}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    moved(page, handle, before)


@pytest.mark.e2e
def test_the_first_link_after_a_start_is_found(fresh_server, visit):
    page = visit(fresh_server.url).go("/mixture")
    assert page.get_by_text("Page not found").count() == 0


@pytest.mark.e2e
def test_an_address_below_a_page_leads_to_the_page(visit, server):
    page = visit().go("/train/deep/er", "canvas.samples")
    assert page.url.partition("?")[0] == f"{server.url}/train"


@pytest.mark.e2e
def test_the_handout_prints_on_one_sheet(browser):
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.set_content(handout())
    for size in ("A4", "Letter"):
        printed = tab.pdf(format=size, prefer_css_page_size=size == "A4", print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1, size
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.close()
