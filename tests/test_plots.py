"""Charts: what they show is what was given."""

from dataclasses import replace

import numpy as np
import pytest

from genlib.colours import FAMILIES
from genlib.latent import Width
from genlib.plots import filled_chart, made_chart, seeds_chart, widths_chart
from genlib.preprocess import Bench, Outcome

pytestmark = pytest.mark.fast

PCA = np.array([50.0, 40.0, 32.5, 30.0])
MODELS = [
    Width("ae-2d", "ae", 2, False, 30.5),
    Width("vae-2d", "vae", 2, False, 33.25),
    Width("a run", "vae", 20, True, 12.0),
]


def shown(figure):
    """The traces by name, as points (x, y)."""
    return {trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in figure.data}


def test_errors_stand_over_the_size_of_the_code():
    figure = widths_chart(PCA, MODELS)
    assert shown(figure) == {
        "PCA": [(1, 50.0), (2, 40.0), (3, 32.5), (4, 30.0)],
        "Autoencoder": [(2, 30.5)],
        "VAE": [(2, 33.25), (20, 12.0)],
    }
    vae = figure.data[2]
    assert list(vae.text) == ["vae-2d", "a run, with labels"]
    assert vae.marker.color == FAMILIES["vae"] != figure.data[1].marker.color
    assert len({trace.marker.symbol for trace in figure.data[1:]}) == 2, "told apart without colour, too"
    assert "square" in figure.layout.yaxis.title.text
    assert figure.layout.yaxis.rangemode == "tozero"


def test_without_models_pca_stands_alone():
    found = shown(widths_chart(PCA, []))
    assert len(found.pop("PCA")) == len(PCA)
    assert not any(found.values())


def test_filled_points_stand_where_they_were_put():
    truth = np.array([[1.0, 1.0], [2.0, 5.0], [3.0, 2.0]])
    test = np.array([[1.0, np.nan], [2.0, 5.0], [3.0, np.nan]])
    filled = np.array([[1.0, 0.5], [2.0, 5.0], [3.0, 2.5]])
    bench = Bench(truth, truth, truth, np.array([]), test, truth)
    outcome = Outcome(0.1, -1.0, 0.1, 0.1, 3, filled, np.array([[0.0, 0.0]]))
    figure = filled_chart(bench, outcome, ["height", "weight"])
    drawn = {trace.name: [*zip(trace.x, trace.y, strict=True)] for trace in figure.data}
    assert drawn["whole"] == [(2.0, 5.0)]
    assert drawn["put"] == [(1.0, 0.5), (3.0, 2.5)]
    assert drawn["was"] == [(1.0, 1.0), (3.0, 2.0)]
    assert drawn[None][:2] == [(1.0, 1.0), (1.0, 0.5)]
    assert [figure.layout.xaxis.title.text, figure.layout.yaxis.title.text] == ["height", "weight"]
    made = made_chart(bench, outcome, ["height", "weight"])
    assert [len(trace.x) for trace in made.data] == [3, 1]
    assert made.layout.xaxis.range == figure.layout.xaxis.range, "on the same axes"
    dropped = filled_chart(bench, replace(outcome, filled=None), ["height", "weight"])
    assert "put" not in {trace.name for trace in dropped.data}


def test_seeds_are_drawn_beside_their_mean():
    figure = seeds_chart([1, 5], {"one": [[2.0, 4.0], [4.0, 8.0]], "other": [[1.0, 1.0]]}, "what", floor=0.5)
    lines = [(trace.legendgroup, trace.line.width, list(trace.y)) for trace in figure.data[:-1]]
    assert lines == [
        ("one", 1, [2, 4]),
        ("one", 1, [4, 8]),
        ("one", 3, [3, 6]),
        ("other", 1, [1, 1]),
        ("other", 3, [1, 1]),
    ]
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == ["one", "other", "Real images"]
    assert list(figure.data[-1].y) == [0.5, 0.5]
    assert len({trace.line.color for trace in figure.data}) == 3
