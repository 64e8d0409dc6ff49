"""What a mixture puts where values are missing, against the formula, numeric integration and its own density."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, multivariate_normal

from genlib.data.toy2d import make_points
from genlib.gmm import Mixture, fill, fit_em, fit_incomplete
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import MixtureConfig, PointsConfig

pytestmark = pytest.mark.fast


def some_mixture(k=3, d=2, seed=0):
    rng = numpy_rng(seed, "mixture")
    factors = rng.normal(size=(k, d, d)) + np.eye(d)
    return Mixture(rng.dirichlet(np.ones(k)), 3 * rng.normal(size=(k, d)), factors @ factors.swapaxes(1, 2))


def test_one_gaussian_gives_the_conditional_mean_and_covariance():
    mixture, rng = some_mixture(k=1, d=4), numpy_rng(0, "x")
    x, m = rng.normal(size=(5, 4)), np.array([False, True, False, True])
    mean, covariance = mixture.means[0], mixture.covariances[0]
    gain = covariance[np.ix_(m, ~m)] @ np.linalg.inv(covariance[np.ix_(~m, ~m)])
    expected = mean[m] + (x[:, ~m] - mean[~m]) @ gain.T
    gaps = np.where(m, np.nan, x)
    np.testing.assert_allclose(fill(mixture, gaps)[:, m], expected, rtol=1e-10)
    draws = fill(mixture, np.repeat(gaps[:1], 40_000, axis=0), rng)[:, m]
    left = covariance[np.ix_(m, m)] - gain @ covariance[np.ix_(~m, m)]
    np.testing.assert_allclose(draws.mean(0), expected[0], atol=5 * np.sqrt(left.max() / 40_000))
    np.testing.assert_allclose(np.cov(draws.T), left, atol=0.05 * left.max())


@pytest.mark.parametrize("lost", [0, 1])
def test_a_mixture_gives_what_its_density_says(lost):
    mixture, there = some_mixture(seed=2), 0.7
    grid = np.linspace(-25, 25, 20_001)
    plane = np.full((len(grid), 2), there)
    plane[:, lost] = grid
    density = np.exp(mixture.log_prob(plane))
    density /= density.sum()
    gap = np.full((1, 2), there)
    gap[0, lost] = np.nan
    assert fill(mixture, gap)[0, lost] == pytest.approx(density @ grid, abs=1e-6)
    draws = fill(mixture, gap.repeat(3000, axis=0), numpy_rng(0, "draws"))[:, lost]
    assert kstest(draws, lambda v: np.interp(v, grid, density.cumsum())).pvalue > 0.01


def test_where_nothing_is_there_it_is_the_mixture_itself():
    mixture = some_mixture()
    nothing = np.full((4000, 2), np.nan)
    np.testing.assert_allclose(fill(mixture, nothing[:1])[0], mixture.weights @ mixture.means)
    draws = fill(mixture, nothing, numpy_rng(0, "draws"))
    expected = mixture.sample(200_000, numpy_rng(1, "sample"))[0]
    np.testing.assert_allclose(draws.mean(0), expected.mean(0), atol=5 * expected.std() / np.sqrt(4000))
    np.testing.assert_allclose(np.cov(draws.T), np.cov(expected.T), atol=0.1 * np.cov(expected.T).max())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20), st.booleans())
def test_what_is_there_stays_and_nothing_is_left_open(gaps, drawn):
    mixture, missing = some_mixture(), np.array(gaps)
    x = numpy_rng(0, "x").normal(size=missing.shape)
    hidden = np.where(missing, np.nan, x)
    found = fill(mixture, hidden, numpy_rng(0, "draws") if drawn else None)
    assert np.isfinite(found).all()
    assert np.array_equal(found[~missing], x[~missing])
    assert np.array_equal(np.isnan(hidden), missing), "what was given is not changed"
    if not drawn:
        order = numpy_rng(0, "order").permutation(len(x))
        np.testing.assert_allclose(fill(mixture, hidden[order]), found[order], rtol=1e-9)


def table(k, d, n=400, seed=0, share=0.4):
    """Points of a mixture, and which of their values are missing; a few rows lack all."""
    x, _ = some_mixture(k, d, seed).sample(n, numpy_rng(seed, "points"))
    return x, numpy_rng(seed, "gaps").random(x.shape) < share


def observed(mixture, x):
    """Log-density of what is there of each point, one at a time, by scipy."""
    found = []
    for row in x:
        o = ~np.isnan(row)
        parts = [
            np.log(weight) + multivariate_normal(mean[o], covariance[np.ix_(o, o)]).logpdf(row[o])
            for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
        ]
        found.append(np.logaddexp.reduce(parts))
    return np.array(found)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), k=st.integers(1, 4), d=st.integers(2, 4), share=st.floats(0, 0.7),
    covariance=st.sampled_from(MixtureConfig.knob("covariance").choices),
)  # fmt: skip
def test_em_on_what_is_there_never_loses_likelihood(seed, k, d, share, covariance):
    x, missing = table(k, d, 200, seed, share)
    config = MixtureConfig(
        components=k, covariance=covariance, regularisation=1e-12, tolerance=1e-6, max_iterations=30, seed=seed
    )
    try:
        steps = list(fit_incomplete(np.where(missing, np.nan, x), config))
    except InputError:
        return  # one component fell onto a point, which no likelihood forbids
    curve = np.array([step.log_likelihood for step in steps])
    assert (np.diff(curve) >= -1e-8 * np.abs(curve[1:])).all()
    assert [step.iteration for step in steps] == list(range(len(steps)))


@pytest.mark.parametrize("covariance", MixtureConfig.knob("covariance").choices)
@pytest.mark.parametrize("initialisation", MixtureConfig.knob("initialisation").choices)
def test_where_nothing_is_missing_it_is_the_plain_fit(covariance, initialisation):
    x = make_points(PointsConfig(dataset="stretched", n=300)).x
    config = MixtureConfig(components=4, covariance=covariance, initialisation=initialisation, max_iterations=25)
    ours, plain = list(fit_incomplete(x, config)), list(fit_em(x, config))
    assert len(ours) == len(plain)
    for one, other in zip(ours, plain, strict=True):
        assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12, abs=1e-9)
        np.testing.assert_allclose(one.mixture.weights, other.mixture.weights, atol=1e-9)
        np.testing.assert_allclose(one.mixture.means, other.mixture.means, atol=1e-8)
        np.testing.assert_allclose(one.mixture.covariances, other.mixture.covariances, atol=1e-8)
    assert ours[-1].converged == plain[-1].converged


def test_its_log_likelihood_is_that_of_what_is_there():
    x, missing = table(2, 3, 120)
    x = np.where(missing, np.nan, x)
    *_, last = fit_incomplete(x, MixtureConfig(components=2))
    there = x[~np.isnan(x).all(axis=1)]
    assert len(there) < len(x)
    assert last.log_likelihood == pytest.approx(observed(last.mixture, there).mean(), abs=1e-9)


def test_one_gaussian_with_one_column_half_missing_has_a_closed_form():
    """Anderson (1957): the mean and variance of the seen column, and the regression on it of the other."""
    rng = numpy_rng(0, "x")
    x = rng.normal(size=(4000, 2)) @ np.array([[2.0, 1.0], [0.0, 0.7]]) + [1, -3]
    half = x[:2000]
    gaps = x.copy()
    gaps[2000:, 1] = np.nan
    config = MixtureConfig(components=1, regularisation=0.0, tolerance=1e-8, max_iterations=1000)
    *_, last = fit_incomplete(gaps, config)
    slope, intercept = np.polyfit(half[:, 0], half[:, 1], 1)
    left = np.var(half[:, 1] - slope * half[:, 0] - intercept)
    mean, variance = x[:, 0].mean(), x[:, 0].var()
    np.testing.assert_allclose(last.mixture.means[0], [mean, intercept + slope * mean], atol=1e-3)
    expected = [[variance, slope * variance], [slope * variance, slope**2 * variance + left]]
    np.testing.assert_allclose(last.mixture.covariances[0], expected, atol=1e-2)


def test_em_finds_the_truth_where_filling_in_the_mean_does_not():
    x, truth = make_points(PointsConfig(dataset="stretched", n=6000)).x, 3
    gaps = x.copy()
    gaps[numpy_rng(0, "gaps").random(len(x)) < 0.5, 1] = np.nan
    config = MixtureConfig(components=truth)
    whole, direct = (list(fit)[-1].mixture for fit in (fit_em(x, config), fit_incomplete(gaps, config)))
    thin = list(fit_em(fill(direct, gaps), config))[-1].mixture
    volume = [np.linalg.det(each.covariances).prod() for each in (whole, direct, thin)]
    assert volume[1] == pytest.approx(volume[0], rel=0.4)
    assert volume[2] < 0.5 * volume[0]
    assert direct.log_prob(x).mean() > thin.log_prob(x).mean() + 0.05


def test_a_table_without_any_row_is_told_in_a_sentence():
    with pytest.raises(InputError, match="table of shape"):
        list(fit_incomplete(np.full((5, 2), np.nan), MixtureConfig()))
    with pytest.raises(InputError, match="same for all points"):
        list(fit_incomplete([[1, np.nan], [1, 3.0], [1, 4.0], [1, 5.0]], MixtureConfig(components=1)))
