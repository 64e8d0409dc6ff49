"""The fast linear layer against PyTorch's own, and the networks by their widths and by what a label means."""

import pytest
import torch
from torch import nn

from genlib.knobs import InputError
from genlib.models.nets import Linear, decoder, encoder, generator
from genlib.settings import GANConfig, VAEConfig

pytestmark = pytest.mark.fast


def twins(inputs, outputs, dtype=torch.float32):
    rng = torch.Generator().manual_seed(0)
    ours, plain = Linear(inputs, outputs).to(dtype), nn.Linear(inputs, outputs).to(dtype)
    plain.load_state_dict(ours.state_dict())
    return ours, plain, rng


@pytest.mark.parametrize("sizes", [(784, 400, 128), (400, 784, 128), (5, 3, 1), (17, 33, 7)])
def test_values_and_gradients_agree_with_pytorch(sizes):
    inputs, outputs, batch = sizes
    ours, plain, rng = twins(inputs, outputs)
    x = torch.randn(batch, inputs, generator=rng)
    towards = torch.randn(batch, outputs, generator=rng)
    results = []
    for layer in (ours, plain):
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        (y * towards).sum().backward()
        results.append((y.detach(), leaf.grad, layer.weight.grad, layer.bias.grad))
    for mine, theirs in zip(*results, strict=True):
        # Sums of up to 784 terms in another order: a few units in the last place of the largest value.
        torch.testing.assert_close(mine, theirs, rtol=0, atol=2e-6 * float(theirs.abs().max()) + 1e-6)


def test_transposed_input_agrees():
    ours, plain, rng = twins(30, 20)
    x = torch.randn(30, 50, generator=rng).T
    torch.testing.assert_close(ours(x), plain(x))


def test_gradients_agree_with_finite_differences_where_the_fast_product_is_not_used():
    ours, _, rng = twins(4, 3, torch.float64)
    x = torch.randn(5, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ours, (x,))


def test_product_is_the_same_bit_for_bit_each_time():
    ours, _, rng = twins(784, 400)
    x = torch.randn(128, 784, generator=rng)
    first = ours(x)
    assert all(torch.equal(first, ours(x.clone())) for _ in range(5))


# Whole networks -------------------------------------------------------------------------------------------------------

NETS = {
    "encoder": lambda config: encoder(config, 5),
    "decoder": decoder,
    "generator": generator,
}


def config_of(network, **settings):
    return VAEConfig(**{"latent_dim": 3, "hidden_dim": 32, "channels": 4, "network": network} | settings)


def shapes(net, x, labels=None):
    """The shapes, without the batch, that the layers of a network with weights give."""
    found = []
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _layer, _x, y: found.append(tuple(y.shape[1:])))
    net(x, labels)
    return found


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_dense_networks_have_these_widths(layers):
    images, codes = torch.rand(2, 1, 28, 28), torch.randn(2, 3)
    config = config_of("dense", layers=layers, hidden_dim=64)
    assert shapes(encoder(config, 5), images) == [(64,)] * layers + [(5,)]
    assert shapes(decoder(config), codes) == [(64,)] * layers + [(784,)]
    growing = {1: [64], 2: [32, 64], 4: [8, 16, 32, 64]}[layers]
    assert shapes(generator(config), codes) == [(width,) for width in growing] + [(784,)]
    assert decoder(config)(codes).shape == generator(config)(codes).shape == (2, 1, 28, 28)


def test_the_generator_of_the_original_is_among_them():
    net = generator(GANConfig(network="dense", latent_dim=100, hidden_dim=1024, layers=4))
    weights = [tuple(layer.weight.shape) for layer in net.modules() if isinstance(layer, nn.Linear)]
    assert weights == [(128, 100), (256, 128), (512, 256), (1024, 512), (784, 1024)]
    # 16 is the least width of the last layer, so a first one of 2 is the narrowest.
    narrow = generator(GANConfig(network="dense", hidden_dim=16, layers=4))
    assert [m.num_features for m in narrow.modules() if isinstance(m, nn.BatchNorm1d)] == [2, 4, 8, 16]


def test_convolutional_networks_halve_the_image_twice_and_double_it_twice():
    images, codes, config = torch.rand(2, 1, 28, 28), torch.randn(2, 3), config_of("conv", channels=8)
    assert shapes(encoder(config, 5), images) == [(8, 14, 14), (16, 7, 7), (5,)]
    for net in (decoder(config), generator(config)):
        assert shapes(net, codes) == [(16 * 49,), (8, 14, 14), (1, 28, 28)]
        assert net(codes).shape == (2, 1, 28, 28)
    normed = [m.num_features for m in generator(config).modules() if isinstance(m, nn.BatchNorm2d)]
    assert normed == [16, 8]
    assert not [m for m in decoder(config).modules() if isinstance(m, nn.BatchNorm2d)]


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("name", NETS)
def test_between_two_layers_with_weights_there_is_a_bend(network, name):
    # Two linear layers in a row would be one.
    net = NETS[name](config_of(network, layers=1 if network == "conv" else 3))
    bends, kinds = 0, [type(layer) for layer in net.rest]
    weighted = [kind for kind in kinds if issubclass(kind, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    for kind in kinds:
        if kind in (nn.ReLU, nn.SiLU):
            bends += 1
        elif kind in weighted:
            assert bends == 1
            bends = 0
    assert bends == 0, "and none after the last"


def told_beside(net, inputs):
    """The same network, whose first layer is PyTorch's own and takes ten more inputs: the label, one of which is 1."""
    first, shift = net.first, net.shift.weight  # (10, width)
    if isinstance(first, nn.Linear):
        wide = nn.Linear(inputs + 10, shift.shape[1])
        wide.weight.copy_(torch.cat([first.weight, shift.T], 1))
    else:
        wide = nn.Conv2d(11, shift.shape[1], 4, stride=2, padding=1)
        wide.weight.zero_()
        wide.weight[:, :1] = first.weight
        wide.weight[:, 1:, 1, 1] = shift.T  # of the window, a place that is inside at every border
    wide.bias.copy_(first.bias)
    return wide


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("name", NETS)
@torch.no_grad()
def test_a_label_is_a_one_hot_vector_beside_the_input(network, name):
    net = NETS[name](config_of(network, labels=True, layers=2)).eval()
    rng, labels = torch.Generator().manual_seed(0), torch.tensor([3, 0, 9, 9, 5])
    one_hot = torch.eye(10)[labels]
    if name == "encoder":
        x = torch.rand(5, 1, 28, 28, generator=rng)
        planes = one_hot[:, :, None, None].expand(-1, -1, 28, 28)
        beside = torch.cat([x.flatten(1), one_hot], 1) if network == "dense" else torch.cat([x, planes], 1)
        inputs = 784
    else:
        x = torch.randn(5, 3, generator=rng)
        beside, inputs = torch.cat([x, one_hot], 1), 3
    expected = net.rest(told_beside(net, inputs)(beside))
    torch.testing.assert_close(net(x, labels), expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(net(x, labels), net(x, (labels + 1) % 10))


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("name", NETS)
def test_labels_begin_as_large_as_the_other_inputs(network, name):
    net = NETS[name](config_of(network, labels=True, hidden_dim=400, channels=64))
    weight, shift = net.first.weight.detach(), net.shift.weight.detach()
    assert shift.shape == (10, len(weight))
    assert shift.abs().max() <= weight[0].numel() ** -0.5 + 1e-7
    # Of a uniform distribution, as PyTorch begins a linear layer.
    assert shift.std() == pytest.approx((weight[0].numel() * 3) ** -0.5, rel=0.1)
    assert weight.std() == pytest.approx(shift.std().item(), rel=0.1)


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("name", NETS)
def test_labels_are_needed_where_they_were_learnt_and_left_aside_elsewhere(network, name):
    x = torch.rand(2, 1, 28, 28) if name == "encoder" else torch.randn(2, 3)
    with pytest.raises(InputError, match="say which digit is meant"):
        NETS[name](config_of(network, labels=True))(x)
    net = NETS[name](config_of(network)).eval()
    assert torch.equal(net(x), net(x, torch.tensor([1, 2])))
