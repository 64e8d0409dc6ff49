"""A link that was copied, opened in a fresh browser: the same is drawn, pixel by pixel."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

DRAWN = """(canvases) => canvases.filter((canvas) => canvas.checkVisibility()).map((canvas) => {
  let hash = 0;
  for (const letter of canvas.toDataURL()) hash = (31 * hash + letter.charCodeAt(0)) | 0;
  return `${canvas.className} ${canvas.width} x ${canvas.height}: ${hash}`;
})"""

CODE = "canvas.image, canvas.map, .slider canvas, .sheetbox canvas"  # the nearest training images come when they come


def press(name: str, times: int = 1) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for _ in range(times):
            page.locator(f"[data-do={name}]").first.click()

    return act


def watch_mixture(page: Page) -> None:
    press("back", 3)(page)
    page.get_by_role("button", name="Density", exact=True).first.click()


def slow_motion(page: Page) -> None:
    press("back", 3)(page)
    page.locator("[data-act=slow]").click()
    page.locator(".substeps button").nth(3).click()
    page.locator(".layers [data-layer=grid]").click()


def wind_back(page: Page) -> None:
    page.locator("[data-axis=seconds]").click()
    press("back", 4)(page)


def steer_code(page: Page) -> None:
    page.locator("[data-axes=coordinate]").click()
    page.locator("[data-of=size]").select_option("8")
    for _ in range(3):
        page.locator("canvas.over").press("ArrowRight")


def change_face(page: Page) -> None:
    page.locator("[data-way=plain]").click()
    for _ in range(4):
        page.locator(".slider input").nth(2).press("ArrowRight")


def paint(page: Page) -> None:
    box = page.locator(".brush canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 40, steps=5)
    page.mouse.up()


SEEN = {
    "mixture": ("/mixture?data_n=200&components=3", watch_mixture, r"at=.*drawn=|drawn=.*at=", ".flipbook canvas"),
    "lab": ("/lab", slow_motion, r"slow=4.*drawn=|drawn=.*slow=4", ".room canvas"),
    "train": ("/train", wind_back, r"axis=seconds", ".room canvas"),
    "latent": ("/latent?model=vae-20d", steer_code, r"[?&]z=", CODE),
    "portraits": ("/portraits", change_face, r"moved=", ".portraits canvas"),
    "blend": ("/portraits?view=between&a_person=3", press("back", 7), r"at=", ".blend canvas"),
    "repair": ("/repair?hole=right", paint, r"painted=", ".brush canvas"),
}

RARE = ("lab", "train", "portraits", "blend")  # of which every setting is held to in tests/pages/test_links.py, too


def drawn(page: Page, canvases: str) -> list[str]:
    """What is drawn, once it stays as it is."""
    deadline, before, calm = time.monotonic() + 60, None, 0
    while time.monotonic() < deadline:
        now = page.locator(canvases).evaluate_all(DRAWN)
        calm = calm + 1 if now and now == before else 0
        if calm == 4:  # a second in which nothing has moved
            return now
        before = now
        page.wait_for_timeout(250)
    raise AssertionError("the pictures do not come to rest")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in RARE else name for name in SEEN]
)
def test_a_link_shows_what_was_seen(visit, name):
    start, act, told, canvases = SEEN[name]
    first = visit()
    page = first.go(start)
    drawn(page, canvases)
    act(page)
    expect(page).to_have_url(re.compile(told), timeout=30_000)
    drawn(page, canvases)

    again = visit().go(page.url.removeprefix(first.url))
    deadline = time.monotonic() + 20  # what either still loads is drawn when it is there
    while (now := drawn(again, canvases)) != (seen := drawn(page, canvases)) and time.monotonic() < deadline:
        pass
    assert now == seen


def test_a_player_begins_by_itself_where_motion_is_welcome(visit):
    still = visit(reduced_motion="reduce").go("/mixture?data_n=200&play=true&at=1")
    page = visit().go("/mixture?data_n=200&play=true&at=1")
    expect(page.locator(".flipbook [data-do=play]").first).to_contain_text("Pause")
    expect(page.locator(".flipbook [data-do=play]").first).to_contain_text("Play", timeout=30_000)
    # Once it has come to its end, a copied link shows that.
    expect(page).not_to_have_url(re.compile("play=|at="))
    expect(still.locator(".flipbook input[type=range]").first).to_have_js_property("value", "2")


def test_a_short_film_lasts_long_enough_to_be_watched(visit):
    page = visit().go("/train?run=vae-2d&hide=controls&play=true", ".lane[data-shown]")
    play = page.locator(".room [data-do=play]")
    expect(play).to_contain_text("Hold")
    page.wait_for_timeout(4000)
    expect(play).to_contain_text("Hold")
    page.locator(".room select").select_option("15")
    expect(play).to_contain_text("Replay")
