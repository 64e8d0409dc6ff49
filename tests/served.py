"""The app as a process, and the browser to visit it with: for the browser tests and the benchmarks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, expect

__all__ = ["Server", "bring", "chromium_path", "cpu_seconds", "launch", "settle"]

ROOT = Path(__file__).parents[1]
GENLIB = (sys.executable, "-m", "genlib")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
QUIET = """() => {
  const idle = document.querySelector("[data-test-script-state=notRunning]");
  if (!idle || document.querySelector("[data-stale=true], [data-testid=stSkeleton]")) window.quiet = 0;
  else window.quiet ||= performance.now();
  return window.quiet && performance.now() - window.quiet > 700;
}"""


class Server:
    """A running app: its address, its process and its home.

    Arguments:
        home: Where its runs lie.
        slots: Runs that train at once.
        command: What starts it: the checkout's, or one that is installed.
        folder: Where that command is given.
        options: More of those of ``subprocess.Popen``.
    """

    def __init__(
        self, home: Path, slots: int = 1, command: Sequence[str] = GENLIB, folder: Path = ROOT, **options: Any
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home, self.slots, self.command, self.options = home, slots, command, {"cwd": folder, **options}
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [*self.command, "app", "--port", str(self.port), "--no-browser"]
        environment = {**os.environ, "GENLIB_HOME": str(self.home), "GENLIB_SLOTS": str(self.slots)}
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, **self.options)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.1)

    def stop(self, *, kill: bool = False) -> None:
        self.process.kill() if kill else self.process.terminate()
        self.process.wait(30)


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def chromium_path() -> str | None:
    """Where a Chromium is installed, if one is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))


def bring(page: Page, file: Path) -> None:
    """Choose a file as a person would; Streamlit drops one chosen in the tenth of a second after the input appears."""
    page.locator("input[type=file]").wait_for(state="attached")
    page.wait_for_timeout(1000)
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.locator("input[type=file]").set_input_files(file)


def settle(page: Page) -> None:
    """Wait until the page has run, with what its elements told it once they were loaded, and nothing is of before."""
    loading = page.locator("[data-state=loading]")
    for _ in range(2):
        page.evaluate("window.quiet = 0")
        page.wait_for_function(QUIET, polling=100)
        if not loading.count():
            break
        expect(loading).to_have_count(0)
