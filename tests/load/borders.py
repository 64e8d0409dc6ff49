"""A thousand inputs over every border: how many are taken, the longest time of one, and how the memory grows.

Each border is tried with inputs that were never tried before; then a few hundred of them come again, round by round,
and what is still held after each round is compared. Targets: no traceback, no path, no growth in memory.

Run: python -m tests.load.borders [inputs] [seed] [part of the name of a border]
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.borders import Border, meet
from tests.borders.table import BORDERS

ROUNDS, AGAIN = 4, 100
MOST_GROWTH, MOST_PEAK = 50, 250  # kB a round, MB


@dataclass
class Seen:
    """What was seen at one border."""

    taken: int = 0
    refused: int = 0
    longest: float = 0.0  # seconds
    inputs: list[Any] = field(default_factory=list)


def main() -> int:
    asked = sys.argv[1:] + ["", "", ""]
    count, seed = int(asked[0] or 1000), int(asked[1] or secrets.randbelow(2**32))
    broken = 0
    print(f"{count} inputs a border, seed {seed}")
    print(f"{'border':26}{'taken':>7}{'refused':>9}{'longest ms':>12}{'kB a round':>12}{'peak MB':>9}{'seconds':>9}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as around:
        os.chdir(around)
        for border in BORDERS:
            if asked[2] in border.name:
                os.environ["GENLIB_HOME"] = str(Path(around) / "".join(filter(str.isalnum, border.name)) / "home")
                Path(os.environ["GENLIB_HOME"]).mkdir(parents=True)
                broken += not tried(border, count, seed)
    return min(1, broken)


def tried(border: Border, count: int, seed: int) -> bool:
    """Whether a border is whole."""
    seen, started = Seen(), time.perf_counter()

    @seeded(seed)
    @settings(max_examples=max(1, round(count * (border.weight if border.caches else 1))), deadline=None, database=None,
              phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(border.inputs)
    def check(value: Any) -> None:
        began = time.perf_counter()
        taken = meet(border, value)
        seen.longest = max(seen.longest, time.perf_counter() - began)
        seen.taken, seen.refused = seen.taken + taken, seen.refused + (not taken)
        if len(seen.inputs) < AGAIN:
            seen.inputs.append(value)

    try:
        for value in border.examples:
            meet(border, value)
        check()
        growth, peak = held(border, [] if border.caches else seen.inputs)
    except Exception as error:
        for each in getattr(error, "exceptions", [error]):
            notes, each.__notes__ = "\n".join(getattr(each, "__notes__", [])), []
            print(f"{border.name}: BROKEN\n{''.join(traceback.format_exception(each))[-2500:]}{notes[:1000]}")
        return False
    print(f"{border.name:26}{seen.taken:7}{seen.refused:9}{1000 * seen.longest:12.0f}{growth:12.1f}{peak:9.1f}"
          f"{time.perf_counter() - started:9.1f}", flush=True)  # fmt: skip
    if growth > MOST_GROWTH or peak > MOST_PEAK:
        print(f"{border.name}: TOO MUCH MEMORY")
        return False
    return True


def held(border: Border, inputs: list[Any]) -> tuple[float, float]:
    """By how much what is held grows in each of the later rounds, kB; and the most that one input took, MB."""
    after, peak = [], 0
    tracemalloc.start()
    for _ in range(ROUNDS):
        for value in inputs:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            meet(border, value)
            peak = max(peak, tracemalloc.get_traced_memory()[1] - before)
        gc.collect()
        after.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    # What is made once, whenever that is, does not grow.
    return min(later - earlier for earlier, later in pairwise(after[1:])) / 1024, peak / 2**20


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # of Streamlit, that no browser looks at the pages
    warnings.simplefilter("error", RuntimeWarning)
    raise SystemExit(main())
