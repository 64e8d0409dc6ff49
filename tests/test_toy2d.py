"""Points in the plane: exact where quoted, and shaped as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genlib.data.toy2d import DATASETS, make_points
from genlib.settings import PointsConfig

pytestmark = pytest.mark.fast

CHOICES = PointsConfig.knob("dataset").choices
GAUSSIAN = ("blobs", "stretched", "overlapping", "ring", "grid")
configs = st.builds(
    PointsConfig,
    dataset=st.sampled_from(CHOICES),
    n=st.integers(20, 600),
    noise=st.floats(0, 3),
    seed=st.integers(0, 2**32 - 1),
)


def draw(dataset, n=20_000, noise=1.0, seed=0):
    return make_points(PointsConfig(dataset=dataset, n=n, noise=noise, seed=seed))


def test_the_registry_holds_exactly_the_choices_of_the_knob():
    assert tuple(DATASETS) == CHOICES
    for dataset in DATASETS.values():
        assert dataset.description.endswith(".")
        assert dataset.description.count(".") == 1


def test_the_classic_pair_is_bit_for_bit_what_everyone_else_has():
    old = np.random.RandomState(42)
    expected = np.concatenate([old.normal(0, 5, (1000, 2)), old.normal(0, 3, (1000, 2))])
    points = make_points(PointsConfig(dataset="classic", n=2000, noise=1.0, seed=42))
    assert np.array_equal(points.x, expected)
    assert np.array_equal(points.groups, np.repeat([0, 1], 1000))


@settings(max_examples=100, deadline=None)
@given(configs)
def test_every_configuration_gives_finite_points_in_even_groups_and_gives_them_again(config):
    points = make_points(config)
    assert points.x.shape == (config.n, 2)
    assert points.x.dtype == np.float64
    assert np.isfinite(points.x).all()
    counts = np.bincount(points.groups, minlength=DATASETS[config.dataset].groups)
    assert len(counts) == DATASETS[config.dataset].groups
    assert counts.sum() == config.n
    assert np.ptp(counts) <= 1
    again = make_points(config)
    assert np.array_equal(points.x, again.x)
    assert np.array_equal(points.groups, again.groups)


@pytest.mark.parametrize("dataset", CHOICES)
def test_another_seed_gives_other_points(dataset):
    assert not np.isclose(draw(dataset, 100, seed=1).x, draw(dataset, 100, seed=2).x).any()


@pytest.mark.parametrize("dataset", CHOICES)
def test_noise_multiplies_the_distance_from_the_noiseless_place(dataset):
    still, one, three = (draw(dataset, 500, noise).x for noise in (0, 1, 3))
    assert np.allclose(three - still, 3 * (one - still), atol=1e-9)
    assert np.abs(one - still).max() > 0.1


@pytest.mark.parametrize("dataset", CHOICES)
def test_all_fill_about_the_same_frame(dataset):
    extent = np.quantile(np.abs(draw(dataset).x), 0.99)
    assert 6 < extent < 13


@pytest.mark.parametrize("dataset", GAUSSIAN)
def test_gaussian_groups_have_the_means_and_covariances_they_were_built_from(dataset):
    centres, factors = (np.asarray(part) for part in DATASETS[dataset].make.args)
    points = draw(dataset, noise=0.5)
    for k, (centre, factor) in enumerate(zip(centres, factors, strict=True)):
        x = points.x[points.groups == k]
        covariance = 0.25 * factor @ factor.T
        # Five standard errors: of a mean sqrt(s_ii / n), of a covariance sqrt((s_ii s_jj + s_ij^2) / n).
        variances = np.diag(covariance)
        error = np.sqrt((np.outer(variances, variances) + covariance**2) / len(x))
        assert (np.abs(x.mean(axis=0) - centre) < 5 * np.sqrt(variances / len(x))).all()
        assert (np.abs(np.cov(x.T) - covariance) < 5 * error).all()


def test_the_long_axis_of_a_stretched_group_points_where_it_says():
    points = draw("stretched")
    for k, degrees in enumerate((25, 140, 80)):
        _, axes = np.linalg.eigh(np.cov(points.x[points.groups == k].T))
        x, y = axes[:, -1]
        assert np.degrees(np.arctan2(y, x)) % 180 == pytest.approx(degrees, abs=1)


@pytest.mark.parametrize(("dataset", "apart"), [("ring", 18 * np.sin(np.pi / 8)), ("grid", 4.5)])
def test_neighbouring_groups_lie_equally_far_apart(dataset, apart):
    points = draw(dataset, noise=0)
    centres = np.unique(points.x.round(9), axis=0)
    assert len(centres) == DATASETS[dataset].groups
    distances = np.linalg.norm(centres[:, None] - centres, axis=2) + 1e9 * np.eye(len(centres))
    assert np.allclose(distances.min(axis=1), apart)


def test_without_noise_moons_are_half_circles_and_circles_are_circles():
    moons = draw("moons", noise=0)
    for group, centre, side in ((0, (-3.5, -1.75), 1), (1, (3.5, 1.75), -1)):
        offsets = moons.x[moons.groups == group] - centre
        assert np.allclose(np.linalg.norm(offsets, axis=1), 7)
        assert (side * offsets[:, 1] >= 0).all()
    circles = draw("circles", noise=0)
    assert np.allclose(np.linalg.norm(circles.x, axis=1), np.where(circles.groups == 0, 9, 4))
    # All the way round: the mean of a uniform direction is 0, with standard error radius / sqrt(2 n).
    assert np.abs(circles.x.mean(axis=0)).max() < 5 * 9 / np.sqrt(2 * len(circles.x))


def test_without_noise_a_spiral_turns_in_step_with_its_radius():
    spirals = draw("spirals", noise=0)
    radius = np.linalg.norm(spirals.x, axis=1)
    angle = np.arctan2(spirals.x[:, 1], spirals.x[:, 0])
    assert np.allclose(np.exp(1j * angle), np.exp(1j * (3 * np.pi * radius / 11 + np.pi * spirals.groups)))
    # Even along the arm: the squares of the radii are uniform, from 1 % to 100 % of the largest.
    assert np.mean(radius**2) == pytest.approx(121 * 0.505, rel=0.02)


def test_pinwheel_arms_are_one_arm_turned_by_a_fifth():
    points = draw("pinwheel", noise=0)
    radius = np.linalg.norm(points.x, axis=1) / 6
    angle = np.arctan2(points.x[:, 1], points.x[:, 0]) - 2 * np.pi * points.groups / 5
    on_the_arm = np.isclose(np.exp(1j * angle), np.exp(0.25j * np.exp(radius)))
    # An arm is a normal along its radius; the 0.04 % of it below 0 come out on the other side.
    assert on_the_arm.mean() > 0.999
    assert radius.mean() == pytest.approx(1.0, abs=0.02)
    assert radius.std() == pytest.approx(0.3, abs=0.02)
