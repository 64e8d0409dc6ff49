"""What the brush sends, and that nothing else is taken for a drawing."""

import base64

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from genlib.knobs import InputError
from pages.ui.brush import unpacked

pytestmark = pytest.mark.fast

SHAPE = (3, 4)
SENTENCE = "The drawing cannot be read: clear it and draw again."


def as_text(pairs):
    return base64.b64encode(bytes(byte for pair in pairs for byte in pair)).decode()


def packed(drawing):
    """What brush.js sends of a drawing."""
    pairs = []
    for grey in drawing.ravel().tolist():
        if pairs and pairs[-1][1] == grey and pairs[-1][0] < 255:
            pairs[-1][0] += 1
        else:
            pairs.append([1, grey])
    return as_text(pairs)


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.sampled_from([0, 1, 128, 255])))
def test_a_drawing_comes_back_exactly(drawing):
    assert np.array_equal(unpacked(packed(drawing), drawing.shape), drawing)


def test_the_noisiest_drawing_is_not_too_long():
    for shape in ((140, 140), (28, 28), (1, 1), (1, 2), (1, 3), (5, 7)):
        drawing = (np.arange(shape[0] * shape[1]) % 2 * 255).astype(np.uint8).reshape(shape)
        assert np.array_equal(unpacked(packed(drawing), shape), drawing)


def test_the_format_is_runs_row_by_row():
    drawing = np.array([[0, 0, 0, 9], [9, 9, 0, 0], [0, 0, 0, 255]], np.uint8)
    assert unpacked(as_text([(3, 0), (3, 9), (5, 0), (1, 255)]), SHAPE).tolist() == drawing.tolist()
    assert not unpacked(as_text([(255, 0), (255, 0), (90, 0)]), (20, 30)).any()


def test_what_comes_back_can_be_drawn_upon():
    drawing = unpacked(as_text([(12, 7)]), SHAPE)
    drawing[0, 0] = 1
    assert drawing.dtype == np.uint8


@given(st.binary(max_size=40))
@example(bytes([12, 3]))
@example(bytes([6, 1, 6, 2]))
def test_any_bytes_are_a_whole_drawing_or_refused(content):
    try:
        drawing = unpacked(base64.b64encode(content).decode(), SHAPE)
    except InputError as error:
        assert str(error) == SENTENCE
    else:
        assert sum(content[::2]) == 12
        assert unpacked(packed(drawing), SHAPE).tolist() == drawing.tolist()


@pytest.mark.parametrize(
    "answer",
    [
        as_text([(11, 0)]),
        as_text([(13, 0)]),
        as_text([(12, 0), (0, 9)]),
        as_text([(255, 0)] * 2000),
        base64.b64encode(bytes([12])).decode(),
        as_text([(12, 5)]) + "\n",
        "*" + as_text([(12, 5)]),
        "é" * 8,
    ],
    ids=["short", "long", "no length", "huge", "odd", "line end", "no base64", "not ASCII"],
)
def test_near_misses_are_refused(answer):
    with pytest.raises(InputError, match="cannot be read"):
        unpacked(answer, SHAPE)
