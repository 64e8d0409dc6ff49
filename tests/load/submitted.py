"""Thirty visitors press Train at once: whether all runs finish, in turn, and nobody steers another's.

Each visitor holds a session on the training page and presses its button; some do so in a real browser. While they wait
and train each looks where its own run stands; beside them the processes that train are counted. Then each goes to the
page of its neighbour's run with its own key, sends what the neighbour's Stop button would, and calls what the page
calls. That the forged message acts where the key fits is shown last, on a run more.

Targets: all finish; never more train than there are slots; each that waits sees its place; nobody steers another's run.
Run: python -m tests.load.submitted [--visitors 30] [--browsers 2] [--slots 1] [--json FILE]. On the loopback address
only; about three minutes on one slot of a machine that does nothing else, never more than sixteen.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from genlib.knobs import InputError
from genlib.runs import ACTIVE, RunFolder
from genlib.runs.finding import folders
from genlib.runs.status import TRAINED
from tests.bench.figures import begun
from tests.load.browsers import Tab, chromium
from tests.load.processes import started_by
from tests.load.visitor import Visitor
from tests.served import Server

SHORT = "epochs=1&batch_size=512&hidden_dim=16"
LONG = "budget=seconds&seconds=120&hidden_dim=16"
LOOK = 0.5  # seconds between two looks of a visitor
PATIENCE = 900.0  # seconds


@dataclass
class Seen:
    """What one visitor saw of its run."""

    run: str = ""
    waited: float = 0.0  # seconds from the click until the page showed the run
    states: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def note(self, state: str, words: str) -> None:
        if self.states[-1:] != [state]:
            self.states.append(state)
        found = re.search(r"Place (\d+) in the queue|Next in the queue", words)
        place = int(found[1] or 1) if found else 0
        if place and self.places[-1:] != [place]:
            self.places.append(place)

    @property
    def ended(self) -> bool:
        return bool(self.states) and self.states[-1] not in ACTIVE


async def follow(visitor: Visitor, seen: Seen, until: float) -> None:
    """Press Train and watch the run to its end, the page drawn anew whenever its buttons may have changed."""
    seen.waited = await visitor.press("Train")
    seen.run, standing = visitor.run, ""
    while seen.run and not seen.ended and time.monotonic() < until:
        news = await visitor.news(seen.run)
        seen.note(news["state"], news["words"])
        if news["standing"] != standing:
            standing = news["standing"]
            await visitor.draw()
        await asyncio.sleep(LOOK)


async def follow_in_browser(tab: Tab, seen: Seen, until: float) -> None:
    began, page = time.monotonic(), tab.page
    await page.get_by_role("button", name="Train", exact=True).click()
    await page.wait_for_url("**run=**")
    await page.locator(".live:not([data-state=done])").wait_for()  # until then it shows a recorded run
    seen.run, seen.waited = page.url.partition("run=")[2][:16], time.monotonic() - began
    while not seen.ended and time.monotonic() < until:
        live = page.locator(".live")
        seen.note(await live.get_attribute("data-state") or "", await live.locator(".words").first.inner_text())
        await asyncio.sleep(LOOK)


class Count:
    """How many trainers there were at once, by the processes and by what the runs say."""

    def __init__(self, server: Server) -> None:
        self.server, self.processes, self.told = server, 0, 0

    async def __call__(self) -> None:
        while True:
            self.processes = max(self.processes, len(started_by(self.server.process.pid, "genlib train")))
            self.told = max(self.told, sum(run.status.state in TRAINED for run in folders()))
            await asyncio.sleep(0.2)


@asynccontextmanager
async def opened(server: Server, number: int, query: str):
    visitor = Visitor(server, number, query)
    await visitor.open()
    try:
        yield visitor
    finally:
        await visitor.close()


async def intrude(server: Server, number: int, run: RunFolder, stop: str) -> list[str]:
    """Try to stop another's run; what succeeded."""
    found = []
    async with opened(server, number, f"run={run.id}&want=stop&do_Stop=true") as visitor:
        if "Stop" in visitor.buttons:
            found.append("a Stop button on another's page")
        await visitor.draw(stop)
        try:
            run.steer(visitor.key, want="stop")
            found.append("a wish from another's key was stored")
        except InputError:
            pass
    return found


async def forged_with_the_key(server: Server, stop: str) -> bool:
    """Whether the same message stops a run where it comes with its owner's key, from another tab."""
    async with opened(server, 0, LONG) as owner:
        await owner.press("Train")
        run, until = RunFolder(server.home / "runs" / owner.run), time.monotonic() + 30
        async with opened(server, 0, f"run={run.id}") as twin:
            await twin.draw(stop)
            while run.status.state != "stopped" and time.monotonic() < until:
                await asyncio.sleep(0.2)
        return run.status.state == "stopped"


async def submit(server: Server, visitors: int, browsers: int) -> tuple[list[Seen], Count, list[str], list[str]]:
    """What each saw, how many trained at once, what intruders could do, and console errors; all at the end."""
    async with chromium() as browser:
        tabs = [await Tab.open(browser, server, SHORT) for _ in range(browsers)]
        sessions = [Visitor(server, number, SHORT) for number in range(visitors - browsers)]
        await asyncio.gather(*(session.open() for session in sessions))
        seen, until, count = [Seen() for _ in range(visitors)], time.monotonic() + PATIENCE, Count(server)
        counting = asyncio.create_task(count())
        follows = [follow(session, each, until) for session, each in zip(sessions, seen, strict=False)]
        follows += [follow_in_browser(tab, each, until) for tab, each in zip(tabs, seen[-browsers:], strict=False)]
        following = asyncio.gather(*follows)
        while not all(each.run for each in seen) and not following.done():
            await asyncio.wait({following}, timeout=0.1)
        runs = [RunFolder(server.home / "runs" / each.run) for each in seen]
        stop = next(session.buttons["Stop"] for session in sessions if "Stop" in session.buttons)
        tried = [await intrude(server, i, runs[(i + 1) % visitors], stop) for i in range(visitors - browsers)]
        await following
        counting.cancel() or counting.result()
        intruded = [each for found in tried for each in found]
        intruded += [f"{run.id} was asked {run.wish.want}" for run in runs if run.wish.sequence]
        if not await forged_with_the_key(server, stop):
            intruded.append("the forged message acts nowhere: it proves nothing")
        for session in sessions:
            await session.close()
        return seen, count, intruded, [fault for tab in tabs for fault in tab.faults]


def main() -> int:
    asked, figures = begun(__doc__, visitors=30, browsers=2, slots=1)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["GENLIB_HOME"] = home
        server = Server(Path(home), asked.slots)
        try:
            seen, count, intruded, faults = asyncio.run(submit(server, asked.visitors, asked.browsers))
        finally:
            server.stop()
    done, visitors = sum(each.states[-1:] == ["done"] for each in seen), len(seen)
    name = f"{visitors} visitors press Train at once"
    figures.row(f"{name}: runs that finish", done, f"of {visitors}", f">= {visitors}", headline=True)
    figures.row(f"{name}: trained at once, processes", count.processes, "", f"<= {asked.slots}")
    figures.row(f"{name}: trained at once, as runs say", count.told, "", f"<= {asked.slots}")
    places = [each.places for each in seen if each.places]
    least = visitors - asked.slots
    figures.row(f"{name}: saw their place in the queue", len(places), f"of {visitors}", f">= {least}")
    rises = sum(after > before for each in places for before, after in pairwise(each))
    figures.row(f"{name}: times that a place rose", rises, "", "<= 0")
    clicked = float(np.percentile([each.waited for each in seen], 95))
    figures.row(f"{name}: from the click to the page of the run, p95", clicked, "s")
    figures.tell(f"{intruded[:3]} {faults[:3]}" if intruded or faults else "nobody steered another's; no console error")
    figures.row(f"{name}: tries to steer another's run that did something", len(intruded), "", "<= 0")
    figures.row(f"{name}: errors in the browsers", len(faults), "", "<= 0")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
