"""Where the files of people lie, and small files that many read while one writes: whole or not there."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from genlib.knobs import InputError

__all__ = ["bounded", "home", "is_full", "parse_lines", "read_json", "stored", "write_json", "write_text"]

_T = TypeVar("_T")
_ROOM = 2**16  # bytes
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def home() -> Path:
    """The folder of all that people make: ``GENLIB_HOME``, or the user's data folder."""
    if chosen := os.environ.get("GENLIB_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("genlib", appauthor=False))


def bounded(path: Path, most: int) -> bytes:
    """The bytes of a file; of one that has more than ``most``, one more than that.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        # Python makes room for as many bytes as are asked for before it reads any.
        return file.read(min(most, os.fstat(file.fileno()).st_size) + 1)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty if it is missing or cannot be read."""
    try:
        values = json.loads(_patiently(lambda: path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write an object; a reader sees the old one or the new one, never half of it.

    Raises:
        OSError: If the disk refuses.
    """
    write_text(path, json.dumps(values, indent=1))


def write_text(path: Path, text: str) -> None:
    """Write a text aside and rename it into place.

    Raises:
        OSError: If the disk refuses.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(3)}")
    try:
        aside.write_text(text, "utf-8")
        _patiently(lambda: aside.replace(path))
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def parse_lines(content: bytes) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file, without the lines that are none."""
    for line in content.split(b"\n"):
        with suppress(ValueError, RecursionError):
            values = json.loads(line)
            if isinstance(values, dict):
                yield values


def is_full(folder: Path) -> bool:
    """Whether its disk has no room left, not even for the words in which a trainer would say so."""
    with suppress(OSError):
        return shutil.disk_usage(folder).free < _ROOM
    return False


@contextmanager
def stored(what: str) -> Iterator[None]:
    """Turn a refusal of the disk into a sentence for the reader.

    Raises:
        InputError: If what is done inside meets an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or "the disk refused"
        advice = "free some space" if error.errno in _FULL else "make sure that its folder can be written"
        raise InputError(f"{what} could not be stored ({reason}): {advice} and try again.") from error


def _patiently(act: Callable[[], _T]) -> _T:
    # Windows refuses to open or replace a file in the moment when another process does the same.
    for _ in range(20 if os.name == "nt" else 0):
        with suppress(PermissionError):
            return act()
        time.sleep(0.01)
    return act()
