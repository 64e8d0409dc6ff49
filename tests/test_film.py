"""The film of a run: the first and the last frame, few enough, evenly spread, and only whole ones."""

import shutil

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genlib import film as films
from genlib.film import MOST_FRAMES, Film

pytestmark = pytest.mark.fast

FRAME = {
    "samples": np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28),
    "reconstructions": np.full((1, 28, 28), 7, np.uint8),
    "codes": np.array([[0.5, -1.5], [2.0, 3.0], [0.0, 1e-30]], np.float32),
    "real_scores": np.array([0.25, 1.0, -7.5], np.float32),
}


def same(one, other):
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name]) for name in one
    )


@pytest.fixture
def film(tmp_path):
    return Film(tmp_path / "frames")


def fill(film, steps):
    """Frames of these steps; their content does not matter to what is dropped."""
    film.folder.mkdir(exist_ok=True)
    for step in steps:
        (film.folder / f"{step}.safetensors").touch()


def test_what_is_written_is_read_back(film):
    constants = {"originals": FRAME["samples"][:1], "labels": np.array([3, 9], np.uint8)}
    film.set_constants(constants)
    film.add(30, FRAME)
    film.add(0, {"codes": FRAME["codes"][::2]})  # not contiguous
    film.add(100, {})
    assert film.steps() == [0, 30, 100]
    assert same(film.frame(30), FRAME)
    assert same(film.frame(0), {"codes": FRAME["codes"][[0, 2]]})
    assert same(film.constants(), constants)
    assert sorted(path.name for path in film.folder.iterdir()) == [
        "0.safetensors", "100.safetensors", "30.safetensors", "constants.safetensors",
    ]  # fmt: skip


def test_without_a_folder_there_is_nothing(film):
    assert (film.steps(), film.frame(0), film.constants()) == ([], {}, {})


def test_foreign_files_are_no_frames(film):
    fill(film, [5])
    for name in ("x.safetensors", "-3.safetensors", "².safetensors", "1.5.safetensors", ".7.safetensors.99", "8.png"):
        (film.folder / name).touch()
    assert film.steps() == [5]


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(0, 70))
@example({0, 1}, 0)
def test_thinning_keeps_the_first_and_the_last_and_no_more_than_asked(tmp_path_factory, steps, most):
    film = Film(tmp_path_factory.mktemp("thin"))
    fill(film, steps)
    film.thin(most)
    kept = film.steps()
    assert set(kept) <= steps
    assert len(kept) == min(len(steps), max(2, most))
    assert {min(steps), max(steps)} <= set(kept)
    shutil.rmtree(film.folder)


@pytest.mark.parametrize("spacing", [lambda i: i, lambda i: 10 * i, lambda i: i + i % 3])
def test_a_film_that_grows_stays_evenly_spread(film, spacing):
    for i in range(200):
        fill(film, [spacing(i)])
        film.thin(20)
    steps = film.steps()
    gaps = np.diff(steps)
    assert (steps[0], steps[-1], len(steps)) == (spacing(0), spacing(199), 20)
    # The last gap is where the film grows.
    assert gaps.max() <= 4 * gaps[:-1].min()


def test_adding_never_keeps_more_than_the_limit(film):
    fill(film, range(0, 10 * MOST_FRAMES, 10))
    film.add(10 * MOST_FRAMES, FRAME)
    assert len(film.steps()) == MOST_FRAMES
    assert same(film.frame(10 * MOST_FRAMES), FRAME)


def test_going_back_forgets_what_is_later(film):
    fill(film, [0, 10, 20, 30])
    film.set_constants({"labels": np.zeros(1, np.uint8)})
    film.cut(20)
    assert film.steps() == [0, 10, 20]
    assert film.constants()
    film.cut(0)
    assert film.steps() == [0]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_frame_is_none_or_one_of_the_right_form(tmp_path_factory, data):
    film = Film(tmp_path_factory.mktemp("damaged"))
    film.add(1, FRAME)
    path = film.folder / "1.safetensors"
    whole = path.read_bytes()
    header = int.from_bytes(whole[:8], "little")
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        assert film.frame(1) == {}
    else:
        # Mostly in the header: of the pixels any byte is as good as another.
        at = data.draw(st.integers(0, header + 8))
        path.write_bytes(whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :])
        for name, array in film.frame(1).items():
            assert (array.shape[1:], array.dtype) == (FRAME[name].shape[1:], FRAME[name].dtype)
    shutil.rmtree(film.folder)


@pytest.mark.parametrize(
    "arrays",
    [
        {"samples": FRAME["samples"].astype(np.int8)},
        {"samples": FRAME["samples"][:, :14]},
        {"codes": FRAME["codes"].T.copy()},
        {"new_scores": FRAME["codes"]},
        {"new_scores": FRAME["real_scores"].astype(np.float64)},
        {"surprise": FRAME["samples"]},
    ],
)
def test_a_frame_of_another_form_is_none(film, arrays):
    film.folder.mkdir()
    films._write(film.folder / "3.safetensors", arrays)
    assert film.frame(3) == {}


@pytest.mark.parametrize("kind", ["F8_E4M3", "U9", "BOOL", "I8", "u8"])
def test_a_frame_of_numbers_that_numpy_does_not_know_is_none(film, kind):
    film.add(3, {"samples": FRAME["samples"]})
    path = film.folder / "3.safetensors"
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    header = whole[8 : 8 + size].replace(b'"U8"', f'"{kind}"'.encode())
    path.write_bytes(len(header).to_bytes(8, "little") + header + whole[8 + size :])
    assert b"U8" not in header
    assert film.frame(3) == {}


def test_a_frame_that_cannot_be_written_leaves_nothing_behind(film):
    film.add(1, FRAME)

    def full(path, target):
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(film.folder), "replace", full)
        with pytest.raises(OSError, match="No space"):
            film.add(2, FRAME)
    assert [path.name for path in film.folder.iterdir()] == ["1.safetensors"]


def test_of_a_run_that_was_removed_nothing_is_made_again(tmp_path):
    with pytest.raises(FileNotFoundError):
        Film(tmp_path / "removed" / "frames").add(1, FRAME)
    assert not (tmp_path / "removed").exists()
