"""One page to print or hand on: the four families, what they draw, and how good that is."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import date
from html import escape

from genlib import __version__
from genlib.colours import FAMILIES
from genlib.drift import drift
from genlib.facts import FRECHET, LABELS, RUN, STORY, TASKS, formula_html
from genlib.library import find_model
from genlib.sampling import png, sheet
from genlib.scoring import MEANINGS, Score, stored

__all__ = ["handout"]

_N, _FEATURES = 10_000, "classifier"
_FIGURES = ("frechet", "precision", "recall", "coverage")
_ASKED = "gan-labels"  # the model that draws on demand
_COLUMNS = 12

_STYLE = """
@page { size: A4; margin: 10mm 13mm; }
* { box-sizing: border-box; }
body { font: 8.8pt/1.3 "Source Sans 3", "Helvetica Neue", Arial, sans-serif; color: #17211D; background: #fff; }
body { max-width: 184mm; margin: 0 auto; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
@media screen { body { padding: 12mm 4mm; } }
h1 { font-size: 18pt; margin: 0; line-height: 1.15; }
h2 { font-size: 11pt; margin: 2.6mm 0 1mm; }
h3 { font-size: 10pt; margin: 0 0 0.6mm; }
p { margin: 0 0 1mm; }
.four { display: grid; grid-template-columns: 1fr 1fr; gap: 2.4mm 7mm; margin-top: 2mm; }
.four section { border-top: 1.2mm solid var(--own); padding-top: 1.6mm; break-inside: avoid; }
.four img { width: 100%; display: block; image-rendering: pixelated; border-radius: 1mm; margin-bottom: 0.6mm; }
small { display: block; font-size: 7.6pt; color: #47544E; margin-bottom: 1mm; }
.formula { font-family: "STIX Two Text", Cambria, "Times New Roman", serif; font-size: 10.5pt; }
.formula sub { line-height: 0; font-size: 0.72em; }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: 5mm; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.35mm 0 0.35mm 3mm; border-bottom: 0.2mm solid #D3DDD8; font-weight: 400; }
th:first-child { text-align: left; padding-left: 0; }
thead th { font-weight: 600; }
tr.end { color: #47544E; font-style: italic; }
code { font: 8.4pt/1.3 "DejaVu Sans Mono", Consolas, monospace; }
footer { margin-top: 2mm; padding-top: 1.4mm; border-top: 0.2mm solid #D3DDD8; }
"""


def handout(day: date | None = None) -> str:
    """A web page in one piece, which fills one sheet of A4 when it is printed.

    Arguments:
        day: The date on it; today's if it is left out.

    Raises:
        InputError: If files that come with genlib are missing or were altered.
    """
    families = "".join(_family(family) for family in STORY)
    tasks = "".join(
        f'<div><h3>{task.title} <span class="formula">{formula_html(task.formula)}</span></h3>'
        f"<p>{escape(task.says)}</p></div>"
        for task in TASKS
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>See generative models work</title><style>{_STYLE}</style></head><body>"
        "<h1>See generative models work</h1>"
        "<p>A generative model learns what data looks like, and then makes more of it. These four kinds of model have "
        "learned from 55,000 handwritten digits, the training images of MNIST.</p>"
        f'<div class="four">{families}</div>'
        f'<h2>To generate and to predict, with labels and without</h2><div class="three">{tasks}</div>'
        f"<p>{escape(LABELS)}</p>"
        f"<h2>How good are they? {_N:,} drawings of each</h2>{_table()}"
        f"<p><small>{escape(_notes())}</small></p>"
        f"<footer><p><b>See it live.</b> On your own computer, with nothing fetched from the internet while it runs: "
        f"<code>{escape(RUN)}</code></p>"
        f"<p><small>genlib {__version__}, {(day or date.today()).isoformat()}. MIT licence. MNIST by LeCun, Cortes and "
        "Burges.</small></p></footer></body></html>\n"
    )


def _family(family: str) -> str:
    fact = STORY[family]
    found = drift(find_model(fact.model), fact.seed)
    picture = base64.b64encode(png(sheet(found.images, _COLUMNS), 3)).decode()
    return (
        f'<section style="--own: {FAMILIES[family]}"><h3>{escape(fact.title)}</h3>'
        f'<img src="data:image/png;base64,{picture}" alt="{len(found.images)} digits made by the {escape(fact.title)}">'
        f"<small>Model {fact.model}: codes {escape(fact.way)}, seed {fact.seed}.</small>"
        f'<p>{escape(fact.learns)}</p><p class="formula">{formula_html(fact.formula)}</p><p>{escape(fact.note)}</p>'
        f"<p><b>Good at:</b> {escape(fact.good)} <b>Bad at:</b> {escape(fact.bad)}</p></section>"
    )


def _table() -> str:
    scores = _scores()
    first = scores[0]
    titles = "".join(f"<th>{MEANINGS[name].title}</th>" for name in _FIGURES)
    rows = [_row("Real digits", first.real_vs_real, {}, "end")]
    for score in scores:
        asked = ", asked for digits" if score.model == _ASKED else ""
        rows.append(_row(f"{STORY[score.family].title}{asked}: {score.model}", score.metrics, score.stderr))
    rows += [_row("Noise", first.bad, {}, "end")]
    return f"<table><thead><tr><th>Model</th>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(name: str, metrics: Mapping[str, float], errors: Mapping[str, float], kind: str = "") -> str:
    cells = "".join(f"<td>{text}</td>" for text in _cells(metrics, errors))
    return f'<tr class="{kind}"><th>{name}</th>{cells}</tr>'


def _cells(metrics: Mapping[str, float], errors: Mapping[str, float]) -> Iterator[str]:
    for name in _FIGURES:
        digits = 0 if name == "frechet" else 3
        error = f" ± {errors[name]:.{digits}f}" if name in errors else ""
        yield f"{metrics[name]:.{digits}f}{error}"


def _scores() -> list[Score]:
    """Of the models on this page, and of the one that is asked for digits, the best first."""
    shown = {fact.model for fact in STORY.values()} | {_ASKED}
    found = [each for each in stored() if each.n == _N and each.features == _FEATURES and each.model in shown]
    return sorted(found, key=lambda score: score.metrics["frechet"])


def _notes() -> str:
    explained = " ".join(f"{MEANINGS[name].title}: {MEANINGS[name].means}" for name in _FIGURES[1:])
    return (
        f"{FRECHET} {explained} ± is one standard error. The autoencoder, which has no codes to draw from, draws from "
        "bell curves fitted to those of training images."
    )
