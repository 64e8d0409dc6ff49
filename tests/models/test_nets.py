"""The fast linear layer against PyTorch's own."""

import pytest
import torch
from torch import nn

from genlib.models.nets import Linear

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
