"""A real server and a real browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from genlib.knobs import InputError
from genlib.runs import ACTIVE, RunFolder
from tests.served import ROOT, Server, chromium_path, launch

expect.set_options(timeout=20_000)  # the machine may be busy
# Streamlit asks for these below a page's own address first, and then at the root.
PROBES = re.compile(r"/\w+/_stcore/(health|host-config)$")


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has visited."""
    server = Server(tmp_path / "home")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has all pages, that of the teacher too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENLIB_TEACHER", "key")
        server = Server(tmp_path_factory.mktemp("server") / "home")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        message = "no Chromium is installed: the browser tests need Debian's chromium package, or Google Chrome"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A blank page with nothing but the scripts of elements that the module names as SCRIPTS."""
    opened = browser.new_page()
    opened.add_script_tag(content=scripts(*request.module.SCRIPTS))
    yield opened
    opened.close()


def scripts(*names: str) -> str:
    """Scripts of elements in one; what they export cannot stand in a plain script."""
    texts = [(ROOT / "pages" / "ui" / name).read_text("utf-8") for name in names]
    return "".join(text.partition("\nexport default")[0] for text in texts)


class Visitor:
    """A browser of its own, which notes every console error and every request to another host."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.faults: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._check(request.url))
        page.on("console", lambda message: self._hear(message.type, message.text, message.location.get("url", "")))
        return page

    def go(self, path: str = "/", wait: str = "canvas") -> Page:
        self.page.goto(self.url + path)
        self.page.wait_for_selector(wait)
        return self.page

    def _check(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"request to {url}")

    def _hear(self, kind: str, text: str, source: str) -> None:
        if kind == "error" and not PROBES.search(source):
            self.faults.append(f"{text} ({source})")


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Visitor]]:
    """Opens browsers; at the end none of them may have seen an error or asked another host."""
    visitors: list[Visitor] = []

    def new(url: str = server.url, **options: object) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}} | options)
        visitors.append(Visitor(context, url))
        return visitors[-1]

    yield new
    for visitor in visitors:
        visitor.context.close()
    # What a test that failed has left would keep the next ones waiting for the only slot.
    for run in (server.home / "runs").glob("*"):
        with suppress(InputError):
            if RunFolder(run).status.state in ACTIVE:
                shutil.rmtree(run, ignore_errors=True)
    assert [fault for visitor in visitors for fault in visitor.faults] == []
