"""What a mixture puts where values are missing, against the formula, numeric integration and its own density."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from genlib.data.toy2d import make_points
from genlib.gmm import Mixture, fill, fill_gaps, hide
from genlib.knobs import InputError
from genlib.seeding import numpy_rng
from genlib.settings import GapsConfig, MixtureConfig, PointsConfig

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


@pytest.mark.parametrize("lost", GapsConfig.knob("lost").choices)
def test_a_share_of_the_points_loses_one_coordinate(lost):
    x = numpy_rng(0, "x").normal(size=(200, 2))
    hidden = hide(x, GapsConfig(share=0.25, lost=lost))
    missing = np.isnan(hidden)
    assert missing.any(axis=1).sum() == 50
    assert missing.sum() == 50
    assert np.array_equal(hidden[~missing], x[~missing])
    assert missing.any(axis=0).tolist() == [lost != "vertical", lost != "horizontal"]
    again = np.isnan(hide(x, GapsConfig(share=0.25, lost=lost, gap_seed=1)))
    assert not np.array_equal(missing, again)


def test_the_mean_has_the_least_error_and_draws_keep_the_spread():
    x = make_points(PointsConfig(dataset="stretched", n=2000)).x
    found = fill_gaps(x, GapsConfig(share=0.5), MixtureConfig(components=3))
    column, mean, draw = found.errors
    assert mean < draw < column
    by_hand = np.sqrt(np.square(found.mean - x)[found.missing].mean())
    assert mean == pytest.approx(by_hand)
    assert np.array_equal(found.draw[~found.missing], x[~found.missing])
    # Its squared error is what the spread of the conditional distribution adds to that of the mean (total variance).
    assert draw**2 == pytest.approx(2 * mean**2, rel=0.15)
    lost = found.missing[:, 1]
    spreads = [way[lost, 1].std() for way in (found.mean, found.draw, x)]
    assert spreads[0] < spreads[2]
    assert spreads[1] == pytest.approx(spreads[2], rel=0.05)


def test_too_little_left_is_told_in_a_sentence():
    x = make_points(PointsConfig(n=20)).x
    with pytest.raises(InputError, match="components"):
        fill_gaps(x, GapsConfig(share=0.9), MixtureConfig(components=5))
