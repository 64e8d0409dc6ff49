"""The brush in a real browser, on a page of its own that tells what Python got."""

import os
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest

from tests.served import ROOT, Server

pytestmark = pytest.mark.e2e
SIDE = 140
SCRIPT = """
import streamlit as st
from pages.ui.brush import brush

if st.toggle("Field", value=True):
    drawing = brush(key="field")
    st.code("nothing" if drawing is None else drawing.tobytes().hex(), language=None)
"""
FIELD = ".brush canvas"


class Script(Server):
    """One script of our own in place of the app."""

    def start(self):
        script = self.home / "script.py"
        self.home.mkdir(parents=True)
        script.write_text(SCRIPT, "utf-8")
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(self.port)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    server = Script(tmp_path_factory.mktemp("script") / "home")
    yield server
    server.stop()


@pytest.fixture
def field(visit, script):
    """A fresh field on a wide screen."""
    return opened(visit(script.url))


def opened(visitor):
    page = visitor.go("/", FIELD)
    page.wait_for_selector("code:has-text('nothing')")
    return SimpleNamespace(page=page, visitor=visitor)


def place(page, x, y):
    """A point of the drawing, on the screen."""
    box = page.locator(FIELD).bounding_box()
    return box["x"] + x / SIDE * box["width"], box["y"] + y / SIDE * box["height"]


def drag(page, *points, button="left", keep=False):
    page.mouse.move(*place(page, *points[0]))
    page.mouse.down(button=button)
    for point in points[1:]:
        page.mouse.move(*place(page, *point), steps=4)
    if not keep:
        page.mouse.up(button=button)


def seen(page):
    """The pixels on the screen, once they are drawn."""
    read = """canvas => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        done(Array.from(data).filter((_, i) => i % 4 === 0));
    })))"""
    return np.array(page.locator(FIELD).evaluate(read), np.uint8).reshape(SIDE, SIDE)


def got(page, expected):
    """What Python has, once it has what is expected."""
    text = expected.tobytes().hex() if expected.any() else "nothing"
    page.wait_for_function("text => document.querySelector('code')?.innerText.trim() === text", arg=text)
    return expected


def press(page, name):
    page.locator(f".brush [data-do={name}]").click()


def idle(page):
    """The buttons that would do nothing."""
    return page.locator(".brush [aria-disabled=true]").evaluate_all("all => all.map(each => each.dataset.do)")


def capsule(a, b, width, x, y):
    """Distance of pixel centres to the segment from a to b, beyond half the width: negative inside."""
    a, b = np.array(a, float), np.array(b, float)
    p = np.stack([x + 0.5, y + 0.5], axis=-1) - a
    along = np.clip(p @ (b - a) / max(1e-9, (b - a) @ (b - a)), 0, 1)
    return np.linalg.norm(p - along[..., None] * (b - a), axis=-1) - width / 2


def test_python_gets_the_stroke_that_is_seen(field):
    page = field.page
    assert page.locator(".brush .hint").inner_text() == "Draw a digit"
    drag(page, (40, 30), (90, 110))
    drawing = got(page, seen(page))
    y, x = np.mgrid[:SIDE, :SIDE]
    away = capsule((40, 30), (90, 110), 14, x, y)
    assert (drawing[away < -1] == 255).all()
    assert (drawing[away > 1] == 0).all()
    assert 60 < drawing[np.abs(away) < 0.5].mean() < 195
    assert page.locator(".brush .hint").is_hidden()


def test_strokes_are_undone_one_by_one_and_cleared_at_once(field):
    page = field.page
    assert idle(page) == ["undo", "clear"]
    drag(page, (30, 30), (100, 30))
    one = got(page, seen(page))
    drag(page, (30, 70), (100, 70))
    two = got(page, seen(page))
    assert two.sum() == pytest.approx(2 * one.sum(), rel=0.01)
    press(page, "undo")
    assert np.array_equal(got(page, seen(page)), one)
    drag(page, (30, 70), (100, 70))
    press(page, "clear")
    assert not got(page, seen(page)).any()
    assert page.locator(".brush .hint").is_visible()
    press(page, "undo")
    assert np.array_equal(got(page, seen(page)), two)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert not got(page, seen(page)).any()
    assert idle(page) == ["undo", "clear"]


@pytest.mark.parametrize("way", ["tool", "right button", "shift"])
def test_what_was_drawn_is_erased(field, way):
    page = field.page
    drag(page, (30, 70), (110, 70))
    before = got(page, seen(page))
    if way == "tool":
        press(page, "erase")
        assert page.locator(".brush [data-do=erase]").get_attribute("aria-pressed") == "true"
    if way == "shift":
        page.keyboard.down("Shift")
    drag(page, (70, 40), (70, 100), button="right" if way == "right button" else "left")
    page.keyboard.up("Shift")
    after = got(page, seen(page))
    assert before[70, 70] == 255
    assert not after[50:90, 65:75].any()
    assert np.array_equal(after[:, :60], before[:, :60])


def test_the_brush_has_the_size_that_was_chosen(field):
    page = field.page
    widths = []
    for key in ("Home", "End"):
        page.locator(".brush input").press(key)
        drag(page, (20, 70), (120, 70))
        widths.append(got(page, seen(page))[:, 70].sum() / 255)
        press(page, "clear")
    assert widths == pytest.approx([6, 30], abs=0.1)


def test_a_stroke_may_leave_the_field_and_ends_outside(field):
    page = field.page
    drag(page, (70, 70), (300, 70), keep=True)
    page.mouse.up()
    drawing = got(page, seen(page))
    assert drawing[70, 139] == 255
    page.mouse.move(*place(page, 20, 20))
    page.mouse.move(*place(page, 50, 20))
    assert np.array_equal(seen(page), drawing)


def test_a_finger_draws_and_the_page_stays_where_it_is(visit, script):
    at = opened(visit(script.url, viewport={"width": 390, "height": 420}, has_touch=True, is_mobile=True))
    page, touch = at.page, at.visitor.context.new_cdp_session(at.page)

    def send(kind, *points):
        spots = [place(page, *point) for point in points]
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(spots)]},
        )

    send("touchStart", (70, 110))
    for y in range(105, 25, -5):
        send("touchMove", (70, y))
    # A second finger rests on the field: nothing is drawn by it.
    send("touchStart", (70, 30), (20, 100))
    send("touchMove", (70, 30), (20, 60))
    send("touchEnd")
    drawing = got(page, seen(page))
    assert (drawing[32:108, 65:75] == 255).all()
    assert not drawing[:, :50].any()
    scrolled = "() => Math.max(...[...document.querySelectorAll('*')].map(each => each.scrollTop))"
    assert page.evaluate(scrolled) == 0
    box = page.locator(".brush").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_keys_alone_draw_erase_and_undo(field):
    page = field.page
    page.locator(FIELD).focus()
    for key in ("ArrowLeft", "ArrowLeft", "Space", *["ArrowDown"] * 5, "Space", "ArrowRight"):
        page.keyboard.press(key)
    drawing = got(page, seen(page))
    rows, columns = np.nonzero(drawing == 255)
    assert (columns.min(), columns.max()) == pytest.approx((62 - 7, 62 + 6), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((70 - 7, 90 + 6), abs=1)
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.evaluate("() => { let at = document.activeElement; while (at.shadowRoot) "
                                   "at = at.shadowRoot.activeElement; return at.dataset.do || at.type }"))  # fmt: skip
    assert order == ["range", "erase", "undo", "clear"]
    page.keyboard.press("Enter")
    assert not got(page, seen(page)).any()
    page.keyboard.press("Control+z")
    assert np.array_equal(got(page, seen(page)), drawing)


def test_a_pen_that_is_down_is_lifted_by_leaving(field):
    page = field.page
    page.locator(FIELD).focus()
    for key in ("Enter", "ArrowUp", "Tab"):
        page.keyboard.press(key)
    assert got(page, seen(page)).any()


def test_the_drawing_is_there_again_when_the_field_is(field):
    page = field.page
    drag(page, (40, 30), (90, 110), (50, 110))
    drawing = got(page, seen(page))
    toggle = page.locator("label:has-text('Field')")
    toggle.click()
    page.wait_for_selector(FIELD, state="detached")
    toggle.click()
    page.wait_for_selector(FIELD)
    assert np.array_equal(seen(page), drawing)
    got(page, drawing)
    drag(page, (10, 10), (20, 10))
    both = got(page, seen(page))
    assert np.array_equal(np.maximum(both, drawing), both)
    press(page, "clear")
    assert not got(page, seen(page)).any()


def test_a_drawn_seven_is_read_as_one(field):
    from genlib.data.digits import centred
    from genlib.evaluation import read_digits

    page = field.page
    drag(page, (20, 30), (75, 30), (45, 120))
    digits, probable = read_digits(centred(got(page, seen(page)))[None])
    assert digits[0] == 7
    assert probable[0] > 0.9
