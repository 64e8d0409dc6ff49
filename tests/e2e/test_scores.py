"""The scoreboard, and real or made, in a real browser."""

import shutil
from contextlib import suppress

import numpy as np
import pytest
from playwright.sync_api import TimeoutError, expect

from genlib.library import find_model
from genlib.scoring import deal, deck

pytestmark = pytest.mark.e2e
TILES = ".sorter .hand button"
PIXELS = """all => all.map(
    (canvas) => Array.from(canvas.getContext("2d").getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 == 0)
)"""
LEARNED = "text=The network has learned"


@pytest.fixture
def nobodys_run(server):
    """A run of the command line, which anybody may score."""
    path = server.home / "runs" / "5c0e5c0e5c0e5c0e"
    shutil.copytree(find_model("vae-2d").path, path)
    yield path.name
    shutil.rmtree(path)


def test_a_run_is_scored_beside_the_others_and_a_refresh_loses_nothing(visit, nobodys_run):
    page = visit().go("/scores", "[data-testid=stDataFrame]")
    page.get_by_text("Most like real ones").wait_for()
    page.get_by_role("button", name="1,000", exact=True).or_(
        page.get_by_role("radio", name="1,000", exact=True)
    ).click()
    page.get_by_role("combobox", name="Your runs").click()
    page.get_by_role("option", name=nobodys_run[:6]).click()
    page.get_by_text("Scoring ").first.wait_for()
    page.wait_for_url(f"**n=1000**runs={nobodys_run}**")
    page.reload()  # in the middle
    page.get_by_text("Most like real ones").wait_for(timeout=60_000)
    for _ in range(5):  # a list that is open closes once the page knows whose browser this is
        page.get_by_role("combobox", name="Model").click()
        with suppress(TimeoutError):
            page.get_by_role("option", name=nobodys_run[:6]).click(timeout=3000)
            break
    expect(page.get_by_text(f"({nobodys_run[:6]}): VAE")).to_have_count(1)
    expect(page.get_by_alt_text("The drawings farthest from any real image")).to_be_visible()


def test_a_round_by_keyboard_against_the_network(visit):
    """Who knows the truth gets all right, and the next round adds to it."""
    run = find_model("vae-2d")
    whole = deck(run)
    page = visit().go("/beat?model=vae-2d&round=2", TILES)
    expect(page.locator(TILES)).to_have_count(20)
    hand = deal(whole, 2)
    shown = page.locator(f"{TILES} canvas").evaluate_all(PIXELS)
    assert np.array_equal(np.array(shown), whole.images[hand].reshape(20, -1))
    tiles = page.locator(TILES)
    made = np.flatnonzero(whole.made[hand]).tolist()
    for place in made:
        tiles.nth(place).press("Space")
    expect(page.get_by_text(f"{len(made)} marked as made")).to_have_count(1)
    page.reload()  # what was marked is there again
    expect(page.get_by_text(f"{len(made)} marked as made")).to_have_count(1)
    page.locator("[data-do=check]").press("Enter")
    page.wait_for_selector(LEARNED, timeout=60_000)
    expect(page.get_by_role("heading", name="You 20, the network")).to_have_count(1)
    expect(page.locator(f"{TILES}[data-verdict=right]")).to_have_count(20)
    expect(tiles.first.locator("small")).to_contain_text("network")
    before = tiles.first.get_attribute("aria-pressed")
    tiles.first.press("Space")  # it is over
    assert tiles.first.get_attribute("aria-pressed") == before
    page.get_by_role("button", name="Next round").click()
    page.wait_for_url("**round=3*")
    page.locator("[data-do=check]").click()  # all called real
    real = 20 - int(whole.made[deal(whole, 3)].sum())
    expect(page.get_by_role("heading", name=f"You {real}, the network")).to_have_count(1)
    page.get_by_text("The same as a table").click()


def test_two_visitors_get_the_same_images_and_their_own_answers(visit):
    pages = [visit().go("/beat?model=vae-2d", TILES) for _ in range(2)]
    pages[0].locator(TILES).nth(3).click()
    pages[0].locator("[data-do=check]").dblclick()
    expect(pages[0].locator("[data-do=check]")).to_be_hidden()
    assert pages[1].locator(f"{TILES}[aria-pressed=true]").count() == 0
    expect(pages[1].locator("[data-do=check]")).to_be_visible()
