"""Points to learn from: their parts, their unit, and what is said of odd ones."""

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genlib.data.cloud import load_cloud, noticed
from genlib.data.toy2d import make_points
from genlib.knobs import InputError
from genlib.settings import MOST_POINTS, PlanePoints, PointsConfig

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(0)
BLOB = RNG.normal(size=(60, 2))


def given_points(x, drawn=None):
    return PlanePoints(drawn, tuple((float(a), float(b)) for a, b in x))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_points_are_standardised_and_come_back_in_their_own_unit(scale):
    x = scale * (BLOB * [1, 30] + [5, -7])
    cloud = load_cloud(given_points(x))
    assert cloud.train.dtype == np.float32
    np.testing.assert_allclose(cloud.train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(cloud.train.std(0), 1, rtol=1e-6)
    parts = np.concatenate([cloud.own(cloud.train), cloud.own(cloud.test)])
    np.testing.assert_allclose(np.sort(parts, 0), np.sort(x, 0), rtol=1e-5, atol=1e-5 * scale)
    left, right, low, high = cloud.box
    learnt = cloud.own(cloud.train)
    assert left < learnt[:, 0].min() < learnt[:, 0].max() < right
    assert low < learnt[:, 1].min() < learnt[:, 1].max() < high


def test_all_drawn_points_are_learnt_from_and_judged_by_fresh_ones_of_the_same_unit():
    config = PointsConfig(dataset="ring", n=400)
    cloud = load_cloud(PlanePoints(config))
    assert cloud.apart
    np.testing.assert_allclose(cloud.own(cloud.train), make_points(config).x, atol=1e-5)
    judged = np.concatenate([cloud.validation, cloud.test])
    assert len(np.unique(np.concatenate([judged, cloud.train]), axis=0)) == len(judged) + len(cloud.train)
    np.testing.assert_allclose(judged.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(judged.std(0), 1, atol=0.05)
    assert len(cloud.truth[0]) == 8


def test_fifty_given_points_are_split_and_fewer_judge_themselves():
    whole = load_cloud(given_points(BLOB[:49]))
    assert not whole.apart
    assert len(whole.train) == len(whole.test) == 49
    cloud = load_cloud(given_points(BLOB[:50]))
    assert cloud.apart
    assert (len(cloud.train), len(cloud.test)) == (40, 10)
    assert np.array_equal(cloud.validation, cloud.test)
    assert len(np.unique(np.concatenate([cloud.train, cloud.test]), axis=0)) == 50


def test_points_put_to_known_ones_leave_no_known_truth():
    config = PointsConfig(dataset="ring", n=400)
    cloud = load_cloud(given_points([(0.0, 0.0)], config))
    assert len(cloud.train) == 401
    assert cloud.truth is None


def test_too_few_and_too_many_and_equal_points_are_refused_in_a_sentence():
    with pytest.raises(InputError, match=r"9 points are too few.*at least 10"):
        given_points(BLOB[:9])
    with pytest.raises(InputError, match=f"At most {MOST_POINTS:,}"):
        given_points(np.zeros((MOST_POINTS + 1, 2)))
    with pytest.raises(InputError, match="equal"):
        load_cloud(given_points(np.full((20, 2), 3.0)))


def test_what_is_odd_about_points_is_said():
    assert noticed(PlanePoints()) == []
    (far,) = noticed(given_points([*BLOB, (500.0, 500.0)]))
    assert far.startswith("One point lies so far")
    (wide,) = noticed(given_points(BLOB * [1, 1000]))
    assert "times as wide" in wide
    assert "standardised" in wide
    (few,) = noticed(given_points(BLOB[:20]))
    assert "Fewer than 50" in few


numbers = st.floats(-1e9, 1e9, allow_nan=False)
pairs = st.lists(st.tuples(numbers, numbers), max_size=30).map(tuple)
drawn = st.none() | st.builds(
    PointsConfig,
    dataset=st.sampled_from(["ring", "grid", "moons"]),
    n=st.sampled_from([20, 400]),
    seed=st.integers(0, 9),
)


@given(drawn, pairs)
def test_points_come_back_from_json_and_from_an_address(drawn, given):
    assume(drawn is not None or len(given) >= 10)
    points = PlanePoints(drawn, given)
    assert PlanePoints.from_json(json.loads(json.dumps(points.to_json()))) == points
    assert PlanePoints.from_text(points.to_text()) == points


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    try:
        points = PlanePoints.from_text({"points": text})
    except InputError as error:
        assert str(error).endswith(".")
    else:
        assert PlanePoints.from_text(points.to_text()) == points
