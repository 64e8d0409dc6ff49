"""Real browsers among the visitors: what each saw, and how long the news took until they were drawn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.load.processes import started_by
from tests.served import Server, cpu_seconds, launch

__all__ = ["Tab", "browser_cpu", "chromium"]

# Notes for each news how long the server took, and until the step was drawn that they told; and has the panel ask at
# another pace than the server says, if one is wished.
LISTEN = """
Object.assign(window, { answered: [], drawn: [], asked: 0 });
const ask = window.fetch;
window.fetch = async (...what) => {
  const began = performance.now();
  const answer = await ask(...what);
  if (!String(what[0]).endsWith("/news")) return answer;
  const news = await answer.json();
  window.answered.push(performance.now() - began);
  window.asked = began;
  if (BEAT) news.beat = BEAT;
  answer.json = async () => news;
  return answer;
};
const drawn = () => window.drawn.push(performance.now() - window.asked);
const find = () => {
  const shadows = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  const live = shadows.map((root) => root.querySelector(".live")).find(Boolean);
  if (!live) return setTimeout(find, 200);
  new MutationObserver(() => requestAnimationFrame(drawn)).observe(live, { attributeFilter: ["data-step"] });
};
find();
"""


class Tab:
    """One browser of its own at the training room."""

    def __init__(self, context: BrowserContext, page: Page, server: Server) -> None:
        self.context, self.page, self.server = context, page, server
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)[:120]))
        page.on("console", lambda message: self._hear(message.type, message.text, message.location.get("url", "")))

    @classmethod
    async def open(cls, browser: Browser, server: Server, query: str, beat: int = 0) -> Tab:
        """A tab that shows the page; ``beat`` in milliseconds, 0 for what the server says."""
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        page = await context.new_page()
        page.set_default_timeout(90_000)
        tab = cls(context, page, server)
        await page.add_init_script(LISTEN.replace("BEAT", str(beat)))
        await page.goto(f"{server.url}/train?{query}")
        await page.wait_for_selector(".live[data-state]")
        return tab

    async def forget(self) -> None:
        await self.page.evaluate("Object.assign(window, { answered: [], drawn: [] })")

    async def times(self, name: str) -> list[float]:
        """Milliseconds: "answered" or "drawn"."""
        return await self.page.evaluate(f"window.{name}")

    def _hear(self, kind: str, text: str, source: str) -> None:
        # Streamlit asks for these below a page's own address first, and then at the root.
        if kind == "error" and "/_stcore/" not in source:
            self.faults.append(text[:120])


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


def browser_cpu(parent: int) -> float:
    """CPU-seconds of all browsers that a process has started."""
    total = 0.0
    for pid in started_by(parent, "chrom"):
        with suppress(OSError):  # it has just ended
            total += cpu_seconds(pid)
    return total
