"""Lessons, presenting and sharing in a real browser."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e
QUICK = """# Quick

Aim: Go by itself.
Order: 1

## One

View: /mixture?components=2
Seconds: 2

## Two

View: /mixture?components=3
Seconds: 2

## Three

The end.
"""


@pytest.fixture
def quick(server):
    folder = server.home / "lessons"
    folder.mkdir(exist_ok=True)
    (folder / "quick.md").write_text(QUICK, "utf-8")
    yield
    (folder / "quick.md").unlink()


def components(page):
    """How many components the page in the frame shows."""
    return page.frame_locator(".stage-host iframe:not(.next)").locator(".st-key-em .weights i")


def test_a_lesson_sets_views_and_gives_back_what_was_before(visit, quick):
    page = visit().go("/mixture?components=4", ".st-key-em canvas")
    page.get_by_role("button", name="Density").click()
    page.wait_for_url(re.compile("density"))
    page.get_by_role("button", name="Lessons").click()
    page.get_by_role("button", name=re.compile("^Quick")).click()
    expect(page.get_by_role("heading", name="One")).to_be_visible()
    page.get_by_role("button", name="Stop").click()  # before it goes by itself
    expect(components(page)).to_have_count(2)
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name="Two")).to_be_visible()
    expect(components(page)).to_have_count(3)
    page.frame_locator("iframe").get_by_role("heading", name="Gaussian mixture").click()
    page.keyboard.press("PageUp")  # with the focus in the frame
    expect(page.get_by_role("heading", name="One")).to_be_visible()
    page.get_by_role("button", name="Leave").click()
    page.wait_for_url(re.compile(r"/mixture\?components=4"))
    expect(page.get_by_role("button", name="Density")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".st-key-em .weights i")).to_have_count(4)


def test_it_goes_on_by_itself_until_it_is_stopped(visit, quick):
    page = visit().go("/lessons?lesson=quick&step=1", "iframe")
    expect(page.get_by_role("heading", name="Two")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(3000)
    expect(page.get_by_role("heading", name="Two")).to_be_visible()
    assert "step=2" in page.url
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Three")).to_be_visible(timeout=10_000)
    expect(components(page)).to_have_count(3)


def test_on_a_phone_there_is_one_thing_to_scroll(visit, quick):
    page = visit(viewport={"width": 390, "height": 844}).go("/lessons?lesson=quick&step=3", "iframe")
    expect(components(page)).to_have_count(3)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    inside = page.locator(".stage-host iframe").element_handle().content_frame()
    expect(page.locator(".stage-host iframe")).not_to_have_class("next")
    page.wait_for_timeout(500)
    scrolls = inside.evaluate("() => { const m = document.querySelector('[data-testid=stMain]');"
                              "return m.scrollHeight - m.clientHeight }")  # fmt: skip
    assert scrolls <= 1


def test_a_link_is_copied_and_shows_the_same_with_less_around_it(visit, server):
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.go("/mixture?components=3", ".st-key-em canvas")
    page.get_by_role("button", name="Share").click()
    page.get_by_label("without menu and settings").check()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{server.url}/mixture?components=3&hide=controls%2Cmenu"
    other = visit().go(link.removeprefix(server.url), ".st-key-em canvas")
    expect(other.locator(".st-key-em .weights i")).to_have_count(3)
    assert other.locator("[data-testid=stSlider]").count() == 0
    assert other.get_by_test_id("stSidebarNav").count() == 0


def test_who_presents_turns_the_settings_by_a_clicker(visit):
    page = visit().go("/mixture?components=3", ".st-key-em canvas")
    plain = page.locator("h1").evaluate("h => parseFloat(getComputedStyle(h).fontSize)")
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    assert page.locator("h1").evaluate("h => parseFloat(getComputedStyle(h).fontSize)") > 1.2 * plain
    for place in (2, 3):
        page.keyboard.press("PageDown")
        expect(page.get_by_text(re.compile(rf"^{place} of \d+$"))).to_be_visible()
    page.reload()
    expect(page.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    page.get_by_role("button", name="End").click()
    expect(page.get_by_test_id("stSidebarNav")).to_be_visible()
