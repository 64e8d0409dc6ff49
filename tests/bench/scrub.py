"""Scrubbing through EM in the browser: pictures drawn a second, at one new position an animation frame.

Target: >= 30 a second, no server trip. Run: python -m tests.bench.scrub
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

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
    "1,000 points, K = 5": "data_dataset=pinwheel&data_n=1000&components=5&initialisation=random_from_data",
    "5,000 points, K = 10": "data_dataset=grid&data_n=5000&components=10&initialisation=random_from_data",
}


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser, server = launch(playwright), Server(Path(home))
        for name, query in CASES.items():
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            sent: list[int] = []
            page.on("websocket", lambda socket, sent=sent: socket.on("framesent", lambda _: sent.append(1)))
            page.goto(f"{server.url}/mixture?{query}")
            page.wait_for_selector(".st-key-starts .panel canvas")
            page.wait_for_timeout(1000)
            before = len(sent)
            rates = [page.locator(".st-key-em input[type=range]").evaluate(SCRUB) for _ in range(3)]
            trips = len(sent) - before
            print(
                f"{name}: {sorted(rates)[1]:.0f} pictures/s ({min(rates):.0f} to {max(rates):.0f}), target >= 30; "
                f"{trips} messages to the server, target 0"
            )
            page.close()
        server.stop()


if __name__ == "__main__":
    main()
