"""The loop: it can be left and taken up anywhere, and nothing that watches it changes the weights."""

import math
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from few import small
from sklearn.decomposition import PCA
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR

from genlib.changes import Change
from genlib.checkpoint import load, save
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.models import MODELS, build
from genlib.models.base import Model
from genlib.seeding import torch_rng
from genlib.settings import (
    AutoencoderConfig,
    GANConfig,
    ModelConfig,
    PixelMixtureConfig,
    TrainConfig,
    VAEConfig,
)
from genlib.training import Diverged, Frame, Report, Run, Save, frame_constants, loop, train

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

BATCH = 64


@pytest.fixture(scope="module")
def images():
    """300 images to train (four batches of 64, and 44 that an epoch leaves out), 50 to validate, 30 to test."""
    mnist = load_images()
    return replace(
        mnist,
        train=mnist.train[:300],
        train_labels=mnist.train_labels[:300],
        validation=mnist.validation[:50],
        validation_labels=mnist.validation_labels[:50],
        test=mnist.test[:30],
        test_labels=mnist.test_labels[:30],
    )


@pytest.fixture
def eager(monkeypatch):
    """Report at every step and draw whenever a multiple of the interval is reached."""
    monkeypatch.setattr(loop, "_REPORT_EVERY", 0.0)
    monkeypatch.setattr(loop, "_DRAWING_AHEAD", math.inf)


class Clock:
    """A clock that moves by a hundredth of a second each time it is read: every step lasts 0.01 s."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 0.01
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    return clock


def new(family="vae", model=None, **settings):
    config = TrainConfig(**{"batch_size": BATCH, "epochs": 5, "device": "cpu"} | settings)
    return Run.new(family, small(family) if model is None else model, config)


def state(run):
    """Everything that training changes, as one list of tensors."""
    tensors = list(run.model.state_dict().values())
    for optimizer in run.optimizers.values():
        parts = optimizer.state_dict()["state"]
        tensors += [parts[index][key] for index in sorted(parts) for key in sorted(parts[index])]
    return [tensor.clone() for tensor in tensors]


def same(first, second):
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def exhaust(events):
    for _ in events:
        pass


def by_hand(images, steps, family="vae", knobs=lambda step: {}, rates=lambda step: 1e-3):
    """The same training written out: no events, no clock. Returns the model and the losses of each step.

    ``knobs`` and ``rates`` give the knobs of the model and the learning rate of each step.
    """
    model = build(family, small(family), 0)
    optimizers = model.configure_optimizers(TrainConfig())
    pixels, labels = torch.tensor(images.train)[:, None] / 255, torch.tensor(images.train_labels).long()
    model.prepare(torch.tensor(images.train), labels, torch_rng(0, "prepare"))
    losses = []
    for step in range(steps):
        model.config = replace(model.config, **knobs(step))
        for name, rate in model.learning_rates(rates(step)).items():
            for group in optimizers[name].param_groups if name in optimizers else ():
                group["lr"] = rate
        order = torch.randperm(300, generator=torch_rng(0, "epoch", step // 4))
        chosen = order[step % 4 * BATCH :][:BATCH]
        model.train()
        rng = torch_rng(0, "train", step)
        losses.append(model.training_step(pixels[chosen], labels[chosen], optimizers, rng, step))
    return model, losses


@pytest.mark.parametrize("family", MODELS)
def test_loop_is_the_training_written_out(images, eager, family):
    model, losses = by_hand(images, 20, family)
    run = new(family)
    events = list(train(run, images))
    assert run.step == 20
    assert same(list(run.model.state_dict().values()), list(model.state_dict().values()))
    reports = [event for event in events if isinstance(event, Report) and event.split == "train"]
    assert [report.step for report in reports] == list(range(1, 21))
    for report, expected in zip(reports, losses, strict=True):
        assert report.metrics == {name: value.float().item() for name, value in expected.items()}


@pytest.mark.parametrize("until", [10, 20])
def test_reports_are_means_since_the_last_one(images, monkeypatch, until):
    monkeypatch.setattr(loop, "_REPORT_EVERY", math.inf)
    losses = by_hand(images, until)[1]
    reports = [event for event in train(new(), images, until) if isinstance(event, Report) and event.split == "train"]
    covered = 0
    for report in reports:
        for name, value in report.metrics.items():
            expected = np.mean([step[name].item() for step in losses[covered : report.step]])
            assert value == pytest.approx(expected, rel=1e-5)
        covered = report.step
    assert covered == until


CUTS = [("vae", 4), ("vae", 10), ("vae", 19), *((family, 5) for family in MODELS)]


@pytest.mark.parametrize(("family", "cut"), CUTS)
def test_saved_and_resumed_is_unbroken_bit_for_bit(images, tmp_path, monkeypatch, family, cut):
    whole = new(family)
    exhaust(train(whole, images))
    part = new(family)
    exhaust(train(part, images, until_step=cut))
    assert part.step == cut
    assert save(part, tmp_path)
    resumed = load(tmp_path, "cpu")
    assert same(state(part), state(resumed))
    assert (resumed.step, resumed.seconds) == (cut, part.seconds)
    monkeypatch.setattr(loop, "_REPORT_EVERY", 0.0)  # the second half is watched more closely than the first
    exhaust(train(resumed, images))
    assert resumed.step == 20
    assert same(state(whole), state(resumed))


def test_leaving_at_any_event_loses_nothing(images, eager):
    whole = new(epochs=3)
    events = list(train(whole, images))
    assert len(events) > 16
    for count in range(1, len(events) + 1):
        run = new(epochs=3)
        generator = train(run, images)
        last = list(islice(generator, count))[-1]
        generator.close()
        assert last.step == run.step
        exhaust(train(run, images))
        assert same(state(whole), state(run))


@pytest.mark.parametrize("family", MODELS)
def test_what_a_watcher_does_changes_nothing(images, eager, family):
    whole, watched = new(family), new(family)
    exhaust(train(whole, images))
    for event in train(watched, images):
        torch.manual_seed(event.step)
        assert torch.is_grad_enabled()
        if watched.model.can_sample:
            watched.model.sample(3, torch_rng(0, "look"))
        if watched.model.can_encode:
            watched.model.reconstruct(torch.rand(2, 1, 28, 28))
        watched.model.eval()
    assert same(state(whole), state(watched))


@pytest.mark.parametrize("until", [None, 10])
def test_each_event_comes_at_its_steps(images, eager, until):
    events = list(train(new(), images, until))
    end = until or 20
    steps = {
        "train": list(range(1, end + 1)),
        "validation": [step for step in (0, 4, 8, 12, 16, 20) if step < end] + [end],
        Frame: [0, 10, 20][: end // 10 + 1],
        Save: [end],
    }
    for kind, expected in steps.items():
        assert [event.step for event in events if kind in (type(event), getattr(event, "split", None))] == expected
    assert isinstance(events[-1], Save)
    assert [event.step for event in events] == sorted(event.step for event in events)


def test_a_finished_run_tells_its_end_again_and_trains_no_further(images):
    run = new(epochs=1)
    last = list(train(run, images))[-3:]
    before = state(run)
    again = list(train(run, images))
    assert [type(event) for event in again] == [Report, Frame, Save]
    assert again[0] == last[0]
    assert np.array_equal(again[1].arrays["samples"], last[1].arrays["samples"])
    assert same(before, state(run))


def test_validation_is_the_mean_over_all_images(images, monkeypatch):
    run = new("ae")
    report = next(train(run, images))
    assert (report.split, report.step) == ("validation", 0)
    x = torch.tensor(images.validation)[:, None] / 255
    error = (run.model.reconstruct(x) - x).square().sum((1, 2, 3)).mean().item()
    assert report.metrics == dict.fromkeys(("loss", "squared_error"), pytest.approx(error, rel=1e-5))
    monkeypatch.setattr(loop, "_EVALUATION_BATCH", 7)
    assert next(train(run, images)).metrics == dict.fromkeys(report.metrics, pytest.approx(error, rel=1e-5))


def test_epochs_see_each_image_at_most_once_in_new_orders(images):
    run = new()
    batches = loop._Batches(run, replace(images, train=np.arange(300 * 784).reshape(300, 28, 28) // 784 % 256))
    epochs = [[batches[4 * epoch + i] for i in range(4)] for epoch in range(2)]
    for epoch in epochs:
        assert all(x.shape == (BATCH, 1, 28, 28) for x, _ in epoch)
    orders = [batches.order.clone() for step in (0, 4) if batches[step]]
    assert not torch.equal(*orders)
    assert all(order.sort().values.tolist() == list(range(300)) for order in orders)
    x, labels = batches[5]
    chosen = orders[1][BATCH : 2 * BATCH]
    assert torch.equal(labels, torch.tensor(images.train_labels)[chosen].long())
    assert torch.equal((x[:, 0, 0, 0] * 255).round().long(), chosen % 256)


def test_batch_larger_than_the_data_takes_all_of_it(images):
    run = new(batch_size=4096, epochs=2)
    assert run.total_steps(300) == 2
    exhaust(train(run, images))
    assert run.step == 2


def frame_of(run, images):
    return next(event for event in train(run, images) if isinstance(event, Frame))


def test_frames_show_what_the_model_makes(images):
    run = new()
    arrays, x = frame_of(run, images).arrays, torch.tensor(images.test)[:, None] / 255
    np.testing.assert_allclose(arrays["codes"], run.model.encode(x).detach(), atol=1e-5)
    again = run.model.reconstruct(x[:16])[:, 0].numpy() * 255
    assert np.abs(arrays["reconstructions"] - again).max() <= 0.501
    assert arrays["samples"].dtype == np.uint8
    assert arrays["samples"].shape == (64, 28, 28)
    assert len(np.unique(arrays["samples"], axis=0)) == 64
    assert np.array_equal(arrays["samples"], frame_of(run, images).arrays["samples"])
    constants = frame_constants(images)
    assert np.array_equal(constants["originals"], images.test[:16])
    assert np.array_equal(constants["labels"], images.test_labels)


@pytest.mark.parametrize("family", [family for family in MODELS if MODELS[family].can_sample])
def test_frames_of_a_conditional_model_show_each_digit_in_turn(images, family):
    run = new(family, model=small(family, labels=True))
    arrays, rng = frame_of(run, images).arrays, torch_rng(0, "frames")
    asked = torch.arange(10).repeat(10)
    samples = run.model.sample(100, rng, asked)[:, 0].numpy() * 255
    assert arrays["samples"].shape == (100, 28, 28)
    assert np.abs(arrays["samples"] - samples).max() <= 0.501
    assert np.array_equal(arrays["samples"], frame_of(run, images).arrays["samples"])
    if run.model.can_encode:
        # Each test image goes in and comes out with its own label.
        x, labels = torch.tensor(images.test)[:, None] / 255, torch.tensor(images.test_labels).long()
        np.testing.assert_allclose(arrays["codes"], run.model.encode(x, labels).detach(), atol=1e-5)
        again = run.model.reconstruct(x[:16], labels[:16])[:, 0].numpy() * 255
        assert np.abs(arrays["reconstructions"] - again).max() <= 0.501


@pytest.mark.parametrize(("labels", "n"), [(False, 64), (True, 100)])
def test_frames_of_an_autoencoder_show_what_its_codes_do_not_say(images, labels, n):
    """Half of one Gaussian around all codes, half of a mixture: both are of the spread of the codes."""
    run = new("ae", model=small("ae", labels=labels))
    samples = frame_of(run, images).arrays["samples"]
    assert (samples.shape, samples.dtype) == ((n, 28, 28), np.uint8)
    assert len(np.unique(samples, axis=0)) > n / 2
    assert np.array_equal(samples, frame_of(run, images).arrays["samples"])
    x, digits = torch.tensor(images.train)[:, None] / 255, torch.tensor(images.train_labels).long()
    rebuilt = run.model.reconstruct(x, digits)[:, 0].numpy() * 255
    for half in (samples[: n // 2], samples[n // 2 :]):
        assert np.abs(half.mean(0) - rebuilt.mean(0)).mean() < 2.0
        assert half.std(0).mean() == pytest.approx(rebuilt.std(0).mean(), rel=0.6)


def test_map_of_larger_codes_shows_their_principal_components(images):
    run = new(model=small("vae", latent_dim=5))
    codes = run.model.encode(torch.tensor(images.test)[:, None] / 255).detach().numpy()
    found, expected = frame_of(run, images).arrays["codes"], PCA(2).fit_transform(codes)
    for axis in range(2):
        assert abs(found[:, axis] @ expected[:, axis]) == pytest.approx(
            np.linalg.norm(found[:, axis]) * np.linalg.norm(expected[:, axis]), rel=1e-4
        )
    assert found.var(0) == pytest.approx(expected.var(0), rel=1e-4)
    one = frame_of(new(model=small("vae", latent_dim=1)), images).arrays["codes"]
    assert np.ptp(one[:, 0]) > 0
    assert not one[:, 1].any()


def test_divergence_is_one_sentence_and_the_last_good_checkpoint_stays(images, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_REPORT_EVERY", 0.0)
    monkeypatch.setattr(loop, "_SAVE_EVERY", 0.0)
    run = new(learning_rate=100.0, epochs=200)
    good = []

    def drive():
        for event in train(run, images):
            if isinstance(event, Save) and save(run, tmp_path):
                good.append(state(run))

    with pytest.raises(Diverged, match=r"step \d+: with a learning rate of 100 .* smaller one\.$") as caught:
        drive()
    assert isinstance(caught.value, InputError)
    assert f"step {run.step}:" in str(caught.value)
    kept = load(tmp_path, "cpu")
    assert kept.step < run.step
    assert all(tensor.isfinite().all() for tensor in state(kept))
    assert same(state(kept), good[-1])


@pytest.mark.parametrize("scale", [1e3, 1e12, 1e25, math.inf, math.nan])
@pytest.mark.parametrize("family", MODELS)
def test_a_frame_is_drawn_of_whatever_the_weights_have_become(images, family, scale):
    run = new(family)
    before = {name: array.shape for name, array in frame_of(run, images).arrays.items()}
    with torch.no_grad():
        for tensor in run.model.parameters():
            tensor.mul_(scale)
    after = loop.draw(run, images)
    assert {name: array.shape for name, array in after.items()} == before


@pytest.mark.parametrize("family", MODELS)
def test_whatever_a_learning_rate_does_is_at_worst_a_sentence(images, eager, family):
    run = new(family, learning_rate=100.0, epochs=8)
    with suppress(Diverged):
        exhaust(train(run, images))
    assert run.step > 0


def test_seconds_are_those_of_training_alone(images, clock):
    run = new(budget="seconds", seconds=2)
    assert run.total_steps(300) is None
    for _ in train(run, images):
        clock.now += 100  # the watcher takes its time
    reports = run.seconds - 0.01 * run.step
    assert 2 <= run.seconds < 2.03
    # Each step reads the clock twice, 0.01 s apart, and so does each report; nothing else is in the budget.
    assert 100 < run.step <= 200
    assert 0 <= reports <= 0.01 * 100


def test_reports_come_ten_times_a_second_and_saves_every_ten_seconds(images, clock, monkeypatch):
    monkeypatch.setattr(loop, "_DRAWING_AHEAD", -math.inf)
    run = new(budget="seconds", seconds=35, batch_size=8)
    events = list(train(run, replace(images, train=np.tile(images.train, (100, 1, 1)), train_labels=np.zeros(30_000))))
    saves = [event for event in events if isinstance(event, Save)]
    assert len(saves) == 4
    moments = [event.seconds for event in events if isinstance(event, Report) and event.split == "train"]
    assert 300 <= len(moments) <= 350
    assert 0.09 < np.median(np.diff(moments)) < 0.13


@pytest.mark.slow
def test_drawing_costs_less_than_a_twentieth(images, clock, monkeypatch):
    draw = loop.draw

    def slow(run, data):
        clock.now += 0.2
        return draw(run, data)

    monkeypatch.setattr(loop, "draw", slow)
    run = new(budget="seconds", seconds=40, batch_size=8)
    frames = [event.step for event in train(run, images) if isinstance(event, Frame)]
    # The first and the last are always drawn, so two drawings of about 0.21 s come on top.
    assert 5 < len(frames) <= 40 / 20 / 0.21 + 2
    assert frames[0] == 0
    assert frames[-1] == run.step


def test_real_seconds_stop_a_run(images):
    run = new(budget="seconds", seconds=1)
    exhaust(train(run, images))
    assert 1 <= run.seconds < 10
    assert run.step > 5


def test_device_that_is_not_there_is_refused():
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(InputError, match=f"no {missing} device"):
        Run.new("vae", VAEConfig(), TrainConfig(device=missing))
    with pytest.raises(InputError, match="takes VAE settings"):
        Run.new("vae", AutoencoderConfig(), TrainConfig())


# Changes on the way ---------------------------------------------------------------------------------------------------

CHANGES = [Change(0, "beta", 0.5), Change(7, "learning_rate", 3e-4), Change(7, "beta", 4.0), Change(13, "beta", 1.5)]


def changed(**settings):
    run = new(**settings)
    run.changes = list(CHANGES)
    return run


def test_changes_are_those_of_a_loop_written_out(images):
    run = changed()
    exhaust(train(run, images))
    model, _ = by_hand(
        images,
        20,
        knobs=lambda step: {"beta": 0.5 if step < 7 else 4.0 if step < 13 else 1.5},
        rates=lambda step: 1e-3 if step < 7 else 3e-4,
    )
    assert same(list(run.model.state_dict().values()), list(model.state_dict().values()))
    plain = new()
    exhaust(train(plain, images))
    assert not same(state(plain), state(run))


def test_changed_by_hand_is_changed_from_a_list_bit_for_bit(images):
    run, hand = changed(), new()
    exhaust(train(run, images))
    for change in CHANGES:
        exhaust(train(hand, images, change.step))
        assert hand.step == change.step
        hand.change(change.knob, change.value)
    exhaust(train(hand, images))
    assert hand.changes == CHANGES
    assert same(state(run), state(hand))
    assert (hand.model.config, hand.train_config) == (run.model.config, run.train_config)
    assert hand.model_config == replace(new().model_config, beta=1.5)
    assert hand.settings.value("learning_rate") == 3e-4


@pytest.mark.parametrize("cut", [0, 1, 6, 7, 8, 12, 13, 14, 19])
def test_a_run_with_changes_goes_on_from_any_checkpoint_bit_for_bit(images, tmp_path, eager, cut):
    whole, part = changed(), changed()
    told = {(e.step, e.split): e.metrics for e in train(whole, images) if isinstance(e, Report)}
    exhaust(train(part, images, cut))
    assert save(part, tmp_path)
    resumed = load(tmp_path, "cpu")
    assert resumed.changes == CHANGES
    again = {(e.step, e.split): e.metrics for e in train(resumed, images) if isinstance(e, Report)}
    assert same(state(whole), state(resumed))
    # What is reported of a step is the same, too, whether it was reached or taken up.
    assert all(told[key] == metrics for key, metrics in again.items() if key in told)
    assert (20, "validation") in again


def test_a_change_takes_back_what_was_to_become_of_its_knob(images):
    run = changed()
    exhaust(train(run, images, 7))
    run.change("beta", 2)
    assert run.changes == [CHANGES[0], CHANGES[1], Change(7, "beta", 2.0)]
    assert run.model.config.beta == 0.5  # until the next update
    exhaust(train(run, images, 8))
    assert run.model.config.beta == 2.0
    for name, value in (("latent_dim", 2.0), ("beta", 21.0), ("nothing", 1.0)):
        before = list(run.changes)
        with pytest.raises(InputError):
            run.change(name, value)
        assert run.changes == before
    wrong = new("ae")
    wrong.changes = [Change(0, "beta", 1.0)]
    with pytest.raises(InputError, match="stays as it is"):
        next(train(wrong, images))


def test_changes_that_are_put_in_later_are_followed_from_the_first(images):
    run, expected = changed(), new()
    exhaust(train(run, images, 8))
    run.changes = [Change(9, "beta", 2.0)]
    exhaust(train(run, images))
    expected.changes = [*CHANGES[:3], Change(9, "beta", 2.0)]
    exhaust(train(expected, images))
    assert run.model.config.beta == 2.0
    assert same(state(run), state(expected))


def test_a_step_to_train_until_replaces_the_budget(images):
    run, longer = new(epochs=2), new(epochs=4)
    exhaust(train(run, images, 3))
    assert run.step == 3
    assert list(train(run, images, 2))[-1].step == 3  # no way back
    exhaust(train(run, images))
    assert run.step == 8
    exhaust(train(run, images, 16))
    exhaust(train(longer, images))
    assert run.step == longer.step == 16
    assert same(state(run), state(longer))


# The learning rate over time ------------------------------------------------------------------------------------------


def rates_of(run, images, until=None):
    """The learning rate with which each step was made."""
    found = {}
    for event in train(run, images, until):
        if isinstance(event, Report) and event.split == "train":
            found[event.step - 1] = run.optimizers["adam"].param_groups[0]["lr"]
    return [found[step] for step in sorted(found)]


def test_the_rate_falls_along_a_cosine_to_a_hundredth(images, eager):
    rates = rates_of(new(schedule="cosine"), images, 25)
    assert len(rates) == 25
    # At the start, a quarter, the middle, three quarters, the end, and beyond.
    for step, share in [(0, 1.0), (5, 0.8550179), (10, 0.505), (15, 0.1549821), (20, 0.01), (24, 0.01)]:
        assert rates[step] == pytest.approx(1e-3 * share, rel=1e-6), step
    # And PyTorch's own, which goes up again after the end.
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=1e-3)
    schedule = CosineAnnealingLR(optimizer, T_max=20, eta_min=1e-5)
    for rate in rates[:21]:
        assert rate == pytest.approx(schedule.get_last_lr()[0], rel=1e-6)
        optimizer.step()
        schedule.step()
    assert rates_of(new(), images) == [1e-3] * 20


def test_the_falling_rate_is_a_share_of_the_one_that_is_asked_for(images, eager):
    plain, turned = new(schedule="cosine"), new(schedule="cosine")
    turned.changes = [Change(8, "learning_rate", 0.01)]
    before, after = rates_of(plain, images), rates_of(turned, images)
    assert after[:8] == before[:8]
    assert after[8:] == pytest.approx([10 * rate for rate in before[8:]])


@pytest.mark.parametrize("family", [family for family in MODELS if family != "mixture"])
def test_with_a_falling_rate_the_weights_are_those_of_a_loop_written_out(images, family):
    run = new(family, schedule="cosine")
    exhaust(train(run, images))
    model, _ = by_hand(
        images, 20, family, rates=lambda t: 1e-3 * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, t / 20))) / 2)
    )
    assert same(list(run.model.state_dict().values()), list(model.state_dict().values()))


@pytest.mark.parametrize("cut", [1, 10, 19, 22])
def test_with_a_falling_rate_saved_and_resumed_is_unbroken_bit_for_bit(images, tmp_path, cut):
    whole, part = new(schedule="cosine"), new(schedule="cosine")
    exhaust(train(whole, images, 24))
    exhaust(train(part, images, cut))
    assert save(part, tmp_path)
    resumed = load(tmp_path, "cpu")
    assert resumed.train_config.schedule == "cosine"
    exhaust(train(resumed, images, 24))
    assert same(state(whole), state(resumed))
    constant = new()
    exhaust(train(constant, images, 24))
    assert not same(state(whole), state(constant))


# What a model may do --------------------------------------------------------------------------------------------------


class Diarist(Model):
    """A model that writes down what it is told, and says some things at some steps only."""

    family = "diarist"
    config_class = ModelConfig
    can_sample = can_encode = False

    def __init__(self):
        super().__init__(ModelConfig())
        self.prepared, self.steps = [], []

    def prepare(self, images, labels, rng):
        self.prepared.append((images.clone(), labels.clone(), torch.rand(3, generator=rng)))

    def training_step(self, x, labels, optimizers: dict[str, Optimizer], rng, step):
        self.steps.append((step, len(self.prepared)))
        told = {"always": torch.tensor(float(step)), "never": None, "thirds": torch.tensor(10.0 * step)}
        return {name: value for name, value in told.items() if name == "always" or (name == "thirds" and not step % 3)}

    def metrics(self, x, labels, rng):
        return {"seen": torch.tensor(float(len(self.prepared)))}

    def encode(self, x, labels=None):
        raise NotImplementedError

    decode = encode


def diarist():
    model, config = Diarist(), TrainConfig(batch_size=BATCH, epochs=5, device="cpu")
    optimizers = model.configure_optimizers(config)
    assert optimizers == {}  # it has no weights
    return Run("diarist", model, model.config, config, optimizers, 0, 0.0, torch.device("cpu"))


def test_a_model_is_shown_all_training_images_once_before_its_first_step(images):
    run = diarist()
    events = train(run, images)
    first = next(events)
    assert (first.split, first.metrics) == ("validation", {"seen": 1.0}), "it is looked at only after that"
    exhaust(events)
    ((pixels, labels, noise),) = run.model.prepared
    assert torch.equal(pixels, torch.tensor(images.train))
    assert pixels.dtype == torch.uint8
    assert torch.equal(labels, torch.tensor(images.train_labels).long())
    assert torch.equal(noise, torch.rand(3, generator=torch_rng(0, "prepare")))
    assert run.model.steps == [(step, 1) for step in range(20)]
    # Nor again where it is taken up.
    exhaust(train(run, images, 25))
    assert len(run.model.prepared) == 1


@pytest.mark.parametrize("every", [0.0, math.inf])
def test_what_is_told_at_some_steps_is_averaged_over_these(images, monkeypatch, every):
    monkeypatch.setattr(loop, "_REPORT_EVERY", every)
    reports = [e for e in train(diarist(), images) if isinstance(e, Report) and e.split == "train"]
    covered = 0
    for report in reports:
        steps = range(covered, report.step)
        told = [10.0 * step for step in steps if step % 3 == 0]
        expected = {"always": np.mean(steps)} | ({"thirds": np.mean(told)} if told else {})
        assert report.metrics == pytest.approx(expected)
        covered = report.step
    assert covered == 20
    assert {len(report.metrics) for report in reports} == {1, 2}


# Knobs that count and knobs that do not -------------------------------------------------------------------------------

KINDS = [
    ("ae", AutoencoderConfig(latent_dim=2, hidden_dim=16, channels=4)),
    ("ae", AutoencoderConfig(latent_dim=2, hidden_dim=16, channels=4, network="conv", labels=True, average=0.5)),
    ("vae", VAEConfig(latent_dim=2, hidden_dim=16, channels=4)),
    ("vae", VAEConfig(latent_dim=2, hidden_dim=16, channels=4, importance=3, binarise=True)),
    ("gan", GANConfig(latent_dim=2, hidden_dim=16, channels=4)),
    ("gan", GANConfig(latent_dim=2, hidden_dim=16, channels=4, network="dense", loss="wasserstein", labels=True)),
    ("gan", GANConfig(latent_dim=2, hidden_dim=16, channels=4, loss="hinge", spectral=True)),
    ("mixture", PixelMixtureConfig(latent_dim=2, components=2)),
    ("classifier", small("classifier")),
    ("classifier", small("classifier", network="dense")),
]


def other_value(knob, value):
    """Another value of a knob, never far from this one."""
    if knob.kind is bool:
        return not value
    if knob.name == "average":
        return 0.05  # in the first steps means keep less than a tenth of what was
    if knob.choices:
        return knob.choices[(knob.choices.index(value) + 1) % len(knob.choices)]
    step = knob.step if knob.step and not knob.log else knob.kind(max(1, value / 2))
    return knob.kind(value + step) if value + step <= knob.high else knob.kind(value - step)


def learnt(family, model, images, **training):
    run = Run.new(family, model, TrainConfig(**{"batch_size": BATCH, "device": "cpu"} | training))
    exhaust(train(run, images, 2))
    return {name: tensor.clone() for name, tensor in run.model.state_dict().items()}


def alike(one, other):
    return one.keys() == other.keys() and all(
        tensor.shape == other[name].shape and torch.equal(tensor, other[name]) for name, tensor in one.items()
    )


@pytest.mark.parametrize(("family", "model"), [kind for kind in KINDS if kind[0] in MODELS])
def test_a_knob_changes_what_is_learnt_unless_it_is_said_to_be_unused(images, family, model):
    plain, tried = learnt(family, model, images), set()
    training = {knob.name for knob in TrainConfig.knobs()}
    for knob in model.knobs():
        value = other_value(knob, getattr(model, knob.name))
        try:
            turned = replace(model, **{knob.name: value})
        except InputError:
            continue  # impossible beside the others
        tried.add(knob.name)
        same_weights = alike(plain, learnt(family, turned, images))
        assert same_weights == (knob.name in model.unused()), f"{knob.name}={value}"
    for name, value in (("learning_rate", 0.01), ("schedule", "cosine")):
        same_weights = alike(plain, learnt(family, model, images, **{name: value}, epochs=1))
        assert same_weights == (name in model.unused()), name
        tried.add(name)
    assert model.unused() <= tried | {"beta"}, "of several codes for an image β is refused, and would change nothing"
    assert len(tried - training) >= len(model.knobs()) - 3
