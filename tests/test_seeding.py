"""Random streams: named by seed and path, and by nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genlib.seeding import numpy_rng, torch_rng

pytestmark = pytest.mark.fast


def from_numpy(seed, *path):
    return tuple(numpy_rng(seed, *path).integers(0, 2**63, 4).tolist())


def from_torch(seed, *path):
    return tuple(torch.randint(0, 2**62, (4,), generator=torch_rng(seed, *path)).tolist())


STREAMS = [
    (0,),
    (1,),
    (2**32 - 1,),
    (0, 0),
    (0, 1),
    (0, "1"),
    (1, 0),
    (0, "a"),
    (0, "a", "b"),
    (0, "ab"),
    (0, "a, b"),
    (0, "a', 'b"),
    (0, "a", ""),
    (0, "train", 1),
    (0, "train", "1"),
    (0, "train1"),
    (0, "train", 1, 2),
    (0, "train", 12),
    (0, -1),
    (0, 10**30),
    (0, "é"),
]


@pytest.mark.parametrize("draw", [from_numpy, from_torch])
def test_every_name_has_a_stream_of_its_own_that_comes_again(draw):
    streams = [draw(*name) for name in STREAMS]
    assert len(set(streams)) == len(STREAMS)
    assert streams == [draw(*name) for name in STREAMS]


@settings(max_examples=100, deadline=None)
@given(
    *(
        st.tuples(st.integers(0, 2**32 - 1)).flatmap(
            lambda seed: st.lists(st.integers() | st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(
                lambda path: (*seed, *path)
            )
        )
        for _ in range(2)
    )
)
def test_two_names_share_a_stream_only_if_they_are_equal(one, other):
    assert (from_numpy(*one) == from_numpy(*other)) == (one == other)


@pytest.mark.parametrize("draw", [from_numpy, from_torch])
def test_global_generators_neither_matter_nor_move(draw):
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    first = draw(3, "x")
    assert (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(2)
    assert draw(3, "x") == first


def test_whole_numbers_of_numpy_name_the_same_stream():
    assert from_numpy(np.int64(3), "x", np.uint8(1)) == from_numpy(3, "x", 1)
    assert from_torch(np.int64(3), "x", np.uint8(1)) == from_torch(3, "x", 1)


def test_neighbouring_streams_are_independent():
    # First numbers of the steps of a run: uniform, and uncorrelated from one step to the next.
    for draw in (
        lambda t: numpy_rng(0, "train", t).random(),
        lambda t: torch.rand((), generator=torch_rng(0, "train", t)).item(),
    ):
        values = np.array([draw(t) for t in range(2000)])
        assert stats.kstest(values, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 4 / np.sqrt(2000)


def test_the_seeds_of_torch_fill_their_range():
    seeds = [torch_rng(0, i).initial_seed() for i in range(500)]
    assert len(set(seeds)) == 500
    assert all(0 <= seed < 2**63 for seed in seeds)
    for bit in range(63):
        assert 150 < sum(seed >> bit & 1 for seed in seeds) < 350
