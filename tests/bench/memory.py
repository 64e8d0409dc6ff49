"""The memory of a run over its length: its trainer, and the server that somebody watches it on.

Target: flat. Run: python -m tests.bench.memory [--seconds 240] [--json FILE]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from genlib.runs import RunFolder
from tests.bench.figures import begun
from tests.served import Server, launch


def megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    asked, figures = begun(__doc__, seconds=240)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser, server = launch(playwright), Server(Path(home))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server.url}/train?budget=seconds&seconds=3600")
        page.get_by_role("button", name="Train", exact=True).click()
        page.wait_for_selector(".live[data-state=running]")
        run = RunFolder(Path(home) / "runs" / page.url.rsplit("run=", 1)[1][:16])
        seen = []
        for _ in range(8):
            page.wait_for_timeout(1000 * asked.seconds / 8)
            seen.append((megabytes(run.status.pid or 0), megabytes(server.process.pid)))
            figures.tell(f"step {run.status.step:,}: trainer {seen[-1][0]:.0f} MB, server {seen[-1][1]:.0f} MB")
        server.stop()
    for name, values in zip(("trainer", "server"), zip(*seen, strict=True), strict=True):
        growth = 60 * (values[-1] - values[1]) / (asked.seconds * 6 / 8)
        figures.row(f"memory of the {name}", values[-1], "MB")
        figures.row(f"memory of the {name}, growth after the first quarter", growth, "MB a minute", "<= 1")
    time.sleep(0.5)
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
