"""What all measurements share: their flags, and how they tell what they found, in lines and as rows of one file."""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genlib.device import available

__all__ = ["MEASURED", "Figures", "Row", "begun", "options", "shown", "spread"]

MEASURED = Path(__file__).parents[2] / "docs" / "measured.json"
VERSIONS = ("genlib", "torch", "numpy", "scikit-learn", "streamlit")


@dataclass(frozen=True)
class Row:
    """One figure.

    Arguments:
        name: What was measured, for people.
        value: The median of all rounds.
        low: The least of them.
        high: The most.
        unit: Of these three.
        target: What it should be, as "<= 3"; empty where nothing was aimed at.
        against: What it is a ratio to, or was taken in turn with; empty for none.
        headline: Whether it is one of the few that say most.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = ""
    target: str = ""
    against: str = ""
    headline: bool = False

    @property
    def good(self) -> bool | None:
        """Whether the target was reached; None where there is none."""
        if not self.target:
            return None
        sign, bound = self.target.split()
        return self.value <= float(bound) if sign == "<=" else self.value >= float(bound)


def shown(value: float) -> str:
    """A figure with as many digits as people read."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: Sequence[float]) -> float:
    """How far alike measurements lie apart, as a share of their middle: the noise of the machine."""
    return float((max(values) - min(values)) / statistics.median(values))


def options(doc: str, **defaults: Any) -> argparse.ArgumentParser:
    """The flags of a measurement: those named, each with its default (a tuple takes several values), and --json."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in defaults.items():
        several = isinstance(value, tuple)
        kind = type(value[0]) if several else type(value)
        parser.add_argument(f"--{name}", type=kind, default=value, nargs="+" if several else None, help=f"{value}")
    text = "write the rows into this file, in place of those of the same measurement"
    parser.add_argument("--json", type=Path, metavar="FILE", help=text)
    return parser


def begun(doc: str, **defaults: Any) -> tuple[argparse.Namespace, Figures]:
    """What a measurement was asked, and the figures that it is to tell."""
    asked = options(doc, **defaults).parse_args()
    return asked, Figures(asked.json)


class Figures:
    """Lines for people, and rows for the file; with them the machine, and its load before and after."""

    def __init__(self, file: Path | None) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped and disks unmounted
        self._file, self._began, self._load = file, time.monotonic(), os.getloadavg()[0]
        self.rows: list[Row] = []
        self.good = True

    def tell(self, line: str, good: bool | None = None) -> None:
        """Say something that is no figure; ``good`` tells whether it is as it should be."""
        self.good &= good is None or bool(good)
        print(line + {None: "", True: "  good", False: "  MISSED"}[good if good is None else bool(good)], flush=True)

    def row(self, name: str, values: float | Sequence[float], unit: str = "", target: str = "", **more: Any) -> None:
        """A figure: one value, or one a round. For the others see :class:`Row`."""
        found = [float(value) for value in (values if isinstance(values, Sequence) else [values])]
        row = Row(name, statistics.median(found), min(found), max(found), unit, target, **more)
        self.rows.append(row)
        beside = [f"{shown(row.low)} to {shown(row.high)}"] if len(found) > 1 else []
        beside += [f"target {target}"] if target else []
        beside += [f"against {row.against}"] if row.against else []
        words = f"{name}: {shown(row.value)} {unit}".rstrip()
        self.tell(f"{words} ({'; '.join(beside)})" if beside else words, row.good)

    def end(self) -> int:
        """Write the rows; the exit status says whether all targets were reached."""
        seconds, load = time.monotonic() - self._began, os.getloadavg()[0]
        words = f"load average {self._load:.2f} before, {load:.2f} after, on {os.cpu_count()} cores; {seconds:.0f} s"
        self.tell(words)
        if self._file:
            told = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
            told[_name()] = {
                "date": time.strftime("%Y-%m-%d"),
                "machine": available()[-1].words,
                "load": [round(self._load, 2), round(load, 2)],
                "seconds": round(seconds),
                "versions": {"python": sys.version.split()[0]} | {name: version(name) for name in VERSIONS},
                "good": self.good,
                "rows": [_rounded(asdict(row)) for row in self.rows],
            }
            text = json.dumps(told, indent=1, ensure_ascii=False)
            self._file.write_text(text + "\n", "utf-8")
        return 0 if self.good else 1


def _name() -> str:
    """The measurement that runs, as ``python -m`` names it: "bench.em_speed"."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name.removeprefix("tests.") if spec else Path(sys.argv[0]).stem


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in row.items()}
