"""Data sets of visitors, kept on the disk by the hash of what they hold, each for whoever brought it."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.data.own.kept import ARRAYS, KEPT_DAYS, TOLD, OwnSet, arrays_of, find_own, folders, list_own, root
from genlib.data.own.reading import Collected
from genlib.knobs import InputError
from genlib.runs import ACTIVE, RunFolder, list_runs
from genlib.runs.files import read_json, stored, write_json
from genlib.runs.naming import checked_name
from genlib.runs.owners import key_hash

__all__ = ["MOST_SETS", "keep", "last_run", "remove", "sweep"]

MOST_SETS = 10  # of one visitor
_MOST_OWNERS = 100  # of one set, which all brought the same files
_MOST_BYTES = 2 * 2**30  # of all visitors
_ASIDE = ".new-"
_FORGOTTEN = 3600.0  # seconds after which what a killed process left aside is removed
_KEEPING = threading.RLock()


def keep(found: Collected, name: str, key: str) -> OwnSet:
    """Keep images for whoever has ``key``; the same ones again only get another name.

    Raises:
        InputError: If there are too many already, the name cannot be, or the disk refuses.
    """
    name = checked_name(name) or "My images"
    arrays = {"images": np.ascontiguousarray(found.images), "labels": np.ascontiguousarray(found.labels)}
    told = json.dumps(found.classes).encode()
    name_of = hashlib.sha256(told + arrays["images"].tobytes() + arrays["labels"].tobytes()).hexdigest()[:16]
    folder = root() / name_of
    with _KEEPING, stored("The images"):
        sweep()
        mine = [each for each in list_own(key) if each.id != name_of]
        if len(mine) >= MOST_SETS:
            raise InputError(f"You keep {len(mine)} data sets, and {MOST_SETS} are allowed: remove one first.")
        if not _whole(name_of):
            shutil.rmtree(folder, ignore_errors=True)
            _check_room(arrays["images"].nbytes)
            _write(folder, arrays, found.classes)
        told_now = read_json(folder / TOLD)
        owners = told_now.get("owners")
        owners = owners if isinstance(owners, dict) else {}
        before = [(owner, told) for owner, told in owners.items() if owner != key_hash(key)]
        owners = dict([*before, (key_hash(key), {"name": name})][-_MOST_OWNERS:])
        write_json(folder / TOLD, told_now | {"owners": owners})
    return find_own(name_of)


def remove(name: str, key: str | None) -> None:
    """Remove a data set of whoever has ``key``; from the disk when it is nobody else's.

    Raises:
        InputError: If it is not theirs, or a run of theirs is being trained on it.
    """
    with _KEEPING:
        found = find_own(name)
        if not key or not found.belongs_to(key):
            raise InputError("Only the browser that brought these images may remove them.")
        if any(run.may_steer(key) and run.status.state in ACTIVE for run in _runs(name)):
            raise InputError("A run is being trained on these images: stop it before you remove them.")
        others = {owner: {"name": own} for owner, own in found.names.items() if owner != key_hash(key)}
        folder = root() / name
        if not others:
            shutil.rmtree(folder, ignore_errors=True)
            return
        with stored("That the images are not yours"):
            write_json(folder / TOLD, read_json(folder / TOLD) | {"owners": others})


def last_run(run: RunFolder, key: str | None) -> OwnSet | None:
    """The data set that goes with a run of the visitor's, being the last one on it; None if there is none."""
    name = _data(run)
    with suppress(InputError):
        found = find_own(name)
        others = [each for each in _runs(name) if each.id != run.id and each.may_steer(key)]
        if found.belongs_to(key) and not others:
            return found
    return None


def sweep() -> None:
    """Remove what nobody used for ``KEPT_DAYS`` days, unless it is being trained on, and what was left half written."""
    now = time.time()
    with _KEEPING:
        for folder in _unused(KEPT_DAYS):
            if _rests(folder, KEPT_DAYS):
                shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        for folder in root().glob(f"{_ASIDE}*"):
            if now - folder.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, arrays: dict[str, NDArray[np.uint8]], classes: tuple[str, ...]) -> None:
    from safetensors.numpy import save_file

    aside = folder.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
    counts = np.bincount(arrays["labels"], minlength=len(classes)).tolist()
    try:
        aside.mkdir(parents=True)
        save_file(arrays, aside / ARRAYS)
        write_json(aside / TOLD, {"format": 1, "created": time.time(), "classes": list(classes), "counts": counts})
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _whole(name: str) -> bool:
    try:
        arrays_of(name)
    except InputError:
        return False
    return True


def _unused(days: float) -> list[Path]:
    """What nobody used for so many days, the longest first."""
    found = []
    for folder in folders():
        with suppress(OSError):
            used = (folder / TOLD).stat().st_mtime
            if time.time() - used > days * 86_400:
                found.append((used, folder))
    return [folder for _, folder in sorted(found)]


def _rests(folder: Path, days: float) -> bool:
    """Whether nothing is being trained on it, and it was not used meanwhile."""
    if any(run.status.state in ACTIVE for run in _runs(folder.name)):
        return False
    return folder in _unused(days)  # looking at all runs takes its time


def _check_room(size: int) -> None:
    """Make room for so many bytes: what was used longest ago, though not today, gives way."""
    taken = {folder: _bytes(folder) for folder in folders()}
    for folder in _unused(1):
        if sum(taken.values()) + size > _MOST_BYTES and _rests(folder, 1):
            shutil.rmtree(folder, ignore_errors=True)
            del taken[folder]
    if sum(taken.values()) + size > _MOST_BYTES:
        raise InputError(
            "All the room for images of visitors is taken by what was used today: remove some of yours, or try again "
            "tomorrow."
        )


def _bytes(folder: Path) -> int:
    with suppress(OSError):
        return (folder / ARRAYS).stat().st_size
    return 0


def _data(run: RunFolder) -> str:
    settings: Any = run.asked.get("settings")
    name = settings.get("data") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else ""


def _runs(name: str) -> list[RunFolder]:
    return [run for run in list_runs() if _data(run) == name]
