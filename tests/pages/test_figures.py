"""Every figure has a name, its numbers in words, and a way to take them away."""

import ast
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlib import archive
from genlib.archive import numbers
from genlib.film import Film
from genlib.gmm import fit_em
from genlib.library import example
from genlib.settings import MixtureConfig
from pages.ui.figure import _content, _packed
from pages.ui.flipbook import _components_csv, _points_csv, _sheet, film_panel, mixture_panel

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
FILES = [*(ROOT / "pages").rglob("*.py")]
DOOR = "figure.py"
DRAWS = {
    "plotly_chart",
    "altair_chart",
    "vega_lite_chart",
    "bar_chart",
    "line_chart",
    "scatter_chart",
    "dataframe",
    "pyplot",
}


def calls(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_figures_go_through_one_door(path):
    for name, call in calls(path):
        assert path.name == DOOR or name not in DRAWS, f"{name}: use pages.ui.figure, which adds words and numbers"
        given = {keyword.arg for keyword in call.keywords}
        if ast.unparse(call.func) == "st.image":
            assert "alt" in given
        if name == "inline":
            assert ast.unparse(call.args[1]) not in ("''", '""')


CHARTS = {
    "two_d/bench.py": ({}, ["bench_filled", "bench_made"]),
    "images/scores.py": ({}, ["scores_chart", "shares"]),
    "images/portraits.py": ({"view": "tangle"}, ["tangle_plain", "tangle_untangled"]),
    "images/latent.py": ({"view": "numbers"}, ["widths"]),
}


@pytest.mark.parametrize("page", CHARTS)
def test_a_chart_says_what_it_shows_and_gives_its_numbers(app, page):
    query, keys = CHARTS[page]
    test = app(page, **query)
    assert not test.exception
    charts = [each.proto for each in test.get("plotly_chart")]
    told = [each.alt for each in charts]
    assert len(told) == len(keys)
    for words in told:
        assert re.search(r"\d", words), "a summary has numbers"
        assert words in [caption.value for caption in test.caption], "and is read on the page, too"
    buttons = {button.key for button in test.get("download_button")}
    assert {f"{key}_data" for key in keys} <= buttons


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_several_pictures_come_as_one_archive_and_stay_as_they_are():
    image = np.arange(784, dtype=np.uint8).reshape(28, 28)
    files = unpacked(_packed({"one.png": image, "two.csv": b"x\n1\n", "three.csv": lambda: b"y\n"}))
    assert list(files) == ["one.png", "two.csv", "three.csv"]
    assert np.array_equal(np.array(Image.open(io.BytesIO(files["one.png"])))[::5, ::5], image)
    assert files["three.csv"] == _content(lambda: b"y\n") == b"y\n"


def test_a_mixture_is_taken_away_with_every_iteration():
    x = np.random.default_rng(0).normal(size=(50, 2))
    steps = list(fit_em(x, MixtureConfig(components=2)))
    head, *rows = _components_csv([mixture_panel("title", steps)]).decode().splitlines()
    assert len(rows) == 2 * len(steps)
    last = dict(zip(head.split(","), map(float, rows[-1].split(",")), strict=True))
    mixture = steps[-1].mixture
    assert (last["iteration"], last["component"]) == (steps[-1].iteration, 2)
    assert last["weight"] == pytest.approx(mixture.weights[1], rel=1e-4)
    assert [last["mean x"], last["mean y"]] == pytest.approx(mixture.means[1], rel=1e-4)
    assert np.loadtxt(io.BytesIO(_points_csv(x)), delimiter=",", skiprows=1) == pytest.approx(x, rel=1e-4)


def test_a_film_is_taken_away_frame_by_frame():
    images = np.random.default_rng(0).integers(0, 256, (3, 2, 28, 28), dtype=np.uint8)
    found = np.array(Image.open(io.BytesIO(_sheet(film_panel("title", images, ["a", "b", "c"], 1)))))
    assert np.array_equal(found[28:56, :28], images[1, 0])
    assert np.array_equal(found[56:, 28:], images[2, 1])


@pytest.mark.parametrize("family", ["vae", "gan2d"])
def test_the_numbers_of_a_run_are_those_of_its_frame(family):
    run = example(family)
    film = Film(run.path / "frames")
    step = film.steps()[2]
    files, frame = unpacked(numbers(run, step)), film.frame(step)
    lines = files["curves.csv"].decode().splitlines()
    assert len(lines) == 1 + len(run.metrics()[0])
    name = "codes" if family == "vae" else "made"
    rows = [line.split(",") for line in files[f"{name}.csv"].decode().splitlines()]
    assert np.array([row[:2] for row in rows[1:]], float) == pytest.approx(frame[name], rel=1e-4, abs=1e-5)
    if family == "vae":
        assert rows[0] == ["z1", "z2", "class"]
        assert [int(row[2]) for row in rows[1:]] == film.constants()["labels"].tolist()
        assert np.array_equal(np.array(Image.open(io.BytesIO(files["samples.png"])))[:28, :28], frame["samples"][0])


def test_a_step_without_a_frame_gives_the_newest():
    run = example("vae")
    newest = archive.numbers(run, Film(run.path / "frames").steps()[-1])
    assert unpacked(archive.numbers(run, 10**9)) == unpacked(archive.numbers(run)) == unpacked(newest)
