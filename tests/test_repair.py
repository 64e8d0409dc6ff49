"""Repairs: what each method may never do, the formulas of each, and the command that compares them."""

import json
import math
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.neighbors import NearestNeighbors
from torch.distributions import Normal

from genlib.checkpoint import load_model
from genlib.cli import main
from genlib.data import assets
from genlib.data.images import load_images
from genlib.data.masks import BENCH_HOLES, bench_mask, make_mask
from genlib.evaluation import read_digits
from genlib.knobs import InputError
from genlib.models.measuring import Measurement
from genlib.repair import METHODS, check_mask, mend, mend_whole, plain
from genlib.repair.bench import bench, growing
from genlib.repair.networks import gibbs, project, weigh_codes
from genlib.repair.plain import by_pixel_mean, gaussian_mean, nearest_fills
from genlib.repair.searching import search_codes
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import HoleConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

QUICK = ["mean", "linear", "knn", "mixture", "ae", "vae-gibbs", "vae-weights"]
QUIET = ["mean", "linear", "knn", "mixture", "ae"]  # without noise
NOTHING_SEEN = np.zeros((28, 28), bool)


def some_images(n, start=0):
    return load_images().test[start : start + n].copy()


def as_numbers(images):
    return torch.tensor(images).unsqueeze(1) / 255


@st.composite
def masks(draw):
    """Random pixels by share, or one straight cut; at least one pixel is missing."""
    rng = numpy_rng(draw(st.integers(0, 10**6)), "mask")
    if draw(st.booleans()):
        mask = rng.random((28, 28)) < draw(st.sampled_from([0.02, 0.3, 0.9, 0.998]))
    else:
        mask = np.ones((28, 28), bool)
        mask[:, draw(st.integers(0, 27)) :] = False
        mask = np.rot90(mask, draw(st.integers(0, 3))).copy()
    mask[tuple(rng.integers(28, size=2))] = False
    return mask


# --- What no method may do ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", QUICK)
@settings(max_examples=8, deadline=None)
@given(mask=masks(), first=st.integers(0, 9990), noise=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_what_is_seen_stays_and_what_is_missing_is_not_looked_at(method, mask, first, noise, seed):
    rng = numpy_rng(seed, "images")
    images = rng.integers(256, size=(3, 28, 28)).astype(np.uint8) if noise else some_images(3, first)
    found = mend_whole(images, mask, method, n=2, seed=seed)
    assert found.progress == 1
    assert (found.images.dtype, found.images.shape) == (np.uint8, images.shape)
    assert found.samples.shape == (2 * METHODS[method].samples, *images.shape)
    assert np.array_equal(found.images[:, mask], images[:, mask])
    assert (found.samples[:, :, mask] == images[:, mask]).all()
    other = np.where(mask, images, rng.integers(256, size=images.shape).astype(np.uint8))
    again = mend_whole(other, mask, method, n=2, seed=seed)
    assert np.array_equal(again.images, found.images)
    assert np.array_equal(again.samples, found.samples)


@pytest.mark.parametrize("method", QUIET)
@settings(max_examples=8, deadline=None)
@given(mask=masks(), first=st.integers(0, 9990), order=st.permutations(range(5)))
def test_each_image_is_mended_on_its_own(method, mask, first, order):
    images = some_images(5, first)
    together = mend_whole(images, mask, method).images.astype(int)
    permuted = mend_whole(images[order], mask, method).images.astype(int)
    assert np.abs(permuted - together[order]).max() <= 1  # sums in another order may be rounded otherwise


@pytest.mark.parametrize("method", METHODS)
def test_every_method_mends_its_holes_and_draws_where_nothing_is_seen(method):
    images = some_images(2)
    for mask in (bench_mask("bottom"), NOTHING_SEEN):
        found = mend_whole(images, mask, method, n=3, seed=1)
        assert np.array_equal(found.images[:, mask], images[:, mask])
        assert found.samples.shape == (3 * METHODS[method].samples, 2, 28, 28)
        assert found.images[:, ~mask].max() > 40  # something is drawn
        again = mend_whole(images, mask, method, n=3, seed=1)
        assert np.array_equal(again.images, found.images)
        assert np.array_equal(again.samples, found.samples)


def test_steps_are_shown_as_they_are_made_and_can_be_left():
    steps = list(mend(some_images(2), bench_mask("centre"), "vae-gibbs", n=2))
    shares = [step.progress for step in steps]
    assert len(steps) > 10
    assert shares == sorted(shares)
    assert shares[-1] == 1
    first = next(mend(some_images(2), bench_mask("centre"), "vae-gibbs", n=2))
    assert np.array_equal(first.samples, steps[0].samples)


def test_the_spread_is_that_of_the_samples():
    found = mend_whole(some_images(2), bench_mask("right"), "vae-gibbs", n=5)
    np.testing.assert_allclose(found.spread, np.std(found.samples / 255, axis=0))
    np.testing.assert_allclose(found.spread[:, bench_mask("right")], 0, atol=1e-12)
    assert found.spread.max() > 0.05
    assert not mend_whole(some_images(2), bench_mask("right"), "linear").spread.any()


def test_another_seed_draws_others_and_a_digit_that_is_told_counts():
    images, mask = some_images(1), bench_mask("bottom")
    first, second = (mend_whole(images, mask, "vae-gibbs", seed=seed).samples for seed in (0, 1))
    assert not np.array_equal(first, second)
    for method in ("mixture", "vae-gibbs", "vae-weights"):
        told = {label: mend_whole(images, NOTHING_SEEN, method, n=16, label=label).samples[:, 0] for label in (0, 4)}
        assert np.mean(read_digits(told[0])[0] == 0) > 0.6
        assert np.mean(read_digits(told[4])[0] == 4) > 0.6
    untold = mend_whole(images, mask, "knn", label=3).images
    assert np.array_equal(untold, mend_whole(images, mask, "knn").images)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"mask": np.ones((28, 28), bool)}, "Nothing is missing"),
        ({"mask": np.zeros((27, 28), bool)}, "28 x 28"),
        ({"mask": np.zeros(784, bool)}, "28 x 28"),
        ({"mask": np.zeros((28, 28), np.uint8)}, "seen or missing"),
        ({"images": np.zeros((28, 28), np.uint8)}, "28 x 28"),
        ({"images": np.zeros((2, 28, 27), np.uint8)}, "28 x 28"),
        ({"images": np.zeros((2, 28, 28), np.float32)}, "one byte"),
        ({"images": np.zeros((0, 28, 28), np.uint8)}, "28 x 28"),
        ({"images": np.zeros((65, 28, 28), np.uint8)}, "at most 64"),
        ({"method": "magic"}, "'magic': choose mean, linear"),
        ({"n": 0}, "samples cannot be 0: choose 1 to 32"),
        ({"n": 33}, "samples cannot be 33"),
        ({"label": -1}, "no digit -1: choose 0 to 9"),
        ({"label": 10}, "no digit 10"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(change, text):
    given = {"images": some_images(1), "mask": NOTHING_SEEN, "method": "mean"} | change
    with pytest.raises(InputError, match=text) as refusal:
        mend_whole(**given)
    assert str(refusal.value).endswith(".")
    if "mask" in change:
        with pytest.raises(InputError, match=text):
            check_mask(given["mask"])


# --- Without a network ----------------------------------------------------------------------------------------------


def test_moments_are_those_of_the_training_images():
    train = load_images().train.reshape(-1, 784) / np.float32(255)
    mean, covariance = plain._moments("mnist")
    np.testing.assert_allclose(mean, train.mean(0, dtype=np.float64), atol=1e-9)
    some = [0, 27, 150, 290, 350, 406, 407, 500, 661]
    expected = np.cov(train[:, some].astype(np.float64).T, bias=True) + 1e-3 * np.eye(len(some))
    np.testing.assert_allclose(covariance[some][:, some], expected, atol=1e-6)
    filled = by_pixel_mean(torch.empty(2, 0), Measurement(torch.zeros(28, 28, dtype=torch.bool)))
    np.testing.assert_allclose(filled[1].flatten(), mean, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_linear_is_the_conditional_mean_of_a_gaussian(monkeypatch, share):
    rng = numpy_rng(0, "gaussian")
    factors = rng.normal(size=(784, 20)) * 0.02
    mean, covariance = rng.uniform(0.4, 0.6, 784), factors @ factors.T + 1e-3 * np.diag(rng.uniform(0.5, 2, 784))
    monkeypatch.setattr(plain, "_moments", lambda data: (torch.tensor(mean), torch.tensor(covariance)))
    x = rng.uniform(0.3, 0.7, (3, 784))
    o = rng.random(784) < share
    look = Measurement(torch.tensor(o).view(28, 28))
    found = gaussian_mean(look(torch.tensor(x).view(3, 1, 28, 28)), look).flatten(1).numpy()
    expected = mean[~o] + (x[:, o] - mean[o]) @ np.linalg.inv(covariance[np.ix_(o, o)]) @ covariance[np.ix_(o, ~o)]
    assert expected.min() > 0
    assert expected.max() < 1
    assert share in (0.0, 0.01) or np.abs(expected - mean[~o]).max() > 0.02
    np.testing.assert_allclose(found[:, ~o], expected, rtol=1e-9)
    assert np.array_equal(found[:, o], x[:, o])


@pytest.mark.parametrize("hole", BENCH_HOLES)
def test_neighbours_are_those_of_scikit_learn(hole):
    mask, images = bench_mask(hole), some_images(20)
    look = Measurement(torch.tensor(mask))
    fills = nearest_fills(look(as_numbers(images)), look, k=4)
    train = load_images().train
    found = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(train[:, mask] / 255)
    near = found.kneighbors(images[:, mask] / 255, return_distance=False)  # (B, k)
    expected = np.where(mask, images[:, None], train[near]).swapaxes(0, 1)
    assert np.array_equal((fills[:, :, 0] * 255).round().byte().numpy(), expected)


# --- Models whose answers are known ---------------------------------------------------------------------------------


class Linear:
    r"""x = W z + b + noise, where the columns of W are orthogonal, so that the exact posterior has no correlations.

    Arguments:
        wide: By how many times the posterior that it states is wider than the exact one.
    """

    latent_dim = 3

    def __init__(self, sigma, wide=1.0):
        rng = torch_rng(0, "linear")
        self.w = torch.linalg.qr(torch.randn(784, 3, generator=rng))[0] * torch.tensor([3.0, 2.0, 1.0])
        self.b, self.sigma, self.wide = torch.rand(784, generator=rng), sigma, wide

    def eval(self):
        return self

    def posterior(self, x, labels=None):
        precisions = 1 + self.w.square().sum(0) / self.sigma**2
        means = (x.flatten(1) - self.b) @ self.w / self.sigma**2 / precisions
        return Normal(means, self.wide * precisions.rsqrt().expand_as(means))

    def likelihood(self, z, labels=None):
        return Normal(self.decode(z), self.sigma)

    def decode(self, z, labels=None):
        return (z @ self.w.T + self.b).view(-1, 1, 28, 28)

    def exact(self, x, mask):
        """Mean (B, D) and covariance (D, D) of p(z | x_o)."""
        seen = mask.flatten().numpy()
        w, b = self.w.numpy()[seen].astype(float), self.b.numpy()[seen]
        covariance = np.linalg.inv(np.eye(3) + w.T @ w / self.sigma**2)
        return (x.flatten(1).numpy()[:, seen] - b) @ w @ covariance / self.sigma**2, covariance

    def draw(self, n, seed):
        rng = torch_rng(seed, "draw")
        x = self.decode(torch.randn(n, 3, generator=rng))
        return x + self.sigma * torch.randn(x.shape, generator=rng)


@pytest.mark.parametrize("wide", [1.5, 2.0])
def test_weighted_codes_have_the_moments_of_the_exact_posterior(wide):
    model, k = Linear(sigma=1.5, wide=wide), 5000
    mask = torch.tensor(bench_mask("right"))
    x = model.draw(2, seed=1)
    look = Measurement(mask)
    guesses = torch.stack([torch.where(mask, x, model.draw(2, seed)) for seed in (2, 3, 4)])
    z, log_weights = weigh_codes(model, look(x), look, None, guesses, k, torch_rng(0, "z"))
    assert (z.shape, log_weights.shape) == ((3 * k, 2, 3), (3 * k, 2))
    weights = log_weights.exp().numpy()
    np.testing.assert_allclose(weights.sum(0), 1, rtol=1e-4)
    means, covariance = model.exact(x, mask)
    # Unweighted they have another mean, so the weights matter.
    assert np.abs(z.mean(0).numpy() - means).max() > 0.3 * math.sqrt(covariance.max())
    for i in range(2):
        w, codes = weights[:, i], z[:, i].numpy().astype(float)
        effective = 1 / np.square(w).sum()  # so many draws from the posterior itself would be as exact
        assert effective > 1000
        found = w @ codes
        error = np.sqrt(np.diag(covariance) / effective)
        assert (np.abs(found - means[i]) < 5 * error).all()
        around = codes - found
        scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
        assert (np.abs((w[:, None] * around).T @ around - covariance) < 7 * scale / math.sqrt(effective)).all()


def test_the_chain_comes_to_the_exact_mean_from_anywhere():
    # With E[x_m | z] in the hole the chain of a linear model ends around E[x_m | x_o]: its fixed point is the solution
    # of the normal equations of the seen pixels.
    model, chains = Linear(sigma=2.0), 1500
    mask = torch.tensor(bench_mask("bottom"))
    x = model.draw(2, seed=1)
    means, _ = model.exact(x, mask)
    ends = []
    for start in (-20.0, 20.0):
        starts = torch.where(mask, x, start).expand(chains, *x.shape)
        *_, end = gibbs(model, x, mask, None, starts, 25, torch_rng(0, "chain", int(start)))
        assert torch.equal(end[:, :, :, mask], x[:, :, mask].expand(chains, -1, -1, -1))
        ends.append(end.flatten(2)[:, :, ~mask.flatten()].double())
    expected = (torch.tensor(means).float() @ model.w.T + model.b)[:, ~mask.flatten()]
    for end in ends:
        errors = (end.mean(0) - expected) / (end.std(0) / math.sqrt(chains))
        assert errors.abs().max() < 5
        assert errors.square().mean().sqrt() < 2


def test_projection_comes_to_the_image_that_is_rebuilt_unchanged():
    model = Linear(sigma=1e-3)
    model.reconstruct = lambda x, labels: model.decode(model.posterior(x).mean)
    mask = torch.tensor(bench_mask("random75"))
    z = torch.randn(2, 3, generator=torch_rng(0, "z"))
    x = model.decode(z)
    steps = list(project(model, torch.where(mask, x, 9.0), mask, None, torch.zeros_like(x), 60))
    assert len(steps) == 60
    errors = [float((step - x).square().sum()) for step in steps]
    assert errors == sorted(errors, reverse=True) or errors[-1] < 1e-5
    assert errors[-1] < 1e-4 * errors[0]
    assert torch.equal(steps[0][:, :, mask], x[:, :, mask])


def test_the_best_code_is_the_ridge_solution():
    model, mask = Linear(sigma=0.05), torch.tensor(bench_mask("right"))
    x = model.draw(3, seed=5)
    look = Measurement(mask)
    *_, (drawn, objective) = search_codes(model, look(x), look, None, 4, 80, torch_rng(0, "starts"))
    seen = mask.flatten()
    w, y = model.w[seen], (x.flatten(1) - model.b)[:, seen]
    z = torch.linalg.solve(w.T @ w + 0.05 * torch.eye(3), (y @ w).T).T
    assert drawn.shape == (4, 3, 1, 28, 28)
    for each in drawn:  # one valley, so all starts end in it
        torch.testing.assert_close(each, model.decode(z), atol=0.01, rtol=0)
    least = (y - z @ w.T).square().sum(1) + 0.05 * z.square().sum(1)
    torch.testing.assert_close(objective, least.expand(4, 3), atol=1e-3, rtol=1e-3)
    assert (objective >= least - 1e-4).all()


@pytest.mark.parametrize("name", ["vae-20d", "gan"])
def test_the_search_goes_down_and_puts_the_best_first(name):
    model, mask = load_model(assets() / "models" / name), torch.tensor(bench_mask("centre"))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    x, look = as_numbers(some_images(3)), Measurement(mask)
    steps = list(search_codes(model, look(x), look, None, 4, 20, torch_rng(0, "starts")))
    for drawn, objective in steps:
        assert (objective.diff(dim=0) >= 0).all()
        assert (drawn.min() >= 0) & (drawn.max() <= 1)
    assert (steps[-1][1][0] < steps[0][1][0]).all()
    errors = (mask * (steps[-1][0] - x)).square().sum((2, 3, 4))
    assert (steps[-1][1] > errors).all()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


# --- The comparison -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hole", [*BENCH_HOLES, "stripes", "scratches"])
def test_the_network_for_holes_is_a_decibel_above_neighbours(hole):
    # Stripes and scratches are of a kind that it was never shown.
    mask = bench_mask(hole) if hole in BENCH_HOLES else make_mask(HoleConfig(hole=hole))
    network, neighbours = bench(["masked", "knn"], {hole: mask}, n=256)
    assert network.psnr_db > neighbours.psnr_db + 1


def test_rows_are_what_the_formulas_say():
    mask, images = bench_mask("bottom"), some_images(3, 5)
    (row,) = bench(["knn"], {"half": mask}, n=3, start=5, seed=0)
    found = mend_whole(images, mask, "knn", 20)
    errors = ((found.images / 255 - images / 255)[:, ~mask] ** 2).mean(1)
    each = -10 * np.log10(errors)
    assert (row.hole, row.method, row.n) == ("half", "knn", 3)
    assert row.psnr_db == pytest.approx(each.mean())
    assert row.stderr == pytest.approx(each.std(ddof=1) / math.sqrt(3))
    assert row.reads == np.mean(read_digits(found.images)[0] == load_images().test_labels[5:8])
    low, high = (np.quantile(found.samples, q, axis=0) for q in (0.05, 0.95))
    assert row.calibration == pytest.approx(((low <= images) & (images <= high))[:, ~mask].mean())
    assert 0 < row.seconds_per_image < 60
    assert -1 <= row.ssim <= 1
    assert row.to_json()["psnr_db"] == row.psnr_db


def test_rows_grow_by_batches_and_come_for_each_hole_and_method():
    holes = {name: bench_mask(name) for name in ("centre", "right")}
    rows = list(growing(["mean", "knn"], holes, n=70))
    assert [row.n for row in rows] == [64, 70] * 4
    assert [(row.hole, row.method) for row in rows[1::2]] == [
        ("centre", "mean"), ("centre", "knn"), ("right", "mean"), ("right", "knn"),
    ]  # fmt: skip
    whole = list(bench(["mean", "knn"], holes, n=70))
    assert [row.psnr_db for row in whole] == [row.psnr_db for row in rows[1::2]]
    assert [row.calibration is None for row in whole] == [True, False, True, False]
    # Nearly the same test images as the published baselines, of which these are the first 70: 7.88 and 11.13 dB.
    assert whole[0].psnr_db == pytest.approx(7.88, abs=0.4)
    assert whole[1].psnr_db == pytest.approx(11.13, abs=1.5)
    mean, image = (plain._moments("mnist")[0].numpy() * 255).round().reshape(28, 28) / 255, some_images(70) / 255
    by_hand = -10 * np.log10(np.square(image - mean)[:, ~holes["centre"]].mean(1))
    assert whole[0].psnr_db == pytest.approx(by_hand.mean())


def test_a_perfect_repair_counts_as_60_db():
    mask = np.ones((28, 28), bool)
    mask[0, 0] = False  # black in every image
    (row,) = bench(["mean"], {"corner": mask}, n=2)
    assert (row.psnr_db, row.stderr, row.reads, row.ssim) == (60, 0, 1, 1)


@pytest.mark.parametrize(
    "change",
    [{"methods": ["magic"]}, {"n": 0}, {"n": 10_001}, {"start": -1}, {"start": 9_999, "n": 2}, {"seed": -1},
     {"holes": {"none": np.ones((28, 28), bool)}}],
)  # fmt: skip
def test_a_comparison_that_cannot_be_is_refused(change):
    with pytest.raises(InputError):
        next(bench(**{"methods": ["mean"], "holes": {"all": NOTHING_SEEN}, "n": 1, **change}))


@pytest.fixture
def call(capsys):
    """Run the command in this process; gives its exit status, and what it wrote to standard output and error."""

    def run(*arguments):
        try:
            status = main(["bench-repair", *map(str, arguments)])
        except SystemExit as end:
            status = end.code
        written = capsys.readouterr()
        return SimpleNamespace(status=status, out=written.out, error=written.err)

    return run


def write_hole(path, mask):
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(path)
    return path


def test_the_command_answers_what_the_library_finds(call, tmp_path):
    mask = bench_mask("random75")
    paths = [write_hole(tmp_path / f"{name}.png", each) for name, each in {"mine": mask, "other": ~mask}.items()]
    answer = call("--n", 2, "--start", 7, "--methods", "mean", "knn", "--hole", *paths, "--json")
    assert (answer.status, answer.error) == (0, "")
    rows = json.loads(answer.out)
    assert all({"hole", "method", "psnr_db", "stderr", "seconds_per_image"} <= set(row) for row in rows)
    expected = [row.to_json() for row in bench(["mean", "knn"], {"mine": mask, "other": ~mask}, n=2, start=7)]
    for row in (*rows, *expected):
        assert row.pop("seconds_per_image") >= 0
    assert rows == expected
    assert [row["hole"] for row in rows] == ["mine", "mine", "other", "other"]
    twice = call("--n", 2, "--start", 7, "--methods", "mean", "knn", "--hole", paths[0], "--hole", paths[1], "--json")
    assert [row["psnr_db"] for row in json.loads(twice.out)] == [row["psnr_db"] for row in rows]


def test_the_command_writes_a_table_for_people(call):
    answer = call("--n", 2, "--methods", "mean", "knn", "mean")
    assert (answer.status, answer.error) == (0, "")
    head, *lines = answer.out.splitlines()
    assert head.split()[:3] == ["hole", "method", "PSNR"]
    assert [line.split()[:2] for line in lines] == [[hole, name] for hole in BENCH_HOLES for name in ("mean", "knn")]
    assert len({len(line) for line in (head, *lines)}) == 1
    rows = bench(["mean", "knn"], {name: bench_mask(name) for name in BENCH_HOLES}, n=2)
    assert [line.split()[2] for line in lines] == [f"{row.psnr_db:.2f}" for row in rows]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--methods", "mean", "magic"], "no repair called 'magic': choose of mean, linear"),
        (["--n", "0"], "number of test images cannot be 0: choose a whole number from 1 to 10000"),
        (["--n", "10001"], "cannot be 10001"),
        (["--n", "many"], "many"),
        (["--start", "-1"], "cannot be number -1"),
        (["--start", "9999", "--n", "2"], "choose a whole number from 0 to 9998"),
        (["--seed", "-1"], "Seed cannot be -1"),
        (["--hole", "DIR/missing.png"], "'missing.png' cannot be read"),
        (["--hole", "DIR"], "cannot be read"),
        (["--hole", "DIR/text.png"], "'text.png': the mask is no PNG"),
        (["--hole", "DIR/wide.png"], "29 x 28 pixels"),
        (["--hole", "DIR/white.png"], "'white.png': nothing is missing"),
        (["--hole", "DIR/long.png"], "larger than 1 MB"),
        (["--hole", "DIR/vast.png"], "12,000 x 12,000 pixels"),
        (["--hole", "DIR/a.png", "DIR/a.png"], "Two holes are called 'a'"),
        (["--hole"], "hole"),
    ],
)
def test_the_command_refuses_in_a_sentence(call, tmp_path, arguments, text):
    (tmp_path / "text.png").write_text("a hole")
    (tmp_path / "long.png").write_bytes(bytes(2**20 + 100))
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    vast = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "vast.png").write_bytes(vast + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")))
    write_hole(tmp_path / "wide.png", np.zeros((28, 29), bool))
    write_hole(tmp_path / "white.png", np.ones((28, 28), bool))
    write_hole(tmp_path / "a.png", NOTHING_SEEN)
    answer = call(*(each.replace("DIR", str(tmp_path)) for each in arguments))
    assert (answer.status, answer.out) == (2, "")
    assert answer.error.count("\n") == 1
    assert answer.error[0].isupper()
    assert answer.error.endswith(".\n")
    assert text in answer.error
    assert str(tmp_path.parent) not in answer.error
    assert "Traceback" not in answer.error
