"""The command that compares repairs."""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.data.masks import BENCH_HOLES, bench_mask, read_mask
from genlib.knobs import InputError, shown
from genlib.progress import Progress
from genlib.repair import METHODS, check_mask
from genlib.repair.bench import Row, check_bench, growing
from genlib.runs import Status

__all__ = ["add_bench_repair"]

_MOST_BYTES = 2**20 + 1  # one more than a mask may have, so that a longer one is refused unread


def add_bench_repair(commands: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """Add the command to those of a parser, and return its own."""
    bench = commands.add_parser("bench-repair", help="compare all ways to repair images with holes")
    bench.add_argument("--n", type=int, default=2000, help="how many test images (default 2000)")
    bench.add_argument("--start", type=int, default=0, help="the first of them (default 0)")
    text = f"ways to repair (default all): {', '.join(METHODS)}"
    bench.add_argument("--methods", nargs="+", action="extend", metavar="NAME", help=text)
    text = f"PNG of 28 x 28 pixels, black where they are missing (default the holes {', '.join(BENCH_HOLES)})"
    bench.add_argument("--hole", nargs="+", action="extend", type=Path, metavar="FILE", help=text)
    bench.add_argument("--seed", type=int, default=0, help="of all noise (default 0)")
    bench.set_defaults(command=_bench_repair)
    return bench


def _bench_repair(options: argparse.Namespace) -> int:
    methods = list(dict.fromkeys(options.methods or METHODS))
    check_bench(methods, options.n, options.start, options.seed)
    holes = _read(options.hole) if options.hole else {name: bench_mask(name) for name in BENCH_HOLES}

    from genlib.device import set_threads

    set_threads()
    rows, done, began = [], 0, time.monotonic()
    of = len(holes) * len(methods) * options.n
    with Progress("bench-repair", quiet=options.json) as progress:
        for row in growing(methods, holes, options.n, options.start, options.seed):
            seen = done + row.n
            progress.show(Status(progress=seen / of, rate=seen / (time.monotonic() - began)))
            if row.n == options.n:
                rows.append(row)
                done += row.n
    if options.json:
        sys.stdout.write(json.dumps([row.to_json() for row in rows], indent=1) + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in _table(rows))
    return 0


def _read(paths: list[Path]) -> dict[str, NDArray[np.bool_]]:
    """The masks in these files, by the stems of their names."""
    holes: dict[str, NDArray[np.bool_]] = {}
    for path in paths:
        name = shown(path.name)
        try:
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except (OSError, ValueError):
            raise InputError(f"The hole {name} cannot be read: give a PNG of 28 x 28 pixels that is there.") from None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's, that it is large: the error says so
                mask = read_mask(data)
            check_mask(mask)
        except InputError as error:
            raise InputError(f"Hole {name}: {str(error)[0].lower()}{str(error)[1:]}") from None
        if path.stem in holes:
            raise InputError(f"Two holes are called {shown(path.stem)}: rename one of the files.")
        holes[path.stem] = mask
    return holes


def _table(rows: Iterable[Row]) -> list[str]:
    cells = [["hole", "method", "PSNR dB", "±", "SSIM", "read right", "in 90 %", "ms an image"]]
    for row in rows:
        held = "-" if row.calibration is None else f"{100 * row.calibration:.1f} %"
        numbers = [f"{row.psnr_db:.2f}", f"{row.stderr:.2f}", f"{row.ssim:.3f}", f"{100 * row.reads:.1f} %", held]
        cells.append([row.hole, row.method, *numbers, f"{1000 * row.seconds_per_image:.1f}"])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
