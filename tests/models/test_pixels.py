"""How grey levels go into networks and come out: standardised, or black or white."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.distributions import AffineTransform, Normal, TransformedDistribution

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.models import build
from genlib.models.pixels import Standardised, Unbounded
from genlib.pixel_study import PIXELS
from genlib.seeding import torch_rng
from genlib.settings import GANConfig, TrainConfig, VAEConfig
from genlib.training import Run, train
from tests.few import few_images, small

pytestmark = pytest.mark.fast
torch.set_num_threads(1)


def standard():
    model = build("vae", small("vae", likelihood="gaussian", standardise=True), 0)
    model.prepare(torch.tensor(load_images().train[:500]), torch.zeros(500), torch_rng(0, "prepare"))
    return model.eval()


def test_mean_and_deviation_are_those_of_all_pixels():
    images = load_images().train[:3000]
    found = Standardised()
    found.fit(torch.tensor(images))
    assert float(found.mean) == pytest.approx(images.mean() / 255, rel=1e-6)
    assert float(found.scale) == pytest.approx(images.std() / 255, rel=1e-6)
    y = found.into(torch.tensor(images) / 255)
    assert (float(y.mean()), float(y.std())) == pytest.approx((0, 1), abs=1e-4)
    torch.testing.assert_close(found.out(y), torch.tensor(images) / 255)


@settings(max_examples=50, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))))
def test_whatever_the_pixels_are_they_come_back(images):
    """Also where all are alike, which have no deviation."""
    found = Standardised()
    found.fit(torch.tensor(images))
    assert float(found.mean) == pytest.approx(images.mean() / 255, abs=1e-6)
    assert float(found.scale) == pytest.approx(max(images.std(), 1) / 255, rel=1e-4)
    x = torch.tensor(images) / 255
    y = found.into(x)
    assert torch.isfinite(y).all()
    torch.testing.assert_close(found.out(y), x, rtol=0, atol=1e-6)


def test_without_bounds_pixels_come_out_as_the_network_puts_them():
    a = torch.tensor([-3.0, 0.5, 7.0])
    assert torch.equal(Unbounded().out(a), a)
    assert torch.equal(Unbounded().into(a), a)


def test_the_density_is_told_in_grey_levels_from_0_to_1():
    """The change of variables, by PyTorch's own transformed distribution."""
    model = standard()
    z, x = torch.randn(4, 2, generator=torch_rng(0, "z")), torch.rand(4, 1, 28, 28, generator=torch_rng(0, "x"))
    pixels = model.pixels
    with torch.no_grad():
        own = Normal(model.part("decoder")(z), model.sigma / pixels.scale)
        told = TransformedDistribution(own, AffineTransform(pixels.mean, pixels.scale))
        found = model.likelihood(z).log_prob(x)
        torch.testing.assert_close(found, told.log_prob(x), rtol=1e-4, atol=1e-3)
        in_its_own_unit = own.log_prob(pixels.into(x)).flatten(1).sum(1)
    expected = in_its_own_unit - PIXELS * pixels.scale.log()
    torch.testing.assert_close(found.flatten(1).sum(1), expected, rtol=1e-4, atol=0.1)


@pytest.mark.parametrize("family", ["vae", "gan"])
def test_decoded_images_stay_in_bounds(family):
    more = {"likelihood": "gaussian"} if family == "vae" else {}
    model = build(family, small(family, standardise=True, **more), 0)
    model.prepare(torch.tensor(load_images().train[:100]), torch.zeros(100), torch_rng(0, "prepare"))
    with torch.no_grad():
        x = model.eval().decode(50 * torch.randn(20, model.latent_dim, generator=torch_rng(0, "z")))
    assert (x.min(), x.max()) == (0, 1)


@pytest.mark.parametrize("family", ["vae", "gan"])
def test_scale_is_learnt_from_the_training_part_and_kept_with_the_weights(family, tmp_path):
    more = {"likelihood": "gaussian"} if family == "vae" else {}
    weights = []
    for change in (lambda part: part, lambda part: 255 - part):
        images = few_images()
        images = replace(images, test=change(images.test), validation=change(images.validation))
        run = Run.new(family, small(family, standardise=True, **more), TrainConfig(batch_size=32))
        for _ in train(run, images, until_step=2):
            pass
        weights.append(run.model.state_dict())
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(a, b) for a, b in zip(weights[0].values(), weights[1].values(), strict=True))
    (scale,) = [value for name, value in weights[0].items() if name.endswith("deviation")]
    assert float(scale) == pytest.approx(images.train.std() / 255, rel=1e-6)


def test_who_does_not_ask_for_it_has_the_weights_of_before():
    for family in ("vae", "gan"):
        assert not [name for name in build(family, small(family), 0).state_dict() if "pixels" in name]


def test_a_discriminator_is_shown_black_and_white(monkeypatch):
    model = build("gan", small("gan", binarise=True), 0)
    x = torch.tensor(load_images().test[:32]).unsqueeze(1) / 255
    shown = []
    forward = model.discriminator.forward
    monkeypatch.setattr(model.discriminator, "forward", lambda x, labels=None: (shown.append(x), forward(x, labels))[1])
    optimizers = model.configure_optimizers(TrainConfig())
    model.train().training_step(x, torch.zeros(32).long(), optimizers, torch_rng(0, "step"), 0)
    real = shown[0][:32]
    assert set(real.unique().tolist()) == {0, 1}
    assert float(real.mean()) == pytest.approx(float(x.mean()), abs=0.02)


def test_pairs_that_cannot_be_get_one_sentence():
    with pytest.raises(InputError, match="Standardised pixels lie beyond 0 and 1"):
        VAEConfig(standardise=True)
    with pytest.raises(InputError, match="either standardised or drawn black or white"):
        GANConfig(standardise=True, binarise=True)
