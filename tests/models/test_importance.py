"""The importance-weighted bound against closed forms, quadrature, Monte Carlo and the ordinary bound."""

import math

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import nn
from torch.distributions import Normal

from genlib.models import build
from genlib.models.importance import bounds, importance_weighted_bound, log_likelihood, reparameterise_doubly, several
from genlib.models.vae import negative_bound
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import TrainConfig, VAEConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def make(latent_dim=3, **asked):
    model = build("vae", VAEConfig(latent_dim=latent_dim, hidden_dim=32, **asked), 0).eval()
    with torch.no_grad():
        # A gap of about a nat between bound and likelihood: enough to be seen, little enough for some codes to close.
        model.decoder.first.weight.mul_(0.5)
    return model


def images(n=8):
    return torch.rand(n, 1, 28, 28, generator=torch_rng(0, "x")).round()


def weights(model, x, k, seed=0, labels=None):
    q = model.posterior(x, labels)
    z = several(q, k, torch_rng(seed, "z"))
    return model.log_weights(x, labels, q, z)[0], q, z


def z_scores(draws, expected):
    """Distance of the means of (N, ...) draws from what they should be, in standard errors."""
    return (draws.mean(0) - expected) / (draws.std(0) / math.sqrt(len(draws)))


def test_the_bound_is_the_logarithm_of_the_mean_weight():
    log_weights = numpy_rng(0, "weights").normal(-80, 4, (50, 7))
    expected = special.logsumexp(log_weights, axis=0, b=1 / 50)
    assert importance_weighted_bound(torch.tensor(log_weights)).numpy() == pytest.approx(expected, abs=1e-12)
    # Far below what e^x can hold.
    assert importance_weighted_bound(torch.full((3, 1), -1e5)).item() == pytest.approx(-1e5)


def test_log_weights_are_scipys_densities():
    model, x = make(), images()
    found, q, z = weights(model, x, 5)
    z = z.detach().double()
    white = model.decode(z.float().flatten(0, 1)).detach().double().view(5, 8, 784).numpy()
    log_p = stats.bernoulli.logpmf(x.view(8, 784).numpy().astype(int), white).sum(2)
    log_q = stats.norm.logpdf(z, q.mean.detach(), q.stddev.detach()).sum(2)
    expected = log_p + stats.norm.logpdf(z).sum(2) - log_q
    assert found.detach().numpy() == pytest.approx(expected, rel=1e-5)


def test_one_code_gives_the_ordinary_bound():
    model, x = make(), images()
    draws, ordinary = [], []
    with torch.no_grad():
        for seed in range(400):
            log_weights, q, z = weights(model, x, 1, seed)
            assert torch.equal(importance_weighted_bound(log_weights), log_weights[0])
            draws.append(log_weights[0].mean())
            ordinary.append(-negative_bound(x, q, model.likelihood(z[0]))["loss"])
    difference = torch.stack(draws) - torch.stack(ordinary)
    # One adds the exact KL term, the other a draw of it.
    assert difference.std() > 0.01
    assert abs(z_scores(difference, 0.0)) < 4


def test_more_codes_come_nearer_and_never_pass_the_likelihood():
    model, x = make(1), images(4)
    log_weights = torch.cat([weights(model, x, 2520, seed)[0].detach().double() for seed in range(20)])  # (50400, 4)
    truth = quadrature(model, x)
    found = {k: importance_weighted_bound(log_weights.view(-1, k, 4).transpose(0, 1)) for k in (1, 2, 5, 20, 120)}
    means = [float(bound.mean()) for bound in found.values()]
    assert means == sorted(means)
    assert means[1] - means[0] > 0.1
    for k, bound in found.items():
        assert (z_scores(bound, truth) < 4).all(), k
    assert abs(means[-1] - truth.mean()) < 0.1 * abs(means[0] - truth.mean())


def quadrature(model, x):
    """log p(x) of a VAE with a single latent number, by the trapezoidal rule on a fine grid."""
    grid = torch.linspace(-9, 9, 6001)
    with torch.no_grad():
        logits = model.decoder(grid[:, None], None).flatten(1).double()  # (G, 784)
    log_p = x.flatten(1).double() @ logits.T - nn.functional.softplus(logits).sum(1)  # (B, G)
    log_p = log_p - grid.double().square() / 2 - 0.5 * math.log(2 * math.pi)
    return log_p.logsumexp(1) + math.log(18 / 6000)


def test_the_estimate_is_the_likelihood_by_quadrature():
    model, x = make(1), images(6)
    found = log_likelihood(model, x, None, 5000, torch_rng(0, "noise"))
    ordinary = weights(model, x, 2000)[0].mean(0).detach()
    truth = quadrature(model, x)
    assert (truth - ordinary > 0.05).any()  # there is a gap to be closed
    assert found.numpy() == pytest.approx(truth.numpy(), abs=0.03)


def test_the_estimate_is_exact_where_the_decoder_ignores_the_code():
    model, x = make(2), images(5)
    with torch.no_grad():
        model.decoder.first.weight.zero_()
        last = model.encoder.rest[-1]
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.5, -0.3, 0.4, 0.2]))  # wider than the prior: all weights are bounded
    logits = model.decoder(torch.zeros(1, 2), None).detach().flatten().double().numpy()
    truth = stats.bernoulli.logpmf(x.view(5, 784).numpy().astype(int), special.expit(logits)).sum(1)
    (pair,) = bounds(model, x, None, 20_000, torch_rng(0, "noise"))
    assert pair[0].numpy() == pytest.approx(truth, abs=0.05)
    q = model.posterior(x[:1])
    kl = torch.distributions.kl_divergence(q, Normal(0.0, 1.0)).sum().item()
    assert kl > 0.2
    assert pair[1].numpy() == pytest.approx(truth - kl, abs=0.05)


def test_the_likelihood_of_a_density_on_grey_levels():
    """A decoder that always gives one grey level: p(x) is a product of normal densities."""
    model, x = make(2, likelihood="gaussian"), torch.rand(3, 1, 28, 28, generator=torch_rng(0, "x"))
    with torch.no_grad():
        model.decoder.rest[-2].weight.zero_()
    white = model.decode(torch.zeros(1, 2)).detach().double()
    truth = stats.norm.logpdf(x.double(), white, model.sigma.item()).sum((1, 2, 3))
    assert log_likelihood(model, x, None, 3000, torch_rng(0, "a")).numpy() == pytest.approx(truth, abs=0.2)


@pytest.mark.parametrize("codes", [1, 37, 40, 10_000])
@pytest.mark.parametrize("n", [1, 20, 41])
def test_however_the_work_is_divided_the_estimate_is_the_same(codes, n):
    model, x = make(2), images(8).repeat(6, 1, 1, 1)[:n]
    parts = list(bounds(model, x, None, 61, torch_rng(0, "noise"), codes))
    tight, loose = (torch.cat(each) for each in zip(*parts, strict=True))
    assert tight.shape == loose.shape == (n,)
    whole = weights(model, images(8), 4000)[0].detach().double().repeat(1, 6)[:, :n]
    assert (loose <= tight).all()
    assert ((loose - whole.mean(0)) / (whole.std(0) / math.sqrt(61))).abs().max() < 5
    assert (tight - importance_weighted_bound(whole)).abs().max() < 1.5


@pytest.mark.parametrize("k", [3, 1000, 20_000])
def test_however_many_codes_only_so_many_are_held_at_once(k):
    model, x, seen = make(2), images(8).repeat(8, 1, 1, 1), []
    model.decoder.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    assert len(log_likelihood(model, x[: 2 if k > 1000 else 64], None, k, torch_rng(0, "noise"))) > 1
    assert max(seen) <= 1000


def test_a_conditional_model_is_asked_for_the_digit():
    model, x = make(2, labels=True), images(4)
    with torch.no_grad():
        model.decoder.shift.weight.mul_(100)
    first, second = (log_likelihood(model, x, torch.full((4,), y), 200, torch_rng(0, "a")) for y in (0, 1))
    assert (first - second).abs().min() > 1
    mixed = log_likelihood(model, x, torch.tensor([0, 1, 0, 1]), 200, torch_rng(0, "a"))
    torch.testing.assert_close(mixed[0::2], first[0::2], atol=0.5, rtol=0)
    torch.testing.assert_close(mixed[1::2], second[1::2], atol=0.5, rtol=0)


def test_labels_stay_with_their_images_however_many_there_are():
    model, x, y = make(2, labels=True), images(1).repeat(50, 1, 1, 1), (torch.arange(50) > 24).long()
    with torch.no_grad():
        model.decoder.first.weight.zero_()  # only the digit counts
        model.decoder.shift.weight.mul_(10)
    found = log_likelihood(model, x, y, 200, torch_rng(0, "a"))
    assert (found[:25].mean() - found[25:].mean()).abs() > 1
    for part in (found[:25], found[25:]):
        assert part.max() - part.min() < 0.5


def test_it_is_the_average_that_is_looked_at():
    model, x = make(2, average=0.9), images(3)
    expected = log_likelihood(model, x, None, 10, torch_rng(0, "a"))
    with torch.no_grad():
        model.decoder.first.weight.mul_(9)
    model.train()
    assert torch.equal(log_likelihood(model, x, None, 10, torch_rng(0, "a")), expected)


def gradients(model, x, k, seed, doubly):
    """Of the bound, by the posterior's mean and by the decoder's last bias."""
    model.zero_grad()
    q = model.posterior(x)
    q = Normal(q.mean.detach().requires_grad_(), q.stddev.detach().requires_grad_())
    z = several(q, k, torch_rng(seed, "z"))
    still = Normal(q.mean.detach(), q.stddev.detach()) if doubly else q
    log_weights, _ = model.log_weights(x, None, still, z)
    if doubly:
        reparameterise_doubly(z, log_weights)
    importance_weighted_bound(log_weights).sum().backward()
    return torch.cat([q.mean.grad, q.stddev.grad], 1), model.decoder.rest[-2].bias.grad


def test_the_gradient_of_the_posterior_keeps_its_mean_and_loses_its_noise():
    model, n = make(2), 2000
    x = images(3).repeat(n, 1, 1, 1)  # each row has codes and a gradient of its own
    plain, doubly = (gradients(model, x, 8, 0, way)[0].view(n, 3, 4) for way in (False, True))
    assert z_scores(plain - doubly, 0.0).abs().max() < 4.5
    assert doubly.mean(0).abs().max() > 0.05  # there is something to agree on
    assert doubly.var(0).sum() < 0.8 * plain.var(0).sum()


def test_the_gradient_of_the_decoder_stays_as_it_is():
    model, x = make(2), images(3)
    (_, plain), (_, doubly) = gradients(model, x, 8, 0, False), gradients(model, x, 8, 0, True)
    torch.testing.assert_close(plain, doubly)


def test_training_takes_the_gradient_with_the_squared_shares():
    model, x = make(2, importance=6), images()
    encoder = list(model.encoder.parameters())
    found = torch.autograd.grad(model.losses(x, None, torch_rng(0, "noise"))["loss"], encoder)
    q = model.posterior(x)
    z = several(q, 6, torch_rng(0, "noise"))
    log_weights, _ = model.log_weights(x, None, Normal(q.mean.detach(), q.stddev.detach()), z)
    squares = log_weights.detach().softmax(0).square()
    expected = torch.autograd.grad(-(squares * log_weights).sum(0).mean(), encoder)
    for name, (one, other) in enumerate(zip(found, expected, strict=True)):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4, msg=str(name))


def test_training_makes_the_tighter_bound_small():
    model, x = make(2, importance=10), images()
    metrics = model.metrics(x, None, torch_rng(0, "noise"))
    q = model.posterior(x)
    log_weights, log_p = model.log_weights(x, None, q, several(q, 10, torch_rng(0, "noise")))
    assert metrics["loss"].item() == pytest.approx(-importance_weighted_bound(log_weights).mean().item(), rel=1e-6)
    assert metrics["reconstruction"].item() == pytest.approx(-log_p.mean().item(), rel=1e-6)
    assert metrics["loss"] < metrics["reconstruction"] + metrics["kl"]
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.003))
    model.train()
    losses = [model.training_step(x, None, optimizers, torch_rng(0, t), t)["loss"].item() for t in range(60)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
