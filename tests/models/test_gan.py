"""The game of a GAN against closed forms, PyTorch's cross-entropy, finite differences, NumPy and its own rules."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import integrate, stats

from genlib.knobs import InputError
from genlib.models import build
from genlib.models.gan_losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    hinge,
    log_loss,
    minimax,
    non_saturating,
    wasserstein,
)
from genlib.seeding import torch_rng
from genlib.settings import GANConfig, TrainConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

LOSSES = GANConfig.knob("loss").choices


def scores(n=40, seed=0):
    rng = torch_rng(seed, "scores")
    return 3 * torch.randn(n, generator=rng) + 1, 3 * torch.randn(n, generator=rng) - 1


def make(seed=0, **config):
    small = {"latent_dim": 3, "hidden_dim": 32, "channels": 4, "d_rate": 1.0}
    return build("gan", GANConfig(**small | config), seed)


def batch(n=16):
    return torch.rand(n, 1, 28, 28, generator=torch_rng(1, "x")), torch.arange(n) % 10


def steps(model, n=1, first=0, rate=1e-3):
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=rate))
    return [
        model.train().training_step(*batch(), optimizers, torch_rng(0, "noise", t), t) for t in range(first, first + n)
    ]


def state(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(one, other):
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


# The losses, as functions of scores.


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_log_loss_is_the_cross_entropy_of_a_classifier(smoothing):
    real, fake = scores()
    targets = torch.cat([torch.full_like(real, 1 - smoothing), torch.zeros_like(fake)])
    expected = 2 * F.binary_cross_entropy_with_logits(torch.cat([real, fake]), targets)
    torch.testing.assert_close(log_loss(real, fake, smoothing), expected)


def test_generator_losses_are_those_of_the_paper():
    _, fake = scores()
    p = 1 / (1 + np.exp(-fake.double().numpy()))
    assert minimax(fake).item() == pytest.approx(np.log(1 - p).mean(), rel=1e-5)
    assert non_saturating(fake).item() == pytest.approx(-np.log(p).mean(), rel=1e-5)


def test_minimax_gradient_vanishes_where_d_is_sure_and_the_other_does_not():
    for loss, expected in ((minimax, 0.0), (non_saturating, -1.0)):
        fake = torch.tensor([-20.0], requires_grad=True)
        loss(fake).backward()
        assert fake.grad.item() == pytest.approx(expected, abs=1e-6)


def test_both_generator_losses_pull_the_same_way():
    for loss in LOSSES:
        fake = scores()[1].requires_grad_()
        generator_loss(loss, fake).backward()
        assert (fake.grad < 0).all(), loss  # a larger score is a smaller loss


def test_scores_that_are_sure_cost_no_infinite_loss():
    sure = torch.tensor([1e4, -1e4], requires_grad=True)
    for loss in LOSSES:
        total = discriminator_loss(loss, sure, sure) + generator_loss(loss, sure)
        assert total.isfinite()
        (gradient,) = torch.autograd.grad(total, sure)
        assert gradient.isfinite().all()


def test_hinge_and_critic_by_hand():
    real, fake = torch.tensor([3.0, 0.5, -1.0]), torch.tensor([-4.0, 0.0, 2.0])
    assert hinge(real, fake).item() == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1 + 3) / 3)
    assert wasserstein(real, fake).item() == pytest.approx(-2 / 3 - 2.5 / 3)
    assert generator_loss("hinge", fake).item() == generator_loss("wasserstein", fake).item() == pytest.approx(2 / 3)
    assert discriminator_loss("hinge", real, fake) == hinge(real, fake)
    assert discriminator_loss("wasserstein", real, fake) == wasserstein(real, fake)


def test_a_d_that_can_only_guess_costs_two_log_two():
    zero = torch.zeros(5)
    assert discriminator_loss("non-saturating", zero, zero).item() == pytest.approx(2 * math.log(2))
    assert generator_loss("non-saturating", zero).item() == pytest.approx(math.log(2))
    assert generator_loss("minimax", zero).item() == pytest.approx(-math.log(2))


def two_densities(n):
    x = np.linspace(-12, 12, n)
    return x, stats.norm.pdf(x, 1, 1), stats.norm.pdf(x, -1, 1.5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_best_d_of_two_known_densities(smoothing):
    """Proposition 1 of Goodfellow et al.: D = p / (p + q); smoothed (1 - a) p / (p + q), by Salimans et al."""
    _, p, q = two_densities(81)
    best = (1 - smoothing) * p / (p + q)
    at_best = torch.tensor(np.log(best / (1 - best)), requires_grad=True)
    never, zero = torch.tensor([-1e9], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    # One point at a time: its loss as a real image, the other side costing nothing, and as a drawn one, beside a
    # constant. Weighted by the densities they are D's loss, which is to be flat there.
    as_real = torch.stack([log_loss(score[None], never, smoothing) for score in at_best])
    as_fake = torch.stack([log_loss(zero, score[None], smoothing) for score in at_best])
    (as_real @ torch.tensor(p) + as_fake @ torch.tensor(q)).backward()
    assert (at_best.grad.abs() / torch.tensor(p + q)).max() < 1e-9


def test_at_the_best_d_the_game_is_worth_a_divergence():
    """Theorem 1 of Goodfellow et al.: -log 4 + 2 JSD, here by draws against an integral over the densities."""
    x, p, q = two_densities(2401)
    middle = (p + q) / 2
    jsd = integrate.simpson(p * np.log(p / middle) + q * np.log(q / middle), x=x) / 2
    rng, n = torch_rng(0, "draws"), 200_000
    draws = torch.randn(n, generator=rng) + 1, 1.5 * torch.randn(n, generator=rng) - 1
    ratios = [torch.tensor(stats.norm.logpdf(each, 1, 1) - stats.norm.logpdf(each, -1, 1.5)) for each in draws]
    assert -log_loss(*ratios).item() == pytest.approx(-math.log(4) + 2 * jsd, abs=0.01)


# The gradient penalty.


def test_gradient_penalty_of_a_linear_score_is_known():
    w = torch.randn(784, generator=torch_rng(0, "w"), dtype=torch.float64)
    real, fake = torch.rand(2, 6, 784, generator=torch_rng(0, "x"), dtype=torch.float64)
    penalty = gradient_penalty(lambda x: x @ w, real, fake, torch_rng(0, "u"))
    assert penalty.item() == pytest.approx((w.norm().item() - 1) ** 2)


def test_gradient_penalty_is_taken_between_the_images():
    """For s(x) = x^2 / 2 in one dimension the slope is the place itself."""
    real, fake = torch.full((2000, 1), 3.0), torch.full((2000, 1), 5.0)
    penalty = gradient_penalty(lambda x: x.square().sum(1) / 2, real, fake, torch_rng(0, "u"))
    expected = integrate.quad(lambda u: (3 * u + 5 * (1 - u) - 1) ** 2, 0, 1)[0]
    deviation = math.sqrt(integrate.quad(lambda u: ((5 - 2 * u - 1) ** 2 - expected) ** 2, 0, 1)[0] / 2000)
    assert abs(penalty.item() - expected) < 4.5 * deviation


@pytest.mark.parametrize("network", ["conv", "dense"])
def test_gradient_penalty_and_its_gradient_against_finite_differences(network):
    d = make(network=network, layers=2, labels=True).discriminator.double()
    (x, labels), fake = batch(3), torch.rand(3, 1, 28, 28, generator=torch_rng(2, "x")).double()
    x, h = x.double(), 1e-6

    def penalty():
        return gradient_penalty(lambda x: d(x, labels), x, fake, torch_rng(0, "u"))

    u = torch.rand(3, 1, 1, 1, generator=torch_rng(0, "u"))
    between = u * x + (1 - u) * fake
    slopes = torch.zeros(3, 784, dtype=torch.float64)
    for pixel in range(784):
        move = torch.zeros(784, dtype=torch.float64)
        move[pixel] = h
        move = move.view(1, 28, 28)
        slopes[:, pixel] = ((d(between + move, labels) - d(between - move, labels)) / (2 * h)).detach()
    assert penalty().item() == pytest.approx((slopes.norm(dim=1) - 1).square().mean().item(), rel=1e-6)
    weight = d.phi[0].weight if network == "conv" else d.phi[1].weight
    (gradient,) = torch.autograd.grad(penalty(), weight)
    place = np.unravel_index(gradient.abs().argmax().item(), gradient.shape)
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[place] += sign * h
        values.append(penalty().item())
        with torch.no_grad():
            weight[place] -= sign * h
    assert gradient[place].item() == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-4)


def test_penalty_holds_the_critic_back():
    lengths = []
    for penalty in (0.0, 100.0):
        model = make(loss="wasserstein", penalty=penalty, network="dense", d_steps=10)
        x, labels = batch()
        steps(model, 60, rate=3e-3)
        fake = model.eval().decode(torch.randn(16, 3, generator=torch_rng(0, "z")))
        x = (x + fake).detach().div(2).requires_grad_()
        (slope,) = torch.autograd.grad(model.discriminator(x, labels).sum(), x)
        lengths.append(slope.flatten(1).norm(dim=1).mean().item())
    assert lengths[1] == pytest.approx(1, abs=0.4)
    assert lengths[0] > 2


# Who learns, and what from.


@pytest.mark.parametrize("labels", [False, True])
def test_a_step_is_an_update_of_d_and_then_one_of_g(labels):
    """The same in plain PyTorch: two Adams, D on real and on detached images, then G on the D that has just learnt."""
    model, reference = make(labels=labels, d_rate=2.0), make(labels=labels)
    x, digits = batch()
    told_label = [digits] if labels else []
    g, d = reference.generator, reference.discriminator
    optimizers = [torch.optim.Adam(side.parameters(), lr=lr, betas=(0.5, 0.999)) for side, lr in ((g, 1e-3), (d, 2e-3))]
    ours = model.configure_optimizers(TrainConfig(learning_rate=1e-3))
    bce = F.binary_cross_entropy_with_logits
    for t in range(3):
        told = model.train().training_step(x, digits, ours, torch_rng(0, "noise", t), t)
        drawn = g.train()(torch.randn(16, 3, generator=torch_rng(0, "noise", t)), *told_label).sigmoid()
        real, fake = d(x, *told_label), d(drawn.detach(), *told_label)
        loss_d = bce(real, torch.ones(16)) + bce(fake, torch.zeros(16))
        expected = {"loss_d": loss_d, "loss_g": bce(fake, torch.ones(16))}
        expected |= {"real": real.sigmoid().mean(), "fake": fake.sigmoid().mean()}
        d.zero_grad()
        loss_d.backward()
        expected["gradient_d"] = torch.cat([weight.grad.flatten() for weight in d.parameters()]).norm()
        optimizers[1].step()
        g.zero_grad()
        bce(d(drawn, *told_label), torch.ones(16)).backward()
        expected["gradient_g"] = torch.cat([weight.grad.flatten() for weight in g.parameters()]).norm()
        optimizers[0].step()
        assert told.keys() == expected.keys()
        for name, value in told.items():
            torch.testing.assert_close(value, expected[name].detach(), rtol=1e-3, atol=1e-5, msg=f"{name}, step {t}")
    for name, side in (("generator", g), ("discriminator", d)):
        for (part, mine), theirs in zip(
            getattr(model, name).state_dict().items(), side.state_dict().values(), strict=True
        ):
            # Adam divides by the size of the gradient, which is rounding alone for a bias before a normalisation.
            if not part.endswith(("first.bias", "3.bias")):
                torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=2e-4, msg=f"{name} {part}")


def test_a_step_of_the_critic_holds_its_slope_between_its_own_two_kinds_of_images():
    model, (x, labels) = make(loss="wasserstein", penalty=7.0), batch()
    reference = make(loss="wasserstein", penalty=7.0)
    rng = torch_rng(0, "noise", 0)
    drawn = reference.generator.train()(torch.randn(16, 3, generator=rng)).sigmoid().detach()
    u = torch.rand(16, 1, 1, 1, generator=rng)
    d, between = reference.discriminator, (u * x + (1 - u) * drawn).requires_grad_()
    (slope,) = torch.autograd.grad(d(between).sum(), between, create_graph=True)
    loss = d(drawn).mean() - d(x).mean()
    (loss + 7 * (slope.square().sum((1, 2, 3)).sqrt() - 1).square().mean()).backward()
    expected = torch.cat([weight.grad.flatten() for weight in d.parameters()]).norm()
    told = model.train().training_step(
        x, labels, model.configure_optimizers(TrainConfig()), torch_rng(0, "noise", 0), 0
    )
    torch.testing.assert_close(told["gradient_d"], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(told["loss_d"], loss.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("turns", "learner", "waiting"), [(1, "discriminator", "generator"), (2, "generator", "discriminator")]
)
@pytest.mark.parametrize("loss", ["non-saturating", "wasserstein"])
def test_who_waits_is_left_bitwise_as_it_was(turns, learner, waiting, loss):
    model = make(loss=loss, spectral=True)
    steps(model, 3, rate=0.01)
    model.config = replace(model.config, turns=turns, d_steps=2)
    before = {name: state(getattr(model, name)) for name in (learner, waiting, "averages")}
    told = steps(model, 3)
    assert same(before[waiting], state(getattr(model, waiting)))
    assert not same(before[learner], state(getattr(model, learner)))
    assert same(before["averages"], state(model.averages)) == (turns == 1)
    mine, other = ("gradient_d", "gradient_g") if turns == 1 else ("gradient_g", "gradient_d")
    for report in told:
        assert report[mine] > 0
        assert other not in report
        assert {"loss_d", "loss_g", "real", "fake"} <= report.keys()


def test_turns_and_pace_may_change_on_the_way():
    model = make()
    optimizers = model.configure_optimizers(TrainConfig())
    for turns, moved in ((0, (True, True)), (1, (False, True)), (2, (True, False)), (0, (True, True))):
        model.config = replace(model.config, turns=turns)
        before = state(model.generator), state(model.discriminator)
        model.train().training_step(*batch(), optimizers, torch_rng(0, "noise", turns), 5)
        after = state(model.generator), state(model.discriminator)
        assert tuple(not same(*pair) for pair in zip(before, after, strict=True)) == moved
    model.config = replace(model.config, d_rate=3.0)
    assert model.learning_rates(0.01) == {"generator": 0.01, "discriminator": pytest.approx(0.03)}


def test_d_steps_counts_the_steps_of_d_for_one_of_g():
    model = make(d_steps=3)
    optimizers, learnt = model.configure_optimizers(TrainConfig()), []
    for t in range(9):
        before = [weight.clone() for weight in model.generator.parameters()]
        d_before = [weight.clone() for weight in model.discriminator.parameters()]
        told = model.train().training_step(*batch(), optimizers, torch_rng(0, "noise", t), t)
        moved = not all(map(torch.equal, before, model.generator.parameters()))
        assert not any(map(torch.equal, d_before, model.discriminator.parameters()))
        assert ("gradient_g" in told) == moved
        learnt.append(moved)
    assert learnt == [False, False, True] * 3


def test_smoothing_keeps_d_from_being_sure():
    """D alone, against a G that draws what no image is: it would become certain, and is to stop at 0.7."""
    sure = []
    for smoothing in (0.0, 0.3):
        model = make(smoothing=smoothing, turns=1, network="dense")
        steps(model, 150, rate=3e-3)
        sure.append(model.scores(batch()[0]).mean().item())
    assert sure[0] > 0.99
    assert sure[1] == pytest.approx(0.7, abs=0.03)


def test_smoothing_is_refused_where_d_has_no_probability():
    with pytest.raises(InputError, match="probability"):
        GANConfig(loss="hinge", smoothing=0.1)


# The networks.


@pytest.mark.parametrize("network", ["conv", "dense"])
def test_spectral_norm_is_one_by_numpy(network):
    model = make(network=network, layers=2, spectral=True, labels=True)
    steps(model, 10)
    for _ in range(60):  # each look at the weights moves one power iteration further
        model.discriminator.train()(*batch())
    found = 0
    for name, layer in model.discriminator.eval().named_modules():
        if hasattr(layer, "parametrizations"):
            matrix = layer.weight.detach().flatten(1).double().numpy()
            largest = np.linalg.svd(matrix, compute_uv=False)[0]
            assert largest == pytest.approx(1, abs=0.002), name
            raw = layer.parametrizations.weight.original.detach().flatten(1).double().numpy()
            ratio = np.linalg.svd(raw, compute_uv=False)[0] / largest
            np.testing.assert_allclose(matrix * ratio, raw, rtol=1e-3, atol=1e-6)
            found += 1
    assert found == (5 if network == "conv" else 4)


def test_spectral_norm_is_saved_and_comes_back_bitwise():
    model, other = make(spectral=True), make(1, spectral=True)
    steps(model, 5)
    other.load_state_dict(model.state_dict())
    for each in (model, other):
        steps(each, 3, first=5)
    assert same(state(model), state(other))


def test_dense_networks_have_the_widths_of_the_textbook():
    model = build("gan", GANConfig(network="dense", latent_dim=100), 0)
    for side, widths in (
        (model.generator, [(128, 100), (256, 128), (512, 256), (1024, 512), (784, 1024)]),
        (model.discriminator, [(512, 784), (256, 512), (1, 256)]),
    ):
        assert [tuple(w.shape) for w in side.parameters() if w.dim() == 2] == widths


def test_d_looks_at_each_image_alone():
    for network in ("conv", "dense"):
        model = make(network=network, labels=True).train()
        x, labels = batch()
        whole = model.discriminator(x, labels)
        torch.testing.assert_close(model.discriminator(x[3:4], labels[3:4]), whole[3:4])


def test_d_is_told_labels_by_projection():
    """s(x, y) - s(x, y') = (e_y - e_y') . phi(x), eq. (3) of Miyato & Koyama."""
    model = make(labels=True)
    d, (x, labels) = model.discriminator, batch()
    other = (labels + 3) % 10
    phi, table = d.phi(x).double(), d.embedding.weight.double()
    expected = ((table[labels] - table[other]) * phi).sum(1)
    torch.testing.assert_close((d(x, labels) - d(x, other)).double(), expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match="say which digit"):
        model.scores(x)


# What is shown.


@pytest.mark.parametrize("loss", LOSSES)
def test_scores_are_probabilities_where_the_loss_speaks_of_them(loss):
    model, (x, _) = make(loss=loss), batch()
    raw = model.discriminator(x).detach()
    shown = model.scores(x)
    assert shown.shape == (16,)
    torch.testing.assert_close(shown, raw.sigmoid() if loss in ("minimax", "non-saturating") else raw)
    metrics = model.metrics(x, batch()[1], torch_rng(0, "noise"))
    torch.testing.assert_close(metrics["real"], shown.mean())
    drawn = model.decode(torch.randn(16, 3, generator=torch_rng(0, "noise")))
    torch.testing.assert_close(metrics["fake"], model.scores(drawn).mean())


@pytest.mark.parametrize("labels", [False, True])
def test_opinions_are_the_scores_of_images_and_of_as_many_new_ones(labels):
    model, (x, digits) = make(labels=labels), batch()
    opinions = model.opinions(x, digits, torch_rng(0, "noise"))
    new = model.sample(16, torch_rng(0, "noise"), digits)
    assert torch.equal(opinions["real_scores"], model.scores(x, digits))
    assert torch.equal(opinions["new_scores"], model.scores(new, digits))


def test_spread_is_the_mean_squared_distance_between_images():
    model, (x, labels) = make(), batch(12)
    steps(model, 3)
    drawn = model.eval().decode(torch.randn(12, 3, generator=torch_rng(0, "noise"))).detach()
    mine, theirs = (torch.pdist(images.flatten(1).double()).square().mean() for images in (drawn, x))
    spread = model.metrics(x, labels, torch_rng(0, "noise"))["spread"]
    assert spread.item() == pytest.approx((mine / theirs).item(), rel=1e-5)


def test_spread_of_one_image_over_and_over_is_nothing():
    model, (x, labels) = make(), batch()
    with torch.no_grad():
        for weight in model.averages["generator"].parameters():
            weight.zero_()
    assert model.metrics(x, labels, torch_rng(0, "noise"))["spread"].item() == pytest.approx(0, abs=1e-9)
    alone = model.metrics(x[:1], labels[:1], torch_rng(0, "noise"))["spread"]
    assert alone.isfinite()  # the last batch of a validation may hold one image


def test_the_average_is_what_draws():
    model = make(average=0.9)
    expected = [weight.detach().double() for weight in model.generator.parameters()]
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.01))
    for t in range(30):
        model.train().training_step(*batch(), optimizers, torch_rng(0, "noise", t), t)
        d = min(0.9, (1 + t) / (10 + t))
        now = model.generator.parameters()
        expected = [d * old + (1 - d) * new.detach().double() for old, new in zip(expected, now, strict=True)]
    for weight, wanted in zip(model.averages["generator"].parameters(), expected, strict=True):
        torch.testing.assert_close(weight.double(), wanted, rtol=1e-4, atol=1e-6)
    z = torch.randn(4, 3, generator=torch_rng(0, "z"))
    shown = model.eval().decode(z)
    torch.testing.assert_close(shown, model.averages["generator"](z).sigmoid())
    assert not torch.equal(shown, model.generator(z).sigmoid())
    torch.testing.assert_close(model.sample(4, torch_rng(0, "z")), shown.detach())


def test_other_labels_give_other_images_of_the_same_noise():
    model = make(labels=True)
    steps(model, 5)
    z = torch.randn(1, 3, generator=torch_rng(0, "z")).expand(10, 3)
    images = model.eval().decode(z, torch.arange(10))
    assert torch.pdist(images.flatten(1)).min() > 1e-3


def test_d_alone_learns_to_tell_and_g_alone_learns_to_please():
    model = make(network="dense", turns=1)
    told = steps(model, 100, rate=1e-3)
    assert told[-1]["loss_d"] < 0.2 * told[0]["loss_d"]
    assert told[-1]["real"] > 0.9 > 0.1 > told[-1]["fake"]
    model.config = replace(model.config, turns=2)
    told = steps(model, 100, rate=1e-2)
    assert told[-1]["fake"] > 0.9
    assert told[-1]["loss_g"] < 0.1 * told[0]["loss_g"]
