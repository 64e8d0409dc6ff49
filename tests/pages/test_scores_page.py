"""The scoreboard without a browser."""

import json
import shutil

import numpy as np
import pytest

from genlib.library import find_model
from genlib.runs import RunFolder, Status
from genlib.scoring import MEANINGS, Look, Score, Scoring, score, stored
from genlib.settings import RunSettings, VAEConfig
from pages.ui import cached, followed
from tests.pages.conftest import KEY, own

pytestmark = pytest.mark.fast
PAGE = "images/scores.py"


@pytest.fixture(autouse=True)
def drawings(monkeypatch):
    """No model draws here; what it would draw is tested with the models."""
    picture = np.zeros((84, 280), np.uint8)
    monkeypatch.setattr(
        cached, "looked", lambda path, digest, features, real: Look(1000, picture, picture, picture, [0.1] * 10)
    )


def rows(test):
    return test.dataframe[0].value


def kept(n, features="classifier"):
    return [each for each in stored() if (each.n, each.features) == (n, features)]


def test_all_stored_models_stand_between_real_digits_and_noise(app):
    test = app(PAGE)
    assert not test.exception
    shown = rows(test)
    found = kept(10_000)
    assert shown["Model"].iloc[0] == "Real digits"
    assert shown["Model"].iloc[-1] == "Noise around the mean digit"
    assert len(shown) == len(found) + 2
    for at, each in enumerate(found, 1):
        for name in ("frechet", "precision", "recall", "density", "coverage", "copied"):
            assert shown[MEANINGS[name].title][at] == each.metrics[name]
    assert "10,000 drawings" in test.caption[0].value
    assert "seed 0" in test.caption[0].value


def test_fewer_drawings_are_another_table(app):
    test = app(PAGE)
    test.button_group[0].set_value(1000).run()
    assert not test.exception
    assert "1,000 drawings" in test.caption[0].value
    assert list(rows(test)["Fréchet distance"])[1:-1] == [each.metrics["frechet"] for each in kept(1000)]


def test_other_features_are_another_table(app):
    test = app(PAGE)
    test.button_group[1].set_value("pca").run()
    assert not test.exception
    assert "50 main axes of training images" in test.caption[0].value
    shown = rows(test)
    assert list(shown["Fréchet distance"])[1:-1] == [each.metrics["frechet"] for each in kept(10_000, "pca")]
    assert "Digits found" not in shown, "no classifier, no digits"
    counted = "How often it draws each digit"
    assert counted not in "".join(each.value for each in test.markdown)
    assert counted in "".join(each.value for each in app(PAGE).markdown)


def test_each_figure_has_its_meaning_its_error_and_its_source(app):
    test = app(PAGE)
    test.selectbox(key="scores_model").set_value("vae-20d").run()
    text = "".join(each.value for each in test.markdown)
    score = next(each for each in kept(10_000) if each.model == "vae-20d")
    for name in score.metrics:
        if not name.startswith("frechet_at"):
            assert MEANINGS[name].title in text
            assert MEANINGS[name].misleads in text
            assert MEANINGS[name].source in text
    assert f"Fréchet distance: {score.metrics['frechet']:.2f} ± {score.stderr['frechet']:.2f}**" in text


def test_a_run_of_ours_is_scored_beside_the_stored_ones(app, run, monkeypatch):
    shutil.copytree(find_model("vae-2d").path / "checkpoint", run.path / "checkpoint")
    run.write_status(Status("running", step=40, epoch=0.1, pid=1))
    first, asked = kept(10_000)[0], []

    def compute_part(function, key, *args):
        made, run, *rest = args
        asked.append((made, run.path, *rest))
        end = Score(**first.to_json() | {"model": run.id, "family": "vae", "training": True})
        return Scoring(0.5, "drawing") if len(asked) % 2 else Scoring(1.0, "done", end)

    monkeypatch.setattr(followed, "compute_part", compute_part)
    test = own(app(PAGE))
    test.multiselect(key="scores_own").set_value([run.id]).run()
    assert not test.exception
    assert asked == [(score, run.path, 10_000, 0, "classifier")] * 2, "part by part, and then kept"
    assert run.id[:6] in list(rows(test)["Model"])[-2]
    test.selectbox(key="scores_model").set_value(run.id).run()
    assert any("still being trained" in each.value for each in test.caption)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"n": "500"}, "n cannot be '500': choose 10000, 1000."),
        ({"features": "inception"}, "features cannot be 'inception': choose classifier, pca."),
        ({"model": "<b>"}, "model cannot be"),
    ],
)
def test_a_bad_address_gets_one_sentence_and_the_default(app, query, told):
    test = own(app(PAGE, **query))
    assert not test.exception
    assert len(rows(test)) == len(kept(10_000)) + 2
    assert len(test.warning) == 1
    assert told in test.warning[0].value.replace("\\", "")


def test_an_address_is_the_table(app):
    test = own(app(PAGE, n="1000", features="pca", model="mixture"))
    assert list(rows(test)["Fréchet distance"])[1:-1] == [each.metrics["frechet"] for each in kept(1000, "pca")]
    assert test.selectbox(key="scores_model").value == "mixture"
    assert test.query_params == {"n": "1000", "features": "pca", "model": "mixture"}


def test_a_run_that_cannot_be_scored_gets_one_sentence(app, run):
    test = own(app(PAGE))
    test.multiselect(key="scores_own").set_value([run.id]).run()
    assert not test.exception
    assert len(test.warning) == 1
    assert len(rows(test)) == len(kept(10_000)) + 2


@pytest.mark.parametrize("altered", ["x", '{"settings": 3}', '{"settings": {"family": ["vae"]}}'])
def test_a_run_that_was_altered_is_left_out(app, run, altered):
    told = json.loads((run.path / "run.json").read_text())
    other = RunFolder.create(RunSettings("vae", VAEConfig()).to_json(), KEY)
    text = altered if altered == "x" else json.dumps(told | json.loads(altered))
    (run.path / "run.json").write_text(text)
    test = own(app(PAGE))
    assert not test.exception
    assert len(test.multiselect(key="scores_own").options) == 1
    test.multiselect(key="scores_own").set_value([other.id]).run()
    shutil.rmtree(other.path)
    assert not test.run().exception, "chosen, and then deleted"


def test_a_guest_sees_no_run_of_others(app):
    RunFolder.create(RunSettings("vae", VAEConfig()).to_json(), "f" * 32)
    assert not own(app(PAGE)).multiselect


def test_scores_that_were_altered_get_one_sentence(app, monkeypatch, tmp_path):
    (tmp_path / "scores.json").write_text('[{"model": 3}]')
    monkeypatch.setattr("genlib.scoring.table.assets", lambda: tmp_path)
    test = app(PAGE)
    assert not test.exception
    assert "The stored scores are missing or were altered" in test.warning[0].value
