"""A live panel at 5 Hz beside a running training: latency in the browser, remounts, and what watching costs.

Targets: p95 <= 60 ms from the request for a refresh to the drawn panel; no canvas replaced, none blank;
watched training >= 0.97 of its steps per CPU-second.
Run: python -m tests.bench.live_panel [--rounds 4] [--json FILE]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from genlib.runs import RunFolder
from tests.bench.figures import begun
from tests.served import Server, cpu_seconds, launch

SECONDS = 12.0

LISTEN = """
window.sent = 0; window.latencies = [];
const ask = window.fetch;
window.fetch = (...what) => {
  if (String(what[0]).endsWith("/news")) window.sent = performance.now();
  return ask(...what);
};
"""

WATCH = """
() => {
  const find = (root) => { for (const e of root.querySelectorAll('*')) { if (e.classList.contains('live')) return e;
    if (e.shadowRoot) { const inner = find(e.shadowRoot); if (inner) return inner; } } return null; };
  const live = find(document), canvas = live.querySelector('.samples');
  Object.assign(window, { frames: 0, blanks: 0, latencies: [] });
  new MutationObserver(() => requestAnimationFrame(() => { window.latencies.push(performance.now() - window.sent) }))
    .observe(live, { attributes: true, attributeFilter: ['data-step'] });
  const look = () => {
    const data = canvas.getContext('2d').getImageData(0, 0, 60, 60).data;
    window.frames += 1; window.blanks += !canvas.isConnected || !data.some((value, i) => i % 4 < 3 && value > 30);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


def steps_per_cpu_second(run: RunFolder, page: Page) -> float:
    before, used = run.status.step, cpu_seconds(run.status.pid or 0)
    page.wait_for_timeout(1000 * SECONDS)
    return (run.status.step - before) / (cpu_seconds(run.status.pid or 0) - used)


def open_page(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(LISTEN)
    page.goto(url)
    return page


def main() -> int:
    asked, figures = begun(__doc__, rounds=4)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser, server = launch(playwright), Server(Path(home))
        owner = open_page(browser, f"{server.url}/train?budget=seconds&seconds=3600")
        owner.get_by_role("button", name="Train", exact=True).click()
        owner.wait_for_selector(".live[data-state=running]")
        run = RunFolder(Path(home) / "runs" / owner.url.rsplit("run=", 1)[1][:16])
        idle = open_page(browser, "about:blank")
        owner.goto("about:blank")
        latencies, ratios, blanks, frames = [], [], 0, 0
        for _ in range(asked.rounds):
            alone = steps_per_cpu_second(run, idle)
            page = open_page(browser, f"{server.url}/train?run={run.id}")
            page.wait_for_selector(".live[data-state=running]")
            page.wait_for_timeout(2000)
            page.evaluate(WATCH)
            watched = steps_per_cpu_second(run, page)
            ratios.append(watched / alone)
            latencies += page.evaluate("window.latencies")
            blanks, frames = blanks + page.evaluate("window.blanks"), frames + page.evaluate("window.frames")
            page.context.close()
        server.stop()
    figures.tell(f"{len(latencies)} refreshes, {frames} animation frames")
    figures.row("a live page, from asking for news to drawn, p50", float(np.percentile(latencies, 50)), "ms")
    figures.row("a live page, from asking for news to drawn, p95", float(np.percentile(latencies, 95)), "ms", "<= 60",
                headline=True)  # fmt: skip
    figures.row("a live page, canvases blank or replaced", blanks, "", "<= 0")
    figures.row("a run that is watched, steps per CPU-second", ratios, "times", ">= 0.97", against="the same unwatched")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
