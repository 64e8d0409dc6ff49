"""An autoencoder that fills holes."""

import pytest
import torch

from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.models import build
from genlib.models.masked import random_masks
from genlib.models.measuring import Measurement
from genlib.repair.plain import by_pixel_mean
from genlib.seeding import torch_rng
from genlib.settings import MaskedConfig, TrainConfig

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def images(n):
    return torch.tensor(load_images().train[:n]).unsqueeze(1) / 255


def make(**values):
    return build("masked", MaskedConfig(**{"channels": 8, "layers": 2} | values), 0)


def test_the_loss_is_the_error_of_the_missing_pixels():
    model, x = make().eval(), images(9)
    found = model.losses(x, torch.zeros(9), torch_rng(0, "noise"))["loss"]
    masks = random_masks(9, torch_rng(0, "noise"))
    by_hand = []
    for image, mask in zip(x, masks, strict=True):
        filled = model.fill(image.unsqueeze(0), mask)
        by_hand.append(784 * (filled - image)[0, 0][~mask].square().mean())
    torch.testing.assert_close(found, torch.stack(by_hand).mean())


def test_missing_pixels_are_not_looked_at():
    model, x, mask = make().eval(), images(5), random_masks(1, torch_rng(3, "mask"))[0]
    other = torch.where(mask, x, torch.rand(x.shape, generator=torch_rng(0, "other")))
    assert torch.equal(model.fill(x, mask), model.fill(other, mask))
    other = torch.where(mask, 1 - x, x)
    assert not torch.equal(model.fill(x, mask), model.fill(other, mask))


def test_it_learns_to_beat_the_pixel_mean():
    model, x = make(average=0.0), images(64)
    mask = torch.ones(28, 28, dtype=torch.bool)
    mask[7:21, 7:21] = False
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.003))
    for step in range(300):
        model.train().training_step(x, torch.zeros(64), optimizers, torch_rng(0, step), step)
    filled, look = model.eval().fill(x, mask).detach(), Measurement(mask)
    errors = [(guess - x)[:, 0, ~mask].square().mean() for guess in (filled, by_pixel_mean(look(x), look))]
    assert errors[0] < 0.8 * errors[1]


def test_masks_are_of_every_size_and_kind():
    masks = random_masks(2000, torch_rng(0, "masks"))
    assert masks.shape == (2000, 28, 28)
    assert masks.dtype == torch.bool
    missing = (~masks).flatten(1).float().mean(1)
    assert (missing > 0).all()
    assert missing.quantile(0.05) < 0.1
    assert missing.quantile(0.95) > 0.8
    assert torch.equal(masks, random_masks(2000, torch_rng(0, "masks")))
    assert not torch.equal(masks, random_masks(2000, torch_rng(1, "masks")))
    # Neighbours differ often among single pixels, and seldom where a hole is one piece.
    edges = (masks[:, :, 1:] != masks[:, :, :-1]).flatten(1).float().mean(1)
    assert 0.15 < (edges > 0.15).float().mean() < 0.3, "a quarter is of single pixels, but for the fullest and emptiest"
    rows = (~masks).any(2).sum(1)
    assert ((rows > 3) & (rows < 28)).any()


def test_it_draws_nothing_and_is_told_no_labels():
    model = make()
    for ask in (lambda: model.encode(images(1)), lambda: model.decode(torch.zeros(1, 64))):
        with pytest.raises(InputError, match="fills holes"):
            ask()
    for values in ({"labels": True}, {"network": "dense"}):
        with pytest.raises(InputError, match="convolutional and is told no labels"):
            MaskedConfig(**values)
