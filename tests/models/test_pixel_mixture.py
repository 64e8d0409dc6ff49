"""The pixel mixture against scikit-learn's EM, scipy's densities and conditioning by the whole covariance."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from genlib.data.damage import kernel as damage_kernel
from genlib.models import build
from genlib.models.measuring import Measurement
from genlib.models.stepwise import Gaussians, beginning, em_step, log_densities
from genlib.models.subspace import Conditional, Subspace
from genlib.pca import fit_pca
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import DamageConfig, PixelMixtureConfig
from tests.few import few_images

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def random_gaussians(k=3, d=4, seed=0):
    rng = numpy_rng(seed, "gaussians")
    factors = rng.normal(size=(k, d, d)) + np.eye(d)
    parts = rng.dirichlet(np.ones(k)), 2 * rng.normal(size=(k, d)), factors @ factors.transpose(0, 2, 1)
    return Gaussians(*map(torch.tensor, parts))


def random_subspace(p=12, d=3, k=2, seed=0):
    """Along the axes some directions vary less than the noise, which the formulas must bear."""
    rng = numpy_rng(seed, "subspace")
    axes = np.linalg.qr(rng.normal(size=(p, d)))[0]
    _, means, covariances = random_gaussians(k, d, seed)
    return Subspace(
        torch.tensor(rng.normal(size=p)), torch.tensor(axes), torch.tensor(0.6).double(), means, covariances
    )


def whole(subspace, k):
    """Mean (P,) and covariance (P, P) of a component on all pixels, written out."""
    m, a, noise, means, covariances = (
        t.numpy() for t in (subspace.mean, subspace.axes, subspace.noise, subspace.means, subspace.covariances)
    )
    return m + a @ means[k], a @ covariances[k] @ a.T + noise * (np.eye(len(m)) - a @ a.T)


def one_iteration(x, weights, means, covariances, regularisation):
    """What scikit-learn makes of a mixture in one step of EM, without what it adds to the variances."""
    estimator = GaussianMixture(
        len(weights),
        weights_init=weights,
        means_init=means,
        precisions_init=np.linalg.inv(covariances),
        reg_covar=regularisation,
        max_iter=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(x)
    added = regularisation * np.eye(x.shape[1])
    return estimator.weights_, estimator.means_, estimator.covariances_ - added


def responsibilities(z, gaussians):
    return (log_densities(z, gaussians.means, gaussians.covariances) + gaussians.weights.log()).softmax(1)


def bytes_of(n):
    images = few_images(train=n)
    return torch.tensor(images.train), torch.tensor(images.train_labels).long()


def prepared(n=200, seed=0, **config):
    images, labels = bytes_of(n)
    model = build("mixture", PixelMixtureConfig(**config), seed)
    model.prepare(images, labels, torch_rng(seed, "prepare"))
    return model, images.unsqueeze(1) / 255, labels


# --- EM on batches --------------------------------------------------------------------------------------------------


def test_densities_are_those_of_scipy():
    gaussians, z = random_gaussians(), torch.randn(50, 4, generator=torch_rng(0, "z"), dtype=torch.float64)
    found = log_densities(z, gaussians.means, gaussians.covariances)
    for k in range(3):
        expected = multivariate_normal(gaussians.means[k], gaussians.covariances[k]).logpdf(z)
        np.testing.assert_allclose(found[:, k], expected, rtol=1e-10)
    single = log_densities(z.float(), gaussians.means.float(), gaussians.covariances.float())
    np.testing.assert_allclose(single, found, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_with_all_points_and_rate_one_it_is_scikit_learns_em(seed):
    z = 2 * torch.randn(300, 4, generator=torch_rng(seed, "z"), dtype=torch.float64)
    old = random_gaussians(seed=seed)
    new = em_step(old, z, responsibilities(z, old), 1.0, len(z))
    for found, expected in zip(new, one_iteration(z.numpy(), *(t.numpy() for t in old), 1e-9), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-3, 0.99), st.integers(1, 40), st.integers(0, 1000))  # at 1 a component without points has no mean
def test_a_step_averages_the_sums_of_cappe_and_moulines(rate, n, seed):
    z = 2 * torch.randn(n, 4, generator=torch_rng(seed, "z"), dtype=torch.float64)
    old = random_gaussians(seed=seed)
    r = responsibilities(z, old).numpy()
    new = em_step(old, z, torch.tensor(r), rate, 50)
    weights, means, covariances = (t.numpy() for t in old)

    def averaged(before, batch):
        return (1 - rate) * before + rate * batch / 50

    moments = covariances + means[:, :, None] * means[:, None, :]
    s0 = averaged(weights, r.sum(0))
    s1 = averaged(weights[:, None] * means, r.T @ z.numpy())
    s2 = averaged(weights[:, None, None] * moments, np.einsum("nk,ni,nj->kij", r, z, z))
    np.testing.assert_allclose(new.weights, s0, rtol=1e-10, atol=1e-25)
    np.testing.assert_allclose(new.means, s1 / s0[:, None], rtol=1e-8, atol=1e-8)
    mean = s1 / s0[:, None]
    expected = s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]
    np.testing.assert_allclose(new.covariances, expected, rtol=1e-7, atol=1e-7)


def test_a_component_without_points_stays():
    old = random_gaussians()
    z = torch.randn(20, 4, generator=torch_rng(0, "z"), dtype=torch.float64)
    r = torch.tensor([[0.5, 0.0, 0.5]], dtype=torch.float64).expand(20, 3)
    for rate in (0.3, 1.0):
        new = em_step(old, z, r, rate, 20)
        assert torch.equal(new.means[1], old.means[1])
        assert torch.equal(new.covariances[1], old.covariances[1])
        assert new.weights[1] == max(1e-30, (1 - rate) * old.weights[1])
    nothing = em_step(old, z[:0], r[:0], 0.3, 20)
    assert torch.equal(nothing.means, old.means)
    torch.testing.assert_close(nothing.weights, 0.7 * old.weights)


def test_it_begins_where_k_means_ends():
    rng = numpy_rng(0, "groups")
    centres = np.array([[0, 0, 9], [0, 9, 0], [9, 0, 0.0]])
    spread = np.diag([0.1, 0.5, 1.0])
    z = (centres[:, None] + rng.normal(size=(3, 2000, 3)) @ spread).reshape(-1, 3)
    weights, means, covariances = beginning(torch.tensor(z), 3, torch_rng(2, "k-means"))
    assert weights.tolist() == [1 / 3] * 3
    order = (means[:, 0] - means[:, 2]).argsort()
    np.testing.assert_allclose(means[order], centres, atol=0.1)
    np.testing.assert_allclose(covariances, [spread**2] * 3, atol=0.05)


# --- Pixels along few axes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "d"), [(12, 3), (12, 1), (12, 11), (5, 4)])
def test_density_on_pixels_is_that_of_the_whole_covariance(p, d):
    subspace = random_subspace(p, d)
    x = torch.randn(20, p, generator=torch_rng(0, "x"), dtype=torch.float64)
    found = subspace.log_densities(x)
    for k in range(2):
        np.testing.assert_allclose(found[:, k], multivariate_normal(*whole(subspace, k)).logpdf(x), rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=12, max_size=12).filter(lambda seen: any(seen) and not all(seen)))
def test_conditional_is_that_of_the_whole_covariance(seen):
    subspace, o = random_subspace(), np.array(seen)
    x = torch.randn(5, 12, generator=torch_rng(0, "x"), dtype=torch.float64)
    conditional = Conditional(subspace, torch.eye(12, dtype=torch.float64)[o])
    y, pixels = x[:, o], x.numpy()
    evidence, m = conditional.log_densities(y), y.shape[1]
    for k in range(2):
        mean, covariance = whole(subspace, k)
        np.testing.assert_allclose(
            evidence[:, k], multivariate_normal(mean[o], covariance[np.ix_(o, o)]).logpdf(pixels[:, o]), rtol=1e-9
        )
        gain = covariance[np.ix_(~o, o)] @ np.linalg.inv(covariance[np.ix_(o, o)])
        expected = mean[~o] + (pixels[:, o] - mean[o]) @ gain.T
        only = torch.eye(2, dtype=torch.float64)[k].expand(5, 2)
        filled = conditional.mean(y, only).numpy()
        np.testing.assert_allclose(filled[:, ~o], expected, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(filled[:, o], pixels[:, o], rtol=1e-8, atol=1e-8)
        # A draw is linear in its noise, so its covariance can be read off exactly.
        unit, here = torch.eye(12 + m, dtype=torch.float64), torch.full((12 + m,), k)
        still = conditional.draw(y[:1], here[:1], 0 * unit[:1]).numpy()
        np.testing.assert_allclose(still, filled[:1], rtol=1e-8, atol=1e-8)
        moved = conditional.draw(y[:1].expand(12 + m, m), here, unit).numpy() - still
        left = covariance[np.ix_(~o, ~o)] - gain @ covariance[np.ix_(o, ~o)]
        np.testing.assert_allclose((moved.T @ moved)[np.ix_(~o, ~o)], left, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(moved[:, o], 0, atol=1e-8)


@pytest.mark.parametrize("m", [1, 5, 12])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_conditional_on_noisy_sums_of_pixels_is_that_of_the_whole_covariance(m, noise):
    subspace, rng = random_subspace(), torch_rng(0, "look")
    look, y = (torch.randn(*size, generator=rng, dtype=torch.float64) for size in ((m, 12), (5, m)))
    conditional, weights = Conditional(subspace, look, noise), look.numpy()
    for k in range(2):
        mean, covariance = whole(subspace, k)
        known = weights @ covariance @ weights.T + noise**2 * np.eye(m)
        expected = multivariate_normal(weights @ mean, known).logpdf(y.numpy())
        np.testing.assert_allclose(conditional.log_densities(y)[:, k], expected, rtol=1e-8)
        gain = covariance @ weights.T @ np.linalg.inv(known)
        only = torch.eye(2, dtype=torch.float64)[k].expand(5, 2)
        expected = mean + (y.numpy() - weights @ mean) @ gain.T
        np.testing.assert_allclose(conditional.mean(y, only), expected, rtol=1e-7, atol=1e-7)
        unit, here = torch.eye(12 + m, dtype=torch.float64), torch.full((12 + m,), k)
        still = conditional.draw(y[:1], here[:1], 0 * unit[:1]).numpy()
        np.testing.assert_allclose(still, expected[:1], rtol=1e-7, atol=1e-7)
        moved = conditional.draw(y[:1].expand(12 + m, m), here, unit).numpy() - still
        np.testing.assert_allclose(moved.T @ moved, covariance - gain @ weights @ covariance, atol=1e-7)


def test_the_mean_of_a_mixture_is_that_of_its_components():
    subspace = random_subspace()
    conditional = Conditional(subspace, torch.eye(12, dtype=torch.float64)[::2])
    y = torch.randn(5, 6, generator=torch_rng(0, "x"), dtype=torch.float64)
    r = torch.rand(5, 2, generator=torch_rng(0, "r"), dtype=torch.float64)
    r /= r.sum(1, keepdim=True)
    one, other = (conditional.mean(y, torch.eye(2, dtype=torch.float64)[k].expand(5, 2)) for k in range(2))
    torch.testing.assert_close(conditional.mean(y, r), r[:, :1] * one + r[:, 1:] * other)


def test_nothing_seen_and_all_seen():
    subspace = random_subspace()
    x, r = torch.zeros(1, 12, dtype=torch.float64), torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    eye = torch.eye(12, dtype=torch.float64)
    blind = Conditional(subspace, eye[:0])
    np.testing.assert_allclose(blind.mean(x[:, :0], r)[0], whole(subspace, 0)[0])
    assert torch.equal(blind.log_densities(x[:, :0]), torch.zeros(1, 2, dtype=torch.float64))
    clear = Conditional(subspace, eye)
    torch.testing.assert_close(clear.mean(x, r), x)
    torch.testing.assert_close(clear.draw(x, torch.tensor([1]), torch.ones(1, 24, dtype=torch.float64)), x)
    torch.testing.assert_close(clear.log_densities(x), subspace.log_densities(x))


# --- The model on digits --------------------------------------------------------------------------------------------


def test_axes_mean_noise_and_squared_error_are_those_of_pca():
    model, x, labels = prepared(latent_dim=20, components=2)
    images = bytes_of(200)[0].numpy()
    pca = fit_pca(images)
    np.testing.assert_allclose(model.mean, pca.mean, atol=1e-6)
    np.testing.assert_allclose(np.abs((model.axes.numpy() * pca.axes[:, :20]).sum(0)), 1, atol=1e-4)
    assert (model.axes.gather(0, model.axes.abs().argmax(0, keepdim=True)) > 0).all()
    across = x.flatten(1).numpy().var(axis=0, dtype=np.float64).sum() - pca.variances[:20].sum()
    assert model.noise.item() == pytest.approx(across / 764, rel=1e-4)
    squared_error = model.metrics(x, labels, torch_rng(0, "m"))["squared_error"].item()
    # Clamped to grey levels it can only be nearer.
    assert 0.9 < squared_error / pca.errors(images)[19] < 1


def test_a_step_with_rate_one_is_an_iteration_on_the_codes_of_each_digit():
    model, x, labels = prepared(2000, latent_dim=4, components=2, labels=True)
    z = model.encode(x).double().numpy()
    old = [t.double().numpy() for t in (model.weights, model.means, model.covariances)]
    # 2,000 images are more than 2 for each of 4 axes of 20 components, so the first step forgets the beginning.
    model.training_step(x, labels, {}, torch_rng(0, "t"), 0)
    for digit in range(10):
        k, rows = slice(2 * digit, 2 * digit + 2), (labels == digit).numpy()
        weights, means, covariances = one_iteration(z[rows], np.array([0.5, 0.5]), old[1][k], old[2][k], 1e-3)
        np.testing.assert_allclose(model.weights[k], weights * rows.mean(), rtol=1e-3)
        np.testing.assert_allclose(model.means[k], means, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(model.scatters[k], covariances, rtol=1e-3, atol=2e-3)


def test_rate_falls_as_stated():
    model, x, labels = prepared(120, latent_dim=50, components=1)
    mean = model.means[0].double().numpy()
    for step, part in enumerate(x.split(40)):
        model.training_step(part, labels, {}, torch_rng(0, "t"), step)
        rate = 0.4 * (1 + 0.4 * step) ** -0.6  # 40 images for 2 * 50 * 1
        mean = (1 - rate) * mean + rate * model.encode(part).double().numpy().mean(0)
        np.testing.assert_allclose(model.means[0], mean, atol=1e-5)
        assert model.weights.item() == pytest.approx(1)


@pytest.mark.parametrize("labels_told", [False, True])
def test_density_of_images_is_that_of_scipy(labels_told):
    model, x, labels = prepared(200, latent_dim=5, components=2, labels=labels_told)
    for step in range(3):
        model.training_step(x, labels, {}, torch_rng(0, "t"), step)
    covariances = model.covariances.double().numpy()
    x, labels = x[:8], labels[:8]
    z, pixels = model.encode(x).double().numpy(), x.flatten(1).double().numpy()
    rest = pixels - model.mean.double().numpy() - z @ model.axes.double().numpy().T
    noise = model.noise.item()
    across = -0.5 * (779 * np.log(2 * np.pi * noise) + np.square(rest).sum(1) / noise)
    parts = [multivariate_normal(m, c).logpdf(z) for m, c in zip(model.means.double(), covariances, strict=True)]
    parts = np.array(parts).T + across[:, None]
    weights = model.weights.double().numpy()
    np.testing.assert_allclose(model.log_prob(x), logsumexp(parts, axis=1, b=weights / weights.sum()), rtol=1e-5)
    if labels_told:
        own = np.where(np.arange(20) // 2 == labels.numpy()[:, None], weights, 0)
        expected = logsumexp(parts, axis=1, b=own / own.sum(1, keepdims=True))
        np.testing.assert_allclose(model.log_prob(x, labels), expected, rtol=1e-5)
        assert model.metrics(x, labels, torch_rng(0, "m"))["loss"].item() == pytest.approx(-expected.mean(), rel=1e-5)
    else:
        assert torch.equal(model.log_prob(x, labels), model.log_prob(x))


@pytest.mark.parametrize("labels_told", [False, True])
def test_training_reports_what_held_before_the_step(labels_told):
    model, x, labels = prepared(200, latent_dim=10, components=3, labels=labels_told)
    for step in range(4):
        before = model.metrics(x, labels, torch_rng(0, "m"))["loss"]
        told = model.training_step(x, labels, {}, torch_rng(0, "t"), step)["loss"]
        torch.testing.assert_close(told, before, rtol=1e-5, atol=1e-3)


def test_digits_are_learnt_and_read():
    model, x, labels = prepared(4000, latent_dim=20, components=2, labels=True, regularisation=0.01)
    test = few_images(test=1000)
    new, digits = torch.tensor(test.test).unsqueeze(1) / 255, torch.tensor(test.test_labels).long()
    before = model.log_prob(new, digits).mean()
    for step in range(24):
        part = slice(500 * (step % 8), 500 * (step % 8) + 500)
        model.training_step(x[part], labels[part], {}, torch_rng(0, "t"), step)
    assert model.log_prob(new, digits).mean() > before + 0.5
    by_digit = torch.stack([model.log_prob(new, torch.full((1000,), y)) for y in range(10)], dim=1)
    assert (by_digit.argmax(1) == digits).float().mean() > 0.92
    priors = model.weights.view(10, 2).sum(1)
    torch.testing.assert_close(model.log_prob(new), (by_digit + priors.log()).logsumexp(1), rtol=1e-5, atol=1e-3)


def test_taken_up_again_it_goes_on_bit_for_bit():
    model, x, labels = prepared(300, latent_dim=8, components=3)
    other = build("mixture", PixelMixtureConfig(latent_dim=8, components=3), 5)
    for step in range(6):
        if step == 3:
            other.load_state_dict(model.state_dict())
        for each in (model, other)[: 1 + (step >= 3)]:
            each.training_step(x[50 * step : 50 * step + 50], labels, {}, torch_rng(0, "t", step), step)
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_samples_have_the_mean_and_spread_of_the_mixture():
    model, _, _ = prepared(200, latent_dim=3, components=2)
    model.mean.fill_(0.5)
    model.means.copy_(torch.tensor([[0.4, 0, 0], [-0.4, 0.2, 0]]))
    model.scatters.copy_(0.05 * torch.eye(3) + 0.03)
    model.weights.copy_(torch.tensor([0.25, 0.75]))
    images = model.sample(20_000, torch_rng(0, "s"))
    assert 0 < images.min() < images.max() < 1  # nothing was clamped
    z = model.encode(images).double()
    mean = torch.tensor([-0.2, 0.15, 0], dtype=torch.float64)
    torch.testing.assert_close(z.mean(0), mean, atol=0.01, rtol=0)
    outer = sum(w * torch.outer(m, m) for w, m in zip(model.weights, model.means, strict=True)).double()
    expected = model.covariances[0].double() + outer - torch.outer(mean, mean)
    torch.testing.assert_close(torch.cov(z.T), expected, atol=0.01, rtol=0)
    torch.testing.assert_close(model.sample(40, torch_rng(0, "s")), images[:40])


def test_samples_of_a_digit_come_from_its_components():
    model, _, _ = prepared(200, latent_dim=3, components=2, labels=True, regularisation=1e-5)
    model.mean.fill_(0.5)
    model.scatters.zero_()
    model.means.copy_(0.03 * torch.arange(60).view(20, 3) - 0.9)
    labels = torch.tensor([3, 9, 0]).repeat(20)
    z = model.encode(model.sample(60, torch_rng(0, "s"), labels))
    nearest = (z[:, None] - model.means).square().sum(2).argmin(1)
    assert torch.equal(nearest // 2, labels)
    assert len(nearest.unique()) == 6


# --- Repair ---------------------------------------------------------------------------------------------------------


def trained(components=4, **config):
    model, x, labels = prepared(1000, latent_dim=15, components=components, regularisation=0.01, **config)
    for step in range(6):
        model.training_step(x, labels, {}, torch_rng(0, "t"), step)
    return model, x, labels


def upper_half():
    seen = torch.ones(28, 28, dtype=torch.bool)
    seen[14:] = False
    return Measurement(seen)


def test_filled_is_nearer_than_the_mean_image_and_leaves_what_is_seen():
    model, x, labels = trained(components=1, labels=True)
    look = upper_half()
    y = look(x[:200])
    filled = model.fill(y, look)
    assert torch.equal(look(filled), y)
    assert 0 <= filled.min() <= filled.max() <= 1

    def error(images):
        return (images - x[:200]).square().sum((1, 2, 3)).mean()

    plain = error(look.keep(model.decode(torch.zeros(200, 15)), y))
    told = error(model.fill(y, look, labels[:200]))
    assert told < error(filled) < 0.85 * plain
    whole_image = Measurement(torch.ones(28, 28, dtype=torch.bool))
    assert torch.equal(model.fill(whole_image(x[:3]), whole_image), x[:3])


def test_many_repairs_have_the_mean_of_the_conditional():
    model, x, _ = trained()
    # Far from black and white nothing is clamped.
    model.mean.fill_(0.5)
    for buffer, factor in ((model.means, 0.05), (model.scatters, 0.0025), (model.noise, 0.0025)):
        buffer.mul_(factor)
    model.config = PixelMixtureConfig(latent_dim=15, components=4, regularisation=1e-4)
    images = 0.5 + 0.05 * (x[7:9] - 0.5)
    kernel = torch.tensor(damage_kernel(DamageConfig(damage="small")), dtype=torch.float32)
    for look in (upper_half(), Measurement(torch.ones(7, 7, dtype=torch.bool), kernel, 0.01)):
        y = look(images)
        drawn = model.fill_samples(y, look, 4000, torch_rng(0, "f"))
        assert drawn.shape == (4000, 2, 1, 28, 28)
        off = (drawn.mean(0) - model.fill(y, look)).abs() / (drawn.std(0) / 4000**0.5 + 1e-6)
        assert off.max() < 5
        smooth = model.fill_samples(y, look, 50, torch_rng(0, "f"), grain=False)
        grainy = model.fill_samples(y, look, 50, torch_rng(0, "f"))
        # What is left out is exactly what does not lie along the axes.
        pictures = look.keep(model.reconstruct(grainy.flatten(0, 1)).view_as(smooth), y)
        torch.testing.assert_close(smooth, pictures, atol=1e-5, rtol=0)
        assert not look.exact or torch.equal(look(smooth), y.expand(50, -1, -1))


# --- Hard cases -----------------------------------------------------------------------------------------------------


def test_few_images_of_few_digits_are_enough():
    images = few_images(train=18)
    for labels_told in (False, True):
        model = build("mixture", PixelMixtureConfig(latent_dim=40, components=12, labels=labels_told), 0)
        x, labels = torch.tensor(images.train), torch.tensor(images.train_labels).long() % 3
        model.prepare(x, labels, torch_rng(0, "prepare"))
        x = x.unsqueeze(1) / 255
        for step in range(10):
            told = model.training_step(x, labels, {}, torch_rng(0, "t"), step)
        assert told["loss"].isfinite()
        assert model.log_prob(x, torch.full((18,), 7)).isfinite().all()
        assert model.sample(20, torch_rng(0, "s")).isfinite().all()
        assert model.fill(upper_half()(x), upper_half()).isfinite().all()
