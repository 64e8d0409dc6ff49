"""What the studio asks of saved models, against the models themselves."""

import shutil

import numpy as np
import pytest
import torch
from few import small
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from genlib.checkpoint import load_model, save
from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.latent import search
from genlib.models import MODELS
from genlib.seeding import torch_rng
from genlib.settings import FAMILIES, TrainConfig
from genlib.studio import decode, infer, make_atlas, seek
from genlib.training import Run

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

ENCODING = [family for family in MODELS if MODELS[family].can_encode]
DRAWING = FAMILIES


def saved(folder, family="vae", seed=0, **settings):
    save(Run.new(family, small(family, **settings), TrainConfig(device="cpu", seed=seed)), folder)
    return folder


def image(i=0):
    return load_images().test[i]


def as_x(picture):
    return torch.tensor(picture)[None, None] / 255


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("family", ENCODING)
def test_inference_is_encoding_and_decoding(family, labels, tmp_path):
    folder = saved(tmp_path, family, labels=labels)
    model, told = load_model(folder), torch.tensor([4])
    found = infer(folder, image(), 4)
    with torch.no_grad():
        z = model.encode(as_x(image()), told)
        again = model.decode(z, told)
        spread = model.posterior(as_x(image()), told).stddev[0] if family == "vae" else torch.zeros(2)
    np.testing.assert_allclose(found.z, z[0], rtol=1e-5)
    np.testing.assert_allclose(found.spread, spread, rtol=1e-5)
    assert np.abs(found.reconstruction - again[0, 0].numpy() * 255).max() <= 0.5 + 1e-3
    assert found.squared_error == pytest.approx(float((again - as_x(image())).square().sum()), rel=1e-5)
    assert found.label == (4 if labels else None)


def test_a_model_that_is_told_no_digit_is_told_what_the_classifier_reads():
    folder = assets() / "models" / "vae-labels"
    chosen = np.arange(0, 10_000, 500)
    found = [infer(folder, image(i)) for i in chosen]
    truth = load_images().test_labels[chosen]
    assert np.mean([each.label for each in found] == truth) >= 0.9
    for i, each in zip(chosen, found, strict=True):
        assert each.squared_error == infer(folder, image(i), each.label).squared_error


@pytest.mark.parametrize("family", DRAWING)
def test_codes_are_decoded_as_the_model_does(family, tmp_path):
    folder = saved(tmp_path, family, labels=True)
    z = np.random.default_rng(0).standard_normal((30, 2))
    labels = np.arange(30) % 10
    images = decode(folder, z, labels)
    with torch.no_grad():
        expected = load_model(folder).decode(torch.tensor(z).float(), torch.tensor(labels))[:, 0].numpy() * 255
    assert images.dtype == np.uint8
    assert np.abs(images - expected).max() <= 0.5 + 1e-3


@given(
    arrays(float, array_shapes(max_dims=3, max_side=4), elements=st.floats(width=64)),
    st.none() | arrays(int, array_shapes(max_dims=2, max_side=4), elements=st.integers(-3, 12)),
)
@settings(deadline=None, max_examples=200)
def test_whatever_is_asked_gives_images_or_a_sentence(z, labels):
    try:
        images = decode(assets() / "models" / "vae-labels", z, labels)
    except InputError as error:
        assert str(error).endswith(".")
        assert not (z.ndim == 2 and z.shape[1] == 2 and np.abs(z).max() < 1e6 and np.shape(labels) == (len(z),)) or (
            labels.min() < 0 or labels.max() > 9
        )
    else:
        assert images.shape == (len(z), 28, 28)


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e7])
def test_a_code_of_no_use_is_refused(number, tmp_path):
    with pytest.raises(InputError, match="A code has numbers from -1,000,000 to 1,000,000"):
        decode(saved(tmp_path), np.array([[0.0, number]]))


def test_a_search_in_parts_is_the_search(tmp_path):
    folder = saved(tmp_path, "gan", network="dense", labels=True)
    told = torch.tensor([int(load_images().test_labels[0])])
    *_, expected = search(load_model(folder), as_x(image()), torch_rng(7, "search"), labels=told)
    found = seek(folder, image(), seed=7)
    while not found.done:
        found = seek(folder, image(), seed=7, search=found.search)
    assert np.array_equal(found.z, expected.z)
    assert (found.step, found.squared_error) == (expected.step, expected.squared_error)


def test_a_search_does_not_go_on_in_another_model(tmp_path):
    folder = saved(tmp_path, "gan")
    found = seek(folder, image())
    saved(tmp_path, "gan", latent_dim=3)
    with pytest.raises(InputError, match="begin again"):
        seek(folder, image(), search=found.search)


def test_the_newest_weights_answer(tmp_path):
    z = np.zeros((1, 2))
    first = decode(saved(tmp_path, seed=0), z)
    second = decode(saved(tmp_path, seed=1), z)
    assert not np.array_equal(first, second)
    shutil.rmtree(tmp_path / "checkpoint")
    assert np.array_equal(decode(tmp_path, z), first)  # the one before
    shutil.rmtree(tmp_path / "checkpoint.previous")


def test_a_folder_without_a_model_is_refused(tmp_path):
    for ask in (
        lambda: decode(tmp_path, np.zeros((1, 2))),
        lambda: infer(tmp_path, image()),
        lambda: make_atlas(tmp_path),
    ):
        with pytest.raises(InputError):
            ask()


def test_what_a_model_cannot_do_is_said():
    folder = assets() / "models"
    with pytest.raises(InputError, match="cannot find the code"):
        infer(folder / "gan", image())
    for ask in (infer, seek):
        with pytest.raises(InputError, match="A classifier reads digits"):
            ask(folder / "classifier", image())


@pytest.mark.parametrize("ask", [infer, seek])
def test_what_is_no_image_or_no_digit_is_refused(ask, tmp_path):
    folder = saved(tmp_path, labels=True)
    for wrong in (np.zeros((28, 28)), np.zeros((27, 28), np.uint8)):
        with pytest.raises(InputError, match="28 x 28"):
            ask(folder, wrong, 3)
    for label in (-1, 10):
        with pytest.raises(InputError, match="no digit"):
            ask(folder, image(), label)
