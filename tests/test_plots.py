"""Charts: what they show is what was given."""

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from genlib.colours import FAMILIES
from genlib.latent import Width
from genlib.metrics import verdict
from genlib.plots import (
    entanglement_chart,
    filled_chart,
    made_chart,
    seeds_chart,
    shares_chart,
    verdicts_chart,
    widths_chart,
)
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
    chart = widths_chart(PCA, MODELS)
    figure = chart.figure
    assert "50.0 with one number" in chart.summary
    assert "the best is a run, off by 12.0 with 20 numbers" in chart.summary
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
    found = shown(widths_chart(PCA, []).figure)
    assert len(found.pop("PCA")) == len(PCA)
    assert not any(found.values())


def test_filled_points_stand_where_they_were_put():
    truth = np.array([[1.0, 1.0], [2.0, 5.0], [3.0, 2.0]])
    test = np.array([[1.0, np.nan], [2.0, 5.0], [3.0, np.nan]])
    filled = np.array([[1.0, 0.5], [2.0, 5.0], [3.0, 2.5]])
    bench = Bench(truth, truth, truth, np.array([]), test, truth)
    outcome = Outcome(0.1, -1.0, 0.1, 0.1, 3, filled, np.array([[0.0, 0.0]]))
    chart = filled_chart(bench, outcome, ["height", "weight"])
    figure = chart.figure
    assert "2 of 3 rows have a gap" in chart.summary
    assert "0.10 standard deviations" in chart.summary
    drawn = {trace.name: [*zip(trace.x, trace.y, strict=True)] for trace in figure.data}
    assert drawn["whole"] == [(2.0, 5.0)]
    assert drawn["put"] == [(1.0, 0.5), (3.0, 2.5)]
    assert drawn["was"] == [(1.0, 1.0), (3.0, 2.0)]
    assert drawn[None][:2] == [(1.0, 1.0), (1.0, 0.5)]
    assert [figure.layout.xaxis.title.text, figure.layout.yaxis.title.text] == ["height", "weight"]
    made = made_chart(bench, outcome, ["height", "weight"]).figure
    assert [len(trace.x) for trace in made.data] == [3, 1]
    assert made.layout.xaxis.range == figure.layout.xaxis.range, "on the same axes"
    dropped = filled_chart(bench, replace(outcome, filled=None), ["height", "weight"]).figure
    assert "put" not in {trace.name for trace in dropped.data}


def test_seeds_are_drawn_beside_their_mean():
    chart = seeds_chart([1, 5], {"one": [[2.0, 4.0], [4.0, 8.0]], "other": [[1.0, 1.0]]}, "what", floor=0.5)
    figure = chart.figure
    assert chart.summary == "what after step 5, mean over seeds: one 6.00, other 1.00. Real images get 0.50."
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


def rows(chart):
    """The numbers that are taken away, by column."""
    return list(csv.DictReader(io.StringIO(chart.csv().decode())))


def test_what_is_taken_away_is_what_is_drawn():
    found = rows(widths_chart(PCA, MODELS))
    assert [(row["series"], float(row["latent size D"]), float(row["squared error per image"])) for row in found] == [
        *(("PCA", i, error) for i, error in enumerate(PCA, 1)),
        ("Autoencoder", 2, 30.5),
        ("VAE", 2, 33.25),
        ("VAE", 20, 12.0),
    ]
    assert found[-1]["about"] == "a run, with labels"


def test_seeds_are_taken_away_one_by_one():
    found = rows(seeds_chart([1, 5], {"one": [[2.0, 4.0], [4.0, 8.0]]}, "what"))
    assert [(row["series"], row["step"], row["what"]) for row in found] == [
        ("one, one seed", "1", "2"),
        ("one, one seed", "5", "4"),
        ("one, one seed", "1", "4"),
        ("one, one seed", "5", "8"),
        ("one", "1", "3"),
        ("one", "5", "6"),
    ]


def test_intervals_are_taken_away_with_their_shares():
    made = np.array([True] * 10 + [False] * 10)
    chart = verdicts_chart({"You (20)": verdict(made, np.roll(made, 5)), "Network (20)": verdict(made, made)})
    assert chart.summary.startswith("You (20): 50 % right, between 30 and 70 %; Network (20): 100 % right")
    mine = next(row for row in rows(chart) if row["series"] == "You (20)")
    low, high = verdict(made, np.roll(made, 5)).accuracy.interval
    assert float(mine["x"]) == 50
    assert float(mine["x"]) - float(mine["x -"]) == pytest.approx(100 * low)
    assert float(mine["x"]) + float(mine["x +"]) == pytest.approx(100 * high)
    assert mine["about"] == "10 of 20"


def test_a_matrix_is_taken_away_field_by_field():
    matrix, spread = np.array([[1.0, -0.25], [0.5, 0.75]]), np.array([[0.1, 0.2], [0.3, 0.4]])
    chart = entanglement_chart(SimpleNamespace(matrix=matrix, spread=spread), ["hair", "smile"])
    assert [list(row.values()) for row in rows(chart)] == [
        ["hair", "hair", "1", "0.1"],
        ["hair", "smile", "-0.25", "0.2"],
        ["smile", "hair", "0.5", "0.3"],
        ["smile", "smile", "0.75", "0.4"],
    ]
    assert "own reading by 0.88 on average" in chart.summary
    assert "smile changes hair by 0.50" in chart.summary


def test_shares_say_what_is_drawn_most_and_least():
    drawn = [0.1] * 8 + [0.15, 0.05]
    chart = shares_chart(drawn, [0.1] * 10)
    assert chart.summary.startswith(
        "Digit 8 is drawn most often, 15.0 % (real: 10.0 %), and digit 9 most rarely, 5.0 %"
    )
    assert [float(row["share"]) for row in rows(chart) if row["series"] == "drawn"] == drawn
