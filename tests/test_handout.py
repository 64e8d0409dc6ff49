"""The sheet to hand on: its figures are those measured, it needs nothing else, and it fits one page."""

import base64
import io
import re
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from genlib import __version__
from genlib.drift import drift
from genlib.facts import FRECHET, LABELS, RUN, STORY, TASKS, formula_html
from genlib.handout import handout
from genlib.library import find_model
from genlib.scoring import stored
from tests.test_layers import ROOT

EMPTY = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.rows, self.sources, self.text = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag == "img":
            assert dict(attributes)["alt"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if "style" not in self.open:
            self.text.append(data)


@pytest.fixture(scope="module")
def page():
    return handout(date(2026, 11, 29))


@pytest.mark.fast
def test_it_is_one_sound_page_that_asks_nobody(page):
    read = Reader(page)
    assert not read.open
    assert page.startswith("<!DOCTYPE html>")
    assert all(source.startswith("data:image/png;base64,") for source in read.sources)
    words = re.sub(r"data:image/png;base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|//\w|url\(|@import|<script|<link", words)


@pytest.mark.fast
def test_its_figures_are_those_that_come_with_genlib(page):
    table = {row[0]: row[1:] for row in Reader(page).rows[1:]}
    scores = {each.model: each for each in stored() if (each.n, each.features) == (10_000, "classifier")}
    shown = [fact.model for fact in STORY.values()] + ["gan-labels"]
    for model in shown:
        score = scores[model]
        cells = next(cells for name, cells in table.items() if name.endswith(f": {model}"))
        for name, cell in zip(("frechet", "precision", "recall", "coverage"), cells, strict=True):
            value, error = map(float, cell.split(" ± "))
            half = 0.5 if name == "frechet" else 0.0005
            assert abs(value - score.metrics[name]) <= half
            assert abs(error - score.stderr[name]) <= half
    ends = scores["gan"]
    assert [float(cell) for cell in table["Real digits"]][1:3] == [
        round(ends.real_vs_real["precision"], 3),
        round(ends.real_vs_real["recall"], 3),
    ]
    assert float(table["Noise"][0]) == round(ends.bad["frechet"])
    assert len(table) == len(shown) + 2


@pytest.mark.fast
def test_its_pictures_are_what_the_models_drew(page):
    for source, fact in zip(Reader(page).sources, STORY.values(), strict=True):
        picture = np.array(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))
        first = drift(find_model(fact.model), fact.seed).images[0]
        np.testing.assert_array_equal(picture[: 3 * 28 : 3, : 3 * 28 : 3], first)


@pytest.mark.fast
def test_it_says_what_home_says_and_how_to_run_it(page):
    text = "".join(Reader(page).text)
    for fact in STORY.values():
        for said in (fact.title, fact.learns, fact.note, fact.good, fact.bad):
            assert said in text
        assert formula_html(fact.formula) in page
    for said in (FRECHET, LABELS, RUN, __version__, "2026-11-29", *(task.says for task in TASKS)):
        assert said in text
    assert RUN in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.fast
@pytest.mark.parametrize(
    ("family", "formula"),
    [
        ("mixture", "p(x) = ∑k αk N(x; μk, Σk)"),
        ("ae", "min E ‖x − Dec(Enc(x))‖²"),
        ("vae", "log p(x) ≥ Eq(z|x)[log p(x|z)] − KL(q(z|x) ‖ p(z))"),
        ("gan", "minG maxD E[log D(x)] + E[log(1 − D(G(z)))]"),
    ],
)
def test_a_formula_keeps_all_its_signs(family, formula):
    shown = formula_html(STORY[family].formula)
    assert "".join(Reader(f"<p>{shown}</p>").text) == formula
    assert "_" not in shown
    assert "<i>x</i>" in shown
