"""What a visitor reads when the disk fills up, a folder vanishes or a file is altered, and whether others are harmed.

A server trains two runs at once: one for which nothing ever goes wrong, and beside it one after the other those to
which something is done. Each must come to one clear sentence on its page; where nothing is lost, it must go on by its
button and end in bitwise the weights of an unbroken run, and so must the run beside them all in the end.

A full disk is a small one in memory, which only the superuser can mount: without that these cases are left out, and
said to be.

Targets: all cases good. Run: python -m tests.load.faults [--json FILE]. On the loopback address only; about three
minutes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from genlib.device import set_threads
from genlib.runs import RunFolder
from genlib.runs.status import lives
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from tests.bench.figures import Figures, begun
from tests.load.disks import can_mount, disk_full, disk_full_at_the_click
from tests.load.room import Case, Room, clear
from tests.load.unbroken import as_unbroken
from tests.served import Server

FILES = ("tensors.safetensors", "checkpoint.json")
SHORT = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=2, batch_size=256, device="cpu"))
BESIDE = 1000  # steps of the run beside, made while something is done to another
ENDLESS = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=1000, batch_size=128, device="cpu"))


async def removed(room: Room, source: RunFolder) -> None:
    """The folder is removed while it trains."""
    run = room.submit(ENDLESS)
    await room.reaches(run, "running", 50)
    pid = run.status.pid
    shutil.rmtree(run.path.rename(run.path.with_name(".gone")), ignore_errors=True)
    await room.says(run, "There is no run")
    await room.until(lambda: not lives(pid), "the end of its trainer")
    if run.path.exists():
        raise Case("something was written after it was removed")


async def saved_twice(room: Room) -> RunFolder:
    """A run that was stopped on its way, with two checkpoints."""
    run = room.submit(SHORT)
    run.ask(until_step=60)
    await room.reaches(run, "paused", 60)
    run.ask(until_step=90)
    await room.reaches(run, "paused", 90)
    run.ask(want="stop")
    await room.reaches(run, "stopped", 90)
    return run


def copied(run: RunFolder) -> RunFolder:
    copy = RunFolder(run.path.with_name(secrets.token_hex(8)))
    shutil.copytree(run.path, copy.path)
    copy.ask(want="run", until_step=None)
    return copy


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def alter(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


DAMAGES = {"cut": cut, "altered": alter}


def damaged(damage: str, name: str, both: bool) -> Callable[[Room, RunFolder], Awaitable[None]]:
    async def case(room: Room, source: RunFolder) -> None:
        run = copied(source)
        for folder in ("checkpoint", "checkpoint.previous")[: 1 + both]:
            DAMAGES[damage](run.path / folder / name)
        if not both:
            return await room.goes_on(run)
        said = await room.page(run, "Go on")
        if said:  # refused at once: nothing is lost
            room.sentence = clear(" | ".join(said))
            return None
        await room.reaches(run, "failed")
        return await room.says(run, "no checkpoint that can be read")

    return case


ALTERED = {"cut": b'{"format": 1, "settings": {"fam', "emptied": b"", "of no use": b'{"settings": {"family": "gun"}}'}


def settings_altered(how: str) -> Callable[[Room, RunFolder], Awaitable[None]]:
    async def case(room: Room, source: RunFolder) -> None:
        run = room.submit(ENDLESS)
        await room.reaches(run, "running", 50)
        (run.path / "run.json").write_bytes(ALTERED[how])
        told = clear(await room.told(run))
        said = clear(" | ".join(await room.page(run)))
        if said != told:
            raise Case(f"the panel tells {told!r}, and the page {said!r}")
        room.sentence = said

    return case


async def status_altered(room: Room, source: RunFolder) -> None:
    run = copied(source)
    (run.path / "status.json").write_bytes(b'{"state": "runn')
    await room.says(run, "status of this run cannot be read")


def cases(mounts: bool) -> dict[str, Callable[[Room, RunFolder], Awaitable[None]]]:
    """What is done to a run, by name: each gets a run that was stopped on its way, of which it may take copies."""
    found: dict[str, Callable[[Room, RunFolder], Awaitable[None]]] = {}
    if mounts:
        found["disk full while it trains"] = lambda room, source: disk_full(room, ENDLESS)
        found["disk full at the click"] = lambda room, source: disk_full_at_the_click(room)
    found["folder removed while it trains"] = removed
    found |= {f"run.json {how} while it trains": settings_altered(how) for how in ALTERED}
    found["status.json cut"] = status_altered
    for both, words in ((False, "of the newest checkpoint"), (True, "of both checkpoints")):
        for name in FILES:
            found |= {f"{name} {words} {damage}": damaged(damage, name, both) for damage in DAMAGES}
    return found


async def try_all(figures: Figures, server: Server) -> tuple[int, int]:
    """How many cases were good, and how many were tried."""
    room, mounts = Room(server), can_mount()
    await room.owner.open()
    if not mounts:
        figures.tell("left out: full disks, since this user may not mount a small one")
    beside, good, wrong = room.submit(ENDLESS), 0, ""
    beside.ask(until_step=0)
    await room.reaches(beside, "paused")
    source = await saved_twice(room)
    for name, case in cases(mounts).items():
        room.sentence = "goes on, and ends as an unbroken run"
        beside.ask(until_step=(aim := beside.status.step + BESIDE))
        try:
            await case(room, source)
            await room.reaches(beside, "paused", aim)
            good, wrong = good + 1, ""
        except (Case, OSError) as error:
            wrong = str(error)
        figures.tell(f"{name}: {wrong or room.sentence}", False if wrong else None)
        room.stop_all_but(beside)
    await room.owner.close()
    line = f"the run beside them all is as an unbroken one after {beside.status.step:,} steps, bitwise"
    figures.tell(line, as_unbroken(beside))
    return good, len(cases(mounts))


def main() -> int:
    _, figures = begun(__doc__)
    set_threads()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["GENLIB_HOME"] = home
        server = Server(Path(home), slots=2)
        try:
            good, tried = asyncio.run(try_all(figures, server))
        finally:
            server.stop()
    name = "a full disk, a folder removed, a file altered: one clear sentence, or gone on bitwise"
    figures.row(name, good, f"of {tried} cases", f">= {tried}")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
