"""What models are worth, against quadrature, known densities and the images themselves."""

import hashlib
import json
import math
import shutil

import numpy as np
import pytest
import torch
from scipy import special, stats

from genlib.checkpoint import save
from genlib.data import assets
from genlib.data.images import load_images
from genlib.evaluation import asked_for, bayes_classify, classifier, nll, read_digits
from genlib.knobs import InputError
from genlib.models import Model, build
from genlib.models.base import digits
from genlib.models.importance import bounds
from genlib.seeding import torch_rng
from genlib.settings import MODEL_CONFIGS, ModelConfig, PixelMixtureConfig, TrainConfig, VAEConfig
from genlib.training import Run

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def saved(folder, family="vae", **asked):
    run = Run.new(family, MODEL_CONFIGS[family](**asked), TrainConfig(device="cpu"))
    if family == "vae":
        with torch.no_grad():
            run.model.decoder.first.weight.mul_(0.5)  # so that a few hundred codes are enough
    save(run, folder)
    return folder, run.model.eval()


def binarised(seed):
    """Every test image in black and white, as it is told that they are drawn."""
    grey = torch.tensor(load_images().test).unsqueeze(1) / 255
    return torch.bernoulli(grey, generator=torch_rng(seed, "binarise"))


def quadrature(model, x):
    """log p(x) of a VAE with a single latent number, by the trapezoidal rule on a fine grid."""
    grid = torch.linspace(-9, 9, 3001)
    with torch.no_grad():
        logits = model.decoder(grid[:, None], None).flatten(1).double()
    log_p = x.flatten(1).double() @ logits.T - torch.nn.functional.softplus(logits).sum(1)
    return ((log_p - grid.double().square() / 2).logsumexp(1) + math.log(18 / 3000 / math.sqrt(2 * math.pi))).numpy()


def test_a_vae_is_worth_what_quadrature_says(tmp_path):
    folder, model = saved(tmp_path / "small", latent_dim=1, hidden_dim=16)
    *earlier, last = nll(folder, k=400, seed=3, n=50)
    truth = -quadrature(model, binarised(3)[::200])
    assert last.nll == pytest.approx(truth.mean(), abs=0.02)
    assert last.stderr == pytest.approx(stats.sem(truth), rel=0.01)
    assert last.elbo - last.nll > 0.1
    assert list(last.to_json()) == ["model", "nll", "k", "n", "seed", "stderr", "elbo", "gap_stderr"]
    parts = zip(*bounds(model, binarised(3)[::200], None, 400, torch_rng(3, "importance")), strict=True)
    tight, loose = (torch.cat(part).double().numpy() for part in parts)
    assert last.gap_stderr == pytest.approx(stats.sem(tight - loose), rel=1e-5)
    assert last.gap_stderr < last.stderr
    assert (last.model, last.k, last.n, last.seed) == ("small", 400, 50, 3)
    assert json.loads(json.dumps(last.to_json())) == last.to_json()
    counts = [each.n for each in (*earlier, last)]
    assert counts == sorted(set(counts))
    for each in earlier:
        assert each.nll == pytest.approx(truth[: each.n].mean(), abs=0.05)


def test_the_standard_error_is_the_spread_of_means_over_draws_of_images(tmp_path):
    folder, model = saved(tmp_path / "small", latent_dim=1, hidden_dim=16)
    *_, last = nll(folder, k=20, n=200)
    all_of_them = -quadrature(model, binarised(0)[:2000])
    chosen = torch.randint(2000, (3000, 200), generator=torch_rng(0, "chosen")).numpy()
    assert last.stderr == pytest.approx(all_of_them[chosen].mean(1).std(), rel=0.2)


def test_the_seed_alone_decides(tmp_path):
    folder, _ = saved(tmp_path, latent_dim=2, hidden_dim=16)
    first, again, other = ([*nll(folder, k=5, n=30, seed=seed)][-1] for seed in (0, 0, 1))
    assert first == again
    assert first.nll != other.nll
    folder, _ = saved(tmp_path / "grey", latent_dim=2, hidden_dim=16, likelihood="gaussian")
    # Here no pixel is drawn: it is the codes that the seed decides.
    first, other = ([*nll(folder, k=5, n=30, seed=seed)][-1] for seed in (0, 1))
    assert first.nll != other.nll
    (one,) = nll(folder, k=5, n=1)
    assert (one.n, one.stderr) == (1, 0.0)


def test_grey_levels_stay_where_the_likelihood_is_a_density_of_them(tmp_path):
    folder, model = saved(tmp_path, latent_dim=1, hidden_dim=16, likelihood="gaussian")
    *_, last = nll(folder, k=2000, n=5)
    grey = torch.tensor(load_images().test[::2000]).unsqueeze(1) / 255
    grid = torch.linspace(-6, 6, 1201)
    with torch.no_grad():
        log_p = [model.likelihood(grid[:, None]).log_prob(x).flatten(1).double().sum(1) for x in grey]
    joint = torch.stack(log_p) - grid.double().square() / 2
    truth = -(joint.logsumexp(1) + math.log(0.01 / math.sqrt(2 * math.pi)))
    assert last.nll == pytest.approx(truth.mean().item(), abs=0.2)


@pytest.mark.parametrize("labels", [False, True])
def test_a_mixture_is_worth_its_own_density(tmp_path, labels):
    config = PixelMixtureConfig(latent_dim=5, components=2, labels=labels)
    run = Run.new("mixture", config, TrainConfig(device="cpu"))
    images = load_images()
    train, train_labels = torch.tensor(images.train[:500]), torch.tensor(images.train_labels[:500]).long()
    run.model.prepare(train, train_labels, torch_rng(0, "prepare"))
    save(run, tmp_path)
    *_, last = nll(tmp_path, n=1500)
    chosen = np.arange(1500) * 10_000 // 1500
    x = torch.tensor(images.test[chosen]).unsqueeze(1) / 255
    y = torch.tensor(images.test_labels[chosen]).long() if labels else None
    assert last.nll == pytest.approx(-run.model.log_prob(x, y).double().mean().item(), rel=1e-5)
    assert (last.k, last.elbo, last.gap_stderr, last.n) == (None, None, None, 1500)


def test_a_conditional_vae_is_told_the_digits(tmp_path):
    folder, model = saved(tmp_path, latent_dim=1, hidden_dim=16, labels=True)
    with torch.no_grad():
        model.decoder.first.weight.zero_()
        model.decoder.shift.weight.mul_(50)
    run = Run.new("vae", model.config, TrainConfig(device="cpu"))
    run.model = model
    save(run, folder)
    *_, last = nll(folder, k=300, n=40)
    y = torch.tensor(load_images().test_labels[::250]).long()
    with torch.no_grad():
        truth = -model.likelihood(torch.zeros(40, 1), y).log_prob(binarised(0)[::250]).flatten(1).double().sum(1)
    assert last.nll == pytest.approx(truth.mean().item(), abs=0.3)


@pytest.mark.parametrize("family", ["ae", "gan", "classifier"])
def test_what_has_no_density_says_so(tmp_path, family):
    folder, _ = saved(tmp_path, family)
    with pytest.raises(InputError, match=r"cannot say how probable an image is; choose a VAE or a pixel mixture\.$"):
        next(nll(folder))


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"k": 0}, "importance samples cannot be 0: choose a whole number from 1 to 100000"),
        ({"k": 100_001}, "importance samples cannot be 100001"),
        ({"n": 0}, "test images cannot be 0: choose a whole number from 1 to 10000"),
        ({"n": 10_001}, "test images cannot be 10001"),
        ({"seed": -1}, "(?i)seed"),
    ],
)
def test_numbers_that_cannot_be(tmp_path, asked, text):
    folder, _ = saved(tmp_path, latent_dim=1, hidden_dim=16)
    with pytest.raises(InputError, match=text):
        next(nll(folder, **asked))


class Grey(Model):
    """Images of one grey level each: normal around a tenth of the digit, with a spread of 0.08."""

    family = "vae"
    config_class = ModelConfig
    training_step = metrics = encode = None

    def decode(self, z, labels=None):
        return torch.zeros(len(z), 1, 28, 28)

    def log_prob(self, x, labels=None):
        return torch.distributions.Normal(labels / 10, 0.08).log_prob(x.mean((1, 2, 3)))


def test_bayes_rule_is_numpys():
    level = torch.rand(50, generator=torch_rng(0, "x"))
    x = level[:, None, None, None].expand(50, 1, 28, 28)
    likelihood = stats.norm.pdf(level[:, None], np.arange(10) / 10, 0.08)
    prior = np.arange(1.0, 11) / 55
    for given, weights in ((None, 1.0), (torch.tensor(prior), prior)):
        found = bayes_classify(Grey(ModelConfig(labels=True)), x, given)
        expected = likelihood * weights / (likelihood * weights).sum(1, keepdims=True)
        assert found.exp().numpy() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("family", ["mixture", "vae"])
def test_a_model_with_labels_reads_the_digits_that_it_draws(family):
    asked = {"components": 2, "regularisation": 1e-5} if family == "mixture" else {}
    model = build(family, MODEL_CONFIGS[family](latent_dim=2, labels=True, **asked), 0).eval()
    with torch.no_grad():
        if family == "vae":
            model.decoder.shift.weight.mul_(50)  # every digit has a picture of its own
        else:
            model.mean.fill_(0.5)
            model.noise.fill_(0.01)
            model.scatters.mul_(1e-4)
            model.means[:, 0] = (torch.arange(20) // 2 - 4.5) / 10  # ten spreads between one digit and the next
    x = model.sample(30, torch_rng(0, "sample"), digits(30))
    found = bayes_classify(model, x if family == "mixture" else x.round())
    assert found.shape == (30, 10)
    torch.testing.assert_close(found.exp().sum(1), torch.ones(30).double())
    assert torch.equal(found.argmax(1), digits(30))


def test_bayes_rule_with_a_decoder_that_ignores_its_code_is_exact():
    model = build("vae", VAEConfig(latent_dim=1, hidden_dim=16, labels=True), 0).eval()
    with torch.no_grad():
        model.decoder.first.weight.zero_()
        model.encoder.rest[-1].weight.zero_()
        model.encoder.rest[-1].bias.zero_()  # the posterior is the prior: every code weighs the same
        logits = model.decoder(torch.zeros(10, 1), torch.arange(10)).flatten(1).double().numpy()
    x = binarised(0)[:20]
    log_p = stats.bernoulli.logpmf(x.view(20, 1, 784).numpy().astype(int), special.expit(logits)).sum(2)
    assert bayes_classify(model, x, k=2).numpy() == pytest.approx(special.log_softmax(log_p, axis=1), abs=1e-3)


def test_bayes_rule_needs_labels_and_a_density():
    x = torch.zeros(1, 1, 28, 28)
    for family, labels in (("vae", False), ("mixture", False), ("gan", True), ("ae", True)):
        model = build(family, MODEL_CONFIGS[family](labels=labels), 0)
        with pytest.raises(InputError, match=r"needs a VAE or a pixel mixture that was trained with labels\.$"):
            bayes_classify(model, x)


class Copier(Model):
    """Draws test images of the digit asked for, or always threes."""

    family = "gan"
    config_class = ModelConfig
    training_step = metrics = encode = decode = None

    def __init__(self, always=None):
        super().__init__(ModelConfig(labels=True))
        self.always = always

    def sample(self, n, rng, labels=None):
        images, found = load_images(), []
        for digit in labels.tolist():
            rows = np.flatnonzero(images.test_labels == (digit if self.always is None else self.always))
            found.append(images.test[rows[torch.randint(len(rows), (), generator=rng)]])
        return torch.tensor(np.stack(found)).unsqueeze(1) / 255


def test_the_classifier_reads_the_test_images():
    images = load_images()
    read, confidence = read_digits(images.test)
    assert read.shape == confidence.shape == (10_000,)
    right = read == images.test_labels
    assert right.mean() >= 0.99
    # What it is surer of it is right about more often.
    assert confidence.min() >= 0.1
    assert confidence.max() <= 1
    assert confidence[right].mean() > confidence[~right].mean() + 0.1
    with torch.no_grad():
        logits = classifier(assets() / "models" / "classifier").logits(torch.tensor(images.test[:5]).unsqueeze(1) / 255)
    assert confidence[:5] == pytest.approx(special.softmax(logits.double().numpy(), axis=1).max(1), rel=1e-4)


def test_nothing_to_read_is_read_as_nothing():
    read, confidence = read_digits(np.zeros((0, 28, 28), np.uint8))
    assert read.shape == confidence.shape == (0,)


def test_the_classifier_is_always_the_same(tmp_path):
    frozen = assets() / "models" / "classifier"
    shutil.copytree(frozen, tmp_path / "copy")
    assert isinstance(classifier(tmp_path / "copy"), Model)
    other, _ = saved(tmp_path / "other", "classifier")
    with pytest.raises(InputError, match=r"^The bundled classifier was altered.*restore it\.$"):
        classifier(other)
    with pytest.raises(InputError, match=r"^The bundled classifier is missing: restore it from the project\.$"):
        classifier(tmp_path / "nowhere")
    vae, _ = saved(tmp_path / "vae")
    digest = hashlib.sha256((vae / "checkpoint" / "tensors.safetensors").read_bytes()).hexdigest()
    with pytest.raises(InputError, match="was altered"):
        classifier(vae, digest)


def test_who_draws_what_is_asked_for_is_read_so():
    assert asked_for(Copier(), 30, seed=0).mean() > 0.97
    assert asked_for(Copier(always=3), 30, seed=0) == pytest.approx((np.arange(10) == 3).astype(float), abs=0.1)
    assert (asked_for(Copier(), 30, seed=0) == asked_for(Copier(), 30, seed=0)).all()


def test_who_cannot_be_asked_says_so():
    for family, labels in (("vae", False), ("ae", True)):
        with pytest.raises(InputError, match="cannot be asked for a digit: choose one that was trained with labels"):
            asked_for(build(family, MODEL_CONFIGS[family](labels=labels), 0), 1, 0)
