"""The two losses of the autoencoder against their formulas."""

import numpy as np
import pytest
import torch
from scipy import special, stats

from genlib.models import build
from genlib.seeding import torch_rng
from genlib.settings import AutoencoderConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def make(likelihood):
    return build("ae", AutoencoderConfig(latent_dim=3, hidden_dim=32, likelihood=likelihood), 0)


def images():
    return torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))


def loss(model, x):
    return model.metrics(x, torch_rng(0, "noise"))["loss"].item()


def test_gaussian_is_the_squared_error_and_the_density_of_variance_one_half():
    model, x = make("gaussian"), images()
    rebuilt = model.reconstruct(x).double().numpy()
    assert loss(model, x) == pytest.approx(np.square(x.numpy() - rebuilt).sum() / 8, rel=1e-6)
    densities = stats.norm.logpdf(x.numpy(), rebuilt, np.sqrt(0.5)).sum() / 8
    assert loss(model, x) == pytest.approx(-densities - 784 / 2 * np.log(np.pi), rel=1e-6)


def test_bernoulli_is_the_cross_entropy():
    model, x = make("bernoulli"), images()
    rebuilt = model.reconstruct(x).double().numpy()
    grey = x.double().numpy()
    # Cross-entropy = entropy + relative entropy, of white and of black.
    expected = special.entr([grey, 1 - grey]).sum() + special.rel_entr([grey, 1 - grey], [rebuilt, 1 - rebuilt]).sum()
    assert loss(model, x) == pytest.approx(expected / 8, rel=1e-6)
    black_and_white = x.round()
    expected = (
        -stats.bernoulli.logpmf(black_and_white.numpy().astype(int), model.reconstruct(black_and_white)).sum() / 8
    )
    assert loss(model, black_and_white) == pytest.approx(expected, rel=1e-5)


def test_certainty_about_a_wrong_pixel_costs_finite_nats():
    model = make("bernoulli")
    with torch.no_grad():
        model.decoder[-2].weight.zero_()
        model.decoder[-2].bias.fill_(-200)
    assert model.reconstruct(images()).max() == 0
    assert loss(model, torch.ones(2, 1, 28, 28)) == pytest.approx(784 * 200)
