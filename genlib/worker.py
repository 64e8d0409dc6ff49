"""What a worker process does before its first task."""

from __future__ import annotations

import os
import threading
import time

__all__ = ["prepare"]


def prepare(parent: int) -> None:
    """Give way to others, end when ``parent`` ends, and import now what the first task would wait for."""
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import sklearn.mixture  # noqa: F401
    import torch  # noqa: F401


def _end_with(parent: int) -> None:
    # A server that was killed cannot say goodbye to its worker.
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
