"""Making an atlas, against closed forms, automatic derivatives and scikit-learn."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from few import few_images, small
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from genlib.knobs import InputError
from genlib.latent import survey
from genlib.latent.mapping import kl_of_coordinates, metric, principal_directions
from genlib.models import build
from genlib.models.vae import gaussian_kl
from genlib.settings import PixelMixtureConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def unread(images):
    raise AssertionError("nothing is to be read")


def grey_mixture(d=5):
    """A linear decoder around mid-grey, and images near its plane, so that no pixel is cut at black or white."""
    rng = np.random.default_rng(0)
    model = build("mixture", PixelMixtureConfig(latent_dim=d), 0).eval()
    model.mean.fill_(0.5)
    model.axes.copy_(torch.tensor(np.linalg.qr(rng.standard_normal((784, d)))[0]))
    mixed = rng.standard_normal((20, d)) @ rng.standard_normal((d, d))
    pixels = 0.5 + 0.2 * mixed @ model.axes.numpy().T
    images = replace(few_images(), test=(pixels * 255).round().clip(1, 254).astype(np.uint8).reshape(-1, 28, 28))
    assert 0.1 < pixels.min() < pixels.max() < 0.9
    return model, images


def test_for_a_linear_decoder_directions_are_principal_axes():
    model, images = grey_mixture()
    atlas = survey(model, images, unread)
    x = model.decode(torch.tensor(atlas.codes))
    pca = PCA().fit(x.flatten(1).double().numpy())
    variances = pca.explained_variance_[:5] * 19 / 20  # of these images, not of others like them
    np.testing.assert_allclose(atlas.effects, np.sqrt(variances / 784), rtol=1e-3)
    moved = atlas.directions @ model.axes.numpy().T  # what a move by each does to the pixels
    signs = np.sign((moved * pca.components_[:5]).sum(1, keepdims=True))
    np.testing.assert_allclose(moved, signs * pca.components_[:5] * np.sqrt(variances)[:, None], atol=2e-4)
    np.testing.assert_allclose(atlas.coordinate_effects, atlas.codes.std(0) / 28, rtol=1e-3)
    np.testing.assert_allclose(atlas.deviation, atlas.codes.std(0), rtol=1e-5)
    assert not atlas.spread.any()
    assert atlas.kl.shape == (0,)


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize(("family", "network"), [("ae", "dense"), ("vae", "conv"), ("gan", "dense"), ("gan", "conv")])
def test_the_metric_is_that_of_the_exact_derivative(family, network, labels):
    model = build(family, small(family, latent_dim=3, network=network, labels=labels), 1).eval()
    z = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    told = torch.arange(6)
    found = metric(model, z, told, np.array([1.0, 2.0, 1e-9]))
    exact = model.double()

    def along(d):
        moves = torch.zeros(6, 3).double()
        moves[:, d] = 1
        draw = partial(exact.decode, labels=told)
        return torch.autograd.functional.jvp(draw, z.double(), moves)[1].flatten(1)

    jacobians = torch.stack([along(d) for d in range(3)], 2)  # (6, 784, 3)
    expected = torch.einsum("bpi,bpj->ij", jacobians, jacobians).detach().numpy() / 6
    np.testing.assert_allclose(found, expected, rtol=0.01, atol=0.002 * np.abs(expected).max())


@given(d=st.integers(1, 8), rank=st.integers(1, 8), seed=st.integers(0, 999))
@settings(deadline=None)
def test_directions_share_out_the_covariance_and_change_the_image_independently(d, rank, seed):
    rng = np.random.default_rng(seed)
    some, more = rng.standard_normal((d, min(rank, d))), rng.standard_normal((d, d))
    covariance, around = some @ some.T, more @ more.T
    rows, effects = principal_directions(covariance, around)
    np.testing.assert_allclose(rows.T @ rows, covariance, atol=1e-8)
    np.testing.assert_allclose(rows @ around @ rows.T, 784 * np.diag(effects**2), atol=1e-6 * np.trace(around) * d)
    assert (np.diff(effects) <= 0).all()
    largest = rows[np.arange(d), np.abs(rows).argmax(1)]
    assert (largest >= 0).all()


def test_with_the_prior_they_are_the_axes_of_the_metric():
    around = np.diag([1.0, 9.0, 4.0])
    rows, effects = principal_directions(np.eye(3), around)
    np.testing.assert_allclose(rows, np.eye(3)[[1, 2, 0]], atol=1e-12)
    np.testing.assert_allclose(effects, np.array([3, 2, 1]) / 28)


@pytest.mark.parametrize("labels", [False, True])
def test_the_codes_of_a_vae_are_its_posteriors(labels):
    images, model = few_images(), build("vae", small("vae", latent_dim=3, labels=labels), 0).eval()
    atlas = survey(model, images, unread)
    x, told = torch.tensor(images.test)[:, None] / 255, torch.tensor(images.test_labels).long()
    with torch.no_grad():
        q = model.posterior(x, told)
    np.testing.assert_allclose(atlas.codes, q.mean, atol=1e-6)
    np.testing.assert_allclose(atlas.spread, q.stddev, atol=1e-6)
    assert np.array_equal(atlas.labels, images.test_labels)
    assert atlas.kl.sum() == pytest.approx(float(gaussian_kl(q).mean()), rel=1e-4)
    each = torch.distributions.kl_divergence(q, torch.distributions.Normal(0, 1)).mean(0)
    np.testing.assert_allclose(atlas.kl, each, atol=1e-5)
    for digit in range(10):
        own = atlas.codes[atlas.labels == digit]
        np.testing.assert_allclose(atlas.class_means[digit], own.mean(0) if len(own) else atlas.mean, atol=1e-5)


def test_a_digit_that_is_not_there_has_the_mean_of_all():
    images = few_images(test=3)
    atlas = survey(build("ae", small("ae"), 0), images, unread)
    absent = sorted(set(range(10)) - set(images.test_labels.tolist()))
    np.testing.assert_allclose(atlas.class_means[absent], np.tile(atlas.mean, (len(absent), 1)))


def test_an_unused_coordinate_has_no_kl():
    means, spread = np.zeros((4, 2)), np.ones((4, 2))
    means[:, 1] = 2.0
    np.testing.assert_allclose(kl_of_coordinates(means, spread), [0, 2])


def test_a_model_without_an_encoder_is_shown_by_draws_from_its_prior():
    model = build("gan", small("gan", network="dense"), 0)
    seen = []

    def read(images):
        seen.append(images)
        return np.arange(len(images)) % 3

    atlas = survey(model, few_images(), read)
    x = model.decode(torch.tensor(atlas.codes)).detach()[:, 0].numpy() * 255
    assert np.abs(seen[0] - x).max() <= 0.5 + 1e-3
    assert np.array_equal(atlas.labels, np.arange(2000) % 3)
    assert np.abs(atlas.codes.mean(0)).max() < 0.1
    np.testing.assert_allclose(atlas.codes.std(0), 1, atol=0.06)
    assert np.array_equal(atlas.mean, [0, 0])
    assert np.array_equal(atlas.deviation, [1, 1])
    np.testing.assert_allclose(atlas.directions @ atlas.directions.T, np.eye(2), atol=1e-6)
    np.testing.assert_allclose(atlas.class_means[2], atlas.codes[2::3].mean(0), atol=1e-5)
    again = survey(model, few_images(), read)
    assert np.array_equal(atlas.codes, again.codes)


def test_a_model_that_is_told_digits_is_asked_for_all_of_them():
    atlas = survey(build("gan", small("gan", labels=True), 0), few_images(), unread)
    assert np.array_equal(atlas.labels, np.arange(2000) % 10)


def test_many_numbers_have_sixteen_directions():
    atlas = survey(build("vae", small("vae", latent_dim=20), 0), few_images(), unread)
    assert (atlas.directions.shape, atlas.effects.shape) == ((16, 20), (16,))
    assert atlas.coordinate_effects.shape == (20,)


def test_a_classifier_has_no_atlas():
    with pytest.raises(InputError, match="draws none"):
        survey(build("classifier", small("classifier"), 0), few_images(), unread)
