"""What a visitor reads when the disk fills up, a folder vanishes or a file is altered, and whether others are harmed.

A server trains two runs at once: one throughout, for which nothing ever goes wrong, and beside it one after the other
those to which something is done. Each must come to one clear sentence on its page; where nothing is lost, it must go on
by its button and end in bitwise the weights of an unbroken run, and so must the run beside them all in the end.

A full disk is a small one in memory, which only the superuser can mount: without that these cases are left out, and
said to be.

Targets: all cases good. Run: python -m tests.load.faults [--json]. On the loopback address only; about four minutes.
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
from tests.load.disks import can_mount, disk_full, disk_full_at_the_click
from tests.load.figures import Figures, options
from tests.load.room import Case, Room, clear
from tests.load.unbroken import as_unbroken
from tests.served import Server

FILES = ("tensors.safetensors", "checkpoint.json")
SHORT = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=2, batch_size=256, device="cpu"))
ENDLESS = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=1000, batch_size=128, device="cpu"))


async def removed(room: Room) -> None:
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
        pid = run.status.pid
        (run.path / "run.json").write_bytes(ALTERED[how])
        told = clear(await room.told(run))
        said = clear(" | ".join(await room.page(run)))
        if said != told:
            raise Case(f"the panel tells {told!r}, and the page {said!r}")
        room.sentence = said
        run.ask(want="stop")
        await room.until(lambda: not lives(pid), "the end of its trainer")

    return case


async def status_altered(room: Room, source: RunFolder) -> None:
    run = copied(source)
    (run.path / "status.json").write_bytes(b'{"state": "runn')
    await room.says(run, "status of this run cannot be read")


def cases() -> dict[str, Callable[[Room, RunFolder], Awaitable[None]]]:
    found: dict[str, Callable[[Room, RunFolder], Awaitable[None]]] = {}
    found["folder removed while it trains"] = lambda room, source: removed(room)
    for both, words in ((False, "of the newest checkpoint"), (True, "of both checkpoints")):
        for name in FILES:
            found |= {f"{name} {words} {damage}": damaged(damage, name, both) for damage in DAMAGES}
    found |= {f"run.json {how} while it trains": settings_altered(how) for how in ALTERED}
    return found | {"status.json cut": status_altered}


async def tried(figures: Figures, home: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The sentence, or what is wrong, of each case."""
    sentences, wrong, server = {}, {}, Server(home, slots=2)
    room = Room(server)
    try:
        await room.owner.open()
        beside, all_cases = room.submit(ENDLESS), cases()
        await room.reaches(beside, "running")
        if can_mount():
            all_cases["disk full while it trains"] = lambda room, source: disk_full(room, ENDLESS)
            all_cases["disk full at the click"] = lambda room, source: disk_full_at_the_click(room)
        else:
            figures.tell("left out: a full disk, since this user may not mount a small one")
        source = await saved_twice(room)
        for name, case in all_cases.items():
            room.sentence = "goes on, and ends as unbroken"
            try:
                await case(room, source)
                sentences[name] = room.sentence
                figures.tell(f"{name}: {room.sentence}")
            except (Case, OSError) as error:
                wrong[name] = str(error)
                figures.tell(f"{name}: {error}", False)
            if beside.status.state != "running":
                wrong[f"{name}: the run beside it"] = beside.status.state
        beside.ask(want="stop")
        await room.reaches(beside, "stopped")
        if not as_unbroken(beside):
            wrong["the run beside them all"] = "it ended in other weights than an unbroken run"
        sentences["the run beside them all"] = f"step {beside.status.step:,}, bitwise as unbroken"
    finally:
        await room.owner.close()
        server.stop()
    return sentences, wrong


def main() -> int:
    asked = options(__doc__).parse_args()
    figures = Figures(asked.json)
    set_threads()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["GENLIB_HOME"] = home
        sentences, wrong = asyncio.run(tried(figures, Path(home)))
    good = len(sentences.keys() - wrong.keys())
    line = f"{good} of {len(sentences.keys() | wrong.keys())} cases good: one clear sentence, or gone on bitwise"
    figures.tell(line, not wrong, good_cases=good, cases=len(sentences.keys() | wrong.keys()), wrong=wrong)
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
