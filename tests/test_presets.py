"""The presets: data that can be trained, and that does what its name says."""

import sys

import numpy as np
import pytest
import torch

from genlib.data.images import load_images
from genlib.evaluation import bayes_classify, read_digits
from genlib.health.seen import next_neighbour
from genlib.latent import draw_codes, fit_codes, training_codes
from genlib.models import build
from genlib.models.base import digits
from genlib.pca import load_pca_errors
from genlib.presets import PRESETS, named, presets_of
from genlib.seeding import torch_rng
from genlib.settings import FAMILIES, PixelMixtureConfig, RunSettings, TrainConfig
from genlib.training import Diverged, Report, Run, train
from tests.bench.gan_quality import features, frechet

torch.set_num_threads(1)

# Updates that a processor of two cores makes in the time of the preset, roughly; more would change nothing.
STEPS = {"ae": 3000, "vae": 3000, "gan": 1500, "mixture": 300}


@pytest.mark.fast
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_asked_for_everywhere(name):
    preset = PRESETS[name]
    settings = preset.settings
    assert RunSettings.from_json(settings.to_json()) == settings
    texts = {"family": settings.family} | settings.model.to_text() | settings.train.to_text()
    assert RunSettings.from_text(texts) == settings
    assert named(settings) == name
    assert build(settings.family, settings.model, 0).config == settings.model
    assert preset.title
    assert preset.aim.endswith(".")


@pytest.mark.fast
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_begins_with_one_that_works(family):
    first = next(iter(presets_of(family).values()))
    assert first.kind == "good"


@pytest.mark.fast
def test_every_failure_names_a_cure_that_works():
    failures = {name: preset for name, preset in PRESETS.items() if preset.kind == "failure"}
    assert len(failures) >= 5
    for name, preset in failures.items():
        assert PRESETS[preset.cure].kind == "good", name
    assert not any(preset.cure for preset in PRESETS.values() if preset.kind == "good")


def trained(name, seed):
    """The model, the last metrics of validation images, and the losses of training, after a preset's time."""
    settings = PRESETS[name].settings
    values = settings.to_json()
    values["train"] |= {"seed": seed, "device": "cpu"}
    settings = RunSettings.from_json(values)
    run, found, losses = Run.new(settings.family, settings.model, settings.train), {}, []
    for event in train(run, load_images(), until_step=STEPS[settings.family]):
        if isinstance(event, Report) and event.split == "validation":
            found = event.metrics
        elif isinstance(event, Report):
            losses.append(event.metrics.get("loss", np.nan))
    told(f"{name}, seed {seed}", **found)
    return run.model.eval(), found, losses


def outcome(name, seed):
    return trained(name, seed)[1:]


def told(name, **figures):
    """Report figures; pytest shows them with -rA."""
    sys.stdout.write(f"{name}: { {figure: round(float(value), 3) for figure, value in figures.items()} }\n")


def drawn(model, seed, n=1000):
    """New images as bytes, and the digits that were asked for."""
    wanted = digits(n)
    x = model.sample(n, torch_rng(seed, "drawn"), wanted)
    return (x[:, 0] * 255).round().to(torch.uint8).numpy(), wanted.numpy()


def sure(images):
    """The share of images that the classifier reads without doubt."""
    return np.mean(read_digits(images)[1] > 0.9)


SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


@pytest.mark.slow
@SEEDS
@pytest.mark.parametrize("name", ["gan", "gan-hinge", "gan-wasserstein", "gan-labels"])
def test_a_gan_that_works_draws_varied_digits(name, seed):
    found, _ = outcome(name, seed)
    assert 0.75 < found["spread"] < 1.25


@pytest.mark.slow
@SEEDS
def test_mode_collapse(seed):
    found, _ = outcome("gan-collapse", seed)
    assert found["spread"] < 0.4


@pytest.mark.slow
@SEEDS
def test_d_wins(seed):
    found, _ = outcome("gan-d-wins", seed)
    assert found["real"] > 0.9
    assert found["fake"] < 0.1


@pytest.mark.slow
@SEEDS
def test_posterior_collapse_and_its_cure(seed):
    failed, _ = outcome("vae-collapse", seed)
    cured, _ = outcome(PRESETS["vae-collapse"].cure, seed)
    assert failed["kl"] < 2
    assert cured["kl"] > 15


@pytest.mark.slow
@SEEDS
def test_too_large_a_learning_rate_and_its_cure(seed):
    try:
        _, losses = outcome("vae-fast", seed)
        assert losses[-1] > 1.1 * min(losses)
    except Diverged as error:
        assert "learning rate" in str(error)
    found, losses = outcome(PRESETS["vae-fast"].cure, seed)
    assert found["loss"] < 165


@pytest.mark.slow
@SEEDS
@pytest.mark.parametrize("name", ["ae-2d", "ae-sharp", "ae-conv"])
def test_an_autoencoder_beats_pca_by_a_fifth(name, seed):
    found, _ = outcome(name, seed)
    width = PRESETS[name].settings.model.latent_dim
    assert found["squared_error"] < 0.8 * load_pca_errors()[width - 1]


@pytest.mark.slow
@SEEDS
def test_a_tighter_bound_is_tighter(seed):
    tight, plain = outcome("vae-tight", seed)[0], outcome("vae-sharp", seed)[0]
    assert tight["loss"] < plain["loss"], "though its images are black and white, which costs nats"


@pytest.mark.slow
@SEEDS
def test_holes_between_codes_and_their_cure(seed):
    """New images of an autoencoder lie farther from real ones the less is known of where its codes lie; a VAE knows."""
    images, n, rng = load_images(), 5000, torch_rng(seed, "drawn")
    real = features(torch.tensor(images.test[:n]).unsqueeze(1) / 255)
    failed, cured = (trained(name, seed)[0] for name in ("ae-holes", PRESETS["ae-holes"].cure))
    known = training_codes(failed, images)
    codes = {f"from {k}": draw_codes(fit_codes(known, rng, components=k), n, rng) for k in (1, 10)}
    codes["from the prior of a VAE"] = torch.randn(n, known.shape[1], generator=rng)
    with torch.no_grad():
        apart = {how: frechet(features(failed.decode(z)), real) for how, z in codes.items()}
    apart["cured"] = frechet(features(cured.sample(n, rng)), real)
    told(f"ae-holes, seed {seed}", **apart)
    assert apart["from 1"] > 1.2 * apart["from 10"]
    assert apart["from the prior of a VAE"] > 3 * apart["cured"]


@pytest.mark.slow
@SEEDS
def test_a_denoising_autoencoder_takes_noise_away(seed):
    x = torch.tensor(load_images().validation[:1000]).unsqueeze(1) / 255
    noisy = x + 0.5 * torch.randn(x.shape, generator=torch_rng(seed, "noise"))
    errors = {}
    for name in ("ae-denoising", "ae-sharp"):
        errors[name] = (trained(name, seed)[0].reconstruct(noisy) - x).square().sum((1, 2, 3)).mean()
    told("ae-denoising", **errors)
    assert errors["ae-denoising"] < 0.5 * errors["ae-sharp"]


@pytest.mark.slow
@SEEDS
def test_windows_need_fewer_weights_for_as_good_a_bound(seed):
    model, found, _ = trained("vae-conv", seed)
    count = {name: sum(w.numel() for w in each.parameters()) for name, each in
             (("conv", model), ("dense", build("vae", PRESETS["vae-sharp"].settings.model, 0)))}  # fmt: skip
    assert count["conv"] < 0.3 * count["dense"]
    assert found["loss"] < 110


@pytest.mark.slow
@SEEDS
@pytest.mark.parametrize(("name", "least"), [("gan-labels", 0.97), ("vae-labels", 0.85), ("mixture-labels", 0.7)])
def test_what_was_asked_for_is_drawn(name, least, seed):
    model = trained(name, seed)[0]
    images, wanted = drawn(model, seed)
    share = np.mean(read_digits(images)[0] == wanted)
    told(name, obeys=share)
    assert share > least


@pytest.mark.slow
@SEEDS
def test_a_mixture_for_each_digit_reads(seed):
    images = load_images()
    x = torch.tensor(images.test[:1000]).unsqueeze(1) / 255
    share = np.mean(
        bayes_classify(trained("mixture-labels", seed)[0], x).argmax(1).numpy() == images.test_labels[:1000]
    )
    told("mixture-labels", reads=share)
    assert share > 0.95


@pytest.mark.slow
@SEEDS
def test_thirty_components_beat_one(seed):
    model, found, _ = trained("mixture", seed)
    one = Run.new("mixture", PixelMixtureConfig(components=1), TrainConfig(batch_size=1024, seed=seed, device="cpu"))
    for event in train(one, load_images(), until_step=STEPS["mixture"]):
        if isinstance(event, Report) and event.split == "validation":
            alone = event.metrics
    told("mixture", one=alone["loss"])
    assert found["loss"] < alone["loss"] - 10
    assert sure(drawn(model, seed)[0]) > 0.5


@pytest.mark.slow
@SEEDS
def test_the_gan_of_textbooks_repeats_itself_where_ours_does_not(seed):
    apart = {}
    for name in ("gan-dense", "gan"):
        images = drawn(trained(name, seed)[0], seed, 64)[0]
        apart[name] = next_neighbour(images.reshape(64, -1) / 255)
    told("gan-dense", **apart)
    assert apart["gan-dense"] < 0.75 * apart["gan"]
