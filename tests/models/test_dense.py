"""Networks whose derivative is written out, against PyTorch's own layers, differentiation and Adam."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from genlib.models import build
from genlib.models.dense import Dense, VectorAdam
from genlib.models.gan import GAN
from genlib.models.gan_losses import discriminator_loss, discriminator_slope, generator_loss, generator_slope
from genlib.seeding import torch_rng
from genlib.settings import PlaneGANConfig, TrainConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)
SHAPES = [([2, 64, 64, 1], 0.2, False), ([3, 5, 2], 0.0, True), ([4, 6, 7, 5, 3], 0.2, True), ([2, 3], 0.0, True)]


def made(widths, slope, bias):
    torch.manual_seed(0)
    net = Dense(widths, slope, bias).double()
    return net, torch.randn(20, widths[0], generator=torch_rng(0, "x"), dtype=torch.float64)


def layers_of(net):
    """The same network of PyTorch's own layers."""
    layers = []
    for i, (matrix, bias) in enumerate(net.layers()):
        layer = nn.Linear(matrix.shape[1], matrix.shape[0], bias=bias is not None).double()
        layer.weight.data = matrix.clone()
        if bias is not None:
            layer.bias.data = bias.clone()
        layers += [layer, nn.LeakyReLU(net.slope)] if i < len(net.layers()) - 1 else [layer]
    return nn.Sequential(*layers)


@pytest.mark.parametrize(("widths", "slope", "bias"), SHAPES)
def test_a_dense_network_is_that_of_pytorchs_layers(widths, slope, bias):
    (net, x), loss = made(widths, slope, bias), lambda y: (y.square() + y).sum()
    x = x.requires_grad_()
    plain = layers_of(net)
    torch.testing.assert_close(net(x), plain(x))
    (towards,) = torch.autograd.grad(loss(plain(x)), x)
    loss(plain(x)).backward()
    wanted = torch.cat([weight.grad.flatten() for weight in plain.parameters()])
    x.grad = None
    loss(net(x)).backward()
    torch.testing.assert_close(x.grad, towards)
    torch.testing.assert_close(net.weights.grad, wanted)
    with torch.no_grad():
        path = net.run(x)
        by_hand = net.back(path, 2 * path[-1] + 1, for_x=True)
    torch.testing.assert_close(by_hand, towards)
    torch.testing.assert_close(net.gradient, wanted)
    assert torch.autograd.gradcheck(lambda x, _: net(x), (x, net.weights))


def test_weights_begin_where_pytorchs_do():
    torch.manual_seed(0)
    net = Dense([2, 200, 300, 1])
    for (matrix, bias), (into, _) in zip(net.layers(), pairwise([2, 200, 300, 1]), strict=True):
        reach = into**-0.5
        assert matrix.abs().max() <= reach
        assert 0.95 * reach < bias.abs().max() <= reach or bias.numel() == 1
        assert matrix.std().item() == pytest.approx(reach / 3**0.5, rel=0.1)


def test_a_copy_and_a_loaded_network_have_weights_of_their_own():
    net, x = made(*SHAPES[0])
    before = net(x)
    other = copy.deepcopy(net)
    other.weights.data.zero_()
    assert torch.equal(net(x), before)
    assert not other(x).any()
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(x), before)
    assert net.float()(x.float()).dtype == torch.float32  # its weights lie elsewhere by now


def test_vector_adam_is_pytorchs_adam():
    one, other = (nn.Parameter(torch.linspace(-1, 1, 50)) for _ in range(2))
    ours, theirs = VectorAdam([one], betas=(0.5, 0.999)), torch.optim.Adam([other], betas=(0.5, 0.999))
    for t in range(20):
        gradient = torch.randn(50, generator=torch_rng(0, t))
        for adam in (ours, theirs):
            adam.param_groups[0]["lr"] = 0.1 / (t + 1)
        assert ours.descend(gradient).item() == pytest.approx(gradient.norm().item())
        other.grad = gradient
        theirs.step()
        if t == 9:  # what is saved can be taken up again
            fresh = VectorAdam([one], betas=(0.5, 0.999))
            fresh.load_state_dict(ours.state_dict())
            ours = fresh
    torch.testing.assert_close(one, other)
    assert ours.state_dict()["state"][0].keys() == theirs.state_dict()["state"][0].keys()


@pytest.mark.parametrize("loss", ["non-saturating", "minimax", "hinge", "wasserstein"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_slopes_are_the_derivatives_of_the_losses(loss, smoothing):
    scores = 3 * torch.randn(24, 1, generator=torch_rng(0, "scores"), dtype=torch.float64)
    scores.requires_grad_()
    real, fake = scores.chunk(2)
    (wanted,) = torch.autograd.grad(discriminator_loss(loss, real, fake, smoothing), scores)
    torch.testing.assert_close(discriminator_slope(loss, real.detach(), fake.detach(), smoothing), wanted)
    (wanted,) = torch.autograd.grad(generator_loss(loss, scores), scores)
    torch.testing.assert_close(generator_slope(loss, scores.detach()), wanted)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"loss": "minimax", "smoothing": 0.1, "packing": 2, "layers": 3},
        {"loss": "hinge", "packing": 3, "d_steps": 2, "latent_dim": 5, "average": 0.0},
        {"turns": 1},
        {"turns": 2},
    ],
)
def test_a_step_by_hand_is_the_step_of_any_gan(asked):
    """Against PyTorch's account of the same step, in double precision, over some steps."""
    config, told = PlaneGANConfig(hidden_dim=8, **asked), []
    models = [build("gan2d", config, 0).double() for _ in range(2)]
    optimizers = [model.configure_optimizers(TrainConfig(learning_rate=0.01)) for model in models]
    for t in range(6):
        x = torch.randn(12, 2, generator=torch_rng(0, "x", t)).double()
        torch.set_default_dtype(torch.float64)
        try:
            told = [
                step(model, x, torch.zeros(12), optimizer, torch_rng(0, "noise", t), t)
                for step, model, optimizer in zip(
                    (type(models[0]).training_step, GAN.training_step), models, optimizers, strict=False
                )
            ]
        finally:
            torch.set_default_dtype(torch.float32)
        assert told[0].keys() == told[1].keys()
        for name, value in told[0].items():
            torch.testing.assert_close(value, told[1][name])
    for name, weights in models[0].state_dict().items():
        torch.testing.assert_close(weights, models[1].state_dict()[name])
