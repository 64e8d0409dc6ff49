"""Home in a real browser: the one look that the fast suite takes."""

import pytest


@pytest.mark.fast
def test_home_shows_digits_and_a_mixture(visit):
    page = visit().go("/", ".st-key-groups .panel canvas")
    sheet = page.locator(".st-key-film canvas.sheet")
    shades = sheet.evaluate("c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size")
    assert shades > 50
    assert page.locator(".st-key-groups .weights i").count() == 5
    page.get_by_role("link", name="Play with mixtures").click()
    page.wait_for_selector(".st-key-em .panel canvas")


@pytest.mark.e2e
@pytest.mark.parametrize("path", ["/mixture", "/train"])
def test_the_first_link_after_a_start_is_found(fresh_server, visit, path):
    page = visit(fresh_server.url).go(path)
    assert page.get_by_text("Page not found").count() == 0


@pytest.mark.e2e
def test_an_address_below_a_page_leads_to_the_page(visit, server):
    page = visit().go("/train/deep/er", "canvas.samples")
    assert page.url.partition("?")[0] == f"{server.url}/train"


@pytest.mark.e2e
@pytest.mark.parametrize("path", ["/", "/mixture", "/train", "/compare"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_screen(visit, path, width):
    page = visit(viewport={"width": width, "height": 844}).go(path)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


@pytest.mark.e2e
def test_less_motion_means_no_autoplay(visit):
    page = visit(reduced_motion="reduce").go("/", ".st-key-film canvas.sheet")
    page.wait_for_timeout(600)
    assert page.locator(".st-key-film [data-do=play]").inner_text() == "Play"
