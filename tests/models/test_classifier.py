"""The classifier against its formulas, and what it refuses."""

from collections import Counter

import numpy as np
import pytest
import torch
from scipy import special, stats

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.models import build
from genlib.models.classifier import shifted
from genlib.seeding import torch_rng
from genlib.settings import ClassifierConfig, TrainConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def make(**asked):
    return build("classifier", ClassifierConfig(**{"latent_dim": 16, "channels": 4} | asked), 0)


def digits(n=40):
    images = load_images()
    return torch.tensor(images.train[:n]).unsqueeze(1) / 255, torch.tensor(images.train_labels[:n]).long()


@pytest.mark.parametrize("network", ["conv", "dense"])
def test_loss_and_accuracy_are_numpys(network):
    model, (x, labels) = make(network=network), digits()
    with torch.no_grad():
        model.head.weight.mul_(20)  # a fresh one finds all digits about as probable
        logits = model.eval().logits(x).double().numpy()
    metrics = model.metrics(x, labels, torch_rng(0, "a"))
    assert metrics.keys() == {"loss", "accuracy"}
    expected = -special.log_softmax(logits, axis=1)[np.arange(40), labels].mean()
    assert metrics["loss"].item() == pytest.approx(expected, rel=1e-5)
    assert metrics["accuracy"].item() == pytest.approx(np.mean(logits.argmax(1) == labels.numpy()))
    assert 0 < metrics["accuracy"] < 1


def test_the_answer_is_linear_in_the_features():
    model, (x, _) = make().eval(), digits()
    with torch.no_grad():
        features, logits = model.features(x), model.logits(x)
        torch.testing.assert_close(model.features(x[7:8]), features[7:8])
    assert features.shape == (40, 16)
    assert (features >= 0).all()
    assert (features > 0).any()
    expected = features.numpy() @ model.head.weight.detach().numpy().T + model.head.bias.detach().numpy()
    assert logits.numpy() == pytest.approx(expected, abs=1e-5)


def test_in_evaluation_the_averages_answer():
    model, (x, labels) = make(average=0.9), digits()
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.01))
    for step in range(5):
        model.train().training_step(x, labels, optimizers, torch_rng(0, step), step)
    now = model.train().logits(x)
    averaged = model.eval().logits(x)
    assert not torch.allclose(now, averaged, atol=1e-3)
    model.load_state_dict(
        model.state_dict()
        | {f"averages.{name}": value for name, value in model.named_parameters() if not name.startswith("averages.")}
    )
    assert torch.equal(model.logits(x), now)


def test_it_learns_what_it_is_shown():
    model, (x, labels) = make(shift=1), digits()
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.01))
    for step in range(80):
        model.train().training_step(x, labels, optimizers, torch_rng(0, step), step)
    metrics = model.metrics(x, labels, torch_rng(0, "a"))
    assert metrics["accuracy"] == 1
    assert metrics["loss"] < 0.1


def test_images_are_moved_in_training_only():
    model, (x, labels) = make(), digits()
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=1e-6))
    first, second = (model.train().training_step(x, labels, optimizers, torch_rng(0, s), 0)["loss"] for s in "ab")
    assert abs(first - second) > 1e-4
    assert torch.equal(*(model.metrics(x, labels, torch_rng(0, s))["loss"] for s in "ab"))
    still = make(shift=0)
    optimizers = still.configure_optimizers(TrainConfig(learning_rate=1e-6))
    evaluated = still.metrics(x, labels, torch_rng(0, "a"))["loss"]
    torch.testing.assert_close(
        still.train().training_step(x, labels, optimizers, torch_rng(0, "b"), 0)["loss"], evaluated
    )


def test_a_shifted_image_is_the_image_elsewhere():
    n = 4000
    x = torch.rand(1, 1, 28, 28, generator=torch_rng(0, "x")).expand(n, -1, -1, -1)
    moved = shifted(x, 2, torch_rng(0, "shift"))
    assert moved.shape == x.shape
    padded = np.pad(x[0, 0].numpy(), 2)
    places = {padded[i : i + 28, j : j + 28].tobytes(): (i, j) for i in range(5) for j in range(5)}
    found = Counter(places[image.tobytes()] for image in moved[:, 0].numpy())
    assert len(found) == 25
    assert stats.chisquare(list(found.values())).pvalue > 1e-4
    assert torch.equal(shifted(x, 2, torch_rng(0, "shift")), moved)
    assert torch.equal(shifted(x, 0, torch_rng(0, "shift")), x)


def test_each_image_is_moved_by_itself():
    x = torch.rand(6, 1, 28, 28, generator=torch_rng(0, "x"))
    moved = shifted(x, 1, torch_rng(1, "shift"))
    for image, after in zip(x, moved, strict=True):
        inner = [
            torch.equal(after[:, 1:27, 1:27], image[:, i : i + 26, j : j + 26]) for i in range(3) for j in range(3)
        ]
        assert sum(inner) == 1


def test_it_has_no_codes_and_draws_nothing():
    model, (x, labels) = make(), digits(2)
    for ask, text in [
        (lambda: model.encode(x), "no codes"),
        (lambda: model.decode(torch.zeros(2, 16)), "draws none"),
        (lambda: model.reconstruct(x, labels), "no codes"),
        (lambda: model.sample(2, torch_rng(0, "a")), "no distribution"),
    ]:
        with pytest.raises(InputError, match=text):
            ask()
