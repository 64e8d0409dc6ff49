"""The presets: data that can be trained, and that does what its name says."""

import numpy as np
import pytest
import torch

from genlib.data.images import load_images
from genlib.models import build
from genlib.pca import load_pca_errors
from genlib.presets import PRESETS, named, presets_of
from genlib.settings import FAMILIES, RunSettings
from genlib.training import Diverged, Report, Run, train

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


def outcome(name, seed):
    """The last metrics of validation images, and the best and the last loss of training, after a preset's time."""
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
    return found, losses


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
