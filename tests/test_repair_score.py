"""How good a repair is, against formulas by hand and scikit-image."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from genlib.data.images import load_images
from genlib.data.masks import BENCH_HOLES, bench_mask
from genlib.repair import psnr, rmse, score, ssim
from genlib.seeding import numpy_rng

pytestmark = pytest.mark.fast


@given(st.integers(0, 2**16), st.sampled_from(BENCH_HOLES))
def test_errors_by_hand(seed, hole):
    rng, mask = numpy_rng(seed, "score"), bench_mask(hole)
    a, b = rng.random((2, 3, 28, 28))
    squared = [np.mean(np.square(a[i] - b[i])[~mask]) for i in range(3)]
    assert rmse(a, b, mask) == pytest.approx(np.sqrt(squared))
    assert psnr(a, b, mask) == pytest.approx(-10 * np.log10(squared))


@pytest.mark.parametrize("hole", BENCH_HOLES)
def test_structural_similarity_is_that_of_scikit_image(hole):
    mask = bench_mask(hole)
    a, b = (load_images().test[part].astype(float) / 255 for part in (slice(0, 6), slice(6, 12)))
    expected = [
        structural_similarity(x, y, win_size=7, data_range=1.0, full=True)[1][~mask].mean()
        for x, y in zip(a, b, strict=True)
    ]
    assert ssim(a, b, mask) == pytest.approx(expected, abs=1e-9)


def test_what_lies_outside_the_hole_does_not_count_and_a_perfect_repair_is_perfect():
    image, mask = load_images().test[3], bench_mask("centre")
    other = np.where(mask, 255 - image, image)
    found = score(other, image, mask)
    assert found.psnr == math.inf
    assert found.rmse == 0
    assert score(image, image, mask).ssim == pytest.approx(1)
    black = score(np.where(mask, image, 0).astype(np.uint8), image, mask)
    assert black.rmse == pytest.approx(math.sqrt(np.mean((image[~mask] / 255) ** 2)))
