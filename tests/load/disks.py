"""Disks that fill up: small ones in memory, which only the superuser can mount."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genlib.runs import RunFolder, home
from genlib.runs.owners import key_hash
from genlib.settings import RunSettings
from tests.load.room import Case, Room, clear
from tests.load.unbroken import as_unbroken
from tests.load.visitor import Visitor
from tests.served import Server

__all__ = ["can_mount", "disk_full", "disk_full_at_the_click"]


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A disk of its own under ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), 1):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return filler


@contextmanager
def on_a_small_disk(room: Room, settings: RunSettings) -> Iterator[RunFolder]:
    """A run whose folder is a disk of its own."""
    run = RunFolder(home() / "runs" / secrets.token_hex(8))
    asked = {"format": 1, "created": time.time(), "settings": settings.to_json(), "owner": key_hash(room.owner.key)}
    with small_disk(run.path, 8):
        (run.path / "frames").mkdir()
        (run.path / "attempts").mkdir()
        run.write_json("status.json", {"state": "queued"})
        run.write_json("run.json", asked)  # of a whole run the last
        yield run
    shutil.rmtree(run.path, ignore_errors=True)


async def disk_full(room: Room, settings: RunSettings) -> None:
    """The disk fills up to the last byte while it trains."""
    with on_a_small_disk(room, settings) as run:
        await room.reaches(run, "running", 50)
        filler = fill(run.path)
        await room.says(run, "No space")
        filler.unlink()
        await room.reaches(run, "interrupted")
        await room.page(run, "Go on")
        await room.reaches(run, "running", run.status.step + 50)
        await room.page(run, "Stop")
        await room.reaches(run, "stopped")
        if not as_unbroken(run):
            raise Case("it went on with other weights than an unbroken run")


async def disk_full_at_the_click(room: Room) -> None:
    """Train is pressed where the disk is full."""
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder), 2):
        server = Server(Path(folder))
        visitor = Visitor(server, 0)
        try:
            await visitor.open()
            (Path(folder) / "runs").mkdir(exist_ok=True)
            fill(Path(folder))
            await visitor.press("Train")
            room.sentence = clear(" | ".join(visitor.sentences))
            left = [path.name for path in (Path(folder) / "runs").iterdir()]
            if "No space" not in room.sentence or left:
                raise Case(f"it says {room.sentence!r}, and leaves {left}")
        finally:
            await visitor.close()
            server.stop()
