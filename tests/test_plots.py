"""Charts: what they show is what was given."""

import numpy as np
import pytest

from genlib.colours import FAMILIES
from genlib.gmm import Filled
from genlib.latent import Width
from genlib.plots import filled_charts, widths_chart

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
    missing = np.array([[False, True], [False, False], [False, True]])
    ways = [np.array([[1.0, way], [2.0, 5.0], [3.0, way]]) for way in (0.0, 1.0, 2.0)]
    charts = filled_charts(Filled(missing, *ways, (0.3, 0.2, 0.25)))
    assert [title.split(": error ")[1] for title in charts] == ["0.30", "0.20", "0.25"]
    for way, figure in enumerate(charts.values()):
        whole, lost = ([*zip(trace.x, trace.y, strict=True)] for trace in figure.data)
        assert whole == [(2.0, 5.0)]
        assert lost == [(1.0, way), (3.0, way)]
        assert figure.data[0].marker.color != figure.data[1].marker.color
    assert len({figure.layout.yaxis.range for figure in charts.values()}) == 1, "on the same axes"
