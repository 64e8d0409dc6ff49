"""What every network promises, whatever it is: a family is tested once its name stands in the registry."""

import random

import numpy as np
import pytest
import torch

from genlib.knobs import InputError
from genlib.models import MODELS, build
from genlib.seeding import torch_rng
from genlib.settings import MODEL_CONFIGS, TrainConfig

pytestmark = [pytest.mark.fast, pytest.mark.parametrize("family", MODELS)]

torch.set_num_threads(1)


def make(family, seed=0):
    return build(family, MODEL_CONFIGS[family](latent_dim=3, hidden_dim=32), seed)


def batch(n=16):
    return torch.rand(n, 1, 28, 28, generator=torch_rng(1, "x")), torch.arange(n) % 10


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_registry_and_settings_name_the_same_family(family):
    assert MODELS[family].family == family
    assert MODELS[family].config_class is MODEL_CONFIGS[family]
    assert make(family).latent_dim == 3


def test_every_parameter_gets_a_gradient(family):
    model = make(family)
    model.training_step(*batch(), model.configure_optimizers(TrainConfig()), torch_rng(0, "noise"))
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_evaluation_equals_training_and_changes_nothing(family):
    model = make(family)
    x, labels = batch()
    before = weights(model)
    evaluated = model.metrics(x, torch_rng(0, "noise"))
    assert not model.training
    assert torch.equal(weights(model), before)
    trained = model.train().training_step(x, labels, model.configure_optimizers(TrainConfig()), torch_rng(0, "noise"))
    assert evaluated.keys() == trained.keys()
    assert "loss" in trained
    for name, value in trained.items():
        assert value.shape == ()
        assert not value.requires_grad
        torch.testing.assert_close(evaluated[name], value)
    assert not torch.equal(weights(model), before)


def test_metrics_are_finite_and_training_lowers_the_loss(family):
    model, (x, labels) = make(family), batch()
    x = x[:1].round().expand_as(x)  # black and white, and always the same: all of it can be learnt
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.01))
    losses = [model.training_step(x, labels, optimizers, torch_rng(0, "train", t))["loss"] for t in range(40)]
    assert torch.stack(losses).isfinite().all()
    assert losses[-1] < 0.9 * losses[0]


def test_metrics_are_means_over_the_batch(family):
    # Twice the same images must not count twice; a single image leaves no room for averages over pixels.
    model, (x, _) = make(family), batch(64)
    parts = [model.metrics(part, torch_rng(0, "noise", i))["loss"] for i, part in enumerate(x.split(8))]
    whole = model.metrics(x, torch_rng(0, "noise"))["loss"]
    assert abs(float(torch.stack(parts).mean() / whole) - 1) < 0.02


def test_codes_and_images_belong_to_their_own_row(family):
    model, (x, _) = make(family).eval(), batch()
    z = model.encode(x)
    assert z.shape == (16, 3)
    torch.testing.assert_close(model.encode(x[5:6]), z[5:6])
    images = model.decode(z)
    assert images.shape == x.shape
    torch.testing.assert_close(model.decode(z[5:6]), images[5:6])
    torch.testing.assert_close(model.reconstruct(x), images.detach())


@pytest.mark.parametrize("size", [0.0, 1.0, 1e4])
def test_decoded_images_lie_between_black_and_white(family, size):
    images = make(family).decode(size * torch.randn(20, 3, generator=torch_rng(0, "z")))
    assert images.isfinite().all()
    assert images.min() >= 0
    assert images.max() <= 1


def test_decoding_can_be_differentiated(family):
    z = torch.randn(4, 3, generator=torch_rng(0, "z")).requires_grad_()
    make(family).decode(z).sum().backward()
    assert (z.grad.abs().amax(dim=1) > 0).all()


def test_samples_come_from_the_generator_or_a_sentence_says_why_not(family):
    model = make(family)
    if not model.can_sample:
        with pytest.raises(InputError, match="cannot draw new images"):
            model.sample(2, torch_rng(0, "a"))
        return
    first, again, other = (model.sample(6, torch_rng(0, name)) for name in ("a", "a", "b"))
    assert first.shape == (6, 1, 28, 28)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_weights_make_the_model(family):
    first, second = make(family, seed=0), make(family, seed=1)
    x, _ = batch()
    assert not torch.equal(first.reconstruct(x), second.reconstruct(x))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.reconstruct(x), second.reconstruct(x))


def test_seed_makes_the_weights(family):
    assert torch.equal(weights(make(family, seed=7)), weights(make(family, seed=7)))
    assert not torch.equal(weights(make(family, seed=7)), weights(make(family, seed=8)))


def test_no_global_generator_is_touched(family):
    def state():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    before = state()
    model, (x, labels) = make(family), batch()
    model.training_step(x, labels, model.configure_optimizers(TrainConfig()), torch_rng(0, "noise"))
    model.metrics(x, torch_rng(0, "noise"))
    model.reconstruct(x)
    if model.can_sample:
        model.sample(3, torch_rng(0, "noise"))
    assert state() == before


def test_far_too_large_learning_rate_crashes_nothing(family):
    model, (x, labels) = make(family), batch()
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=100.0))
    for t in range(50):
        model.training_step(x, labels, optimizers, torch_rng(0, "train", t))
    model.metrics(x, torch_rng(0, "noise"))
    model.reconstruct(x)


def test_settings_of_another_family_are_refused(family):
    other = next(config for name, config in MODEL_CONFIGS.items() if name != family)
    with pytest.raises(InputError, match="takes"):
        build(family, other(), 0)
    with pytest.raises(InputError, match="no model called"):
        build("nothing", MODEL_CONFIGS[family](), 0)
