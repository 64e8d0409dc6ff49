"""Lines, circles and differences of codes, against their own definitions."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genlib.data import assets
from genlib.knobs import InputError
from genlib.latent import circle, class_difference, difference, line, read_atlas

pytestmark = pytest.mark.fast

NUMBERS = st.floats(-10, 10).map(lambda number: round(number, 3))
PAIRS = st.integers(2, 8).flatmap(
    lambda d: st.tuples(arrays(float, d, elements=NUMBERS), arrays(float, d, elements=NUMBERS))
)
TIMES = np.linspace(0, 1, 9)


def angle(a, b):
    """Between two codes, by half-angles: exact for small and for flat angles, too."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return 2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))


@given(PAIRS)
def test_both_ways_begin_and_end_at_their_codes(pair):
    a, b = pair
    np.testing.assert_allclose(line(a, b, [0, 1]), pair, atol=1e-12)
    opposite = a.any() and b.any() and angle(a, b) > 3.1415926
    np.testing.assert_allclose(circle(a, b, [0, 1]), pair, atol=1e-5 if opposite else 1e-9)


@given(PAIRS, st.floats(0, 1))
def test_a_line_is_straight(pair, t):
    a, b = pair
    np.testing.assert_allclose(line(a, b, t) - a, t * (b - a), atol=1e-12)


@given(PAIRS)
def test_on_a_circle_angle_and_length_grow_evenly(pair):
    a, b = pair
    assume(a.any() and b.any())
    way = circle(a, b, TIMES)
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), (1 - TIMES) * lengths[0] + TIMES * lengths[1], rtol=1e-9)
    np.testing.assert_allclose([angle(a, z) for z in way], TIMES * angle(a, b), atol=1e-6)


@given(PAIRS)
def test_a_circle_stays_in_the_plane_of_its_codes(pair):
    a, b = pair
    assume(np.linalg.matrix_rank([a, b], tol=1e-3) == 2)
    basis = np.linalg.qr(np.stack([a, b], 1))[0]
    for z in circle(a, b, TIMES):
        np.testing.assert_allclose(basis @ (basis.T @ z), z, atol=1e-7)


def test_a_quarter_turn():
    np.testing.assert_allclose(circle([2, 0], [0, 4], 0.5), 3 * np.array([1, 1]) / np.sqrt(2))
    np.testing.assert_allclose(circle([2, 0], [0, 4], [0.5])[0], circle([2, 0], [0, 4], 0.5))


def test_opposite_codes_are_joined_around_zero():
    way = circle([1, 0, 0], [-3, 0, 0], TIMES)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1 + 2 * TIMES)
    np.testing.assert_allclose(way[-1], [-3, 0, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("a", "b"), [([0.0, 0.0], [1.0, 2.0]), ([1.0, 2.0], [0.0, 0.0]), ([1.0], [-2.0]), ([0.0], [0.0])]
)
def test_without_a_circle_it_is_the_line(a, b):
    np.testing.assert_allclose(circle(a, b, TIMES), line(a, b, TIMES))


def test_the_same_code_twice_is_no_way():
    np.testing.assert_allclose(circle([3, 4], [3, 4], TIMES), [[3, 4]] * 9)


def test_a_difference_is_that_of_the_means_of_its_groups():
    codes = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    found = difference(codes, [0, 1, 5], [7])
    np.testing.assert_allclose(found, codes[7] - (codes[0] + codes[1] + codes[5]) / 3, atol=1e-6)
    np.testing.assert_allclose(difference(codes, [7], [0, 1, 5]), -found)


@pytest.mark.parametrize("group", [[], [20], [-1], [0.5], [[1]], 3, [True]])
def test_a_group_that_is_none_is_refused(group):
    codes = np.zeros((20, 3), np.float32)
    for pair in ((group, [1]), ([1], group)):
        with pytest.raises(InputError, match="group"):
            difference(codes, *pair)


def test_between_classes_it_is_the_difference_of_their_codes():
    atlas = read_atlas(assets() / "models" / "vae-20d")
    groups = [np.flatnonzero(atlas.labels == digit) for digit in (1, 7)]
    np.testing.assert_allclose(class_difference(atlas, 1, 7), difference(atlas.codes, *groups), atol=1e-3)
    with pytest.raises(InputError, match="no digit 10"):
        class_difference(atlas, 1, 10)
