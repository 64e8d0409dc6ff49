"""The tables of figures in the README and in docs/, from the files that hold them: python -m tests.tables.

A table stands between ``<!-- table NAME -->`` and ``<!-- end -->``; its files are ``assets/scores.json``,
``assets/repair.json`` (made by the command line), and ``docs/measured.json`` (by ``python -m tests.bench``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from genlib.repair import METHODS, bench
from genlib.scoring import Score, stored
from tests.bench.figures import MEASURED, Row, shown

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PLACE = re.compile(r"(?<=<!-- table )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
FIGURES = ("frechet", "precision", "recall", "density", "coverage", "copied")
FEW = ("frechet", "precision", "recall", "coverage")
HEADS = {"frechet": "Fréchet", "copied": "nearer to training"}
HOLES = {"centre": "centre", "bottom": "lower half", "right": "right half", "random75": "75 % of pixels"}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown; all columns but the first to the right."""
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def scores(few: bool) -> str:
    """The bundled models, of each family its best one if ``few``, between real digits and noise."""
    found = sorted(_scores(), key=lambda each: each.metrics["frechet"])
    names = FEW if few else FIGURES
    if few:
        found = [each for i, each in enumerate(found) if each.family not in {one.family for one in found[:i]}]
    lines = [("real digits", found[0].real_vs_real), *((each.model, each.metrics) for each in found)]
    rows = [
        [name, f"{each['frechet']:.0f}", *(f"{each[key]:.2f}" for key in names[1:])]
        for name, each in [*lines, ("noise", found[0].bad)]
    ]
    errors = [round(each.stderr["frechet"]) for each in found]
    most = max(each.stderr[name] for each in found for name in names[1:])
    note = f"Standard errors: of the Fréchet distance {min(errors)} to {max(errors)}, of all else at most {most:.3f}.\n"
    return table(["10,000 drawings", *(HEADS.get(name, name) for name in names)], rows) + "\n" + note


def _scores() -> list[Score]:
    return [each for each in stored() if (each.n, each.features) == (10_000, "classifier")]


def repair(few: bool) -> str:
    """Each method on each hole: PSNR inside it, and, unless ``few``, structure and reading, too."""
    found = {(each.method, each.hole): each for each in bench.stored()}
    kinds = {"PSNR, dB": lambda each: f"{each.psnr_db:.1f}", "reads": lambda each: f"{100 * each.reads:.0f} %"}
    kinds |= {} if few else {"SSIM": lambda each: f"{each.ssim:.2f}"}
    holes = ["centre"] if few else list(HOLES)
    heads = [f"{kind}, {HOLES[hole]}" if not few else kind for hole in holes for kind in kinds]
    rows = [
        [METHODS[method].title, *(tell(found[method, hole]) for hole in holes for tell in kinds.values())]
        for method in dict.fromkeys(method for method, _ in found)
    ]
    errors = {each.n: each.stderr for each in sorted(found.values(), key=lambda each: each.stderr)}
    note = " and ".join(f"at most {error:.2f} dB for {n:,} images" for n, error in sorted(errors.items()))
    rows = sorted(rows, key=lambda row: -float(row[1])) if few else rows
    return table(["method", *heads], rows) + f"\nStandard errors of the PSNR: {note}.\n"


def speed(few: bool) -> str:
    """What was measured: the headlines if ``few``, else all, under the name of each measurement."""
    told = json.loads(MEASURED.read_text("utf-8"))
    if few:
        return _measured([(row, each) for each in told.values() for row in _rows(each) if row.headline])
    parts = []
    for name, each in told.items():
        versions = ", ".join(f"{name} {number}" for name, number in each["versions"].items())
        load = " to ".join(f"{value:g}" for value in each["load"])
        head = f"### `python -m tests.{name}`\n\n{each['date']}, {each['machine']}, load {load}; {versions}.\n\n"
        parts.append(head + _measured([(row, each) for row in _rows(each)]))
    return "\n".join(parts)


def _rows(told: dict[str, Any]) -> Iterator[Row]:
    return (Row(**row) for row in told["rows"])


def _measured(found: Sequence[tuple[Row, dict[str, Any]]]) -> str:
    rows = []
    if not found:
        return "Nothing was measured yet: `python -m tests.bench` does.\n"
    for row, each in found:
        name = row.name + (f", against {row.against}" if row.against else "")
        between = "" if row.low == row.high else f"{shown(row.low)} to {shown(row.high)}"
        target = row.target.replace("<=", "≤").replace(">=", "≥") + (" **missed**" if row.good is False else "")
        rows.append([name, f"{shown(row.value)} {row.unit}".strip(), between, target, f"{each['load'][0]:g}"])
    return table(["measured", "median", "range", "target", "load"], rows)


TABLES = {
    "scores": lambda: scores(few=True),
    "all_scores": lambda: scores(few=False),
    "repair": lambda: repair(few=True),
    "all_repair": lambda: repair(few=False),
    "speed": lambda: speed(few=True),
    "all_speed": lambda: speed(few=False),
}


def filled(text: str) -> str:
    """A text with its tables as the files have them."""
    return PLACE.sub(lambda place: f"{place[1]}{place[2]}\n{TABLES[place[1]]()}\n", text)


def main() -> None:
    for path in TEXTS:
        path.write_text(filled(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
