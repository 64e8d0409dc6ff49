"""The nearest training images, against scikit-learn."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.latent import nearest

pytestmark = pytest.mark.fast


def test_they_are_those_that_a_search_through_all_finds():
    images = load_images()
    noise = np.random.default_rng(0).integers(256, size=(2, 28, 28), dtype=np.uint8)
    asked = np.concatenate([images.test[:20], images.train[[5, 54_999]], noise, np.zeros((1, 28, 28), np.uint8)])
    train = images.train.reshape(-1, 784).astype(np.float32)
    brute = NearestNeighbors(n_neighbors=12, algorithm="brute").fit(train)
    expected = np.square(brute.kneighbors(asked.reshape(-1, 784).astype(np.float32))[0].astype(float)) / 255**2
    for image, distances in zip(asked, expected, strict=True):
        found, errors = nearest(image, 12)
        np.testing.assert_allclose(errors, distances, rtol=1e-4, atol=1e-2)
        apart = np.square(images.train[found] / 255 - image / 255).sum((1, 2))
        np.testing.assert_allclose(errors, apart, rtol=1e-12)
        assert (np.diff(errors) >= 0).all()
        assert len(set(found.tolist())) == 12


def test_a_training_image_is_its_own_neighbour():
    found, errors = nearest(load_images().train[1234], 1)
    assert (found[0], errors[0]) == (1234, 0)


@pytest.mark.parametrize(
    ("image", "n"),
    [
        (np.zeros((28, 27), np.uint8), 1),
        (np.zeros((1, 28, 28), np.uint8), 1),
        (np.zeros((28, 28)), 1),
        (np.zeros((28, 28), np.uint8), 0),
        (np.zeros((28, 28), np.uint8), 1001),
    ],
)
def test_what_is_no_image_or_no_number_is_refused(image, n):
    with pytest.raises(InputError):
        nearest(image, n)
