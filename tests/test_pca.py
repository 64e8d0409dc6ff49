"""Principal components against scikit-learn's, and the bundled errors against the images they were made from."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from few import few_images
from sklearn import decomposition

from genlib import pca
from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.pca import WIDEST, fit_pca, load_pca_errors
from genlib.pretrain import pca_description
from genlib.seeding import numpy_rng
from genlib.settings import AutoencoderConfig

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def images():
    return few_images(train=500, validation=90)


def test_axes_and_errors_are_scikit_learns(images, monkeypatch):
    monkeypatch.setattr(pca, "_CHUNK", 70)  # several chunks, the last one not full
    ours = fit_pca(images.train)
    x, new = (part.reshape(len(part), -1) / 255 for part in (images.train, images.validation))
    theirs = decomposition.PCA(WIDEST, svd_solver="full").fit(x)
    np.testing.assert_allclose(ours.mean, theirs.mean_, atol=1e-12)
    np.testing.assert_allclose(ours.variances, theirs.explained_variance_ * 499 / 500, rtol=1e-6)
    np.testing.assert_allclose(np.abs(np.diag(theirs.components_ @ ours.axes)), 1, atol=1e-6)
    for part, pixels in ((images.train, x), (images.validation, new)):
        errors = ours.errors(part)
        assert errors.shape == (WIDEST,)
        for d in (1, 2, 16, 32, 64):
            code = theirs.transform(pixels)[:, :d]
            rebuilt = code @ theirs.components_[:d] + theirs.mean_
            assert errors[d - 1] == pytest.approx(np.square(pixels - rebuilt).sum(axis=1).mean(), rel=1e-6)


def test_errors_are_those_of_images_rebuilt_one_width_at_a_time(images):
    found = fit_pca(images.train)
    x = images.validation.reshape(90, -1) / 255 - found.mean
    for d in (1, 7, 64):
        axes = found.axes[:, :d]
        assert found.errors(images.validation)[d - 1] == pytest.approx(np.square(x - x @ axes @ axes.T).sum() / 90)
    # What the axes leave of the images they were fitted to is the variance along all others.
    errors = found.errors(images.train)
    np.testing.assert_allclose(errors[:-1] - errors[1:], found.variances[1:], rtol=1e-9)


def test_images_of_three_axes_are_rebuilt_by_three_numbers():
    rng = numpy_rng(0, "flat")
    patterns = np.zeros((3, 28, 28), np.uint8)
    patterns[0, :9], patterns[1, 9:18], patterns[2, 18:] = 1, 1, 1
    flat = (rng.integers(0, 255, (40, 3)) @ patterns.reshape(3, -1)).astype(np.uint8).reshape(-1, 28, 28)
    errors = fit_pca(flat).errors(flat)
    assert errors[1] > 1
    assert np.abs(errors[2:]).max() < 1e-9


def test_there_is_an_error_for_every_size_of_a_code():
    assert AutoencoderConfig.knob("latent_dim").high == WIDEST
    errors = load_pca_errors()
    assert errors.shape == (WIDEST,)
    assert (np.diff(errors) < 0).all()


def test_bundled_errors_are_those_of_mnist():
    kept = json.loads((assets() / "models" / "pca.json").read_text())
    made = pca_description(load_images())
    np.testing.assert_allclose(kept.pop("errors"), made.pop("errors"), atol=2e-6)
    assert kept == made
    assert "55,000 train images" in made["data"]


def test_errors_of_the_test_images_are_the_known_ones():
    mnist = load_images()
    errors = fit_pca(mnist.train).errors(mnist.test)[[1, 15, 31]] / 784
    np.testing.assert_allclose(errors, [0.0557, 0.0269, 0.0168], rtol=0.005)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{}", b"[1]", b"\xff", b"[" * 100_000, b'{"errors": [1, 2]}', b'{"errors": "x"}']
    + [json.dumps({"errors": [value] * WIDEST}).encode() for value in (None, "x", {}, float("nan"))],
)
def test_a_damaged_file_is_one_sentence(content, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    if content is not None:
        (tmp_path / "models" / "pca.json").write_bytes(content)
    monkeypatch.setattr(pca, "assets", lambda: Path(tmp_path))
    with pytest.raises(InputError, match=re.escape("pca.json that comes with genlib is missing or damaged")) as caught:
        load_pca_errors()
    assert str(tmp_path) not in str(caught.value)
