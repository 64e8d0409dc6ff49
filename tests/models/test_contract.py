"""What every model promises, whatever it is: a family is tested once its name stands in the registry."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from genlib.knobs import InputError
from genlib.models import MODELS, PLANE_MODELS, build
from genlib.models.base import Descent, Network
from genlib.seeding import torch_rng
from genlib.settings import (
    FAMILIES,
    AutoencoderConfig,
    ClassifierConfig,
    GANConfig,
    MaskedConfig,
    PixelMixtureConfig,
    PlaneAutoencoderConfig,
    PlaneGANConfig,
    PlaneMixtureConfig,
    PlaneVAEConfig,
    TrainConfig,
    VAEConfig,
)

D = 3
SMALL = {"latent_dim": D, "hidden_dim": 32, "channels": 4}
FLAT = {"latent_dim": D, "hidden_dim": 32}
KINDS = {
    "ae": AutoencoderConfig(**SMALL),
    "ae-bernoulli": AutoencoderConfig(**SMALL, likelihood="bernoulli", layers=2),
    "ae-denoising": AutoencoderConfig(**SMALL, noise=0.3, average=0.9),
    "ae-conv": AutoencoderConfig(**SMALL, network="conv"),
    "ae-labels": AutoencoderConfig(**SMALL, labels=True),
    "vae": VAEConfig(**SMALL),
    "vae-gaussian": VAEConfig(**SMALL, likelihood="gaussian", layers=3),
    "vae-conv-labels": VAEConfig(**SMALL, network="conv", labels=True, average=0.9),
    "vae-importance": VAEConfig(**SMALL, importance=3, binarise=True, labels=True),
    "vae-standardised": VAEConfig(**SMALL, likelihood="gaussian", standardise=True, network="conv"),
    "gan": GANConfig(**SMALL),
    "gan-standardised": GANConfig(**SMALL, network="dense", layers=1, standardise=True, loss="wasserstein"),
    "gan-binarised": GANConfig(**SMALL, binarise=True),
    "gan-dense-labels": GANConfig(**SMALL, network="dense", layers=2, labels=True, loss="hinge"),
    "gan-wasserstein": GANConfig(**SMALL, loss="wasserstein", spectral=True),
    "gan-minimax": GANConfig(**SMALL, loss="minimax", average=0.0, smoothing=0.1),
    "mixture": PixelMixtureConfig(latent_dim=D, components=2),
    "mixture-labels": PixelMixtureConfig(latent_dim=D, components=1, labels=True),
    "classifier": ClassifierConfig(latent_dim=8, channels=4),
    "masked": MaskedConfig(channels=8, layers=2, average=0.0),
    "ae2d": PlaneAutoencoderConfig(**FLAT, noise=0.1),
    "vae2d": PlaneVAEConfig(**FLAT, average=0.9),
    "gan2d": PlaneGANConfig(**FLAT),
    "gan2d-wasserstein": PlaneGANConfig(**FLAT, loss="wasserstein", packing=2, average=0.0),
    "gan2d-spectral": PlaneGANConfig(**FLAT, loss="hinge", spectral=True),
    "mixture2d": PlaneMixtureConfig(components=3),
}
EVERY = MODELS | PLANE_MODELS

DRAWING = [kind for kind in KINDS if kind.split("-")[0] in FAMILIES]
MAKING = [*DRAWING, *(kind for kind in KINDS if kind.split("-")[0] in PLANE_MODELS)]

pytestmark = [pytest.mark.fast, pytest.mark.parametrize("kind", [k for k in KINDS if k.split("-")[0] in EVERY])]

torch.set_num_threads(1)


def make(kind, seed=0):
    model = build(kind.split("-")[0], KINDS[kind], seed)
    rng = torch_rng(5, "images")
    images = torch.randint(0, 256, (100, 28, 28), generator=rng, dtype=torch.uint8)
    if model.form == (2,):
        images = torch.randn(100, 2, generator=rng)
    model.prepare(images, torch.arange(100) % 10, torch_rng(seed, "prepare"))
    return model


def step(model, t=0, optimizers=None, **training):
    optimizers = model.configure_optimizers(TrainConfig(**training)) if optimizers is None else optimizers
    return model.train().training_step(*batch(model.form), optimizers, torch_rng(0, "noise", t), t)


def batch(form, n=16):
    noise = torch.randn if form == (2,) else torch.rand
    return noise(n, *form, generator=torch_rng(1, "x")), torch.arange(n) % 10


def made(kind, seed=0):
    """A model, and a batch of what it learns."""
    model = make(kind, seed)
    return model, *batch(model.form)


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_registry_and_settings_name_the_same_family(kind):
    family = kind.split("-")[0]
    assert EVERY[family].family == family
    assert EVERY[family].config_class is type(KINDS[kind])
    assert make(kind).latent_dim == KINDS[kind].latent_dim
    assert set(FAMILIES) < set(MODELS)


def test_every_parameter_gets_a_gradient(kind):
    model = make(kind)
    step(model)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name
        else:
            assert name.startswith("averages."), name


def test_a_step_changes_the_model_and_looking_changes_nothing(kind):
    model, x, labels = made(kind)
    before = state(model)
    first = model.metrics(x, labels, torch_rng(0, "noise"))
    again = model.metrics(x, labels, torch_rng(0, "noise"))
    assert not model.training
    assert first.keys() == again.keys()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    if model.can_encode:
        model.reconstruct(x, labels)
    if model.can_sample:
        model.sample(3, torch_rng(0, "noise"))
    assert same(before, state(model))
    step(model)
    assert not same(before, state(model))


def test_what_is_reported_is_scalar_and_finite(kind):
    model, x, labels = made(kind)
    for told in (step(model), model.metrics(x, labels, torch_rng(0, "noise"))):
        for name, value in told.items():
            assert value.shape == (), name
            assert not value.requires_grad, name
            assert value.isfinite(), name


def test_evaluation_equals_training_where_there_is_one_loss(kind):
    model, x, labels = made(kind)
    if not isinstance(model, Descent) or KINDS[kind].average:
        pytest.skip("it plays for several losses, or shows its average")
    evaluated = model.metrics(x, labels, torch_rng(0, "noise", 0))
    trained = step(model)
    assert "loss" in trained
    # What is only for comparison costs no step of training anything.
    assert evaluated.keys() - trained.keys() <= {"squared_error", "accuracy"}
    if kind != "classifier":  # it moves its training images
        for name, value in trained.items():
            torch.testing.assert_close(evaluated[name], value)


def test_training_lowers_the_loss(kind):
    model, x, labels = made(kind)
    if not isinstance(model, Descent):
        pytest.skip("a game has no loss that falls, and a mixture is tested against EM")
    x = x[:1].round().expand_as(x)  # black and white, and always the same: all of it can be learnt
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.01))
    if kind == "classifier":
        labels = torch.zeros_like(labels)
    losses = [model.train().training_step(x, labels, optimizers, torch_rng(0, t), t)["loss"] for t in range(40)]
    assert losses[-1] < 0.9 * losses[0]


def test_squared_error_is_that_of_the_reconstruction(kind):
    model, x, labels = made(kind)
    if not model.can_encode:
        with pytest.raises(InputError):
            model.encode(x, labels)
        return
    off = (x - model.reconstruct(x, labels)).double().numpy()
    for name in ("noise", "other noise"):
        squared_error = model.metrics(x, labels, torch_rng(0, name))["squared_error"]
        assert squared_error.item() == pytest.approx(np.square(off).sum() / 16, rel=1e-5)


def test_codes_and_images_belong_to_their_own_row(kind):
    model, x, labels = made(kind)
    model.eval()
    if kind not in MAKING:
        pytest.skip("it makes no images")
    z = torch.randn(16, model.latent_dim, generator=torch_rng(0, "z"))
    if model.can_encode:
        z = model.encode(x, labels)
        assert z.shape == (16, model.latent_dim)
        torch.testing.assert_close(model.encode(x[5:6], labels[5:6]), z[5:6])
        torch.testing.assert_close(model.reconstruct(x, labels), model.decode(z, labels).detach())
    images = model.decode(z, labels)
    assert images.shape == x.shape
    torch.testing.assert_close(model.decode(z[5:6], labels[5:6]), images[5:6])


def test_decoded_images_lie_between_black_and_white(kind):
    model = make(kind).eval()
    for size in (0.0, 1.0, 1e4) if kind in MAKING else ():
        codes = size * torch.randn(20, model.latent_dim, generator=torch_rng(0, "z"))
        images = model.decode(codes, torch.arange(20) % 10)
        assert images.isfinite().all()
        if model.form != (2,):  # a point may lie anywhere
            assert 0 <= images.min() <= images.max() <= 1


def test_decoding_can_be_differentiated(kind):
    if kind in MAKING:
        model = make(kind).eval()
        z = torch.randn(4, model.latent_dim, generator=torch_rng(0, "z")).requires_grad_()
        model.decode(z, torch.arange(4)).sum().backward()
        assert (z.grad.abs().amax(dim=1) > 0).all()


def test_samples_come_from_the_generator_or_a_sentence_says_why_not(kind):
    model = make(kind)
    if not model.can_sample:
        with pytest.raises(InputError, match="no distribution"):
            model.sample(2, torch_rng(0, "a"))
        return
    first, again, other = (model.sample(6, torch_rng(0, name)) for name in ("a", "a", "b"))
    assert first.shape == (6, *model.form)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_labels_act_where_they_were_asked_for_and_nowhere_else(kind):
    model, _, labels = made(kind)
    for t in range(3):
        step(model, t, learning_rate=0.05)
    z, other = torch.randn(16, model.latent_dim, generator=torch_rng(0, "z")), (labels + 1) % 10
    if not model.can_sample and not model.can_encode:
        return
    pictures = [model.eval().decode(z, asked) for asked in (labels, other)]
    if "labels" not in kind and kind != "vae-importance":
        assert torch.equal(*pictures)
        assert torch.equal(model.decode(z), pictures[0])
    elif not kind.startswith("mixture"):  # its digits differ in where their codes lie, not in how these are decoded
        assert not torch.equal(*pictures)
        with pytest.raises(InputError, match="say which digit"):
            model.decode(z)
    if model.can_sample and KINDS[kind].labels:
        drawn = [model.sample(20, torch_rng(0, "s"), asked) for asked in (None, torch.arange(20) % 10)]
        assert torch.equal(*drawn)
        assert not torch.equal(drawn[0], model.sample(20, torch_rng(0, "s"), (torch.arange(20) + 1) % 10))


def test_saved_state_makes_the_model(kind):
    first, second = make(kind, seed=0), make(kind, seed=1)
    step(first)
    assert not same(state(first), state(second))
    second.load_state_dict(first.state_dict())
    x, labels = batch(first.form)
    one, other = (model.metrics(x, labels, torch_rng(0, "noise")) for model in (first, second))
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    if first.can_sample:
        assert torch.equal(*(model.sample(5, torch_rng(0, "s")) for model in (first, second)))


def test_seed_makes_the_weights(kind):
    assert same(state(make(kind, seed=7)), state(make(kind, seed=7)))
    assert not same(state(make(kind, seed=7)), state(make(kind, seed=8)))


def test_no_global_generator_is_touched(kind):
    def generators():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    before = generators()
    model, x, labels = made(kind)
    step(model)
    model.metrics(x, labels, torch_rng(0, "noise"))
    if model.can_sample:
        model.sample(3, torch_rng(0, "noise"))
    assert generators() == before


def test_far_too_large_learning_rate_crashes_nothing(kind):
    model, x, labels = made(kind)
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=100.0))
    for t in range(50):
        step(model, t, optimizers)
    model.metrics(x, labels, torch_rng(0, "noise"))


def test_averages_follow_their_rule(kind):
    model = make(kind)
    if not isinstance(model, Network) or not KINDS[kind].average:
        assert not list(getattr(model, "averages", ()))
        return
    (name, average), optimizers = next(iter(model.averages.items())), model.configure_optimizers(TrainConfig())
    expected = [p.detach().clone().double() for p in average.parameters()]
    for t in range(5):
        step(model, t, optimizers)
        share = min(KINDS[kind].average, (1 + t) / (10 + t))
        now = getattr(model, name).parameters()
        expected = [share * old + (1 - share) * new.detach().double() for old, new in zip(expected, now, strict=True)]
    for mean, wanted in zip(average.parameters(), expected, strict=True):
        torch.testing.assert_close(mean.double(), wanted, rtol=1e-4, atol=1e-6)
    assert model.train().part(name) is getattr(model, name)
    assert model.eval().part(name) is average


def test_settings_of_another_family_are_refused(kind):
    family = kind.split("-")[0]
    other = next(config for name, config in KINDS.items() if type(config) is not type(KINDS[kind]))
    with pytest.raises(InputError, match="takes"):
        build(family, other, 0)
    with pytest.raises(InputError, match="no model called"):
        build("nothing", KINDS[kind], 0)
    assert build(family, replace(KINDS[kind]), 0).config == KINDS[kind]
