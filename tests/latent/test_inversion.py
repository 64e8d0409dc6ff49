"""Searching codes, against the closed form of a linear decoder and against what it is for."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from few import small

from genlib.checkpoint import load_model
from genlib.data import assets
from genlib.data.images import load_images
from genlib.latent import search
from genlib.latent.inversion import PRIOR, advance, begin
from genlib.models import build
from genlib.seeding import torch_rng
from genlib.settings import PixelMixtureConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def image(i=0):
    return torch.tensor(load_images().test[i])[None, None] / 255


def objective(found):
    return found.squared_error + PRIOR * np.square(found.z).sum()


def test_for_a_linear_decoder_it_is_least_squares():
    rng = np.random.default_rng(0)
    model = build("mixture", PixelMixtureConfig(latent_dim=4), 0)
    axes = rng.standard_normal((784, 4)) @ np.diag([1.0, 0.5, 2.0, 1.0]) * 0.02
    model.mean.fill_(0.5)
    model.axes.copy_(torch.tensor(axes))
    x = 0.5 + rng.standard_normal(784) * 0.02 + axes @ np.array([1.0, -2.0, 0.5, 0.0])
    *_, found = search(model, torch.tensor(x, dtype=torch.float32).view(1, 1, 28, 28), torch_rng(0))
    expected = np.linalg.solve(axes.T @ axes + PRIOR * np.eye(4), axes.T @ (x - 0.5))
    np.testing.assert_allclose(found.z, expected, atol=2e-3)
    assert found.squared_error == pytest.approx(np.square(x - 0.5 - axes @ expected).sum(), rel=1e-3)


@pytest.mark.parametrize("labels", [None, 3])
def test_what_is_found_is_told_truly(labels):
    model = build("gan", small("gan", network="dense", labels=labels is not None), 0)
    told = None if labels is None else torch.tensor([labels])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    learning = [weight.requires_grad for weight in model.parameters()]
    events = list(search(model, image(), torch_rng(1), steps=50, starts=4, labels=told))
    assert [event.step for event in events] == [0, 20, 40, 50]
    assert [event.done for event in events] == [False, False, False, True]
    assert [len(event.search.z) for event in events] == [4, 2, 1, 1]
    for event in events:
        drawn = model.decode(torch.tensor(event.z)[None], told).detach()
        assert event.squared_error == pytest.approx(float((drawn - image()).square().sum()), rel=1e-4)
        assert np.abs(event.image - drawn[0, 0].numpy() * 255).max() <= 0.5 + 1e-3
    assert objective(events[-1]) < objective(events[0])
    # Looking changes nothing.
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [weight.requires_grad for weight in model.parameters()] == learning
    assert all(weight.grad is None for weight in model.parameters())


def test_the_starts_are_the_best_of_many_draws():
    model = build("gan", small("gan", network="dense"), 0).eval()
    found = begin(model, image(), torch_rng(2), starts=3)
    z = torch.randn(512, 2, generator=torch_rng(2))
    with torch.no_grad():
        objectives = (model.decode(z) - image()).square().sum((1, 2, 3)) + PRIOR * z.square().sum(1)
    np.testing.assert_array_equal(found.search.z, z[objectives.argsort()[:3]])
    np.testing.assert_array_equal(found.z, found.search.z[0])


def test_in_how_many_parts_it_is_made_changes_nothing():
    model = build("gan", small("gan", network="conv"), 0)
    *_, whole = search(model, image(), torch_rng(0), steps=30)
    found = begin(model, image(), torch_rng(0), steps=30)
    while not found.done:
        found = advance(model, image(), found.search, steps=7)
    assert np.array_equal(found.z, whole.z)
    assert found.squared_error == whole.squared_error
    # There is nothing left to do.
    assert np.array_equal(advance(model, image(), found.search).z, whole.z)


def test_who_stays_goes_the_way_of_adam():
    model = build("gan", small("gan", network="dense"), 3).eval()
    start = begin(model, image(), torch_rng(0), steps=20, starts=6).search
    z = torch.tensor(start.z[::-1].copy(), requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.2, betas=(0.9, 0.99))
    for step in range(20):
        optimizer.param_groups[0]["lr"] = 0.2 * (1 + math.cos(math.pi * step / 20)) / 2
        optimizer.zero_grad()
        ((model.decode(z) - image()).square().sum() + PRIOR * z.square().sum()).backward()
        optimizer.step()
    # The worst comes first, so that who stays changes places.
    found = advance(model, image(), replace(start, z=start.z[::-1].copy())).search
    assert len(found.z) == 1
    assert np.abs(found.z - z.detach().numpy()).max(1).min() < 1e-5


def test_the_best_is_shown_wherever_it_stands():
    model = build("gan", small("gan", network="dense"), 0)
    start = begin(model, image(), torch_rng(0), starts=5)
    turned = replace(start.search, z=start.search.z[::-1].copy())
    assert np.array_equal(advance(model, image(), turned, steps=0).z, start.z)


def test_the_bundled_gan_draws_test_digits_better_than_two_numbers_do():
    gan, ae = (load_model(assets() / "models" / name) for name in ("gan", "ae-2d"))
    found, rebuilt = [], []
    for i in (0, 400, 1200, 3100, 7777):
        *_, last = search(gan, image(i), torch_rng(0, "search"))
        found.append(last.squared_error)
        rebuilt.append(float((ae.reconstruct(image(i)) - image(i)).square().sum()))
        assert np.square(last.z).sum() < 3 * gan.latent_dim  # not where the prior never is
    assert np.mean(found) < 0.3 * np.mean(rebuilt)
    assert max(found) < 15


def test_an_image_that_the_model_drew_is_found_again():
    gan = load_model(assets() / "models" / "gan")
    with torch.no_grad():
        x = gan.decode(torch.randn(1, gan.latent_dim, generator=torch_rng(5)))
    events = list(search(gan, x, torch_rng(0)))
    assert events[-1].squared_error < 2 < 10 < events[0].squared_error
