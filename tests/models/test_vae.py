"""The bound of the VAE against Monte Carlo, PyTorch's own divergence, importance sampling and probabilistic PCA."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.distributions import Normal, kl_divergence

from genlib.models import build
from genlib.models.vae import gaussian_kl, negative_bound, rsample
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import TrainConfig, VAEConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

LABELS = torch.arange(8)


def posteriors(n=5, d=4):
    rng = torch_rng(0, "posterior")
    return Normal(2 * torch.randn(n, d, generator=rng), torch.randn(n, d, generator=rng).exp())


def gaussian_vae():
    return build("vae", VAEConfig(latent_dim=3, hidden_dim=32, likelihood="gaussian"), 0)


def set_sigma(model, sigma):
    low = math.log(1 / 255)
    with torch.no_grad():
        model.log_sigma.fill_(low + math.log(math.expm1(math.log(sigma) - low)))


def test_rsample_has_the_mean_and_spread_of_its_distribution():
    q = posteriors()
    z = torch.stack([rsample(q, torch_rng(0, "draw", i)) for i in range(4000)])
    errors = (z.mean(0) - q.mean) / (q.stddev / math.sqrt(4000))
    assert errors.abs().max() < 4.5
    assert (z.std(0) / q.stddev - 1).abs().max() < 0.06


def test_rsample_has_the_gradient_of_the_reparameterisation():
    mean, scale = torch.zeros(3, 2, requires_grad=True), torch.full((3, 2), 0.5, requires_grad=True)
    z = rsample(Normal(mean, scale), torch_rng(0, "draw"))
    z.sum().backward()
    assert torch.equal(mean.grad, torch.ones(3, 2))
    torch.testing.assert_close(scale.grad, z.detach() / 0.5)


def test_kl_is_pytorchs():
    q = posteriors()
    expected = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(gaussian_kl(q), expected)


def test_kl_is_the_mean_log_ratio():
    q, n = posteriors(), 20_000
    z = torch.stack([rsample(q, torch_rng(0, "draw", i)) for i in range(n)])
    ratios = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(2)  # (n, 5)
    errors = (ratios.mean(0) - gaussian_kl(q)) / (ratios.std(0) / math.sqrt(n))
    assert errors.abs().max() < 4.5


def test_kl_is_nothing_for_the_prior_and_positive_otherwise():
    assert gaussian_kl(Normal(torch.zeros(1, 3), torch.ones(1, 3))).item() == 0
    assert (gaussian_kl(posteriors(50)) > 0).all()


def test_reconstruction_is_the_cross_entropy_summed_over_pixels():
    model = build("vae", VAEConfig(latent_dim=3, hidden_dim=32), 0)
    x = torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))
    q = model.posterior(x)
    p = model.decode(rsample(q, torch_rng(0, "noise"))).detach().double().numpy()
    grey = x.double().numpy()
    expected = -(grey * np.log(p) + (1 - grey) * np.log(1 - p)).sum((1, 2, 3)).mean()
    metrics = model.metrics(x, LABELS, torch_rng(0, "noise"))
    assert metrics["reconstruction"].item() == pytest.approx(expected, rel=1e-5)


def test_reconstruction_of_the_gaussian_is_scipys_density_summed_over_pixels():
    model, x = gaussian_vae(), torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))
    with torch.no_grad():
        model.log_sigma.fill_(-1.1)
        mean = model.decode(rsample(model.posterior(x), torch_rng(0, "noise"))).double().numpy()
    # The lower end is so far away that sigma is exp(log_sigma) within two percent.
    assert model.sigma.item() == pytest.approx(math.exp(-1.1), rel=0.02)
    expected = -stats.norm.logpdf(x.double().numpy(), mean, model.sigma.item()).sum((1, 2, 3)).mean()
    metrics = model.metrics(x, LABELS, torch_rng(0, "noise"))
    assert metrics["reconstruction"].item() == pytest.approx(expected, rel=1e-5)


def test_the_best_sigma_is_the_root_mean_squared_error():
    """Rybkin, Daniilidis & Levine (2021); there -log p(x|z) is P log(sigma sqrt(2 pi e)) for P pixels."""
    model, x = gaussian_vae(), torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))
    with torch.no_grad():
        mean = model.decode(rsample(model.posterior(x), torch_rng(0, "noise")))
    error = (x - mean).square().mean().sqrt().item()
    slopes = []
    for factor in (0.9, 1.0, 1.1):
        set_sigma(model, factor * error)
        assert model.sigma.item() == pytest.approx(factor * error, rel=1e-5)
        model.zero_grad()
        loss = model.losses(x, LABELS, torch_rng(0, "noise"))["loss"]
        loss.backward()
        slopes.append(model.log_sigma.grad.item())
        if factor == 1.0:
            reconstruction = model.metrics(x, LABELS, torch_rng(0, "noise"))["reconstruction"].item()
            assert reconstruction == pytest.approx(784 * math.log(error * math.sqrt(2 * math.pi * math.e)), rel=1e-5)
    assert slopes[0] < -100
    assert slopes[1] == pytest.approx(0, abs=0.05)
    assert slopes[2] > 100


@pytest.mark.parametrize("log_sigma", [-1e4, -20.0, -6.0])
def test_sigma_never_falls_below_a_grey_level(log_sigma):
    # Black images are rebuilt exactly, which would make the density of ever smaller sigmas grow without end.
    model, black = gaussian_vae(), torch.zeros(4, 1, 28, 28)
    with torch.no_grad():
        model.log_sigma.fill_(log_sigma)
        model.decoder.rest[-2].bias.fill_(-50)
    assert model.sigma.item() > 0.999 / 255
    metrics = model.metrics(black, LABELS[:4], torch_rng(0, "noise"))
    assert metrics["squared_error"] < 1e-9
    assert metrics["reconstruction"].item() >= -784 * (math.log(255) - 0.5 * math.log(2 * math.pi)) - 0.5


def test_sigma_comes_back_from_far_below_its_lower_end():
    model, x = gaussian_vae(), torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))
    with torch.no_grad():
        model.log_sigma.fill_(-12.0)
    # Alone, or the networks would break at such a pace.
    optimizers = {"adam": torch.optim.Adam([model.log_sigma], lr=0.1)}
    for t in range(300):
        model.training_step(x, LABELS, optimizers, torch_rng(0, "train", t), t)
    assert model.sigma > 0.1


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_beta_weighs_the_divergence(beta):
    model = build("vae", VAEConfig(latent_dim=3, hidden_dim=32, beta=beta), 0)
    x = torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))
    metrics = model.metrics(x, LABELS, torch_rng(0, "noise"))
    expected = metrics["reconstruction"] + beta * metrics["kl"]
    torch.testing.assert_close(metrics["loss"], expected)


def test_the_weight_of_the_divergence_grows_from_nothing_and_stays():
    warm = build("vae", VAEConfig(latent_dim=3, hidden_dim=32, beta=4.0, warmup=200), 0)
    x = torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x"))
    weights = []
    for step in (0, 1, 50, 199, 200, 5000):
        told = warm.losses(x, LABELS, torch_rng(0, "noise"), step)
        weights.append(((told["loss"] - told["reconstruction"]) / told["kl"]).item())
    assert weights == pytest.approx([0, 4 / 200, 1, 4 * 199 / 200, 4, 4], rel=1e-2, abs=1e-3)
    assert weights == sorted(weights)
    # What is told of validation images can be compared from the first step to the last.
    told = warm.metrics(x, LABELS, torch_rng(0, "noise"))
    assert told["loss"].item() == pytest.approx((told["reconstruction"] + 4 * told["kl"]).item(), rel=1e-6)


def test_the_first_step_of_a_warm_up_learns_nothing_from_the_divergence():
    x, states = torch.rand(8, 1, 28, 28, generator=torch_rng(0, "x")), []
    for settings in ({"warmup": 10}, {"beta": 0.0}, {}):
        model = build("vae", VAEConfig(latent_dim=3, hidden_dim=32, **settings), 0)
        optimizers = model.configure_optimizers(TrainConfig())
        told = model.training_step(x, LABELS, optimizers, torch_rng(0, "train"), 0)
        states.append([told["loss"], *model.state_dict().values()])
    assert all(torch.equal(*pair) for pair in zip(*states[:2], strict=True))
    assert not all(torch.equal(*pair) for pair in zip(*states[1:], strict=True))


def test_black_or_white_is_drawn_anew_by_brightness():
    """With logit b at every pixel, -log p(x|z) is 784 log(1 + e^b) - b times the number of white pixels."""
    model, bias = build("vae", VAEConfig(latent_dim=3, hidden_dim=32, binarise=True), 0), 8.0
    with torch.no_grad():
        model.decoder.rest[-2].weight.zero_()
        model.decoder.rest[-2].bias.fill_(bias)

    def drawn(x, i):
        told = model.losses(x[None, None], LABELS[:1], torch_rng(0, "draw", i))
        return (784 * math.log1p(math.exp(bias)) - told["reconstruction"].item()) / bias, told["kl"].item()

    x, n = torch.zeros(28, 28), 400
    x[5, 7] = 0.3
    found = [drawn(x, i) for i in range(n)]
    whites, codes = np.array(found).T
    assert np.abs(whites - whites.round()).max() < 0.01
    assert set(whites.round()) == {0, 1}
    assert stats.binomtest(int(whites.round().sum()), n, 0.3).pvalue > 1e-4
    # The encoder sees the same pixel.
    for white in (0, 1):
        shown = torch.zeros(1, 1, 28, 28)
        shown[0, 0, 5, 7] = white
        kl = gaussian_kl(model.posterior(shown)).item()
        assert codes[whites.round() == white] == pytest.approx(kl, rel=1e-4)
    # Many pixels at once, each for itself; and what is black or white already stays so.
    many = torch.rand(28, 28, generator=torch_rng(0, "many"))
    counts = np.array([drawn(many, i)[0] for i in range(100)])
    spread = (many * (1 - many)).sum().sqrt().item()
    assert counts.mean() == pytest.approx(many.sum().item(), abs=4.5 * spread / 10)
    assert counts.std() == pytest.approx(spread, rel=0.35)
    assert [drawn(many.round(), i)[0] for i in range(5)] == pytest.approx([many.round().sum().item()] * 5, abs=0.01)


def test_bound_lies_below_the_importance_sampled_likelihood():
    """log p(x) >= bound, and the bound is the mean log weight of importance sampling (Burda et al., 2016)."""
    model = build("vae", VAEConfig(latent_dim=3, hidden_dim=32), 0)
    rng = torch_rng(0, "x")
    patterns = torch.rand(4, 1, 28, 28, generator=rng)
    x = (torch.rand(64, 1, 28, 28, generator=rng) < patterns.repeat(16, 1, 1, 1)).float()
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.003))
    for t in range(100):
        model.training_step(x, LABELS, optimizers, torch_rng(0, "train", t), t)
    with torch.no_grad():
        q, n = model.posterior(x), 1000
        bounds, weights = [], []
        for i in range(n):
            z = rsample(q, torch_rng(0, "z", i))
            bounds.append(-negative_bound(x, q, model.likelihood(z))["loss"])
            terms = (
                model.likelihood(z).log_prob(x).sum((1, 2, 3)),
                (Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(1),
            )
            weights.append(sum(terms))
        log_weights = torch.stack(weights).double()  # (n, 64)
    bound = torch.stack(bounds).mean().item()
    spread = log_weights.mean(1).std().item() / math.sqrt(n)
    assert bound == pytest.approx(log_weights.mean().item(), abs=5 * spread)
    likelihood = (log_weights.logsumexp(0) - math.log(n)).mean().item()
    assert likelihood > bound + 3 * spread


class LinearVAE(nn.Module):
    """Linear encoder and decoder, Gaussian noise of one size: its best bound is the likelihood of probabilistic PCA."""

    def __init__(self, data_dim, latent_dim):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            self.encoder = nn.Linear(data_dim, latent_dim)
            self.decoder = nn.Linear(latent_dim, data_dim)
        self.log_scale = nn.Parameter(torch.zeros(latent_dim))
        self.log_noise = nn.Parameter(torch.zeros(()))

    def losses(self, x, rng):
        mean = self.encoder(x)
        q = Normal(mean, self.log_scale.exp().expand_as(mean))
        return negative_bound(x, q, Normal(self.decoder(rsample(q, rng)), self.log_noise.exp()))


def test_linear_vae_reaches_probabilistic_pca():
    """Tipping & Bishop (1999), Eq. (3.8); that the bound gets there: Lucas et al. (2019), Don't Blame the ELBO!"""
    n, d, k = 400, 6, 2
    rng = numpy_rng(0, "ppca")
    factors = rng.standard_normal((n, k)) @ (rng.standard_normal((k, d)) * [[2.0], [1.0]])
    x = (factors + 0.5 * rng.standard_normal((n, d)) + rng.standard_normal(d)).astype(np.float32)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    noise = values[:-k].mean()
    best = -0.5 * (d * math.log(2 * math.pi) + np.log(values[-k:]).sum() + (d - k) * math.log(noise) + d)

    model, data, steps = LinearVAE(d, k), torch.tensor(x), 3000
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03, fused=True)
    for t in range(steps):
        optimizer.param_groups[0]["lr"] = 0.03 * (1 - t / steps)
        optimizer.zero_grad()
        model.losses(data, torch_rng(0, "train", t))["loss"].backward()
        optimizer.step()
    with torch.no_grad():
        bound = -torch.stack([model.losses(data, torch_rng(0, "test", t))["loss"] for t in range(500)]).mean().item()
    assert bound == pytest.approx(best, abs=0.02)

    learnt, _ = np.linalg.qr(model.decoder.weight.detach().numpy())
    cosines = np.linalg.svd(learnt.T @ vectors[:, -k:])[1]  # of the angles between the two planes
    assert cosines.min() > 0.999
    assert model.log_noise.exp().item() ** 2 == pytest.approx(noise, rel=0.03)
