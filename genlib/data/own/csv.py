"""Tables that a visitor brought, kept for whoever brought them as the bytes that could be read.

::

    GENLIB_HOME/tables/<16 hexadecimal digits of the hash>/
        table.csv   as it was brought
        data.json   for each owner, by the hash of the key, the name of the file
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from genlib.data.own.kept import KEPT_DAYS
from genlib.knobs import InputError
from genlib.runs import home
from genlib.runs.files import read_json, stored, write_json
from genlib.runs.naming import read_name
from genlib.runs.owners import key_hash

__all__ = ["MOST_TABLES", "OwnTable", "keep_table", "list_tables", "remove_table", "table_of"]

MOST_TABLES = 20  # of one visitor
_MOST_OWNERS = 100  # of one table
_MOST_BYTES = 500 * 2**20  # of all visitors
_CONTENT, _TOLD = "table.csv", "data.json"
_ID = re.compile(r"[0-9a-f]{16}")
_KEEPING = threading.RLock()


@dataclass(frozen=True)
class OwnTable:
    """A table that is kept: the hash of its bytes, how its owner calls it, and when it was brought last."""

    id: str
    name: str
    since: float


def keep_table(data: bytes, name: str, key: str) -> OwnTable:
    """Keep a table for whoever has ``key``; the same bytes again only get another name.

    Raises:
        InputError: If it is one too many, or cannot be stored.
    """
    found = hashlib.sha256(data).hexdigest()[:16]
    folder = _root() / found
    with _KEEPING, stored("The table"):
        _sweep()
        if len([each for each in list_tables(key) if each.id != found]) >= MOST_TABLES:
            raise InputError(f"You keep {MOST_TABLES} tables, and no more are allowed: remove one first.")
        if not (folder / _CONTENT).is_file():
            if sum(_size(each) for each in _folders()) + len(data) > _MOST_BYTES:
                raise InputError("All the room for tables of visitors is taken: this one is used for this visit only.")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _CONTENT).write_bytes(data)
        owners = [(owner, told) for owner, told in _owners(folder).items() if owner != key_hash(key)]
        mine = {"name": read_name(name[:60]) or "My table"}
        write_json(folder / _TOLD, {"owners": dict([*owners, (key_hash(key), mine)][-_MOST_OWNERS:])})
    return next(each for each in list_tables(key) if each.id == found)


def list_tables(key: str | None) -> list[OwnTable]:
    """The tables of whoever has ``key``, the newest first."""
    found = []
    for folder in _folders() if key else ():
        told = _owners(folder).get(key_hash(key or ""))
        with suppress(OSError):
            if isinstance(told, dict):
                found.append(OwnTable(folder.name, read_name(told.get("name")), (folder / _TOLD).stat().st_mtime))
    return sorted(found, key=lambda each: -each.since)


def table_of(name: str, key: str | None) -> bytes:
    """The bytes of a table of whoever has ``key``.

    Raises:
        InputError: If there is none of this name, or it is another's.
    """
    with suppress(OSError):
        if any(each.id == name for each in list_tables(key)):
            return (_root() / name / _CONTENT).read_bytes()
    raise InputError("This table is not here: it was removed, or another browser brought it; bring it again.")


def remove_table(name: str, key: str | None) -> None:
    """Forget that a table is kept for whoever has ``key``; from the disk when it is nobody else's."""
    with _KEEPING:
        if not any(each.id == name for each in list_tables(key)):
            return
        others = {owner: told for owner, told in _owners(_root() / name).items() if owner != key_hash(key or "")}
        if not others:
            shutil.rmtree(_root() / name, ignore_errors=True)
            return
        with stored("That the table is not yours"):
            write_json(_root() / name / _TOLD, {"owners": others})


def _sweep() -> None:
    """Remove what nobody brought for ``KEPT_DAYS`` days."""
    for folder in list(_folders()):
        told = folder / _TOLD
        with suppress(OSError):
            # One that a full disk left without an owner goes, too.
            if time.time() - (told if told.exists() else folder).stat().st_mtime > KEPT_DAYS * 86_400:
                shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return home() / "tables"


def _folders() -> Iterator[Path]:
    with suppress(OSError):
        yield from [folder for folder in _root().iterdir() if _ID.fullmatch(folder.name)]


def _owners(folder: Path) -> dict[str, object]:
    owners = read_json(folder / _TOLD).get("owners")
    return owners if isinstance(owners, dict) else {}


def _size(folder: Path) -> int:
    with suppress(OSError):
        return (folder / _CONTENT).stat().st_size
    return 0
