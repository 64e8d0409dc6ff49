"""When a process is to end in order."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

__all__ = ["Ending"]


class Ending(threading.Event):
    """Set when the process is to save and leave: asked by a signal, or its starter's end of standard input is closed.

    Arguments:
        tied: Whether the end of standard input counts, and the process gives way to others.
    """

    def __init__(self, tied: bool) -> None:
        super().__init__()
        self._tied = tied
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Ending:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, lambda *_: self.set())
        if self._tied:
            if hasattr(os, "nice"):
                os.nice(10)
            threading.Thread(target=self._listen, name="tie", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _listen(self) -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        self.set()
