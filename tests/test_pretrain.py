"""The bundled models: that they are what their settings say, and that they can be made anew."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from few import small
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from genlib.checkpoint import load, load_model
from genlib.data import assets
from genlib.data.images import load_images
from genlib.data.learnt import load_data
from genlib.film import Film
from genlib.knobs import InputError
from genlib.latent import read_atlas
from genlib.library import example
from genlib.metrics import modes
from genlib.models import MODELS
from genlib.pca import load_pca_errors
from genlib.presets import PLANE_PRESETS
from genlib.pretrain import BUNDLED, PLANE, Bundle, pretrain, thin_curves, write_pca
from genlib.runs import RunFolder, list_runs
from genlib.settings import FAMILIES, PLANE_FAMILIES, RunSettings, TrainConfig, VAEConfig
from genlib.training import draw, train

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def validations(folder):
    return [line for line in RunFolder(folder).metrics()[0] if line["split"] == "validation"]


def squared_error(folder):
    """Of the saved model on all validation images, written out."""
    model, images = load_model(folder), load_images()
    x = torch.tensor(images.validation)[:, None] / 255
    labels = torch.tensor(images.validation_labels).long()
    return np.square((model.reconstruct(x, labels) - x).double().numpy()).sum() / len(x)


def test_every_family_comes_with_a_model_of_its_own():
    assert {bundle.settings.family for bundle in BUNDLED.values()} == set(MODELS)
    assert {path.parent.name for path in (assets() / "models").glob("*/run.json")} == set(BUNDLED)
    # Made again it is the same: a length in seconds would depend on the machine.
    assert {bundle.settings.train.budget for bundle in BUNDLED.values()} == {"epochs"}


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_is_what_its_settings_and_its_curves_say(name):
    folder, bundle = assets() / "models" / name, BUNDLED[name]
    run, settings = RunFolder(folder), bundle.settings
    assert RunSettings.from_json(run.settings) == settings
    steps = settings.train.epochs * (55_000 // settings.train.batch_size)
    assert (run.status.state, run.status.step) == ("done", steps)
    last = validations(folder)[-1]
    assert last["step"] == steps
    kept = load(folder, "cpu", trainable=False)
    # With the same noise as then; the numbers are rounded to half the precision since.
    again = next(train(kept, load_images(), steps)).metrics
    assert again.keys() == last.keys() - {"step", "seconds", "split"}
    for metric, value in again.items():
        assert last[metric] == pytest.approx(value, rel=2e-3, abs=2e-3), metric
    if kept.model.can_encode:
        assert last["squared_error"] == pytest.approx(squared_error(folder), rel=1e-3)
    lines = run.metrics()[0]
    training = [line["step"] for line in lines if line["split"] == "train"]
    assert len(training) <= 500
    assert training[-1] >= 0.99 * steps
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)
    shown = Film(folder / "frames").steps()
    assert len(shown) <= bundle.frames
    assert not bundle.frames or {0, steps} <= set(shown)
    assert (folder / "checkpoint" / "tensors.safetensors").stat().st_size < 5e6
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 6e6


@pytest.mark.parametrize("name", PLANE)
def test_a_recorded_run_on_points_is_what_its_preset_and_its_film_say(name):
    folder, settings = assets() / "plane" / name, PLANE[name].settings
    run, film, cloud = RunFolder(folder), Film(folder / "frames"), load_data(settings)
    assert RunSettings.from_json(run.settings) == settings == PLANE_PRESETS[name].settings
    steps = settings.train.epochs * (2000 // settings.train.batch_size)
    assert (run.status.state, run.status.step) == ("done", steps)
    assert film.steps()[-1] == steps
    assert 20 <= len(film.steps()) <= 40
    reports = {line["step"]: line for line in validations(folder)}
    assert all(np.isfinite(list(line.values())[3:]).all() for line in reports.values())
    # Modes and quality, counted from the points of the last frame, are about those that were told.
    near = modes(film.frame(steps)["made"].astype(float), *cloud.truth)
    assert float(near.good.mean()) == pytest.approx(reports[steps]["high_quality"], abs=0.08)
    # The weights give the grid that was drawn, but for half a precision.
    drawn, again = film.frame(steps), draw(load(folder, "cpu", trainable=False), cloud)
    assert again.keys() == drawn.keys()
    kind = "components" if settings.family == "mixture2d" else "grid"
    np.testing.assert_allclose(again[kind], drawn[kind], atol=0.1)


def test_every_preset_of_points_is_recorded():
    assert {path.parent.name for path in (assets() / "plane").glob("*/run.json")} == set(PLANE)
    for family in PLANE_FAMILIES:
        assert RunSettings.from_json(example(family).settings).family == family


def test_networks_beat_pca():
    pca = load_pca_errors()[1]
    for name, share in (("ae-2d", 0.8), ("vae-2d", 1.0)):
        last = validations(assets() / "models" / name)[-1]
        assert last["squared_error"] < share * pca, name


def test_a_model_that_did_not_reach_its_end_replaces_none(tmp_path, monkeypatch):
    settings = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(learning_rate=100.0, device="cpu"))
    monkeypatch.setitem(BUNDLED, "broken", Bundle(settings))
    target = tmp_path / "models" / "broken"
    target.mkdir(parents=True)
    (target / "run.json").write_text("before")
    with pytest.raises(InputError, match="did not reach its end"):
        list(pretrain("broken", target))
    assert (target / "run.json").read_text() == "before"


@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=[pytest.mark.slow] * (name == "masked")) for name in MODELS]
)
def test_a_model_is_made_anew(family, tmp_path, monkeypatch):
    settings = RunSettings(family, small(family, network="dense"), TrainConfig(epochs=1, batch_size=512, device="cpu"))
    frames = 3 if family in FAMILIES else 0
    monkeypatch.setitem(BUNDLED, "tiny", Bundle(settings, frames=frames))
    target = tmp_path / "models" / "tiny"
    (target / "frames").mkdir(parents=True)
    (target / "frames" / "old").touch()
    statuses = list(pretrain("tiny", target))
    assert statuses[-1].state == "done"
    assert RunSettings.from_json(RunFolder(target).settings) == settings
    assert [line["step"] for line in validations(target)] == [0, 107]
    if MODELS[family].can_encode:
        assert validations(target)[-1]["squared_error"] == pytest.approx(squared_error(target), rel=1e-3)
    if family in FAMILIES:
        assert read_atlas(target).codes.shape == (2000, 2)
    assert not list(target.glob("frames/old"))
    assert {0, 107} & set(Film(target / "frames").steps()) == ({0, 107} if frames else set())
    assert len(Film(target / "frames").steps()) <= frames
    assert list_runs() == []


def test_what_pca_makes_of_the_images_is_written_beside_the_models(tmp_path):
    write_pca(tmp_path)
    np.testing.assert_allclose(json.loads((tmp_path / "pca.json").read_text())["errors"], load_pca_errors(), atol=2e-6)


@given(st.lists(st.booleans(), max_size=60), st.integers(2, 20))
@tries(deadline=None)
def test_curves_are_thinned_evenly_and_what_was_validated_stays(kinds, most):
    lines = [json.dumps({"step": i, "split": "train" if each else "validation"}) + "\n" for i, each in enumerate(kinds)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        path.write_text("".join(lines))
        thin_curves(path, most)
        kept = path.read_text()
        thin_curves(path, most)
        assert path.read_text() == kept
    found = [json.loads(line)["step"] for line in kept.splitlines()]
    assert found == sorted(found)
    assert [i for i in found if not kinds[i]] == [i for i, each in enumerate(kinds) if not each]
    before, after = [i for i, each in enumerate(kinds) if each], [i for i in found if kinds[i]]
    assert len(after) == min(len(before), most)
    assert (after[:1], after[-1:]) == (before[:1], before[-1:])
    gaps = np.diff([before.index(i) for i in after])
    assert not len(gaps) or gaps.max() - gaps.min() <= 1
