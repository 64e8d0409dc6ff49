"""Start command -> first paint, and -> first generated picture, on a cold start; from page to page once warm; and on
Home first paint -> all four digits, and how much the page jumps.

Targets: <= 3 s, <= 5 s (median of five), <= 0.5 s; <= 1 s, < 0.05.
Run: python -m tests.bench.cold_start [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench.figures import Figures, begun
from tests.served import Server, launch

PICTURES = {"/": ".hero canvas", "/mixture": ".st-key-em .panel canvas", "/train": "canvas.samples"}
NAMES = {"/": "the home page", "/mixture": "the mixture", "/train": "the training room"}
LINKS = {"Gaussian mixture": PICTURES["/mixture"], "Train": PICTURES["/train"], "Home": PICTURES["/"]}
# Notes when the page was first painted, when each digit has bright pixels, and what moved by itself.
WATCH = """
window.seen = { shift: 0 };
const observe = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
observe('paint', (each) => each.name === 'first-contentful-paint' && (seen.paint = each.startTime));
observe('layout-shift', (each) => !each.hadRecentInput && (seen.shift += each.value));
const digits = (root) => [...root.querySelectorAll('*')].flatMap((each) =>
  each.shadowRoot ? digits(each.shadowRoot) : each.matches('.hero canvas') ? [each] : []);
const bright = (canvas) => canvas.getContext('2d').getImageData(0, 0, 28, 28).data.some((x, i) => i % 4 < 3 && x > 100);
const look = () => {
  const found = digits(document);
  if (found.length === 4 && found.every(bright)) seen.digits = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def digits(figures: Figures, browser: Browser, url: str, width: int, rounds: int) -> None:
    """How soon the four digits on Home follow the first paint, in browsers that were never here."""
    waits, shifts = [], []
    for _ in range(rounds):
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        page.add_init_script(WATCH)
        page.goto(url)
        page.wait_for_function("seen.digits && seen.paint")
        page.wait_for_timeout(1000)
        seen = page.evaluate("seen")
        waits.append((seen["digits"] - seen["paint"]) / 1000)
        shifts.append(seen["shift"])
        page.context.close()
    figures.row(f"home, {width} wide: first paint to all four digits", waits, "s", "<= 1")
    figures.row(f"home, {width} wide: layout shift", shifts, "", "<= 0.05", headline=width == 1440)


def main() -> int:
    asked, figures = begun(__doc__, rounds=5)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for path, picture in PICTURES.items():
            paints, pictures = [], []
            for _ in range(asked.rounds):
                with tempfile.TemporaryDirectory() as home:
                    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                    began = time.perf_counter()
                    server = Server(Path(home))
                    page.goto(server.url + path)
                    page.wait_for_selector("h1")
                    paints.append(time.perf_counter() - began)
                    page.wait_for_selector(picture, timeout=120_000)
                    pictures.append(time.perf_counter() - began)
                    page.context.close()
                    server.stop()
            name = "the command given to the first {} of " + NAMES[path]
            figures.row(name.format("paint"), paints, "s", "<= 3", headline=path == "/")
            figures.row(name.format("picture"), pictures, "s", "<= 5", headline=path == "/")
        with tempfile.TemporaryDirectory() as home:
            server = Server(Path(home))
            page = browser.new_page()
            page.goto(server.url)
            page.wait_for_selector(PICTURES["/"])
            turns = []
            for turn in range(4 * len(LINKS)):
                name, picture = list(LINKS.items())[turn % len(LINKS)]
                began = time.perf_counter()
                page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
                page.wait_for_selector(picture, timeout=120_000)
                if turn >= len(LINKS):  # the first round warms
                    turns.append(time.perf_counter() - began)
            figures.row("from one page to another, warm", turns, "s", "<= 0.5", headline=True)
            for width in (1440, 390):
                digits(figures, browser, server.url, width, asked.rounds)
            server.stop()
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
