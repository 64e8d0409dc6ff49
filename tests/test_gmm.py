"""Mixtures and EM, against scikit-learn, scipy and closed forms."""

import json
import math
import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from genlib.data.toy2d import make_points
from genlib.gmm import Mixture, fit_em, parameter_count, select_components, several_starts
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import MixtureConfig, PointsConfig

pytestmark = pytest.mark.fast

COVARIANCES = MixtureConfig.knob("covariance").choices
INITIALISATIONS = MixtureConfig.knob("initialisation").choices


def points(dataset="blobs", n=300, seed=42):
    return make_points(PointsConfig(dataset=dataset, n=n, seed=seed)).x


def reference(x, config):
    estimator = GaussianMixture(
        config.components,
        covariance_type=config.covariance,
        tol=config.tolerance,
        reg_covar=config.regularisation,
        max_iter=config.max_iterations,
        init_params=config.initialisation,
        random_state=config.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(x)


def full(estimator):
    """The covariances of an estimator as K full matrices, one number at a time."""
    k, d = estimator.means_.shape
    result = np.zeros((k, d, d))
    for c, i, j in np.ndindex(k, d, d):
        if estimator.covariance_type == "full":
            result[c, i, j] = estimator.covariances_[c, i, j]
        elif estimator.covariance_type == "tied":
            result[c, i, j] = estimator.covariances_[i, j]
        elif i == j:
            result[c, i, i] = (
                estimator.covariances_[c, i] if estimator.covariance_type == "diag" else estimator.covariances_[c]
            )
    return result


def assert_same_end(steps, estimator):
    last = steps[-1]
    assert [step.iteration for step in steps] == list(range(estimator.n_iter_ + 1))
    assert np.array_equal(last.mixture.weights, estimator.weights_)
    assert np.array_equal(last.mixture.means, estimator.means_)
    assert np.array_equal(last.mixture.covariances, full(estimator))
    assert [step.converged for step in steps] == [False] * estimator.n_iter_ + [estimator.converged_]


def random_mixture(k=3, d=3, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(k, d, d)) + 2 * np.eye(d)
    return Mixture(rng.dirichlet(np.ones(k)), 3 * rng.normal(size=(k, d)), factors @ factors.transpose(0, 2, 1))


# --- EM -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_em_is_scikit_learns_number_for_number(covariance, initialisation, seed):
    x = points("stretched")
    config = MixtureConfig(components=3, covariance=covariance, initialisation=initialisation, seed=seed)
    assert_same_end(list(fit_em(x, config)), reference(x, config))


def test_every_iteration_is_what_scikit_learn_has_when_it_stops_there():
    x = points("overlapping")
    config = MixtureConfig(components=3, tolerance=1e-5)
    steps = list(fit_em(x, config))
    assert len(steps) > 8
    for i in range(1, 8):
        assert_same_end(
            [*steps[:i], replace(steps[i], converged=False)], reference(x, replace(config, max_iterations=i))
        )


def test_em_is_scikit_learns_in_other_sizes_too():
    rng = np.random.default_rng(0)
    for x, config in (
        (points("pinwheel", 20_000), MixtureConfig(components=5, max_iterations=12)),
        (np.repeat(points("pinwheel", 20_000), 2, axis=0), MixtureConfig(components=5, max_iterations=5)),
        (rng.normal(size=(500, 7)) * np.arange(1, 8), MixtureConfig(components=4, covariance="tied")),
        (rng.normal(size=(200, 1)), MixtureConfig(components=2)),
        (points(n=60), MixtureConfig(components=1)),
        (points(n=60).astype(np.float32).tolist(), MixtureConfig(components=4)),
    ):
        assert_same_end(list(fit_em(x, config)), reference(np.asarray(x, dtype=np.float64), config))


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_each_log_likelihood_belongs_to_its_own_mixture(covariance, initialisation):
    x = points("stretched")
    for step in fit_em(x, MixtureConfig(components=4, covariance=covariance, initialisation=initialisation)):
        assert step.log_likelihood == pytest.approx(step.mixture.log_prob(x).mean(), rel=1e-9)
        assert step.mixture.weights.sum() == pytest.approx(1, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(PointsConfig.knob("dataset").choices),
    st.sampled_from(COVARIANCES),
    st.sampled_from(INITIALISATIONS),
    st.integers(1, 8),
    st.integers(0, 2**32 - 1),
)
def test_the_log_likelihood_never_falls_while_the_regularisation_is_negligible(dataset, shape, start, k, seed):
    config = MixtureConfig(
        components=k, covariance=shape, initialisation=start, seed=seed, tolerance=1e-6, regularisation=1e-9
    )
    curve = [step.log_likelihood for step in fit_em(points(dataset, 200), config)]
    assert all(after - before > -1e-7 * max(1, abs(before)) for before, after in pairwise(curve))
    assert curve[-1] > curve[0] or len(curve) <= 3


def test_a_large_regularisation_can_make_the_log_likelihood_fall():
    # The docstring says so; if this never happened, the docstring would be wrong.
    config = MixtureConfig(components=8, regularisation=1.0, tolerance=1e-8)
    curve = [step.log_likelihood for step in fit_em(0.3 * points("blobs"), config)]
    assert np.diff(curve).min() < -0.01


def test_em_finds_the_truth_where_it_is_easy():
    truth = make_points(PointsConfig(dataset="blobs", n=2000))
    *_, last = fit_em(truth.x, MixtureConfig(components=4))
    found = last.mixture.responsibilities(truth.x).argmax(axis=1)
    assert len(set(zip(found.tolist(), truth.groups.tolist(), strict=True))) == 4


def test_a_kept_event_is_not_changed_by_what_comes_later():
    steps = fit_em(points(), MixtureConfig(components=3, tolerance=1e-8))
    first = next(steps)
    before = first.mixture.to_json()
    assert len(list(steps)) > 2
    assert first.mixture.to_json() == before


def test_keeping_every_iteration_costs_no_e_step_more_than_a_plain_fit(monkeypatch):
    # Should scikit-learn rename its E-step, the results stay right and only this test says that speed was lost.
    calls = []
    plain = GaussianMixture._e_step
    monkeypatch.setattr(GaussianMixture, "_e_step", lambda *a, **k: (calls.append(0), plain(*a, **k))[1])
    config = MixtureConfig(components=3)
    list(fit_em(points(), config))
    ours = len(calls)
    reference(points(), config)
    assert ours == len(calls) - ours


def test_several_starts_are_the_fits_of_the_seeds_that_follow():
    x = points("grid")
    config = MixtureConfig(components=6, initialisation="random_from_data", seed=2**32 - 2)
    starts = several_starts(x, config, 3)
    for steps, seed in zip(starts, (2**32 - 2, 2**32 - 1, 0), strict=True):
        assert_same_end(steps, reference(x, replace(config, seed=seed)))
    assert len({steps[-1].log_likelihood for steps in starts}) == 3


# --- refusals -------------------------------------------------------------------------------------------------------


def with_hole(value):
    x = points().copy()
    x[3, 1] = value
    return x


REFUSALS = {
    "more components than points": (points(n=20)[:7], {"components": 8}, ["8 components", "there are 7"]),
    "more components than different points": (
        np.repeat(points(n=20)[:3], 50, axis=0),
        {"components": 4},
        ["4 components", "there are 3"],
    ),
    "minus zero is no other zero": ([[0.0, 1], [-0.0, 1], [1, 2]], {"components": 3}, ["there are 2"]),
    "all equal": (np.ones((50, 2)), {"components": 1}, ["same"]),
    "one point": ([[1, 2]], {"components": 1}, ["same"]),
    "constant coordinate": (points() * [1, 0] + 5, {}, ["Coordinate 2", "same"]),
    "nearly constant coordinate": (points() * [1e-9, 1] + 5, {}, ["Coordinate 1", "nearly"]),
    "NaN": (with_hole(np.nan), {}, ["missing"]),
    "infinite": (with_hole(-np.inf), {}, ["infinite"]),
    "huge": (with_hole(-2e9), {}, ["1,000,000,000"]),
    "flat": (np.arange(9.0), {}, ["(N, D)", "(9,)"]),
    "empty": (np.empty((0, 2)), {}, ["(N, D)"]),
    "ragged": ([[1, 2], [3]], {}, ["numbers"]),
    "text": ([["a", "b"]], {}, ["numbers"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_points_that_cannot_be_fitted_are_refused_at_once(case):
    x, changes, parts = REFUSALS[case]
    with pytest.raises(InputError) as caught:
        fit_em(x, MixtureConfig(**changes))
    sentence = str(caught.value)
    assert [part for part in parts if part not in sentence] == []
    assert sentence.endswith(".")
    assert sentence.count(".") == 1


@pytest.mark.parametrize("covariance", ["full", "diag", "spherical"])
def test_a_collapse_ends_in_advice(covariance):
    x = np.concatenate([np.zeros((20, 2)), points(n=40) + 30])
    config = MixtureConfig(components=2, covariance=covariance, regularisation=0.0)
    with pytest.raises(InputError, match=r"^With 2 components .* raise the regularisation or take fewer components\.$"):
        list(fit_em(x, config))
    assert_same_end(
        list(fit_em(x, replace(config, regularisation=1e-6))), reference(x, replace(config, regularisation=1e-6))
    )


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda d: st.lists(
            st.lists(st.floats(-1e9, 1e9) | st.integers(-2, 2), min_size=d, max_size=d), min_size=1, max_size=30
        )
    ),
    st.builds(
        MixtureConfig,
        components=st.integers(1, 6),
        covariance=st.sampled_from(COVARIANCES),
        initialisation=st.sampled_from(INITIALISATIONS),
        regularisation=st.sampled_from([0.0, 1e-6, 1.0]),
        max_iterations=st.integers(1, 20),
    ),
)
def test_hostile_points_give_finite_steps_or_a_sentence_and_never_a_warning(x, config):
    # Warnings are errors in this suite, so one that escaped would end this test.
    steps = []
    try:
        for step in fit_em(x, config):
            steps.append(step)
    except InputError:
        return
    for step in steps:
        assert math.isfinite(step.log_likelihood)
        assert np.isfinite(step.mixture.log_prob(x)).all()
        Mixture.from_json(step.mixture.to_json())


# --- the mixture ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 5])
def test_log_prob_and_responsibilities_are_those_of_scipys_normals(d):
    mixture = random_mixture(4, d)
    x = 4 * np.random.default_rng(1).normal(size=(50, d))
    joint = np.stack(
        [w * multivariate_normal(m, c).pdf(x) for w, m, c in zip(*vars(mixture).values(), strict=True)], axis=1
    )
    assert np.allclose(mixture.log_prob(x), np.log(joint.sum(axis=1)), rtol=1e-10)
    assert np.allclose(mixture.responsibilities(x), joint / joint.sum(axis=1, keepdims=True), rtol=1e-9)


def test_far_points_keep_a_finite_density_and_responsibilities_that_sum_to_one():
    mixture = random_mixture()
    x = np.random.default_rng(1).normal(size=(50, 3)) * 1e6
    assert np.isfinite(mixture.log_prob(x)).all()
    assert mixture.log_prob(x).max() < -1e6  # every exponential underflows here
    assert np.allclose(mixture.responsibilities(x).sum(axis=1), 1, rtol=1e-12)


def test_a_component_without_weight_answers_for_nothing():
    mixture = replace(random_mixture(), weights=np.array([0.5, 0.0, 0.5]))
    assert (mixture.responsibilities(mixture.means)[:, 1] == 0).all()
    assert np.isfinite(mixture.log_prob(mixture.means)).all()


def test_samples_have_the_moments_of_the_mixture():
    mixture, n = random_mixture(3, 2), 200_000
    x, groups = mixture.sample(n, np.random.default_rng(0))
    # E[x] = sum_k alpha_k mu_k and E[x x'] = sum_k alpha_k (Sigma_k + mu_k mu_k').
    second = mixture.covariances + np.einsum("ki,kj->kij", mixture.means, mixture.means)
    mean = mixture.weights @ mixture.means
    covariance = np.einsum("k,kij->ij", mixture.weights, second) - np.outer(mean, mean)
    assert np.allclose(x.mean(axis=0), mean, atol=5 * np.sqrt(np.diag(covariance).max() / n))
    assert np.allclose(np.cov(x.T), covariance, atol=0.02 * np.diag(covariance).max())
    assert np.allclose(np.bincount(groups) / n, mixture.weights, atol=5 * 0.5 / np.sqrt(n))
    for k in range(3):
        assert np.allclose(np.cov(x[groups == k].T), mixture.covariances[k], atol=0.03 * mixture.covariances[k].max())
        assert np.allclose(x[groups == k].mean(axis=0), mixture.means[k], atol=0.05)


def test_samples_score_what_the_entropy_says():
    # For one Gaussian E[log p(x)] = -D/2 log(2 pi e) - 1/2 log det Sigma.
    mixture = random_mixture(1, 3)
    x, _ = mixture.sample(100_000, np.random.default_rng(0))
    expected = -1.5 * math.log(2 * math.pi * math.e) - 0.5 * np.linalg.slogdet(mixture.covariances[0])[1]
    assert mixture.log_prob(x).mean() == pytest.approx(expected, abs=5 * math.sqrt(1.5 / 100_000))


# --- selection ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_bic_and_aic_are_scikit_learns(covariance):
    x, config = points("stretched"), MixtureConfig(covariance=covariance)
    for row in select_components(x, config, [1, 3, 4]):
        estimator = reference(x, replace(config, components=row.components))
        assert row.bic == pytest.approx(estimator.bic(x), rel=1e-12)
        assert row.aic == pytest.approx(estimator.aic(x), rel=1e-12)
        assert row.train_log_likelihood == pytest.approx(estimator.score(x), rel=1e-12)


def test_parameters_are_counted_as_they_are_stored():
    # Free numbers: K - 1 weights, K D means and what each type stores of symmetric matrices.
    assert [parameter_count(3, 4, covariance) for covariance in COVARIANCES] == [44, 24, 26, 17]
    assert parameter_count(1, 1, "full") == 2


def test_held_out_points_are_scored_by_fits_that_never_saw_them():
    # One Gaussian has a closed form, so each fold can be refitted here from its mean and covariance.
    x, config = points(n=103), MixtureConfig(components=1, regularisation=0.0)
    (row,) = select_components(x, config, [1])
    scores = []
    for fold in np.array_split(numpy_rng(config.seed, "folds").permutation(103), 5):
        rest = np.delete(x, fold, axis=0)
        normal = multivariate_normal(rest.mean(axis=0), np.cov(rest.T, bias=True))
        scores.append(normal.logpdf(x[fold]).mean())
    assert row.held_out_log_likelihood == pytest.approx(np.mean(scores), rel=1e-9)
    assert row.held_out_log_likelihood < row.train_log_likelihood


def test_selection_finds_the_true_number_of_groups_and_repeats_itself():
    x = points(n=400)
    rows = list(select_components(x, MixtureConfig(), range(1, 7)))
    assert min(rows, key=lambda row: row.bic).components == 4
    assert max(rows, key=lambda row: row.held_out_log_likelihood).components == 4
    assert rows == list(select_components(x, MixtureConfig(), range(1, 7)))
    assert rows[2:4] == list(select_components(x, MixtureConfig(components=9), [3, 4]))


@pytest.mark.parametrize(
    ("x", "components"), [(points()[:9], [1]), (points(), [0]), (points(), [2, 31]), (points()[:12], [2, 13])]
)
def test_selection_refuses_at_once(x, components):
    with pytest.raises(InputError):
        select_components(x, MixtureConfig(), components)


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_mixture_survives_json_exactly(covariance):
    *_, last = fit_em(points(), MixtureConfig(components=3, covariance=covariance))
    again = Mixture.from_json(json.loads(json.dumps(last.mixture.to_json())))
    for mine, theirs in zip(vars(last.mixture).values(), vars(again).values(), strict=True):
        assert np.array_equal(mine, theirs)
        assert theirs.dtype == np.float64


GOOD = random_mixture(2, 2).to_json()


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"weights": [0.5, 0.6]}, "add up to 1"),
        ({"weights": [-0.5, 1.5]}, "0 or more"),
        ({"weights": [1.0]}, "sizes"),
        ({"weights": [0.5, math.nan]}, "weights"),
        ({"weights": ["0.5", "0.5"]}, "weights"),
        ({"weights": [True, False]}, "weights"),
        ({"weights": 10**400}, "weights"),
        ({"means": [[1, 2], [3]]}, "means"),
        ({"means": []}, "sizes"),
        ({"means": [[], []]}, "sizes"),
        ({"means": [[1, 2], [3, None]]}, "means"),
        ({"covariances": [[[1, 0], [0, 1]]]}, "sizes"),
        ({"covariances": [[[1, 0], [0, -1]]] * 2}, "positive definite"),
        ({"covariances": [[[1, 2], [2, 1]]] * 2}, "positive definite"),
        ({"covariances": [[[1, 0.5], [0, 1]]] * 2}, "symmetric"),
        ({"covariances": [[[1e-300, 0], [0, 1]]] * 2}, "positive definite"),
        ({"more": 1}, "nothing else"),
    ],
)
def test_what_is_no_mixture_is_refused(changes, part):
    with pytest.raises(InputError, match=part) as caught:
        Mixture.from_json(GOOD | changes)
    assert str(caught.value).endswith(".")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)
arrays = st.integers(0, 3).flatmap(lambda n: st.lists(st.lists(st.floats(-9, 9), min_size=n, max_size=n), max_size=3))


@settings(max_examples=300, deadline=None)
@given(
    json_values
    | st.dictionaries(st.sampled_from(["weights", "means", "covariances"]), json_values | arrays)
    | st.builds(lambda name, value: GOOD | {name: value}, st.sampled_from(list(GOOD)), json_values | arrays)
)
def test_junk_is_refused_with_a_sentence_or_is_a_working_mixture(values):
    try:
        mixture = Mixture.from_json(values)
    except InputError:
        return
    x, _ = mixture.sample(5, np.random.default_rng(0))
    assert np.isfinite(mixture.log_prob(x)).all()
