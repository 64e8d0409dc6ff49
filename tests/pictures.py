"""Take the README's pictures anew: python -m tests.pictures [name ...]."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.served import ROOT, Server, launch

WIDTH = 1280


def sort_some(page: Page) -> None:
    """A round of real or made, by somebody who has some idea."""
    for place in (1, 3, 6, 7, 12, 14, 15):
        page.locator(".sorter .hand button").nth(place).click()
    page.locator("[data-do=check]").click()
    page.get_by_text("The network has learned").wait_for()


def grow_a_beard(page: Page) -> None:
    """One slider moved."""
    for _ in range(3):
        page.get_by_role("slider", name="Beard").press("PageUp")


def train(page: Page) -> None:
    """A run that has come most of its way."""
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(re.compile(r"epoch [78]\.")).wait_for(timeout=180_000)


# Address, height, what to wait for, and what to do then.
PICTURES: dict[str, tuple[str, int, str, Callable[[Page], None] | None]] = {
    "mixture": ("/mixture?data_dataset=pinwheel&components=5", 860, ".flipbook canvas", None),
    "lab": ("/lab", 1160, ".lane[data-shown]", None),
    "bench": ("/bench", 1010, "text=Learned from", None),
    "train": ("/train?family=vae&latent_dim=2&budget=epochs&epochs=10", 960, "canvas.samples", train),
    "latent": ("/latent", 900, ".studio[data-state=whole]", None),
    "repair": ("/repair?image=18&hole=right", 1110, ".st-key-repairs img >> nth=11", None),
    "portraits": ("/portraits", 1000, ".portraits[data-state=whole]", grow_a_beard),
    "compare": ("/compare", 860, ".lane:nth-of-type(4)[data-shown]", None),
    "scores": ("/scores", 1300, "text=Most like real ones", None),
    "beat": ("/beat", 1010, ".sorter .hand button", sort_some),
}


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser, server = launch(playwright), Server(Path(home))
        for name in sys.argv[1:] or PICTURES:
            address, height, wait, act = PICTURES[name]
            page = browser.new_page(viewport={"width": WIDTH, "height": height})
            page.goto(server.url + address)
            page.wait_for_selector(wait, timeout=60_000)
            if act is not None:
                act(page)
            page.wait_for_timeout(2500)  # until the last chart has settled
            page.screenshot(path=ROOT / "assets" / "pictures" / f"{name}.png")
            page.close()
        server.stop()


if __name__ == "__main__":
    main()
