"""Who may write a run: one empty file an attempt at training it, since only one process can make a file."""

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

    def abandoned(self, number: int) -> bool:
        """Whether an attempt that the status does not tell of will never be told of.

        Whoever begins one writes the status at once, unless the process or the machine dies between the two.
        """
        try:
            age = time.time() - self._file(number).stat().st_mtime
        except OSError:
            return False
        return not 0 <= age <= _CLAIM

    def _file(self, number: int) -> Path:
        return self._folder / str(number)
