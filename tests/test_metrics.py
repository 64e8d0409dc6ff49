"""Distances of samples, against closed forms, scipy, another way to count, and published values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg
from scipy.spatial.distance import cdist

from genlib.data.images import load_images
from genlib.metrics import frechet, frechet_of, jackknife, manifolds, nearest_of

pytestmark = pytest.mark.fast


def gaussian(rng, n, mean, factor):
    return np.asarray(mean) + rng.normal(size=(n, len(mean))) @ np.asarray(factor).T


def covariance(rng, size, rank):
    factor = rng.normal(size=(size, rank))
    return factor @ factor.T


@given(seed=st.integers(0, 10**6), size=st.integers(1, 8))
def test_frechet_is_the_formula_with_scipys_root(seed, size):
    rng = np.random.default_rng(seed)
    a, b = covariance(rng, size, size) + 0.1 * np.eye(size), covariance(rng, size, size) + 0.1 * np.eye(size)
    mean = rng.normal(size=size)
    expected = mean @ mean + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert frechet(mean, a, np.zeros(size), b) == pytest.approx(expected, abs=1e-6)
    assert frechet(np.zeros(size), b, mean, a) == pytest.approx(expected, abs=1e-6)


def test_frechet_of_diagonal_and_of_singular_gaussians_in_closed_form():
    a, b = np.array([4.0, 1.0, 0.0]), np.array([9.0, 0.0, 0.0])
    expected = 5.0 + np.square(np.sqrt(a) - np.sqrt(b)).sum()
    assert frechet(np.array([1.0, 2.0, 0.0]), np.diag(a), np.zeros(3), np.diag(b)) == pytest.approx(expected)
    assert frechet(np.zeros(3), np.diag(a), np.zeros(3), np.diag(a)) == pytest.approx(0, abs=1e-9)


def test_frechet_of_shifted_samples_comes_to_the_shift_and_is_above_it_for_few():
    rng = np.random.default_rng(0)
    shift = np.array([3.0, 0, 0, 0])
    few, many = (frechet_of(gaussian(rng, n, shift, np.eye(4)), rng.normal(size=(n, 4))) for n in (30, 100_000))
    assert many == pytest.approx(9.0, abs=0.1)
    biased = np.mean([frechet_of(rng.normal(size=(30, 4)), rng.normal(size=(30, 4))) for _ in range(50)])
    assert biased > 0.3, "of one distribution it is above zero, the more so the fewer points"
    assert few > 4
    constant = np.zeros((50, 4))
    assert frechet_of(constant, constant) == 0
    assert frechet_of(constant, rng.normal(size=(10_000, 4))) == pytest.approx(4, abs=0.3)


def test_the_jackknife_tells_how_far_other_draws_differ():
    rng = np.random.default_rng(1)
    draws = [(gaussian(rng, 500, [1.0, 0, 0], np.eye(3)), rng.normal(size=(500, 3))) for _ in range(200)]
    spread = np.std([frechet_of(a, b) for a, b in draws])
    told = np.mean([jackknife(a, b, frechet_of) for a, b in draws[:60]])
    assert told == pytest.approx(spread, rel=0.2)


def test_the_jackknife_leaves_out_no_kind_of_points_that_come_in_turn():
    rng = np.random.default_rng(2)
    turns = 10 * np.eye(10)[np.arange(1000) % 10]
    a, b = turns + rng.normal(size=(1000, 10)), turns + rng.normal(size=(1000, 10))
    mixed = rng.permutation(1000)
    assert jackknife(a, b, frechet_of) == pytest.approx(jackknife(a[mixed], b[mixed], frechet_of), abs=0.3)
    assert jackknife(a, b, frechet_of) < 1


def counted(real, made, k):
    """The four shares straight from their definitions."""
    within, across, own = cdist(real, real), cdist(real, made), cdist(made, made)
    real_radii, made_radii = np.sort(within, 1)[:, k], np.sort(own, 1)[:, k]
    inside = across < real_radii[:, None]
    return {
        "precision": inside.any(0).mean(),
        "recall": (across < made_radii).any(1).mean(),
        "density": inside.sum(0).mean() / k,
        "coverage": inside.any(1).mean(),
    }


@given(
    seed=st.integers(0, 10**6), n=st.integers(7, 60), m=st.integers(7, 60), size=st.integers(1, 5), k=st.integers(1, 6)
)
def test_the_four_shares_are_what_counting_gives(seed, n, m, size, k):
    rng = np.random.default_rng(seed)
    real, made = rng.normal(size=(n, size)), 0.5 + 1.5 * rng.normal(size=(m, size))
    found = manifolds(real, made, k)
    assert found.means == pytest.approx(counted(real, made, k))
    assert (len(found.holding), len(found.reached), len(found.covered)) == (m, n, n)


def test_blocks_make_no_difference(monkeypatch):
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=(150, 3)), rng.normal(size=(170, 3))
    whole = manifolds(real, made)
    monkeypatch.setattr("genlib.metrics.balls._AT_ONCE", 37)
    assert manifolds(real, made).means == whole.means


def test_what_is_left_out_is_seen_in_recall_and_coverage_only():
    rng = np.random.default_rng(0)
    groups = rng.integers(4, size=4000)
    real = 20 * np.eye(4)[groups] + rng.normal(size=(4000, 4))
    again = 20 * np.eye(4)[rng.integers(4, size=4000)] + rng.normal(size=(4000, 4))
    dropped = 20 * np.eye(4)[rng.integers(3, size=4000)] + rng.normal(size=(4000, 4))
    all_four, three = manifolds(real, again).means, manifolds(real, dropped).means
    for name in ("precision", "recall", "coverage"):
        assert all_four[name] > 0.9, name
    assert three["precision"] > 0.9
    assert three["recall"] == pytest.approx(0.75 * all_four["recall"], abs=0.03)
    assert three["coverage"] == pytest.approx(0.75 * all_four["coverage"], abs=0.04)
    assert all_four["density"] == pytest.approx(1, abs=0.06)


def test_equal_points_are_no_trap():
    points = np.zeros((20, 3))
    assert manifolds(points, points).means == dict.fromkeys(("precision", "recall", "density", "coverage"), 0.0)


def test_standard_errors_are_those_of_shares():
    rng = np.random.default_rng(0)
    found = manifolds(rng.normal(size=(300, 2)), 2 * rng.normal(size=(400, 2)))
    share = found.means["precision"]
    assert found.stderrs["precision"] == pytest.approx(np.sqrt(share * (1 - share) / 400))
    assert found.stderrs["density"] == pytest.approx(np.std(found.holding / 5) / 20)


def test_the_nearest_is_the_nearest():
    images = load_images()
    few, pool = images.test[:40], images.train[:2345]
    found = nearest_of(few, pool)
    apart = cdist(few.reshape(40, -1) / 255, pool.reshape(2345, -1) / 255, "sqeuclidean")
    assert np.array_equal(found.which, apart.argmin(1))
    np.testing.assert_allclose(found.squared, apart.min(1), atol=1e-9)
    copies = nearest_of(pool[1100:1110], pool)
    assert copies.which.tolist() == list(range(1100, 1110))
    assert copies.squared.max() == 0
