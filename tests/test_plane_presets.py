"""Presets of points: each does what its name says, and each cure cures, over seeds."""

import pytest
import torch

from genlib.data.learnt import load_data
from genlib.presets import PLANE_PRESETS, PRESETS, SIDE_BY_SIDE, named, presets_of
from genlib.settings import PLANE_FAMILIES, RunSettings
from genlib.training import Report, Run, train

torch.set_num_threads(1)


@pytest.mark.fast
@pytest.mark.parametrize("name", PLANE_PRESETS)
def test_a_preset_can_be_asked_for_everywhere(name):
    preset, settings = PLANE_PRESETS[name], PLANE_PRESETS[name].settings
    assert RunSettings.from_json(settings.to_json()) == settings
    texts = {"family": settings.family} | settings.model.to_text() | settings.train.to_text()
    assert RunSettings.from_text(texts | settings.points.to_text()) == settings
    assert named(settings) == name
    assert name not in PRESETS
    assert preset.title
    assert preset.aim.endswith(".")
    if preset.kind == "failure":
        assert PLANE_PRESETS[preset.cure].kind == "good"
        assert PLANE_PRESETS[preset.cure].settings.family == settings.family


@pytest.mark.fast
def test_every_family_begins_with_one_that_works_and_all_stand_side_by_side():
    assert tuple(SIDE_BY_SIDE) == PLANE_FAMILIES
    assert {(each.train.budget, each.train.seconds) for each in SIDE_BY_SIDE.values()} == {("seconds", 20)}
    for family in PLANE_FAMILIES:
        assert SIDE_BY_SIDE[family].family == family
        assert next(iter(presets_of(family).values())).kind == "good"


def judged(name, seed, steps=None):
    """The last reports of a preset, of training and of what it makes."""
    values = PLANE_PRESETS[name].settings.to_json()
    values["train"] |= {"seed": seed, "device": "cpu"}
    settings, found = RunSettings.from_json(values), {}
    run = Run.new(settings.family, settings.model, settings.train)
    for event in train(run, load_data(settings), steps):
        if isinstance(event, Report):
            found |= event.metrics
    return found


@pytest.mark.fast
def test_too_few_components_stretch_and_enough_do_not():
    assert judged("mixture2d-few", 0)["high_quality"] < 0.6
    well = judged("mixture2d", 0)
    assert well["modes"] == 8
    assert well["high_quality"] > 0.97


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_code_that_is_too_dear_is_empty_and_a_cheap_one_is_not(seed):
    assert judged("vae2d-collapse", seed, 3000)["kl"] < 0.1
    assert judged("vae2d", seed, 3000)["kl"] > 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_slow_d_loses_groups_and_packing_keeps_them(seed):
    assert judged("gan2d-collapse", seed)["modes"] <= 4
    assert judged("gan2d-oscillation", seed)["modes"] <= 3
    well = judged("gan2d-packing", seed)
    assert well["modes"] == 8
    assert well["high_quality"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_d_that_is_sure_teaches_nothing(seed):
    lost = judged("gan2d-d-wins", seed, 3000)
    assert lost["real"] > 0.95
    assert lost["fake"] < 0.05
    assert lost["modes"] <= 2
