"""Noise, blur and low resolution: what they do to images, and how each method undoes it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from sklearn.neighbors import NearestNeighbors

from genlib.data.damage import damage, kernel, noise
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.models.measuring import Measurement
from genlib.repair import METHODS, plain, psnr, restore, watch
from genlib.repair.networks import weigh_codes
from genlib.repair.plain import gaussian_mean, nearest_fills
from genlib.repair.searching import search_codes
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import DamageConfig
from tests.test_repair import Linear, as_numbers, some_images

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

NOISE, BLUR, SMALL = (DamageConfig(damage=kind) for kind in ("noise", "blur", "small"))
KINDS = [NOISE, BLUR, SMALL]
ABLE = [(name, config) for name, method in METHODS.items() for config in KINDS if config.damage in method.mends]
EVERYWHERE = torch.ones(28, 28, dtype=torch.bool)


def look_of(config, dtype=torch.float32):
    k = torch.tensor(kernel(config), dtype=dtype)
    return Measurement(torch.ones(len(k), len(k), dtype=torch.bool), k, noise(config))


def end(*arguments):
    *_, last = restore(*arguments)
    return last


# --- Damage ---------------------------------------------------------------------------------------------------------


def test_noise_has_the_spread_that_is_asked_for_and_its_seed():
    images = some_images(50)
    apart = damage(images, DamageConfig(damage="noise", noise=0.3)) - images / 255
    assert apart.std() == pytest.approx(0.3, rel=0.02)
    assert abs(apart.mean()) < 0.01
    assert np.array_equal(damage(images, NOISE), damage(images, NOISE))
    assert not np.array_equal(damage(images, NOISE), damage(images, DamageConfig(damage="noise", noise_seed=1)))


@pytest.mark.parametrize("radius", [0.5, 2.0])
def test_blur_is_that_of_scipy_within_the_image(radius):
    config = DamageConfig(damage="blur", radius=radius)
    image = numpy_rng(0, "image").random((28, 28))
    k = kernel(config)
    inner = slice(10, 18)  # farther from the border than the bell reaches
    expected = gaussian_filter(image, radius, truncate=20, mode="constant")
    np.testing.assert_allclose((k @ image @ k.T)[inner, inner], expected[inner, inner], rtol=1e-4)
    np.testing.assert_allclose(k.sum(1), 1)


@pytest.mark.parametrize("side", [14, 7, 4])
def test_low_resolution_is_the_mean_of_blocks(side):
    images = some_images(3)
    small = damage(images, DamageConfig(damage="small", side=str(side)))
    blocks = (images / 255).reshape(3, side, 28 // side, side, 28 // side).mean((2, 4))
    assert small.shape == (3, side, side)
    assert np.abs(small - blocks).max() < 6 * 0.02


@pytest.mark.parametrize("config", KINDS, ids=lambda config: config.damage)
def test_a_measurement_is_linear_and_its_matrix_says_the_same(config):
    look, x = look_of(config, torch.float64), as_numbers(some_images(4)).double()
    np.testing.assert_allclose(look(x), x.flatten(1) @ look.matrix(x).T, atol=1e-12)
    np.testing.assert_allclose(look(x).view(4, *look.seen.shape), damage(some_images(4), config), atol=6 * look.noise)
    assert not look.exact
    assert torch.equal(look.keep(x, look(x)), x)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 784))
def test_around_a_hole_it_takes_the_seen_pixels_and_puts_them_back(seed, count):
    rng = torch_rng(seed, "mask")
    seen = (torch.randperm(784, generator=rng) < count).view(28, 28)
    look, x, other = Measurement(seen), *torch.rand(2, 3, 2, 1, 28, 28, generator=rng)
    assert look(x).shape == (3, 2, count)
    kept = look.keep(other, look(x[0]))
    assert torch.equal(kept, torch.where(seen, x[0].expand_as(other), other))
    assert look.exact


# --- Ways to undo it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", KINDS, ids=lambda config: config.damage)
def test_linear_is_the_mean_of_a_gaussian_given_the_measurement(monkeypatch, config):
    rng = numpy_rng(0, "gaussian")
    factors = rng.normal(size=(784, 20)) * 0.02
    mean, covariance = rng.uniform(0.4, 0.6, 784), factors @ factors.T + 1e-3 * np.diag(rng.uniform(0.5, 2, 784))
    monkeypatch.setattr(plain, "_moments", lambda data: (torch.tensor(mean), torch.tensor(covariance)))
    look = look_of(config, torch.float64)
    a = np.kron(kernel(config), kernel(config))
    y = rng.uniform(0.45, 0.55, (3, len(a)))
    gain = covariance @ a.T @ np.linalg.inv(a @ covariance @ a.T + look.noise**2 * np.eye(len(a)))
    expected = mean + (y - a @ mean) @ gain.T
    found = gaussian_mean(torch.tensor(y), look).flatten(1)
    np.testing.assert_allclose(found, expected.clip(0, 1), atol=1e-9)
    assert expected.min() > 0
    assert expected.max() < 1


@pytest.mark.parametrize("config", KINDS, ids=lambda config: config.damage)
def test_neighbours_are_those_whose_damaged_images_are_nearest(config):
    look, images = look_of(config), some_images(5)
    known = torch.tensor(damage(images, config)).flatten(1)
    train, k = load_images().train, kernel(config)
    damaged = np.concatenate([(k @ (part / 255) @ k.T).reshape(len(part), -1) for part in np.array_split(train, 10)])
    near = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(damaged.astype(np.float32))
    expected = train[near.kneighbors(known.numpy(), return_distance=False)].swapaxes(0, 1)
    fills = (nearest_fills(known, look, k=3)[:, :, 0] * 255).round().byte().numpy()
    assert np.array_equal(fills, expected)


# Blur leaves so little of these images that the exact posterior is nearly the prior: codes are proposed from farther.
@pytest.mark.parametrize(("config", "wide"), [(NOISE, 2.0), (BLUR, 4.0)], ids=["noise", "blur"])
def test_weighted_codes_have_the_mean_of_the_exact_posterior(config, wide):
    model, look, k = Linear(sigma=1.5, wide=wide), look_of(config), 6000
    x = model.draw(2, seed=1)
    y = look(x) + look.noise * torch.randn(2, 784, generator=torch_rng(0, "noise"))
    guesses = torch.stack([x, model.draw(2, 2)])
    z, log_weights = weigh_codes(model, y, look, None, guesses, k, torch_rng(0, "z"))
    a = look(model.w.T.reshape(3, 1, 28, 28)).T.double()  # (M, D)
    rest = (y - look(model.b.view(1, 1, 28, 28))).double()
    precision = torch.eye(3) + a.T @ a / (look.noise**2 + 0.05)
    means = torch.linalg.solve(precision, a.T @ rest.T / (look.noise**2 + 0.05)).T
    spread = torch.linalg.inv(precision).diagonal().sqrt()
    for i in range(2):
        w = log_weights[:, i].exp().double()
        effective = 1 / w.square().sum()
        assert effective > 60
        assert ((w @ z[:, i].double() - means[i]).abs() < 5 * spread / effective.sqrt()).all()


def test_the_best_code_is_the_ridge_solution_with_the_noise_counted():
    model, look = Linear(sigma=0.05), look_of(DamageConfig(damage="noise", noise=0.4))
    y = look(model.draw(3, seed=5)) + 0.4 * torch.randn(3, 784, generator=torch_rng(0, "noise"))
    *_, (drawn, _) = search_codes(model, y, look, None, 4, 100, torch_rng(0, "starts"))
    z = torch.linalg.solve(model.w.T @ model.w + (0.05 + 0.4**2) * torch.eye(3), ((y - model.b) @ model.w).T).T
    for each in drawn:
        torch.testing.assert_close(each, model.decode(z), atol=0.02, rtol=0)


# --- What pages and programs ask for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "config"),
    [pytest.param(*each, marks=pytest.mark.slow) if each[0] == "gan-search" else each for each in ABLE],
    ids=lambda value: getattr(value, "damage", value),
)
def test_each_method_that_can_is_nearer_than_the_damaged_image(method, config):
    images = some_images(6)
    known = damage(images, config)
    found = end(known, config, method, 3)
    assert found.progress == 1
    assert found.images.shape == images.shape
    assert found.samples.shape == (3 * METHODS[method].samples, *images.shape)
    wide = 28 // known.shape[1]
    shown = known.clip(0, 1).repeat(wide, 1).repeat(wide, 2)
    nowhere = np.zeros((28, 28), bool)
    mended, damaged = (psnr(each, images / 255, nowhere).mean() for each in (found.images / 255, shown))
    assert mended > damaged + 1 or method == "mean"
    again = end(known, config, method, 3)
    assert np.array_equal(again.images, found.images)
    assert np.array_equal(again.samples, found.samples)


@pytest.mark.parametrize("config", KINDS, ids=lambda config: config.damage)
@settings(max_examples=5, deadline=None)
@given(first=st.integers(0, 9990), order=st.permutations(range(4)))
def test_each_image_is_mended_on_its_own(config, first, order):
    known = damage(some_images(4, first), config)
    for method in ("linear", "knn", "mixture"):
        together, permuted = (end(each, config, method).images.astype(int) for each in (known, known[order]))
        assert np.abs(permuted - together[order]).max() <= 1


def test_the_work_is_kept_from_the_first_guess_to_the_end():
    image = some_images(1)[0]
    for last, steps in (
        watch(damage(image[None], BLUR)[0], BLUR, "vae-search", 2, 0, None),
        watch(image, np.tri(28, dtype=bool), "vae-gibbs", 2, 0, None),
    ):
        assert 10 < len(steps) <= 25
        assert np.array_equal(steps[-1], last.images[0])
        assert not np.array_equal(steps[0], steps[-1])
    assert len(watch(image, np.tri(28, dtype=bool), "linear", 2, 0, None)[1]) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"method": "magic"}, "'magic': choose mean, linear"),
        ({"method": "masked"}, "AE trained on holes cannot mend this: it has learned"),
        ({"config": DamageConfig()}, "A hole is no damage of the whole image"),
        ({"config": SMALL}, "7 x 7 pixels"),
        ({"config": BLUR, "method": "ae"}, "take noise away, and nothing else"),
        ({"known": np.zeros((28, 28), np.float32)}, "28 x 28 pixels"),
        ({"known": np.zeros((65, 28, 28), np.float32)}, "at most 64"),
        ({"known": np.full((1, 28, 28), np.nan, np.float32)}, "no finite number"),
        ({"n": 0}, "samples cannot be 0"),
        ({"label": 11}, "no digit 11"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(change, text):
    asked = {"known": np.zeros((1, 28, 28), np.float32), "config": NOISE, "method": "linear"} | change
    with pytest.raises(InputError, match=text) as refusal:
        next(restore(**asked))
    assert str(refusal.value).endswith(".")
