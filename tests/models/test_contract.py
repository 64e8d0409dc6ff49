"""What every network promises, whatever it is: a family is tested once its name stands in the registry."""

import random

import numpy as np
import pytest
import torch

from genlib.knobs import InputError
from genlib.models import MODELS, build
from genlib.seeding import torch_rng
from genlib.settings import MODEL_CONFIGS, TrainConfig

LIKELIHOODS = MODEL_CONFIGS["vae"].knob("likelihood").choices
KINDS = [(family, likelihood) for family in MODELS for likelihood in LIKELIHOODS]

pytestmark = [pytest.mark.fast, pytest.mark.parametrize("kind", KINDS, ids="-".join)]

torch.set_num_threads(1)


def make(kind, seed=0):
    family, likelihood = kind
    return build(family, MODEL_CONFIGS[family](latent_dim=3, hidden_dim=32, likelihood=likelihood), seed)


def batch(n=16):
    return torch.rand(n, 1, 28, 28, generator=torch_rng(1, "x")), torch.arange(n) % 10


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def test_registry_and_settings_name_the_same_family(kind):
    family, _ = kind
    assert MODELS[family].family == family
    assert MODELS[family].config_class is MODEL_CONFIGS[family]
    assert make(kind).latent_dim == 3


def test_every_parameter_gets_a_gradient(kind):
    model = make(kind)
    model.training_step(*batch(), model.configure_optimizers(TrainConfig()), torch_rng(0, "noise"))
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_evaluation_equals_training_and_changes_nothing(kind):
    model = make(kind)
    x, labels = batch()
    before = weights(model)
    evaluated = model.metrics(x, torch_rng(0, "noise"))
    assert not model.training
    assert torch.equal(weights(model), before)
    trained = model.train().training_step(x, labels, model.configure_optimizers(TrainConfig()), torch_rng(0, "noise"))
    # What is only for comparison costs no step of training anything.
    assert evaluated.keys() - trained.keys() == {"squared_error"}
    assert trained.keys() < evaluated.keys()
    assert "loss" in trained
    for name, value in trained.items():
        assert value.shape == ()
        assert not value.requires_grad
        torch.testing.assert_close(evaluated[name], value)
    assert not torch.equal(weights(model), before)


def test_metrics_are_finite_and_training_lowers_the_loss(kind):
    model, (x, labels) = make(kind), batch()
    x = x[:1].round().expand_as(x)  # black and white, and always the same: all of it can be learnt
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.01))
    losses = [model.training_step(x, labels, optimizers, torch_rng(0, "train", t))["loss"] for t in range(40)]
    assert torch.stack(losses).isfinite().all()
    assert losses[-1] < 0.9 * losses[0]


def test_squared_error_is_that_of_the_reconstruction(kind):
    model, (x, _) = make(kind), batch()
    off = (x - model.reconstruct(x)).double().numpy()
    for name in ("noise", "other noise"):
        squared_error = model.metrics(x, torch_rng(0, name))["squared_error"]
        assert squared_error.shape == ()
        assert squared_error.item() == pytest.approx(np.square(off).sum() / 16, rel=1e-6)


def test_metrics_are_means_over_the_batch(kind):
    # Twice the same images must not count twice; a single image leaves no room for averages over pixels.
    model, (x, _) = make(kind), batch(64)
    parts = [model.metrics(part, torch_rng(0, "noise", i))["loss"] for i, part in enumerate(x.split(8))]
    whole = model.metrics(x, torch_rng(0, "noise"))["loss"]
    assert abs(float(torch.stack(parts).mean() / whole) - 1) < 0.02


def test_codes_and_images_belong_to_their_own_row(kind):
    model, (x, _) = make(kind).eval(), batch()
    z = model.encode(x)
    assert z.shape == (16, 3)
    torch.testing.assert_close(model.encode(x[5:6]), z[5:6])
    images = model.decode(z)
    assert images.shape == x.shape
    torch.testing.assert_close(model.decode(z[5:6]), images[5:6])
    torch.testing.assert_close(model.reconstruct(x), images.detach())


@pytest.mark.parametrize("size", [0.0, 1.0, 1e4])
def test_decoded_images_lie_between_black_and_white(kind, size):
    images = make(kind).decode(size * torch.randn(20, 3, generator=torch_rng(0, "z")))
    assert images.isfinite().all()
    assert images.min() >= 0
    assert images.max() <= 1


def test_decoding_can_be_differentiated(kind):
    z = torch.randn(4, 3, generator=torch_rng(0, "z")).requires_grad_()
    make(kind).decode(z).sum().backward()
    assert (z.grad.abs().amax(dim=1) > 0).all()


def test_samples_come_from_the_generator_or_a_sentence_says_why_not(kind):
    model = make(kind)
    if not model.can_sample:
        with pytest.raises(InputError, match="cannot draw new images"):
            model.sample(2, torch_rng(0, "a"))
        return
    first, again, other = (model.sample(6, torch_rng(0, name)) for name in ("a", "a", "b"))
    assert first.shape == (6, 1, 28, 28)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_weights_make_the_model(kind):
    first, second = make(kind, seed=0), make(kind, seed=1)
    x, _ = batch()
    assert not torch.equal(first.reconstruct(x), second.reconstruct(x))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.reconstruct(x), second.reconstruct(x))


def test_seed_makes_the_weights(kind):
    assert torch.equal(weights(make(kind, seed=7)), weights(make(kind, seed=7)))
    assert not torch.equal(weights(make(kind, seed=7)), weights(make(kind, seed=8)))


def test_no_global_generator_is_touched(kind):
    def state():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    before = state()
    model, (x, labels) = make(kind), batch()
    model.training_step(x, labels, model.configure_optimizers(TrainConfig()), torch_rng(0, "noise"))
    model.metrics(x, torch_rng(0, "noise"))
    model.reconstruct(x)
    if model.can_sample:
        model.sample(3, torch_rng(0, "noise"))
    assert state() == before


def test_far_too_large_learning_rate_crashes_nothing(kind):
    model, (x, labels) = make(kind), batch()
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=100.0))
    for t in range(50):
        model.training_step(x, labels, optimizers, torch_rng(0, "train", t))
    model.metrics(x, torch_rng(0, "noise"))
    model.reconstruct(x)


def test_settings_of_another_family_are_refused(kind):
    family, _ = kind
    other = next(config for name, config in MODEL_CONFIGS.items() if name != family)
    with pytest.raises(InputError, match="takes"):
        build(family, other(), 0)
    with pytest.raises(InputError, match="no model called"):
        build("nothing", MODEL_CONFIGS[family](), 0)


def test_what_was_saved_before_there_were_likelihoods_is_still_read(kind):
    family, likelihood = kind
    config = MODEL_CONFIGS[family].from_json({"latent_dim": 3, "hidden_dim": 32})
    assert config.likelihood == {"ae": "gaussian", "vae": "bernoulli"}[family]
    if likelihood == config.likelihood:
        layers = {"encoder.1", "encoder.3", "decoder.0", "decoder.2"}
        assert set(make(kind).state_dict()) == {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}
