"""The bundled models: that they are what their settings say, and that they can be made anew."""

import json

import numpy as np
import pytest
import torch

from genlib import pretrain as pretraining
from genlib.checkpoint import load_model
from genlib.data import assets
from genlib.data.images import load_images
from genlib.film import Film
from genlib.knobs import InputError
from genlib.models import MODELS
from genlib.pca import load_pca_errors
from genlib.pretrain import BUNDLED, pretrain
from genlib.runs import RunFolder, list_runs
from genlib.settings import MODEL_CONFIGS, RunSettings, TrainConfig, VAEConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def validations(folder):
    return [line for line in RunFolder(folder).metrics()[0] if line["split"] == "validation"]


def squared_error(folder):
    """Of the saved model on all validation images, written out."""
    model, images = load_model(folder), load_images().validation
    x = torch.tensor(images)[:, None] / 255
    return np.square((model.reconstruct(x) - x).double().numpy()).sum() / len(x)


def test_every_family_comes_with_a_model_of_its_own():
    assert {settings.family for settings in BUNDLED.values()} == set(MODELS)
    assert {path.parent.name for path in (assets() / "models").glob("*/run.json")} == set(BUNDLED)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_is_what_its_settings_and_its_curves_say(name):
    folder = assets() / "models" / name
    run, settings = RunFolder(folder), BUNDLED[name]
    assert RunSettings.from_json(run.settings) == settings
    steps = settings.train.epochs * (55_000 // settings.train.batch_size)
    assert (run.status.state, run.status.step) == ("done", steps)
    last = validations(folder)[-1]
    assert last["step"] == steps
    assert last["squared_error"] == pytest.approx(squared_error(folder), rel=1e-4)
    assert {0, steps} <= set(Film(folder / "frames").steps())
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 6e6


def test_networks_beat_pca():
    pca = load_pca_errors()[1]
    for name, share in (("ae-2d", 0.8), ("vae-2d", 1.0)):
        last = validations(assets() / "models" / name)[-1]
        assert last["squared_error"] < share * pca, name


def test_a_model_that_did_not_reach_its_end_replaces_none(tmp_path, monkeypatch):
    settings = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(learning_rate=100.0, device="cpu"))
    monkeypatch.setitem(BUNDLED, "broken", settings)
    target = tmp_path / "models" / "broken"
    target.mkdir(parents=True)
    (target / "run.json").write_text("before")
    with pytest.raises(InputError, match="did not reach its end"):
        list(pretrain("broken", target))
    assert (target / "run.json").read_text() == "before"


@pytest.mark.parametrize("family", MODELS)
def test_a_model_is_made_anew(family, tmp_path, monkeypatch):
    settings = RunSettings(
        family, MODEL_CONFIGS[family](hidden_dim=16), TrainConfig(epochs=1, batch_size=512, device="cpu")
    )
    monkeypatch.setitem(BUNDLED, "tiny", settings)
    monkeypatch.setattr(pretraining, "_FRAMES", 3)
    target = tmp_path / "models" / "tiny"
    (target / "frames").mkdir(parents=True)
    (target / "frames" / "old").touch()
    statuses = list(pretrain("tiny", target))
    assert statuses[-1].state == "done"
    assert RunSettings.from_json(RunFolder(target).settings) == settings
    assert [line["step"] for line in validations(target)] == [0, 107]
    assert validations(target)[-1]["squared_error"] == pytest.approx(squared_error(target), rel=1e-4)
    assert not list(target.glob("frames/old"))
    assert {0, 107} <= set(Film(target / "frames").steps())
    assert len(Film(target / "frames").steps()) <= 3
    assert list_runs() == []
    made = (tmp_path / "models" / "pca.json").read_text()
    np.testing.assert_allclose(json.loads(made)["errors"], load_pca_errors(), atol=2e-6)
