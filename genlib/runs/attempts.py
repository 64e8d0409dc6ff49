"""Who may write a run: one file an attempt at training it, since only one process can make a file."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

__all__ = ["Attempts"]

_CLAIM = 5.0  # seconds


class Attempts:
    """The attempts at training one run, numbered from 1; the newest holds the run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, number: int) -> bool:
        """Begin this attempt; False if somebody has.

        Raises:
            OSError: If the disk refuses.
        """
        self._folder.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            self._file(number).touch(exist_ok=False)
            return True
        return False

    def give_back(self, number: int) -> None:
        self._file(number).unlink(missing_ok=True)

    def newest(self, number: int) -> bool:
        return self._file(number).exists() and not self._file(number + 1).exists()

    def begin(self, number: int, where: str) -> bool:
        """Note where this attempt is trained; False if that was noted before: then it is not to be trained again.

        Raises:
            OSError: If the disk refuses.
        """
        with suppress(FileExistsError), self._file(number, ".begun").open("x", encoding="utf-8") as file:
            file.write(where)
            return True
        return False

    def begun(self, number: int) -> str:
        """Where this attempt is trained, if that was noted."""
        with suppress(OSError, ValueError):
            return self._file(number, ".begun").read_text("utf-8")
        return ""

    def end(self, number: int) -> None:
        """From now on nobody trains as this attempt, wherever the trainer is.

        Raises:
            OSError: If the disk refuses.
        """
        self._file(number, ".ended").touch()

    def ended(self, number: int) -> bool:
        return self._file(number, ".ended").exists()

    def abandoned(self, number: int) -> bool:
        """Whether an attempt that the status does not tell of will never be told of.

        Whoever begins one writes the status at once, unless the process or the machine dies between the two.
        """
        try:
            age = time.time() - self._file(number).stat().st_mtime
        except OSError:
            return False
        return not 0 <= age <= _CLAIM

    def _file(self, number: int, what: str = "") -> Path:
        return self._folder / f"{number}{what}"
