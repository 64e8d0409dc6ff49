"""The mixture page without a browser: its controls, address, files and sentences."""

import json

import numpy as np
import pytest

from genlib.data.toy2d import make_points
from genlib.gmm import fit_em
from genlib.scoring import POINT_MEANINGS, score_mixture
from genlib.settings import MixtureConfig, PointsConfig

pytestmark = pytest.mark.fast
PAGE = "two_d/mixture.py"


def flipbooks(test):
    """What each flipbook of the page was told."""
    return [
        json.loads(item.proto.json) for item in test.get("bidi_component") if "flipbook" in item.proto.component_name
    ]


def panels(test):
    return flipbooks(test)[0]


def sentences(test):
    return [item.value for item in [*test.error, *test.warning]]


def test_opens_with_the_finished_fit_of_the_classic_pair(app):
    test = app(PAGE)
    assert not test.exception
    shown = panels(test)["panels"][0]
    *_, last = fit_em(make_points(PointsConfig()).x, MixtureConfig())
    assert shown["curve"][-1] == pytest.approx(last.log_likelihood, abs=1e-12)
    assert len(shown["curve"]) == last.iteration + 1
    assert sentences(test) == []


def test_a_control_changes_the_fit_and_the_address(app):
    test = app(PAGE)
    test.slider(key="MixtureConfig.components").set_value(5).run()
    assert panels(test)["panels"][0]["components"] == 5
    assert test.query_params["components"] == "5"
    test.slider(key="MixtureConfig.components").set_value(2).run()
    assert "components" not in test.query_params


def test_an_address_sets_every_control(app):
    config = {"components": "4", "covariance": "tied", "tolerance": "0.001", "seed": "7"}
    test = app(PAGE, data_dataset="ring", data_n="500", data_seed="3", **config)
    x = make_points(PointsConfig(dataset="ring", n=500, seed=3)).x
    *_, last = fit_em(x, MixtureConfig(components=4, covariance="tied", tolerance=1e-3, seed=7))
    assert panels(test)["panels"][0]["curve"][-1] == pytest.approx(last.log_likelihood, abs=1e-12)


def test_a_data_set_brings_its_number_of_groups(app):
    test = app(PAGE)
    test.selectbox(key="PointsConfig.dataset").set_value("ring").run()
    assert test.slider(key="MixtureConfig.components").value == 8


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"components": "99"}, "Components K cannot be 99"),
        ({"components": "two"}, "whole number from 1 to 30"),
        ({"data_dataset": "nonsense"}, "one of classic"),
        ({"tolerance": "nan"}, "Tolerance"),
        ({"points": "1,2;x"}, "pairs of numbers"),
        ({"points": "1e999,0"}, "within ±1,000,000,000"),
        ({"seed": "-1"}, "Fit seed cannot be"),
    ],
)
def test_a_bad_address_gets_one_sentence_and_the_default(app, query, part):
    test = app(PAGE, **query)
    assert not test.exception
    (sentence,) = sentences(test)
    assert part in sentence
    assert len(panels(test)["panels"][0]["curve"]) > 1


def test_points_in_the_address_come_first_and_can_be_removed(app):
    test = app(PAGE, points="1.5,2;-3,4")
    assert panels(test)["added"] == [[1.5, 2.0], [-3.0, 4.0]]
    button = next(item for item in test.button if "Remove the 2 points" in item.label)
    button.click().run()
    assert panels(test)["added"] == []
    assert "points" not in test.query_params


def csv(rows):
    return "\n".join(rows).encode()


def test_own_file_is_fitted(app):
    x = np.random.default_rng(0).normal(size=(60, 2)).round(6)
    test = app(PAGE)
    test.file_uploader(key="own_points_0").upload("mine.csv", csv(["a,b"] + [f"{p},{q}" for p, q in x])).run()
    assert sentences(test) == []
    *_, last = fit_em(x, MixtureConfig())
    assert panels(test)["panels"][0]["curve"][-1] == pytest.approx(last.log_likelihood, abs=1e-9)
    assert test.selectbox(key="own_x").value == "a"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n",
        csv(["a,b", "1,2", "x,3"]),
        csv(["a,b", "1,2", "nan,3"]),
        csv(["a,b", "1,2", "inf,3"]),
        csv(["a", "1", "2"]),
        b"a,b\n" + b"1,2\n" * 1_000_000,
        bytes(range(256)),
    ],
    ids=["empty", "no rows", "text", "nan", "infinity", "one column", "a million rows", "junk"],
)
def test_a_bad_file_gets_one_sentence_and_the_page_goes_on(app, content):
    test = app(PAGE)
    test.file_uploader(key="own_points_0").upload("mine.csv", content).run()
    assert not test.exception
    assert len(test.error) == 1
    assert "/" not in test.error[0].value
    assert len(panels(test)["panels"][0]["curve"]) > 1


@pytest.mark.parametrize(
    ("rows", "part"),
    [(["1,2", "3,4", "5,6"], "points"), (["1,2"] * 50, "same"), ([f"{i},7" for i in range(50)], "")],
    ids=["K above N", "all equal", "a constant column"],
)
def test_points_that_cannot_be_fitted_get_one_sentence(app, rows, part):
    test = app(PAGE, components="8")
    test.file_uploader(key="own_points_0").upload("mine.csv", csv(["a,b", *rows])).run()
    assert not test.exception
    assert len(test.error) == 1
    assert part in test.error[0].value


def open_tab(test, name):
    test.session_state["more"] = name
    return test.run()


TABS = [
    "Several starts",
    "How many components?",
    "New points",
    "How good is it?",
    "Numbers and files",
    "How it works",
    "The same in Python",
]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(app, tab):
    test = open_tab(app(PAGE, data_n="200"), tab)
    assert not test.exception
    assert sentences(test) == []


def test_starts_are_four_fits_and_the_best_is_named(app):
    test = app(PAGE, data_dataset="ring", components="8", initialisation="random_from_data", more="Several starts")
    starts = flipbooks(test)[1]["panels"]
    finals = [panel["curve"][-1] for panel in starts]
    assert len(starts) == 4
    assert [panel["title"].endswith("best") for panel in starts] == [value == max(finals) for value in finals]


def test_the_recipe_says_what_is_shown(app):
    test = open_tab(app(PAGE, data_dataset="moons", components="3"), "The same in Python")
    code = test.code[0].value
    assert "dataset='moons'" in code
    assert "components=3" in code


def test_a_curve_that_falls_is_explained(app):
    test = app(PAGE, data_dataset="blobs", data_noise="0.3", components="8", regularisation="1.0")
    curve = panels(test)["panels"][0]["curve"]
    assert min(np.diff(curve)) < -1e-8
    assert "regularisation" in test.info[0].value


def test_points_of_the_mixture_are_scored_beside_real_ones(app):
    test = app(PAGE, data_dataset="ring", components="8")
    test.session_state["more"] = "How good is it?"
    test.run()
    assert not test.exception
    expected = score_mixture(make_points(PointsConfig(dataset="ring")).x, MixtureConfig(components=8),
                             PointsConfig(dataset="ring"))  # fmt: skip
    shown = test.dataframe[0].value
    assert list(shown["Points"]) == ["Fresh real points", "Mixture, K = 8", "One Gaussian along the axes"]
    for name, meaning in POINT_MEANINGS.items():
        ends = (expected.real_vs_real, expected.metrics, expected.bad)
        assert list(shown[meaning.title]) == pytest.approx([each[name] for each in ends])
    text = "".join(each.value for each in test.markdown)
    assert f"Good points: {expected.metrics['high_quality']:.3f} ± {expected.stderr['high_quality']:.3f}**" in text
    assert "from the 8 Gaussians that the data come from" in test.caption[-1].value


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"data_dataset": "moons"}, "no modes are counted"),
        ({"data_dataset": "ring", "points": "1,2"}, "fitted to one half of them"),
    ],
)
def test_what_is_not_known_is_not_scored(app, query, told):
    test = app(PAGE, **query)
    test.session_state["more"] = "How good is it?"
    test.run()
    assert not test.exception
    assert told in "".join(each.value for each in test.caption)
    assert "Modes found" not in test.dataframe[0].value
