"""A server, the owner of all its runs, and what the owner reads when something goes wrong."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from genlib.runs import ACTIVE, RunFolder
from genlib.runs.finding import folders
from genlib.settings import RunSettings
from tests.load.unbroken import as_unbroken
from tests.load.visitor import Visitor
from tests.served import Server

__all__ = ["Case", "Room", "clear"]


class Case(Exception):
    """What is wrong with a case."""


class Room:
    """A server, and the owner of all its runs."""

    def __init__(self, server: Server) -> None:
        self.server, self.owner, self.sentence = server, Visitor(server, 0), ""

    def submit(self, settings: RunSettings) -> RunFolder:
        return RunFolder.create(settings.to_json(), self.owner.key)

    def stop_all_but(self, kept: RunFolder) -> None:
        """Have no case keep a place from the next."""
        for run in folders():
            if run.id != kept.id and run.status.state in ACTIVE:
                run.ask(want="stop")

    async def told(self, run: RunFolder) -> str:
        """What the page of a run tells of it."""
        news = await self.owner.news(run.id)
        return news.get("error") or news["words"]

    async def until(self, holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Case(f"not {what} after {seconds:.0f} s")
            await asyncio.sleep(0.1)

    async def reaches(self, run: RunFolder, state: str, step: int = 0) -> None:
        await self.until(lambda: run.status.state == state and run.status.step >= step, f"{state}, step {step}")

    async def says(self, run: RunFolder, part: str, seconds: float = 60) -> None:
        """The page comes to tell one sentence, of which this is a part."""
        deadline = time.monotonic() + seconds
        while part not in (told := await self.told(run)):
            if time.monotonic() > deadline:
                raise Case(f"the page tells {told!r}")
            await asyncio.sleep(0.2)
        self.sentence = clear(told)

    async def page(self, run: RunFolder, press: str = "") -> list[str]:
        """Open the page of a run, press a button there; what stands above it then."""
        self.owner.query = f"run={run.id}"
        await self.owner.draw()
        if press:
            if press not in self.owner.buttons:
                raise Case(f"there is no button {press}, but {', '.join(self.owner.buttons)}")
            await asyncio.sleep(0.5)  # else it is the second half of a double click
            await self.owner.press(press)
        return list(self.owner.sentences)

    async def goes_on(self, run: RunFolder) -> None:
        """The button takes the run to its end."""
        await self.page(run, "Go on")
        await self.reaches(run, "done")
        if not as_unbroken(run):
            raise Case("it ended in other weights than an unbroken run")


def clear(text: str) -> str:
    """One sentence, with no path and no trace of the code in it."""
    if not re.fullmatch(r"[A-Z][^\n/\\]*[^\s.]\.", text) or ". " in text or re.search(r"Traceback|Error|Errno", text):
        raise Case(f"this is not one clear sentence: {text!r}")
    return text
