"""The server is killed and started again while a run trains: whether the page finds the run, and what is lost.

In each round a browser starts a run, and at a random step the server is killed with -9; in every second round the
training process too, as when a machine goes down. Then the server is started on the same port. The page that was left
open, and a new one at the run's address, are to show the run as it stands; "Go on" is pressed, and the run is to end in
bitwise the weights of an unbroken one, with every frame that is due and each step reported once. Where only the server
was killed, the run is to have saved the very step it had come to.

Targets: all rounds good. Run: python -m tests.load.restarted [--rounds 4] [--seed 0] [--json FILE]; about a minute a
round, on the loopback address only.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from genlib import checkpoint
from genlib.device import set_threads
from genlib.film import Film
from genlib.runs import RunFolder
from genlib.runs.status import lives
from tests.bench.figures import begun
from tests.load.unbroken import as_unbroken, told_once
from tests.served import Server, launch

EPOCHS, BATCH = 8, 128
QUERY = f"epochs={EPOCHS}&batch_size={BATCH}&hidden_dim=64"
PER_EPOCH = 55_000 // BATCH


@dataclass
class Round:
    """One kill and what came of it."""

    killed_at: int = 0  # step
    lost: int = 0  # steps that are trained anew
    found: float = 0.0  # seconds from the server's answer until the page that was left open shows the run again
    wrong: list[str] = field(default_factory=list)


def until(holds: Callable[[], bool], seconds: float, page: Page) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(100)
    return True


def state(page: Page) -> str:
    with suppress(Exception):  # while Streamlit draws the page anew
        return page.locator(".live").get_attribute("data-state", timeout=500) or ""
    return ""


def begin(browser: Browser, server: Server) -> tuple[Page, RunFolder]:
    """A page whose Train button was pressed, and the run."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/train?{QUERY}")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_selector(".live[data-state=running]")
    return page, RunFolder(server.home / "runs" / page.url.partition("run=")[2][:16])


def kill(server: Server, run: RunFolder, page: Page, both: bool) -> Round:
    """Kill the server, and where asked the trainer in the same moment; what became of the run."""
    told = Round()
    before = {}
    for path in (run.path / "frames").glob("[0-9]*.safetensors"):
        with suppress(FileNotFoundError):  # thinned out in this moment
            before[path] = path.read_bytes()
    pid = run.status.pid or 0
    if both:
        os.kill(pid, signal.SIGKILL)
    server.stop(kill=True)
    told.killed_at = run.status.step
    if not until(lambda: not lives(pid), 30, page):
        told.wrong.append("the trainer outlived its server by half a minute")
    saved = checkpoint.load(run.path, "cpu").step if (run.path / "checkpoint").exists() else 0
    told.lost = max(0, run.status.step - saved)
    if not both and (run.status.state != "interrupted" or told.lost):
        told.wrong.append(f"left {run.status.state} at step {run.status.step} with step {saved} saved")
    if any(path.read_bytes() != content for path, content in before.items() if path.exists()):
        told.wrong.append("a frame from before was altered")
    return told


def come_back(browser: Browser, server: Server, page: Page, run: RunFolder, told: Round) -> None:
    """Start the server; see the run from the old page and a new one, and go on with it to its end."""
    server.start()
    began = time.monotonic()
    ready = lambda: state(page) == "interrupted" and page.get_by_role("button", name="Go on").count() == 1  # noqa: E731
    if not until(ready, 45, page):
        told.wrong.append(f"the page that was left open shows {state(page) or 'no run'}")
        page.goto(f"{server.url}/train?run={run.id}")
        until(ready, 30, page)
    told.found = time.monotonic() - began
    guest = browser.new_context().new_page()
    guest.goto(f"{server.url}/train?run={run.id}")
    if not until(lambda: state(guest) == "interrupted", 30, guest):
        told.wrong.append(f"a new page at its address shows {state(guest) or 'no run'}")
    guest.context.close()
    page.get_by_role("button", name="Go on").click()
    if not until(lambda: state(page) == "done", 180, page):
        told.wrong.append(f"it was gone on with, and is {run.status.state}: {run.status.message}")


def check(run: RunFolder) -> list[str]:
    """What is wrong with a run that has ended."""
    film, last, wrong = Film(run.path / "frames"), EPOCHS * PER_EPOCH, []
    steps = film.steps()
    if run.status.step != last:
        return [f"it ended at step {run.status.step} of {last}"]
    if steps[:1] != [0] or steps[-1:] != [last] or not all(film.frame(step) for step in steps):
        wrong.append("its film has not a readable frame of the first step and the last")
    if not told_once(run, last, PER_EPOCH):
        wrong.append("its reports are not one for each step that was told, and for each epoch")
    if not as_unbroken(run):
        wrong.append("its weights are not those of an unbroken run")
    return wrong


def once(browser: Browser, server: Server, moment: float, both: bool) -> Round:
    """A run whose server is killed when this share of it is done."""
    page, run = begin(browser, server)
    until(lambda: run.status.step >= moment * EPOCHS * PER_EPOCH, 180, page)
    told = kill(server, run, page, both)
    come_back(browser, server, page, run, told)
    told.wrong += check(run)
    page.context.close()
    return told


def main() -> int:
    asked, figures = begun(__doc__, rounds=4, seed=0)
    moments, rounds = random.Random(asked.seed), []
    set_threads()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = launch(playwright)
        for number in range(asked.rounds):
            server = Server(Path(home) / f"{number}")
            try:
                told = once(browser, server, moments.uniform(0.05, 0.8), both=number % 2 == 1)
            finally:
                server.stop()
            rounds.append(told)
            what = "; ".join(told.wrong) or f"found again after {told.found:.1f} s"
            figures.tell(f"killed at step {told.killed_at}, {told.lost} trained anew: {what}", not told.wrong)
        browser.close()
    good = sum(not told.wrong for told in rounds)
    name = "the server killed while a run trains: found again, gone on with, bitwise the same end"
    figures.row(name, good, f"of {len(rounds)} restarts", f">= {len(rounds)}")
    figures.row("the server killed: until the page left open shows the run again", [told.found for told in rounds], "s")
    figures.row("the server killed: steps trained anew", [told.lost for told in rounds])
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
