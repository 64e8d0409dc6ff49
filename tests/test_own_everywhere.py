"""Images of a visitor's own in all that digits are in: scores, games, repairs, codes and what PCA loses."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from genlib import checkpoint
from genlib.data.images import load_images
from genlib.data.masks import bench_mask
from genlib.knobs import InputError
from genlib.latent import nearest, widths
from genlib.pca import pca_errors
from genlib.reading import read_classes, read_images
from genlib.repair import Learnt, mend_whole
from genlib.runs import RunFolder
from genlib.scoring import HAND, check_score, deal, deck, look, score, teach
from genlib.scoring.figures import copies, end, looked_at
from genlib.scoring.scoring import draw
from genlib.settings import RunSettings, TrainConfig
from genlib.studio import infer, make_atlas
from genlib.training import Run
from tests.brought import KEY, kept
from tests.few import small

pytestmark = pytest.mark.fast
torch.set_num_threads(1)


@pytest.fixture
def pets():
    return kept(360, ("cats", "dogs", "birds"))


def saved(own, family, **values):
    """A run on these images that has made no step; a mixture is fitted once."""
    settings = RunSettings(family, small(family, **values), TrainConfig(device="cpu"), own.id)
    run, state = RunFolder.create(settings.to_json(), KEY), Run.new(family, settings.model, settings.train)
    images = load_images(own.id)
    rng = torch.Generator().manual_seed(0)
    state.model.prepare(torch.tensor(images.train), torch.tensor(images.train_labels).long(), rng)
    assert checkpoint.save(state, run.path)
    return run


def test_a_class_is_that_of_the_nearest_training_image(pets):
    images = load_images(pets.id)
    reference = KNeighborsClassifier(1).fit(images.train.reshape(len(images.train), -1), images.train_labels)
    expected = reference.predict(images.test.reshape(len(images.test), -1))
    assert np.array_equal(read_classes(images.test, images), expected)
    assert read_images(images.test[:2], pets.id) == [(int(label), None) for label in expected[:2]]


def test_the_nearest_are_among_ones_own(pets):
    images = load_images(pets.id)
    found, squared = nearest(images.train[7], 5, images)
    assert (found[0], squared[0]) == (7, 0)
    apart = np.square(images.train / 255 - images.train[7] / 255).sum((1, 2))
    np.testing.assert_allclose(squared, np.sort(apart)[:5], atol=1e-9)
    assert nearest(images.train[7], 1)[1] > 0, "MNIST has no such image"


def test_what_pca_loses_on_ones_own(pets):
    images = load_images(pets.id)
    train, validation = (part.reshape(len(part), -1) / 255 for part in (images.train, images.validation))
    found = pca_errors(pets.id)
    for d in (1, 5, 20):
        reference = PCA(d, svd_solver="full").fit(train)
        again = reference.inverse_transform(reference.transform(validation))
        assert found[d - 1] == pytest.approx(np.square(again - validation).sum(1).mean(), rel=1e-6)
    assert found[1] != pca_errors()[1]


def test_widths_are_of_models_that_learned_from_the_same(pets):
    run = saved(pets, "ae")
    run.append_metrics({"step": 0, "split": "validation", "squared_error": 9.0})
    assert [each.name for each in widths([run], pets.id)] == [run.id]
    assert list(widths([run])) == []


@pytest.mark.parametrize("family", ["ae", "vae", "gan", "mixture"])
def test_a_score_compares_with_ones_own_test_images(pets, family):
    run, images = saved(pets, family), load_images(pets.id)
    n = len(images.test)
    *_, last = score(run, n, features="pca")
    found = last.score
    assert (found.n, found.features, found.histogram) == (n, "pca", [])
    assert found.real_vs_real["frechet"] < found.metrics["frechet"]
    assert found.real_vs_real == end("real", n, 0, "pca", pets.id)
    assert found.real_vs_real != end("real", n, 0, "pca")
    assert (copies(images.train[:20], pets.id)["copied"]).all(), "what was learned from is a copy"
    assert look(run, "pca", n=40).pairs.shape == (56, 280)


def test_axes_are_those_of_ones_own_training_images(pets):
    images = load_images(pets.id)
    seen, read = looked_at(images.test, "pca", pets.id)
    reference = PCA(50, svd_solver="full").fit(images.train.reshape(len(images.train), -1) / 255)
    expected = reference.transform(images.test.reshape(len(images.test), -1) / 255)
    np.testing.assert_allclose(np.abs(seen[:, :5]), np.abs(expected[:, :5]), atol=1e-4)
    assert read is None


def test_a_model_is_asked_for_classes_that_there_are(pets, monkeypatch):
    run, images, asked = saved(pets, "vae", labels=True), load_images(pets.id), []
    model = checkpoint.load_model(run.path)
    decode = model.decode
    monkeypatch.setattr(model, "decode", lambda z, labels=None: (asked.append(labels), decode(z, labels))[1])
    draw(model, 100, 0, images=images)
    counts = np.bincount(torch.cat(asked).numpy(), minlength=3) / 100
    assert len(counts) == 3
    np.testing.assert_allclose(counts, np.bincount(images.train_labels) / len(images.train_labels), atol=0.1)


def test_what_cannot_be_scored_is_said(pets):
    with pytest.raises(InputError, match="choose pca"):
        check_score(50, 0, "classifier", pets.id)
    few = kept(60)
    with pytest.raises(InputError, match="keep 8 back: bring 350 images"):
        check_score(50, 0, "pca", few.id)
    with pytest.raises(InputError, match="keep 8 back: bring 140 images"):
        deck(saved(few, "vae"))


def test_a_round_has_ones_own_images(pets):
    run, images = saved(pets, "vae"), load_images(pets.id)
    whole = deck(run)
    real = {image.tobytes() for image in images.test}
    assert {image.tobytes() for image in whole.images[~whole.made]} == real
    assert whole.made.sum() == len(images.test)
    assert len(set(deal(whole, 1).tolist())) == HAND
    *_, last = teach(run)
    assert last.lessons == len(images.train)
    assert np.mean(last.called == whole.made) > 0.9, "an untrained model is found out"


def test_the_mean_is_that_of_ones_own_images(pets):
    images, mask = load_images(pets.id), bench_mask("centre")
    mended = mend_whole(images.test[:1], mask, "mean", learnt=Learnt(pets.id)).images[0]
    assert np.abs(mended - images.train.mean(0))[~mask].max() < 1


@pytest.mark.parametrize("method", ["linear", "knn"])
def test_plain_repairs_know_ones_own_images(pets, method):
    images, mask = load_images(pets.id), bench_mask("centre")
    mended = mend_whole(images.train[:1], mask, method, learnt=Learnt(pets.id)).images[0]
    apart = np.square(mended / 255 - images.train[0] / 255).sum()
    other = mend_whole(images.train[:1], mask, method).images[0]
    assert apart < np.square(other / 255 - images.train[0] / 255).sum(), "nearer than what digits tell"


def test_repairs_by_ones_own_models(pets):
    images, mask = load_images(pets.id), bench_mask("centre")
    for method, run in (("mixture", saved(pets, "mixture")), ("vae-gibbs", saved(pets, "vae"))):
        found = mend_whole(images.test[:1], mask, method, 2, learnt=Learnt(pets.id, run.path))
        assert np.array_equal(found.images[0][mask], images.test[0][mask])
        assert not np.array_equal(found.images, mend_whole(images.test[:1], mask, method, 2).images)
    with pytest.raises(InputError, match="takes a model of the family Pixel mixture"):
        mend_whole(images.test[:1], mask, "mixture", learnt=Learnt(pets.id, saved(pets, "vae").path))
    told = Learnt(pets.id, saved(pets, "vae", labels=True).path)
    with pytest.raises(InputError, match="tell it which class"):
        mend_whole(images.test[:1], mask, "vae-gibbs", learnt=told)
    assert mend_whole(images.test[:1], mask, "vae-gibbs", 2, label=1, learnt=told).images.any()


def test_codes_are_of_ones_own_test_images(pets):
    images = load_images(pets.id)
    atlas = make_atlas(saved(pets, "ae").path)
    assert atlas.labels.tolist() == images.test_labels.tolist()
    drawn = make_atlas(saved(pets, "gan").path)
    assert set(drawn.labels.tolist()) <= {0, 1, 2}, "read by the nearest training image"
    found = infer(saved(pets, "vae", labels=True).path, images.train[4])
    assert found.label == images.train_labels[4], "told none, it takes that of the nearest training image"
