"""Thirty visitors watch a live run: how long news take, whether any fails, and what it costs the training.

Each visitor holds a session on the page of the run, as its browser would, and asks over HTTP for the news of the run
and for each frame that is new; some are real browsers. Watched and unwatched in turn. Clients share the cores with the
server and the training, so what they use is told; how far the unwatched rates lie apart is the noise of the machine.

Targets at two looks a second each: p95 <= 100 ms, no error, training >= 0.9 of its steps per CPU-second.
Run: python -m tests.load.watchers [--watchers 30] [--browsers 3] [--rounds 3] [--hz 2] [--json FILE]; with --hz 0
each asks as often as the server says. On the loopback address only; about a minute a round.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from websockets import WebSocketException

from genlib.runs import RunFolder
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from tests.bench.figures import Figures, begun, spread
from tests.load.browsers import Tab, browser_cpu, chromium
from tests.load.visitor import Visitor
from tests.served import ROOT, Server, cpu_seconds

SECONDS = 15.0


@dataclass
class Heard:
    """What all visitors saw, over all rounds."""

    pages: list[float] = field(default_factory=list)  # seconds
    latencies: list[float] = field(default_factory=list)  # milliseconds
    beats: list[int] = field(default_factory=list)
    frames: int = 0
    errors: list[str] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)  # milliseconds, as browsers saw it
    drawn: list[float] = field(default_factory=list)


class Meter:
    """What training, server and clients do from its making on."""

    def __init__(self, server: Server, run: RunFolder) -> None:
        self._server, self._run = server, run
        self._before = self._read()

    def rates(self) -> dict[str, float]:
        """Steps of a CPU-second and of a second; cores of the server, of the visitors and of the browsers."""
        seconds, steps, used, *cores = self._read() - self._before
        names = ("server", "visitors", "browsers")
        return {"per_cpu": steps / used, "per_second": steps / seconds} | dict(zip(names, cores / seconds, strict=True))

    def _read(self) -> np.ndarray:
        status = self._run.status
        pids = (status.pid or 0, self._server.process.pid)
        used = [cpu_seconds(pid) for pid in pids]
        return np.array([time.monotonic(), status.step, *used, time.process_time(), browser_cpu(os.getpid())])


async def come(server: Server, number: int, run: str, heard: Heard) -> Visitor | None:
    """A visitor who has opened the page of the run."""
    visitor = Visitor(server, number, f"run={run}")
    try:
        heard.pages.append(await visitor.open())
        return visitor
    except (OSError, WebSocketException) as error:
        heard.errors.append(repr(error)[:80])
        return None


async def watch(visitor: Visitor, run: str, beat: int, until: float, heard: Heard) -> None:
    seen = -1
    await asyncio.sleep(np.random.default_rng(int(visitor.key, 16)).uniform(0, 0.5))  # they did not all come at once
    due = time.monotonic()
    while due < until:
        began = time.perf_counter()
        try:
            news = await visitor.news(run)
            heard.latencies.append(1000 * (time.perf_counter() - began))
            heard.beats.append(news["beat"])
            if news["steps"] and news["steps"][-1] != seen:
                seen = news["steps"][-1]
                await visitor.get(f"/genlib/runs/{run}/frames?steps={seen}")
                heard.frames += 1
        except (OSError, KeyError, ValueError) as error:
            heard.errors.append(repr(error)[:80])
        due = max(due + (beat or (heard.beats or [500])[-1]) / 1000, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def crowd(server: Server, run: RunFolder, sizes: tuple[int, int], beat: int, heard: Heard) -> dict[str, float]:
    """Have so many visitors, of whom some have browsers, watch for some seconds."""
    async with chromium() as browser:
        tabs = [await Tab.open(browser, server, f"run={run.id}", beat) for _ in range(sizes[1])]
        came = [await come(server, i, run.id, heard) for i in range(sizes[0] - sizes[1])]
        visitors = [visitor for visitor in came if visitor]
        await asyncio.sleep(1)
        for tab in tabs:
            await tab.forget()
        meter, until = Meter(server, run), time.monotonic() + SECONDS
        await asyncio.gather(*(watch(visitor, run.id, beat, until, heard) for visitor in visitors))
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        rates = meter.rates()
        for tab in tabs:
            heard.answered += await tab.times("answered")
            heard.drawn += await tab.times("drawn")
            heard.errors += tab.faults
        for visitor in visitors:
            await visitor.close()
    return rates


def alone(server: Server, run: RunFolder) -> dict[str, float]:
    meter = Meter(server, run)
    time.sleep(SECONDS)
    return meter.rates()


def main() -> int:
    asked, figures = begun(__doc__, watchers=30, browsers=3, rounds=3, hz=2)
    beat, heard = 1000 // asked.hz if asked.hz else 0, Heard()
    sizes = (asked.watchers, min(asked.browsers, asked.watchers))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["GENLIB_HOME"] = home
        server = Server(Path(home))
        settings = RunSettings("vae", VAEConfig(latent_dim=20), TrainConfig(budget="seconds", seconds=3600))
        run = RunFolder.create(settings.to_json(), claimed=True)
        command = ["nice", "-n", "5", sys.executable, "-m", "genlib", "train", run.id, "--attempt", "1", "--json"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as trainer:
            try:
                while run.status.step < 200:
                    time.sleep(0.2)
                pairs = [
                    (alone(server, run), asyncio.run(crowd(server, run, sizes, beat, heard)))
                    for _ in range(asked.rounds)
                ]
            finally:
                trainer.terminate()
                server.stop()
    tell(figures, asked.watchers, sizes[1], heard, pairs)
    return figures.end()


def tell(
    figures: Figures, watchers: int, browsers: int, heard: Heard, pairs: list[tuple[dict[str, float], ...]]
) -> None:
    name = f"{watchers} watch a live run"
    asks = f"each asks every {statistics.median(heard.beats):.0f} ms"
    rate = len(heard.latencies) / (watchers - browsers) / len(pairs) / SECONDS
    figures.tell(f"each looked {rate:.2f} times a second, the server says {asks}; {heard.frames} frames")
    for words, times, target in (
        ("news, p50", np.percentile(heard.latencies, 50), ""),
        ("news, p95", np.percentile(heard.latencies, 95), "<= 100"),
        ("the slowest news", max(heard.latencies), ""),
        ("news in a browser, p95", np.percentile(heard.answered or [np.nan], 95), ""),
        ("in a browser until it is drawn, p95", np.percentile(heard.drawn or [np.nan], 95), ""),
    ):
        if np.isfinite(times):
            figures.row(f"{name}: {words}", float(times), "ms", target, headline=words == "news, p95")
    figures.row(f"{name}: its page drawn, p95", float(np.percentile(heard.pages, 95)), "s")
    figures.tell(f"errors: {sorted(set(heard.errors))[:3]}")
    figures.row(f"{name}: errors", len(heard.errors), "", "<= 0")
    alone = "the same unwatched"
    ratios = {each: [watched[each] / before[each] for before, watched in pairs] for each in ("per_cpu", "per_second")}
    figures.row(f"{name}: steps per CPU-second", ratios["per_cpu"], "times", ">= 0.9", against=alone, headline=True)
    figures.row(f"{name}: steps per second", ratios["per_second"], "times", against=alone)
    figures.row("noise: spread of the unwatched rates", 100 * spread([before["per_cpu"] for before, _ in pairs]), "%")
    for who in ("server", "visitors", "browsers"):
        figures.row(f"{name}: the {who} use", [watched[who] for _, watched in pairs], "cores")


if __name__ == "__main__":
    sys.exit(main())
