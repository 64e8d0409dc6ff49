"""What all commands of this folder share: how they tell what they found, in lines or as one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Figures", "options", "spread"]


def options(doc: str, **counts: int) -> argparse.ArgumentParser:
    """The flags of a command: whole numbers with their defaults, and --json."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in counts.items():
        parser.add_argument(f"--{name}", type=int, default=value, metavar="N", help=f"default {value}")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the lines")
    return parser


class Figures:
    """Lines for people, and the same as an object; the load of the machine stands before and after."""

    def __init__(self, as_json: bool) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped and disks unmounted
        self._json, self._began = as_json, time.monotonic()
        self.told: dict[str, Any] = {"load_before": round(os.getloadavg()[0], 2)}
        self.good = True

    def tell(self, line: str, good: bool | None = None, **values: Any) -> None:
        """Say something; ``good`` tells whether a target was reached, where there is one."""
        good = None if good is None else bool(good)  # numpy has its own
        self.good &= good is not False
        self.told |= {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}
        if not self._json:
            print(line + {None: "", True: "  good", False: "  MISSED"}[good], flush=True)

    def end(self) -> int:
        """The exit status: whether all targets were reached."""
        seconds, load = time.monotonic() - self._began, os.getloadavg()[0]
        line = f"load average {self.told['load_before']} before, {load:.2f} after, on {os.cpu_count()} cores"
        self.tell(f"{line}; {seconds:.0f} s", load_after=load, cores=os.cpu_count(), seconds=round(seconds))
        if self._json:
            print(json.dumps(self.told | {"good": self.good}))
        return 0 if self.good else 1


def spread(values: Sequence[float]) -> float:
    """How far alike measurements lie apart, as a share of their middle: the noise of the machine."""
    return float((max(values) - min(values)) / np.median(values))
