"""Scores in the plane: known cases, closed forms, scipy, and counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import binomtest, chi2, norm
from scipy.stats import energy_distance as energy_on_a_line

from genlib.data.toy2d import DATASETS, make_points
from genlib.gmm import Mixture
from genlib.knobs import InputError
from genlib.metrics import Share, energy_distance, modes, tell_apart, verdict
from genlib.scoring import POINT_MEANINGS, score_mixture
from genlib.scoring.plane import fresh, halves, point_figures
from genlib.settings import MixtureConfig, PointsConfig

pytestmark = pytest.mark.fast
RING = PointsConfig(dataset="ring")


def truth_of(config):
    return fresh(config, 100, 0).truth


@pytest.mark.parametrize("dataset", [name for name, each in DATASETS.items() if each.gaussians is not None])
def test_the_truth_is_the_distribution_that_the_points_come_from(dataset):
    config = PointsConfig(dataset=dataset, n=20_000, noise=1.3)
    truth, points = truth_of(config), make_points(config)
    assert len(truth.weights) == DATASETS[dataset].groups
    for k, (mean, covariance) in enumerate(zip(truth.means, truth.covariances, strict=True)):
        mine = points.x[points.groups == k] - mean
        assert np.abs(mine.mean(0)).max() < 5 * np.sqrt(covariance.diagonal().max() / len(mine))
        # Whitened by the truth they are a standard normal: squared lengths are chi-squared.
        lengths = np.einsum("nd,de,ne->n", mine, np.linalg.inv(covariance), mine)
        for share in (0.25, 0.5, 0.9):
            assert np.mean(lengths < chi2(2).ppf(share)) == pytest.approx(share, abs=2 / np.sqrt(len(mine)))


@pytest.mark.parametrize("config", [PointsConfig(dataset="moons"), PointsConfig(dataset="ring", noise=0.0)])
def test_what_has_no_density_has_no_truth(config):
    assert truth_of(config) is None


def test_modes_are_those_that_a_point_is_near_to():
    means, covariances = np.array([[0.0, 0], [10, 0], [0, 10]]), np.stack([np.eye(2), 4 * np.eye(2), np.diag([1, 9.0])])
    x = np.array([[0, 2.99], [0, 3.01], [10, 5.99], [4, 1], [0, 18.9], [2.9, 10]])
    found = modes(x, means, covariances)
    assert found.good.tolist() == [True, True, True, False, True, True]  # the second lies near to the third mode
    assert found.found.tolist() == [True, True, True]
    assert modes(x[3:4], means, covariances).found.tolist() == [False] * 3


def test_points_of_the_truth_are_good_as_often_as_chi_squared_says():
    config = PointsConfig(dataset="ring")
    truth = truth_of(config)
    x, _ = truth.sample(50_000, np.random.default_rng(0))
    found = modes(x, truth.means, truth.covariances)
    assert found.found.all()
    assert found.good.mean() == pytest.approx(chi2(2).cdf(9), abs=0.002)
    lost = x[x[:, 0] > 0]
    assert modes(lost, truth.means, truth.covariances).found.sum() == 5


@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), m=st.integers(1, 40), size=st.integers(1, 4))
def test_the_energy_distance_is_its_formula(seed, n, m, size):
    rng = np.random.default_rng(seed)
    a, b = 100 + rng.normal(size=(n, size)), 100.5 + 2 * rng.normal(size=(m, size))
    expected = 2 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean()
    assert energy_distance(a, b) == pytest.approx(expected, abs=1e-5)
    assert energy_distance(a, a) == pytest.approx(0, abs=1e-5)
    if size == 1:
        assert energy_distance(a, b) == pytest.approx(energy_on_a_line(a[:, 0], b[:, 0]) ** 2, abs=1e-5)


def test_the_energy_distance_of_shifted_normals_in_closed_form():
    # X - Y ~ N(shift, 2): its mean length is that of a folded normal.
    shift, n = 1.5, 3000
    folded = 2 / np.sqrt(np.pi) * np.exp(-(shift**2) / 4) + shift * (1 - 2 * norm.cdf(-shift / np.sqrt(2)))
    rng = np.random.default_rng(0)
    found = energy_distance(rng.normal(size=(n, 1)), shift + rng.normal(size=(n, 1)))
    assert found == pytest.approx(2 * folded - 4 / np.sqrt(np.pi), abs=0.12)


def test_a_classifier_guesses_where_there_is_nothing_to_tell():
    rng = np.random.default_rng(0)
    found = [tell_apart(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)), rng) for _ in range(200)]
    assert np.mean([each.accuracy for each in found]) == pytest.approx(0.5, abs=0.01)
    assert np.mean([each.p < 0.05 for each in found]) <= 0.09
    assert np.std([each.accuracy for each in found]) == pytest.approx(found[0].stderr, rel=0.25)
    assert np.mean([each.p for each in found]) == pytest.approx(0.5, abs=0.07)


def test_a_classifier_tells_as_well_as_the_best_there_is():
    # Two normals, two apart: the best guess is the nearer centre, right with probability Phi(1).
    rng = np.random.default_rng(0)
    found = tell_apart(rng.normal(size=(4000, 2)), rng.normal(size=(4000, 2)) + [2, 0], rng)
    assert found.accuracy == pytest.approx(norm.cdf(1), abs=0.02)
    assert found.p < 1e-6
    assert tell_apart(np.zeros((50, 2)), np.ones((60, 2)), rng).accuracy == 1


@given(hits=st.integers(0, 60), more=st.integers(0, 60))
def test_the_interval_of_a_share_is_scipys(hits, more):
    n = hits + more
    if n == 0:
        assert Share(0, 0).interval == (0, 1)
        return
    expected = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert Share(hits, n).interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    low, high = Share(hits, n).interval
    assert 0 <= low <= Share(hits, n).value + 1e-12
    assert Share(hits, n).value - 1e-12 <= high <= 1


def test_a_verdict_counts_each_kind():
    made, called = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 1, 0, 1], bool)
    found = verdict(made, called)
    assert (found.sensitivity, found.specificity, found.accuracy) == (Share(2, 3), Share(1, 2), Share(3, 5))
    assert verdict(made[:3], called[:3]).specificity == Share(0, 0)


def score(components, origin=RING, n=500):
    return score_mixture(make_points(origin).x, MixtureConfig(components=components), origin, n)


def test_a_right_mixture_is_as_good_as_real_points():
    found = score(8)
    assert set(found.metrics) == set(POINT_MEANINGS)
    assert (found.n, found.modes, found.own) == (500, 8, False)
    assert found.metrics["modes"] == 8
    assert found.metrics["rand"] > 0.98
    for name in ("high_quality", "log_likelihood"):
        assert found.metrics[name] == pytest.approx(found.real_vs_real[name], abs=4 * found.stderr[name])
    assert found.metrics["told_apart"] == pytest.approx(0.5, abs=4 * found.stderr["told_apart"])
    assert found.bad["high_quality"] < 0.3
    assert found.bad["energy"] > 5 * max(found.metrics["energy"], found.real_vs_real["energy"])
    assert found.bad["log_likelihood"] < found.metrics["log_likelihood"] - 1
    assert abs(found.bad["rand"]) < 0.05
    assert score(8) == found, "the same seed gives the same figures"


def test_too_few_components_show_in_every_figure_but_the_modes():
    right, wrong = score(8), score(4)
    assert wrong.metrics["modes"] == 8, "a wide component reaches all"
    assert wrong.metrics["high_quality"] < 0.7
    assert wrong.metrics["told_apart"] > 0.65
    assert wrong.metrics["told_apart_p"] < 1e-3
    assert wrong.metrics["log_likelihood"] < right.metrics["log_likelihood"] - 0.5
    assert wrong.metrics["rand"] < 0.8


def test_a_dropped_mode_is_seen():
    reference = fresh(RING, 1000, 0)
    truth = reference.truth
    seven = Mixture(np.full(7, 1 / 7), truth.means[:7], truth.covariances[:7])
    found, _ = point_figures(seven.sample(1000, np.random.default_rng(0))[0], reference, 0, seven)
    assert found["modes"] == 7
    assert found["high_quality"] > 0.98
    assert found["told_apart_p"] < 0.05
    assert found["rand"] < 0.95


def test_fresh_points_are_no_training_points_and_fall_into_groups_by_chance():
    x, reference = make_points(RING).x, fresh(RING, 1000, 0)
    assert not set(map(tuple, reference.real)) & (set(map(tuple, x)) | set(map(tuple, reference.again)))
    counts = np.bincount(reference.groups, minlength=8)
    assert counts.std() > 3


def test_own_points_are_fitted_by_halves():
    x = make_points(RING).x
    taught, reference = halves(x, 2000, 0)
    assert (len(taught), len(reference.real), reference.groups, reference.truth) == (1000, 1000, None, None)
    assert set(map(tuple, taught)) | set(map(tuple, reference.real)) == set(map(tuple, x))
    found = score_mixture(x, MixtureConfig(components=8), None, 500)
    assert set(found.metrics) == {"energy", "told_apart", "told_apart_p", "log_likelihood"}
    assert (found.n, found.modes, found.own) == (500, 0, True)
    with pytest.raises(InputError, match="at least 40 points: add some"):
        score_mixture(x[:39], MixtureConfig(), None)


@pytest.mark.parametrize("n", [0, 39, 2001, 100.0, True])
def test_only_so_many_points(n):
    with pytest.raises(InputError, match="choose a whole number from 40 to 2000"):
        score_mixture(make_points(RING).x, MixtureConfig(), RING, n)
