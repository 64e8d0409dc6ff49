"""Start command -> first paint, and -> first generated picture, on a cold start; and from page to page once warm.

Targets: <= 3 s, <= 5 s (median of five), <= 0.5 s. Run: python -m tests.bench.cold_start [rounds]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.served import Server, launch

PICTURES = {"/": ".st-key-film canvas.sheet", "/mixture": ".st-key-em .panel canvas", "/train": "canvas.samples"}
LINKS = {"Gaussian mixture": PICTURES["/mixture"], "Train": PICTURES["/train"], "Home": PICTURES["/"]}


def told(name: str, values: list[float], target: str) -> None:
    print(f"{name}: median {statistics.median(values):.2f} s ({min(values):.2f} to {max(values):.2f}), target {target}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for path, picture in PICTURES.items():
            paints, pictures = [], []
            for _ in range(rounds):
                with tempfile.TemporaryDirectory() as home:
                    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                    began = time.perf_counter()
                    server = Server(Path(home))
                    page.goto(server.url + path)
                    page.wait_for_selector("h1")
                    paints.append(time.perf_counter() - began)
                    page.wait_for_selector(picture)
                    pictures.append(time.perf_counter() - began)
                    page.context.close()
                    server.stop()
            told(f"{path} start to first heading", paints, "<= 3 s")
            told(f"{path} start to first picture", pictures, "<= 5 s")
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
                page.wait_for_selector(picture)
                if turn >= len(LINKS):  # the first round warms
                    turns.append(time.perf_counter() - began)
            told("from one page to another, warm", turns, "<= 0.5 s")
            server.stop()


if __name__ == "__main__":
    main()
