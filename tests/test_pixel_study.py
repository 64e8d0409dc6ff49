"""What was measured of models that learned the same digits on other numbers: how, and that it is told whole."""

import io
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.models.pixels import Unbounded, Unit
from genlib.pixel_study import GANS, UNBOUNDED, VAES, grey_share, load_study, make_study, three_ways
from genlib.pixel_study.making import begun, measure_gan, real_images
from genlib.settings import RunSettings, TrainConfig
from tests.few import few_images, small

pytestmark = pytest.mark.fast
torch.set_num_threads(1)
MAKING = "genlib.pixel_study.making."


@pytest.fixture
def few(monkeypatch):
    """Few images, steps and seeds for what makes the study."""
    monkeypatch.setattr(MAKING + "load_images", few_images)
    for name, value in {"_SEEDS": (0, 1), "EPOCHS": 1, "_STEPS": (1, 2), "_LIKELY": 3, "_CODES": 2}.items():
        monkeypatch.setattr(MAKING + name, value)
    monkeypatch.setattr(MAKING + "_DRAWN", 16)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """A folder in which the study is looked for."""
    monkeypatch.setattr("genlib.pixel_study.study.assets", lambda: tmp_path)
    load_study.cache_clear()
    yield tmp_path / "pixels"
    load_study.cache_clear()


def test_three_ways_are_the_same_picture():
    study, image = load_study(), load_images().test[17]
    found = three_ways(image, study)
    assert np.corrcoef(found["unit"].ravel(), found["standardised"].ravel())[0, 1] == pytest.approx(1)
    torch.testing.assert_close(study.mean + study.deviation * found["standardised"], found["unit"])
    assert set(np.unique(found["binary"])) == {0, 1}
    assert found["binary"].mean() == pytest.approx(found["unit"].mean(), abs=0.02)


def test_what_real_images_get_is_what_the_study_tells():
    study = load_study()
    found = real_images()
    assert (study.mean, study.deviation, study.grey) == pytest.approx(
        (found["mean"], found["deviation"], found["grey"]), rel=1e-5
    )
    assert study.floor == pytest.approx(found["floor"], rel=0.01)
    assert study.log_scale == pytest.approx(784 * np.log(found["deviation"]), rel=1e-5)


def test_the_study_tells_all_that_was_tried():
    study = load_study()
    assert (study.vaes.keys(), study.gans.keys()) == ({*VAES, UNBOUNDED}, GANS.keys())
    assert all(len(fit.nll) == len(fit.frechet) == 3 for fit in study.vaes.values())
    for contest in study.gans.values():
        assert len(contest.grey) == 3
        for curve in (contest.frechet, contest.real, contest.fake):
            assert [len(seed) for seed in curve] == 3 * [len(study.steps)]


def test_sheets_are_of_the_models_that_were_measured():
    """Their share of grey pixels is that of the first seed, but for chance and the lines between drawings."""
    study = load_study()
    for kind in GANS:
        sheet = np.asarray(Image.open(io.BytesIO(study.sheets[f"gan-{kind}"])).convert("L"))
        assert grey_share(sheet) == pytest.approx(study.gans[kind].grey[0], abs=0.02)


def test_the_kind_without_bounds_differs_in_nothing_else():
    settings = RunSettings("vae", small("vae", likelihood="gaussian"), TrainConfig(device="cpu"))
    unit, unbounded = (begun(settings, kind).model for kind in ("unit", UNBOUNDED))
    assert (type(unit.pixels), type(unbounded.pixels)) == (Unit, Unbounded)
    weights = unbounded.state_dict()
    assert all(torch.equal(value, weights.pop(name)) for name, value in unit.state_dict().items())
    assert not weights
    with torch.no_grad():
        x = unbounded.eval().decode(50 * torch.randn(20, unbounded.latent_dim, generator=torch.Generator()))
    assert (x.min(), x.max()) == (0, 1)


def test_making_writes_what_is_read(few, elsewhere):
    told = [status.progress for status in make_study(elsewhere)]
    assert (told[0], sorted(told)) == (0, told)
    assert told[-1] < 1
    study = load_study()
    assert study.steps == [1, 2]
    for fit in study.vaes.values():
        assert np.isfinite([fit.nll, fit.squared_error, fit.frechet]).all()
        assert fit.nll[0] != fit.nll[1], "each seed is another model"
    for contest in study.gans.values():
        assert np.shape(contest.fake) == np.shape(contest.frechet) == (2, 2)
        assert all(0 <= share <= 1 for share in [*contest.grey, *contest.real[0], *contest.fake[0]])


def test_measuring_on_the_way_does_not_change_where_it_goes(few, monkeypatch):
    ends = []
    for steps in ((1, 2), (2,)):
        monkeypatch.setattr(MAKING + "_STEPS", steps)
        run = begun(RunSettings("gan", small("gan"), TrainConfig(device="cpu", batch_size=32)), "unit")
        for _ in measure_gan(run):
            pass
        ends.append(run.model.state_dict())
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def _without_a_kind(told):
    del told["gans"]["unit"]


def _with_more(told):
    told["more"] = 1


def _without_a_figure(told):
    del told["vaes"]["unit"]["nll"]


def _with_a_number_for_all(told):
    told["vaes"] = 3


@pytest.mark.parametrize("change", [_without_a_kind, _with_more, _without_a_figure, _with_a_number_for_all])
def test_an_altered_study_gets_one_sentence(elsewhere, change):
    shutil.copytree(assets() / "pixels", elsewhere)
    assert load_study().steps
    told = json.loads((elsewhere / "study.json").read_text())
    change(told)
    (elsewhere / "study.json").write_text(json.dumps(told))
    load_study.cache_clear()
    with pytest.raises(InputError, match="missing or was altered"):
        load_study()


@pytest.mark.parametrize("missing", ["study.json", "gan-binary.png"])
def test_a_study_without_a_file_gets_one_sentence(elsewhere, missing):
    shutil.copytree(assets() / "pixels", elsewhere)
    (elsewhere / missing).unlink()
    with pytest.raises(InputError, match="missing or was altered"):
        load_study()
