"""Samples of a saved model, and sheets of them."""

import io

import numpy as np
import pytest
import torch
from few import small
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from genlib.checkpoint import load_model, save
from genlib.knobs import InputError
from genlib.models import MODELS
from genlib.sampling import difference, gif, sample_images, save_sheet, sheet, webp
from genlib.seeding import torch_rng
from genlib.settings import TrainConfig
from genlib.training import Run

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def saved(folder, family="vae", **settings):
    save(Run.new(family, small(family, **settings), TrainConfig(device="cpu")), folder)
    return folder


def test_samples_are_the_means_of_decoded_normal_codes(tmp_path):
    images = sample_images(saved(tmp_path), 5, seed=3)
    z = torch.randn(5, 2, generator=torch_rng(3, "sample"))
    with torch.no_grad():
        expected = load_model(tmp_path).decode(z)[:, 0].numpy() * 255
    assert images.dtype == np.uint8
    assert np.abs(images - expected).max() <= 0.5 + 1e-3  # rounded, not cut


@pytest.mark.parametrize("family", ["vae", "gan"])
def test_a_conditional_model_draws_the_digits_in_turn(tmp_path, family):
    images = sample_images(saved(tmp_path, family, labels=True), 23, seed=3)
    model, z = load_model(tmp_path), torch.randn(23, 2, generator=torch_rng(3, "sample"))
    with torch.no_grad():
        expected = model.decode(z, torch.tensor([*range(10), *range(10), 0, 1, 2]))[:, 0].numpy() * 255
    assert np.abs(images - expected).max() <= 0.5 + 1e-3


SAMPLED = [family for family in MODELS if MODELS[family].can_sample]


@pytest.mark.parametrize("family", SAMPLED)
def test_the_seed_alone_decides(tmp_path, family):
    folder = saved(tmp_path, family)
    first = sample_images(folder, 8, 0)
    torch.manual_seed(1)
    assert np.array_equal(sample_images(folder, 8, 0), first)
    assert not np.array_equal(sample_images(folder, 8, 1), first)


def test_what_cannot_be_sampled_says_so(tmp_path):
    assert {"vae", "gan", "mixture"} <= set(SAMPLED)
    for family, name in (("ae", "Autoencoder"), ("classifier", "Classifier"), ("masked", "Masked autoencoder")):
        with pytest.raises(InputError, match=rf"^The family {name} has no distribution .*: choose a VAE, GAN or pixel"):
            sample_images(saved(tmp_path / family, family), 1, 0)
    with pytest.raises(InputError, match="no checkpoint that can be read"):
        sample_images(tmp_path / "nothing", 1, 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(1, 4), st.none() | st.integers(1, 8))
def test_every_image_stands_in_its_place(n, height, width, columns):
    images = np.arange(1, n * height * width + 1).reshape(n, height, width)
    laid = sheet(images, columns)
    columns = columns or int(np.ceil(n**0.5))
    for i in range(n):
        top, left = i // columns * height, i % columns * width
        assert np.array_equal(laid[top : top + height, left : left + width], images[i])
    # What is left is empty, and no row is only that.
    assert (laid > 0).sum() == n * height * width
    assert laid.shape == (-(-n // columns) * height, columns * width)


def test_a_sheet_is_written_as_png_or_refused_in_a_sentence(tmp_path):
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2)
    save_sheet(images, tmp_path / "sheet")
    with Image.open(tmp_path / "sheet") as picture:
        assert picture.format == "PNG"
        assert np.array_equal(np.asarray(picture), sheet(images))
    for path in (tmp_path / "missing" / "x.png", tmp_path):
        with pytest.raises(
            InputError, match=rf"^The picture {path.name} cannot be written \(.+\): choose another place"
        ):
            save_sheet(images, path)


PAIRS = st.tuples(*[arrays(np.uint8, (2, 3))] * 2)


@settings(deadline=None)
@given(PAIRS)
def test_a_difference_is_orange_where_brighter_and_blue_where_darker(pair):
    image, other = pair
    shown = difference(image, other)
    assert (shown.dtype, shown.shape) == (np.uint8, (2, 3, 3))
    assert np.array_equal(shown.any(2), np.abs(other.astype(int) - image) > 0)
    red, _, blue = np.moveaxis(shown.astype(int), 2, 0)
    clear = np.abs(other.astype(int) - image) > 2  # one or two levels are too dark to have a colour
    assert np.array_equal((red > blue)[clear], (other > image)[clear])
    # As far from black as the two are from each other, whichever is the brighter.
    by = np.abs(other.astype(float) - image) / 255
    for colour, these in (((230, 159, 0), other > image), ((86, 180, 233), other < image)):
        assert np.abs(shown[these] - by[these][:, None] * colour).max(initial=0) <= 0.5
    assert np.array_equal(difference(image, image), np.zeros((2, 3, 3)))


def frames(film):
    """What another program sees: the pictures as grey bytes, and how long each is shown, milliseconds."""
    picture, found, durations = Image.open(io.BytesIO(film)), [], []
    for i in range(picture.n_frames):
        picture.seek(i)
        found.append(np.asarray(picture.convert("L")))
        durations.append(picture.info["duration"])
    assert picture.info["loop"] == 0, "it starts again"
    return np.array(found), durations, picture.format


PICTURES = np.random.default_rng(0).integers(0, 256, (5, 8, 12), dtype=np.uint8)


@pytest.mark.parametrize("greys", [2, 4, 8, 16, 256])
@pytest.mark.parametrize("scale", [1, 3])
def test_a_gif_has_the_nearest_of_its_greys(greys, scale):
    found, durations, form = frames(gif(PICTURES, greys, scale))
    levels = np.array([round(i * 255 / (greys - 1)) for i in range(greys)])
    nearest = np.abs(PICTURES[..., None].astype(float) - np.linspace(0, 255, greys)).argmin(3)
    assert form == "GIF"
    np.testing.assert_array_equal(found, levels[nearest].repeat(scale, 1).repeat(scale, 2))
    assert durations == [80, 80, 80, 80, 1500]


def test_a_webp_loses_nothing():
    found, durations, form = frames(webp(PICTURES, 2, rests=(0, 3)))
    assert form == "WEBP"
    np.testing.assert_array_equal(found, PICTURES.repeat(2, 1).repeat(2, 2))
    assert durations == [1500, 80, 80, 1500, 80]


def test_pictures_that_stay_the_same_stay_as_long():
    for film in (gif(PICTURES[[0, 0, 1, 1, 1, 2]]), webp(PICTURES[[0, 0, 1, 1, 1, 2]])):
        found, durations, _ = frames(film)
        assert sum(durations) == 5 * 80 + 1500
        assert durations[-1] == 1500
        assert len(np.unique(found, axis=0)) == 3
