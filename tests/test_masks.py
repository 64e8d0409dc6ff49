"""Holes by name and from pictures."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from genlib.data.masks import BENCH_HOLES, bench_mask, make_mask, read_mask
from genlib.knobs import InputError
from genlib.settings import HoleConfig

pytestmark = pytest.mark.fast
NAMES = HoleConfig.knob("hole").choices


def png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("hole", NAMES)
def test_every_hole_has_seen_and_missing_pixels_and_turns_round(hole):
    mask = make_mask(HoleConfig(hole=hole))
    assert (mask.shape, mask.dtype) == ((28, 28), np.bool_)
    assert 0 < (~mask).sum() < 784
    other = make_mask(HoleConfig(hole=hole, seed=1, share=0.4))
    used = {"share", "seed"} - HoleConfig(hole=hole).unused()
    assert np.array_equal(mask, other) == (not used)


def test_the_holes_that_are_compared_on_are_those_of_the_baselines():
    rows, columns = np.mgrid[:28, :28]
    inside = (rows >= 7) & (rows <= 20) & (columns >= 7) & (columns <= 20)
    assert np.array_equal(bench_mask("centre"), ~inside)
    assert np.array_equal(bench_mask("bottom"), rows < 14)
    assert np.array_equal(bench_mask("right"), columns < 14)
    assert np.array_equal(bench_mask("random75"), np.random.RandomState(0).rand(28, 28) > 0.75)
    assert len(BENCH_HOLES) == 4
    with pytest.raises(InputError, match="no hole called"):
        bench_mask("left")


@given(st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_the_share_of_random_pixels_is_exact(share, seed):
    mask = make_mask(HoleConfig(hole="random", share=share, seed=seed))
    assert (~mask).sum() == round(share * 784)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P"])
def test_a_mask_comes_back_from_a_picture(mode):
    mask = make_mask(HoleConfig(hole="scratches"))
    picture = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).convert(mode)
    assert np.array_equal(read_mask(png(picture)), mask)


def test_transparent_is_seen_and_dark_is_missing():
    grey = np.zeros((28, 28, 4), np.uint8)
    grey[:14, :, 3] = 255
    grey[0] = (127, 127, 127, 255)
    grey[1] = (129, 129, 129, 255)
    mask = read_mask(png(Image.fromarray(grey)))
    assert mask[14:].all()
    assert mask[1].all()
    assert not mask[0].any()
    assert not mask[2:14].any()


@settings(max_examples=60)
@given(st.binary(max_size=200) | arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_what_is_no_mask_gets_one_sentence(junk):
    if isinstance(junk, np.ndarray):
        if junk.shape == (28, 28):
            return
        junk = png(Image.fromarray(junk))
    with pytest.raises(InputError, match=r"28 x 28") as caught:
        read_mask(junk)
    assert "\n" not in str(caught.value)


def test_a_torn_or_huge_file_gets_one_sentence():
    whole = png(Image.new("L", (28, 28)))
    for data in (whole[: len(whole) // 2], whole[:-20], bytes(2**20 + 1)):
        with pytest.raises(InputError):
            read_mask(data)
