"""The two losses of the autoencoder against their formulas."""

import numpy as np
import pytest
import torch
from scipy import special, stats

from genlib.models import build
from genlib.seeding import torch_rng
from genlib.settings import AutoencoderConfig, TrainConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def make(likelihood, **settings):
    return build("ae", AutoencoderConfig(latent_dim=3, hidden_dim=32, likelihood=likelihood, **settings), 0)


def images():
    return torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))


def loss(model, x):
    return model.metrics(x, torch.arange(8), torch_rng(0, "noise"))["loss"].item()


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
        model.decoder.rest[-2].weight.zero_()
        model.decoder.rest[-2].bias.fill_(-200)
    assert model.reconstruct(images()).max() == 0
    assert loss(model, torch.ones(2, 1, 28, 28)) == pytest.approx(784 * 200)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_denoising_asks_for_the_clean_image_of_a_noisy_one(likelihood):
    model, x = make(likelihood, noise=0.4), images()
    noisy = x + 0.4 * torch.randn(x.shape, generator=torch_rng(0, "noise"))
    rebuilt, clean = model.reconstruct(noisy).double().numpy(), x.double().numpy()
    expected = {
        "gaussian": np.square(clean - rebuilt).sum() / 8,
        "bernoulli": -(clean * np.log(rebuilt) + (1 - clean) * np.log(1 - rebuilt)).sum() / 8,
    }
    assert loss(model, x) == pytest.approx(expected[likelihood], rel=1e-5)
    told = model.metrics(x, torch.arange(8), torch_rng(0, "noise"))
    # Noise is only for learning: what is shown and compared is rebuilt from the image itself.
    error = np.square(clean - model.reconstruct(x).double().numpy()).sum() / 8
    assert told["squared_error"].item() == pytest.approx(error, rel=1e-5)


def test_without_noise_it_is_the_plain_autoencoder_and_noise_is_drawn_anew():
    states = []
    for settings, name in (({}, "a"), ({"noise": 0.0}, "b"), ({"noise": 0.4}, "a"), ({"noise": 0.4}, "b")):
        model = make("gaussian", **settings)
        optimizers = model.configure_optimizers(TrainConfig())
        model.training_step(images(), torch.arange(8), optimizers, torch_rng(0, name), 0)
        states.append(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
    assert not torch.equal(states[2], states[3])


def test_denoising_removes_noise():
    """The least that a denoising autoencoder must do: its image is nearer to the clean one than the noisy one was."""
    rng = torch_rng(0, "x")
    patterns = torch.rand(4, 1, 28, 28, generator=rng).round()
    x, labels = patterns.repeat(8, 1, 1, 1), torch.zeros(32)
    model = make("gaussian", noise=0.5)
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.003))
    for t in range(150):
        model.train().training_step(x, labels, optimizers, torch_rng(0, "train", t), t)
    noisy = x + 0.5 * torch.randn(x.shape, generator=rng)
    assert (model.reconstruct(noisy) - x).square().mean() < 0.1 * (noisy - x).square().mean()
