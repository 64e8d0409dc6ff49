"""Scores of known cases: real images, copies, a digit left out, one image for all; and of the models at hand."""

import json

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from genlib.checkpoint import save
from genlib.cli import main
from genlib.data.images import load_images
from genlib.evaluation import judged, read_digits
from genlib.knobs import InputError
from genlib.library import find_model
from genlib.runs import RunFolder, Status
from genlib.scoring import Score, score, stored
from genlib.scoring.figures import copies, end, figures, looked_at
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from genlib.training import Run

torch.set_num_threads(1)

N = 500


@pytest.fixture(scope="module")
def images():
    return load_images()


@pytest.fixture(scope="module")
def unseen(images):
    """Validation images, which no model learnt from."""
    return images.validation[np.arange(N) * 10]


@pytest.fixture(scope="module")
def honest(unseen):
    return figures(unseen, N)


def test_features_are_what_the_classifier_reads_from(images):
    features, digits = judged(images.test[:1500])
    assert features.shape == (1500, 128)
    assert features.min() == 0
    assert np.array_equal(digits, read_digits(images.test[:1500])[0])
    assert np.mean(digits == images.test_labels[:1500]) > 0.98


def test_unseen_images_score_like_real_ones(honest):
    real, noise = end("real", N, 0), end("noise", N, 0)
    for name in ("precision", "recall", "coverage"):
        assert honest.metrics[name] == pytest.approx(real[name], abs=0.06), name
    for name in ("recall", "coverage"):  # precision and density are fooled by a few large balls
        assert noise[name] < 0.5 * real[name], name
    assert honest.metrics["frechet"] < 1.5 * real["frechet"] < 0.1 * noise["frechet"]
    assert honest.metrics["classes"] == 10
    assert honest.metrics["nearer"] == pytest.approx(0.5, abs=0.06)
    assert honest.metrics["copied"] == pytest.approx(real["copied"], abs=0.06)


def test_plain_axes_see_noise_and_what_is_left_out_but_read_no_digits(images, unseen):
    real, noise = end("real", N, 0, "pca"), end("noise", N, 0, "pca")
    found = figures(unseen, N, "pca")
    assert found.histogram == []
    assert "classes" not in found.metrics
    assert found.metrics["frechet"] < 1.5 * real["frechet"] < 0.2 * noise["frechet"]
    assert found.metrics["coverage"] == pytest.approx(real["coverage"], abs=0.06)
    dropped = figures(images.validation[images.validation_labels != 0][:N], N, "pca")
    assert dropped.metrics["coverage"] < real["coverage"] - 0.03
    assert dropped.metrics["frechet"] > 1.2 * found.metrics["frechet"]


def test_plain_axes_are_scikit_learns(images):
    sklearn = pytest.importorskip("sklearn.decomposition")
    chosen = np.arange(10_000) * len(images.train) // 10_000
    theirs = sklearn.PCA(50, svd_solver="covariance_eigh").fit(images.train[chosen].reshape(-1, 784) / 255)
    ours, _ = looked_at(images.test[:50], "pca")
    expected = theirs.transform(images.test[:50].reshape(-1, 784) / 255)
    signs = np.sign((ours * expected).sum(0))
    np.testing.assert_allclose(ours * signs, expected, atol=1e-3)


def test_frechet_falls_with_n_while_the_truth_stays(honest):
    found = honest.metrics
    assert found["frechet_at_125"] > found["frechet_at_250"] > found["frechet"]


def test_a_digit_left_out_is_seen(images):
    some = images.validation[images.validation_labels != 4][:N]
    found = figures(some, N)
    assert found.metrics["classes"] == 9
    assert found.histogram[4] < 0.01
    real = end("real", N, 0)
    assert found.metrics["coverage"] < real["coverage"] - 0.05
    assert found.metrics["histogram_distance"] > 0.08
    assert 0 < found.stderr["histogram_distance"] < 0.05
    assert found.stderr["classes"] == 0


def test_copies_are_caught(images, honest):
    found = figures(images.train[np.arange(N) * 100], N).metrics
    assert found["copied"] > 0.99 > honest.metrics["copied"] + 0.1
    assert found["nearer"] > 0.99


def test_nearly_copies_are_caught(images, honest):
    rng = np.random.default_rng(0)
    noisy = (images.train[np.arange(N) * 100] + rng.normal(0, 8, (N, 28, 28))).clip(0, 255).astype(np.uint8)
    assert figures(noisy, N).metrics["copied"] > 0.97


def test_copies_are_what_counting_gives(images, unseen):
    few = np.concatenate([unseen[:12], images.train[:8]])
    flat = {name: getattr(images, name).reshape(-1, 784) / np.float32(255) for name in ("train", "test")}
    held = flat["test"][np.arange(20) * 500]
    to_train, to_test = (cdist(few.reshape(20, -1) / 255, flat[name]).min(1) for name in ("train", "test"))
    theirs = cdist(held, flat["train"]).min(1)
    found = copies(few)
    assert np.array_equal(found["copied"], to_train < to_test)
    assert found["copied"][12:].all()
    np.testing.assert_allclose(
        found["nearer"], [np.mean(theirs > each) + np.mean(theirs == each) / 2 for each in to_train]
    )


def test_one_image_for_all_covers_nothing(images):
    found = figures(np.repeat(images.validation[:1], N, 0), N)
    assert found.metrics["classes"] == 1
    assert found.metrics["coverage"] < 0.1
    assert found.metrics["recall"] == 0
    assert all(np.isfinite(list(found.metrics.values())))


def saved(settings, change=lambda model: None):
    made = RunFolder.create(settings.to_json(), "f" * 32)
    run = Run.new(settings.family, settings.model, settings.train)
    with torch.no_grad():
        change(run.model)
    save(run, made.path)
    return made


SMALL = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(device="cpu"))


def test_a_run_in_training_is_scored_at_its_checkpoint_and_says_so():
    run = saved(SMALL)
    run.write_status(Status("running", step=40, epoch=0.1, pid=1))
    steps = []
    for last in score(run, 100, 3):
        assert torch.is_grad_enabled(), "it may be left at any time"
        steps.append(last)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    found = last.score
    assert (found.model, found.family, found.n, found.seed) == (run.id, "vae", 100, 3)
    assert (found.step, found.training) == (0, True)
    assert found.metrics["precision"] <= found.real_vs_real["precision"]
    assert found.metrics["nll_gap"] >= 0
    assert set(found.stderr) <= set(found.metrics)
    assert found.cost["parameters"] == sum(
        p.numel() for p in Run.new("vae", SMALL.model, SMALL.train).model.parameters()
    )
    assert Score(**json.loads(json.dumps(found.to_json()))) == found
    assert list(score(run, 100, 3))[-1].score == found, "the same seed gives the same figures"


def test_values_that_are_no_numbers_get_one_sentence(monkeypatch):
    run = saved(SMALL)
    monkeypatch.setattr(
        "genlib.models.vae.VAE.decode", lambda self, z, labels=None: z.new_full((len(z), 1, 28, 28), np.nan)
    )
    with pytest.raises(InputError, match="draws values that are no numbers"):
        list(score(run, 100))


@pytest.mark.parametrize("name", ["classifier", "masked"])
def test_what_draws_nothing_is_not_scored(name):
    with pytest.raises(InputError, match="draws no new images"):
        list(score(find_model(name), 100))


@pytest.mark.parametrize("n", [0, 49, 10_001, True, 100.0])
def test_only_as_many_images_as_there_are(n):
    with pytest.raises(InputError, match="choose a whole number from 50 to 10000"):
        list(score(find_model("gan"), n))


def test_only_features_that_there_are():
    with pytest.raises(InputError, match="features cannot be 'inception': choose classifier or pca"):
        list(score(find_model("gan"), 100, 0, "inception"))


def test_the_command_gives_the_same_numbers(capsys):
    assert main(["evaluate", "vae-2d", "mixture", "--n", "100", "--seed", "2", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [each["model"] for each in answer] == ["vae-2d", "mixture"]
    for each in answer:
        assert Score(**each) == list(score(find_model(each["model"]), 100, 2))[-1].score
    assert main(["evaluate", "vae-2d", "--n", "100"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("vae-2d at step ")
    assert "(real " in line
    assert line.count("\n") == 1


def test_the_stored_scores_are_those_of_the_bundled_models():
    found = [each for each in stored() if (each.n, each.features) == (1000, "classifier")]
    assert {each.model for each in found} >= {"ae-2d", "gan", "mixture", "vae-2d", "vae-20d", "vae-50d"}
    again = list(score(find_model("gan"), 1000, 0))[-1].score
    (kept,) = [each for each in found if each.model == "gan"]
    assert kept.metrics == pytest.approx(again.metrics, rel=0.02)
    assert kept.real_vs_real == pytest.approx(again.real_vs_real, rel=0.02)


def test_good_models_lie_between_real_data_and_noise():
    """The bundled GAN or VAE reaches 0.8 of what real data get in recall and coverage, and copies nothing."""
    good = []
    for each in stored():
        # In plain axes the mean digit lies in many balls, and so does noise around it.
        for name in ("density", "recall", "coverage")[each.features == "pca" :]:
            assert each.bad[name] < each.real_vs_real[name], (each.model, name)
        shares = [each.metrics[name] / each.real_vs_real[name] for name in ("recall", "coverage")]
        good += [each.model] if (each.n, each.features) == (10_000, "classifier") and min(shares) >= 0.8 else []
        # Three standard errors of both, of which the real one has as many images.
        slack = 3 * np.sqrt(2) * each.stderr["copied"]
        assert each.metrics["copied"] <= each.real_vs_real["copied"] + slack, each.model
    assert "gan-labels" in good
