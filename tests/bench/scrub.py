"""Scrubbing in the browser through EM, a GAN of points and a run of 120 frames: pictures drawn a second, at one new
position an animation frame; and how long opening that run takes.

Targets: >= 30 pictures a second, no server trip; <= 1 s to open.
Run: python -m tests.bench.scrub [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from genlib.film import MOST_FRAMES, Film
from genlib.library import example
from tests.bench.figures import Figures, begun
from tests.served import Server, launch

SCRUB = """
async (range) => {
  const last = +range.max, began = performance.now(); let drawn = 0;
  while (performance.now() - began < 4000) {
    range.value = drawn % (last + 1);
    range.dispatchEvent(new Event('input'));
    await new Promise(requestAnimationFrame);
    drawn += 1;
  }
  return 1000 * drawn / (performance.now() - began);
}
"""
CASES = {
    "EM, 1,000 points, K = 5": "data_dataset=pinwheel&data_n=1000&components=5&initialisation=random_from_data",
    "EM, 5,000 points, K = 10": "data_dataset=grid&data_n=5000&components=10&initialisation=random_from_data",
}


RUN = f"{0x5C4B:016x}"


def long_run(home: Path) -> None:
    """The recorded run with 120 frames, as a run of its own: its pictures, each moved a little."""
    recorded = example("vae")
    run = home / "runs" / RUN
    shutil.copytree(recorded.path, run)
    frames = Film(recorded.path / "frames")
    film, steps = Film(run / "frames"), frames.steps()
    for i in range(MOST_FRAMES):
        arrays = frames.frame(steps[i % len(steps)])
        film.add(1 + i * steps[-1] // MOST_FRAMES, {name: np.roll(array, i, axis=-1) for name, array in arrays.items()})


def scrub(figures: Figures, browser: Browser, url: str, ready: str, slider: str, name: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))
    page.on("request", lambda request: sent.append(1) if "/frames" in request.url else None)
    page.goto(url)
    page.wait_for_selector(ready)
    page.wait_for_timeout(1000)
    before = len(sent)
    rates = [page.locator(slider).evaluate(SCRUB) for _ in range(3)]
    figures.row(f"scrubbing {name}", rates, "pictures/s", ">= 30", headline="layers" in name)
    figures.row(f"scrubbing {name}, messages to the server", len(sent) - before, "", "<= 0")
    page.close()


def opening(figures: Figures, browser: Browser, server: Server, rounds: int) -> None:
    """From a click on a run until its newest picture is drawn, and until each of its frames can be scrubbed to."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    pictures, films = [], []
    for _ in range(rounds):
        page.goto(f"{server.url}/runs")
        button = page.get_by_role("link", name="Open").first
        button.wait_for()
        page.wait_for_timeout(1000)
        began = time.perf_counter()
        button.click()
        page.wait_for_selector(".lane[data-shown]")
        pictures.append(time.perf_counter() - began)
        page.wait_for_selector(f".lane[data-loaded='{MOST_FRAMES}']")
        films.append(time.perf_counter() - began)
    for what, found in (("newest picture drawn", pictures), (f"all {MOST_FRAMES} frames there", films)):
        figures.row(f"opening a run, from the click to {what}", found, "s", "<= 1")


def main() -> int:
    asked, figures = begun(__doc__, rounds=5)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        long_run(Path(home))
        browser, server = launch(playwright), Server(Path(home))
        for name, query in CASES.items():
            ready, slider = ".st-key-em .panel canvas", ".st-key-em input[type=range]"
            scrub(figures, browser, f"{server.url}/mixture?{query}", ready, slider, name)
        film = len(Film(example("gan2d").path / "frames").steps())
        url, ready = f"{server.url}/lab?drawn=data,samples,surface,ideal,grid,needles", f".lane[data-loaded='{film}']"
        scrub(figures, browser, url, ready, ".lab input[type=range]", f"a GAN of points, all layers, {film} frames")
        url, ready = f"{server.url}/train?run={RUN}", f".lane[data-loaded='{MOST_FRAMES}']"
        scrub(figures, browser, url, ready, ".room input[type=range]", f"a run of {MOST_FRAMES} frames")
        opening(figures, browser, server, asked.rounds)
        server.stop()
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
