"""Thirty visitors watch a live run: how long news take, whether any fails, and what it costs the training.

Each visitor holds a session on the page of the run, as its browser would, and asks over HTTP for the news of the run
and for each frame that is new; some are real browsers. Watched and unwatched in turn. Clients share the cores with the
server and the training, so what they use is told; how far the unwatched rates lie apart is the noise of the machine.

Targets at two looks a second each: p95 <= 100 ms, no error, training >= 0.9 of its steps per CPU-second.
Run: python -m tests.load.watchers [--watchers 30] [--browsers 3] [--rounds 3] [--hz 2] [--json]; with --hz 0 each asks
as often as the server says. On the loopback address only; about a minute a round.
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
from tests.load.browsers import Tab, browser_cpu, chromium
from tests.load.figures import Figures, options, spread
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
    asked = options(__doc__, watchers=30, browsers=3, rounds=3, hz=2).parse_args()
    beat, heard = 1000 // asked.hz if asked.hz else 0, Heard()
    figures, sizes = Figures(asked.json), (asked.watchers, min(asked.browsers, asked.watchers))
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
    p50, p95 = np.percentile(heard.latencies, [50, 95])
    asks = f"each asks every {statistics.median(heard.beats):.0f} ms"
    rate = len(heard.latencies) / (watchers - browsers) / len(pairs) / SECONDS
    line = f"{watchers} watchers, {browsers} of them browsers: news p50 {p50:.0f} ms, p95 {p95:.0f} ms (<= 100)"
    figures.tell(line, bool(p95 <= 100), watchers=watchers, browsers=browsers, p50_ms=float(p50), p95_ms=float(p95))
    told = f"worst {max(heard.latencies):.0f} ms; each looked {rate:.2f} times a second, the server says {asks}"
    figures.tell(f"{told}; {heard.frames} frames", worst_ms=max(heard.latencies), hz=rate, frames=heard.frames)
    opened = np.percentile(heard.pages, 95)
    figures.tell(f"the page of the run was drawn within {opened:.2f} s (p95)", page_p95_s=float(opened))
    if heard.answered and heard.drawn:
        one, other = np.percentile(heard.answered, 95), np.percentile(heard.drawn, 95)
        line = f"in the browsers: news p95 {one:.0f} ms, until they were drawn p95 {other:.0f} ms"
        figures.tell(line, browser_p95_ms=float(one), browser_drawn_p95_ms=float(other))
    line = f"errors: {len(heard.errors)} {sorted(set(heard.errors))[:3]} (0)"
    figures.tell(line, not heard.errors, errors=len(heard.errors))
    ratios = [watched["per_cpu"] / before["per_cpu"] for before, watched in pairs]
    ratio, noise = statistics.median(ratios), spread([before["per_cpu"] for before, _ in pairs])
    line = f"watched / alone, steps per CPU-second: {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}) (>= 0.9)"
    figures.tell(f"{line}; alone the rates spread over {noise:.1%}", ratio >= 0.9, training=ratio, noise=noise)
    wall = statistics.median(watched["per_second"] / before["per_second"] for before, watched in pairs)
    cores = {
        name: statistics.median(watched[name] for _, watched in pairs) for name in ("server", "visitors", "browsers")
    }
    used = ", ".join(f"{name} {value:.2f}" for name, value in cores.items())
    figures.tell(f"cores: {used}; steps per second: {wall:.2f} of those alone", cores_used=cores, wall=wall)


if __name__ == "__main__":
    sys.exit(main())
