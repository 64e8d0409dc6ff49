"""Thirty visitors watch a live run: how long news take, whether any fails, and what it costs the training.

Each visitor does over HTTP what its browser would: asks for the news of the run at the pace that the server asks for,
and for each frame that is new. Watched and unwatched in turn; the client's own CPU is told, since it shares the cores.

Targets: p95 <= 100 ms, no error, training >= 0.9 of its steps per CPU-second. On the loopback address only.
Run: python -m tests.load.watchers [watchers] [rounds]
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genlib.runs import RunFolder
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from tests.served import ROOT, Server

SECONDS = 15.0


@dataclass
class Heard:
    """What all visitors saw."""

    latencies: list[float] = field(default_factory=list)  # milliseconds
    beats: list[int] = field(default_factory=list)
    frames: int = 0
    errors: list[str] = field(default_factory=list)


class Visitor:
    """One connection that is kept, as a browser keeps it."""

    def __init__(self, port: int, name: str) -> None:
        self.port, self.name = port, name
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> bytes:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Film: {self.name}\r\n\r\n"
        self.writer.write(head.encode())
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length"))
        content = await self.reader.readexactly(length)
        if " 200 " not in lines[0]:
            raise OSError(lines[0])
        return content


async def watch(server: Server, run: str, name: str, until: float, heard: Heard) -> None:
    visitor, seen = Visitor(server.port, name), -1
    await asyncio.sleep(int(name) % 10 / 50)  # they did not all come in the same moment
    while time.monotonic() < until:
        began = time.perf_counter()
        try:
            news = json.loads(await visitor.get(f"/genlib/runs/{run}/news"))
            heard.latencies.append(1000 * (time.perf_counter() - began))
            heard.beats.append(news["beat"])
            if news["steps"] and news["steps"][-1] != seen:
                seen = news["steps"][-1]
                await visitor.get(f"/genlib/runs/{run}/frames?steps={seen}")
                heard.frames += 1
            await asyncio.sleep(news["beat"] / 1000)
        except (OSError, KeyError, ValueError, StopIteration, asyncio.IncompleteReadError) as error:
            heard.errors.append(repr(error)[:80])
            visitor = Visitor(server.port, name)
            await asyncio.sleep(0.2)


async def crowd(server: Server, run: str, watchers: int, heard: Heard) -> None:
    until = time.monotonic() + SECONDS
    await asyncio.gather(*(watch(server, run, f"{i}", until, heard) for i in range(watchers)))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(run: RunFolder, server: Server, watchers: int, heard: Heard) -> tuple[float, float]:
    """Steps of the trainer per CPU-second, and the cores that the server took, over some seconds."""
    pid = run.status.pid or 0
    step, used, served = run.status.step, cpu_seconds(pid), cpu_seconds(server.process.pid)
    if watchers:
        asyncio.run(crowd(server, run.id, watchers, heard))
    else:
        time.sleep(SECONDS)
    rate = (run.status.step - step) / max(cpu_seconds(pid) - used, 1e-9)
    return rate, (cpu_seconds(server.process.pid) - served) / SECONDS


def main() -> None:
    watchers = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["GENLIB_HOME"] = home
        server, heard = Server(Path(home)), Heard()
        settings = RunSettings("vae", VAEConfig(latent_dim=20), TrainConfig(budget="seconds", seconds=600))
        run = RunFolder.create(settings.to_json())
        command = ["nice", "-n", "5", sys.executable, "-m", "genlib", "train", run.id, "--json"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as trainer:
            while run.status.step < 200:
                time.sleep(0.2)
            ratios, cores, own = [], [], []
            for _ in range(rounds):
                alone, _ = measured(run, server, 0, heard)
                began = time.process_time()
                watched, server_cores = measured(run, server, watchers, heard)
                own.append((time.process_time() - began) / SECONDS)
                ratios.append(watched / alone)
                cores.append(server_cores)
            trainer.terminate()
        server.stop()
    p50, p95 = np.percentile(heard.latencies, [50, 95])
    rate = len(heard.latencies) / (rounds * SECONDS)
    print(
        f"{watchers} watchers: news p50 {p50:.0f} ms, p95 {p95:.0f} ms, worst {max(heard.latencies):.0f} ms (p95 100)"
    )
    print(f"{rate:.0f} news a second, each asks every {statistics.median(heard.beats):.0f} ms; {heard.frames} frames")
    print(f"errors: {len(heard.errors)} {sorted(set(heard.errors))[:3]} (0)")
    spread = f"({min(ratios):.3f} to {max(ratios):.3f})"
    print(f"watched / alone, steps per CPU-second: {statistics.median(ratios):.3f} {spread} (>= 0.9)")
    print(f"cores: server {statistics.median(cores):.2f}, client {statistics.median(own):.2f}")


if __name__ == "__main__":
    main()
