"""The photographs, the model that bends, and its decoder as plain operations."""

import hashlib

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline
from scipy.ndimage import map_coordinates

from genlib.export import evaluate
from genlib.knobs import InputError
from genlib.portraits import LEARNT, PEOPLE, SHOTS, SIDE, load_photographs, photograph
from genlib.portraits import photographs as photographs_module
from genlib.portraits.gallery import decoder_of
from genlib.portraits.grid import REACH, spline_basis
from genlib.portraits.making import train_portraits
from genlib.portraits.model import Portraits, bend
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import TrainConfig
from genlib.settings.portraits import PortraitConfig

pytestmark = pytest.mark.fast
torch.set_num_threads(1)
SMALL = PortraitConfig(latent_dim=4, channels=4, grid=6)


def made(config=SMALL, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Portraits(config)
    photographs = torch.tensor(load_photographs().train)
    model.prepare(photographs, torch.zeros(len(photographs)), torch_rng(0, "prepare"))
    return model


def test_photographs_are_parted_by_people():
    photographs = load_photographs()
    parts = [getattr(photographs, part) for part in ("train", "validation", "test")]
    people = [set(getattr(photographs, f"{part}_labels").tolist()) for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [LEARNT * SHOTS, 40, 40]
    assert all(part.shape[1:] == (SIDE, SIDE) and part.dtype == np.uint8 for part in parts)
    assert people == [set(range(32)), {32, 33, 34, 35}, {36, 37, 38, 39}]
    assert len({hashlib.sha256(photograph(k).tobytes()).digest() for k in range(PEOPLE * SHOTS)}) == 400
    assert np.array_equal(photograph(399), photographs.test[-1])
    with pytest.raises(ValueError, match="read-only"):
        photographs.train[0, 0, 0] = 1


def test_an_altered_or_missing_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(photographs_module, "assets", lambda: tmp_path)
    with pytest.raises(InputError, match="is missing: restore it"):
        photographs_module._mosaic()
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / photographs_module._FILE).write_bytes(b"junk")
    with pytest.raises(InputError, match="was altered: restore it"):
        photographs_module._mosaic()


@pytest.mark.parametrize("grid", [4, 6, 11])
def test_the_spline_is_scipys(grid):
    basis = spline_basis(SIDE, grid)
    assert basis.sum(1) == pytest.approx(1)
    spline = BSpline(np.arange(-3, grid + 1), np.eye(grid), 3)
    assert basis == pytest.approx(spline((np.arange(SIDE) + 0.5) * (grid - 3) / SIDE), abs=1e-12)


def test_bending_is_interpolation_at_the_field():
    rng = numpy_rng(0, "bend")
    x, handles = rng.random((3, 1, SIDE, SIDE)), REACH * rng.normal(size=(3, 2, 6, 6))
    basis = spline_basis(SIDE, 6)
    found = bend(*(torch.tensor(each).float() for each in (x, handles, basis)))
    rows, columns = np.indices((SIDE, SIDE))
    for image, (right, down), bent in zip(x[:, 0], handles, found[:, 0], strict=True):
        field = [rows + basis @ down @ basis.T, columns + basis @ right @ basis.T]
        assert bent.numpy() == pytest.approx(map_coordinates(image, field, order=1, mode="nearest"), abs=2e-5)


def test_equal_handles_move_the_picture():
    x = torch.rand(1, 1, SIDE, SIDE, generator=torch_rng(0, "x"))
    handles = torch.zeros(1, 2, 6, 6)
    handles[:, 0], handles[:, 1] = 3, -2
    moved = bend(x, handles, torch.tensor(spline_basis(SIDE, 6)).float())
    assert torch.allclose(moved[..., 2:, :-3], x[..., :-2, 3:], atol=1e-5)


@pytest.mark.parametrize("bends", [True, False])
def test_the_decoder_as_plain_operations(bends):
    model = made(PortraitConfig(latent_dim=4, channels=4, grid=6, bends=bends, average=0.0)).eval()
    with torch.no_grad():
        for weight in model.decoder.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=torch_rng(1, "weights"))
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    z = 2 * numpy_rng(2, "z").normal(size=(20, 4)).astype(np.float32)
    with torch.no_grad():
        expected = model.decode(torch.tensor(z)).numpy()
    found = evaluate(decoder_of(weights).operations, z)
    assert found.shape == (20, 1, SIDE, SIDE)
    assert np.abs(found - expected).max() < 1e-4
    assert expected.std(0).max() > 0.05, "or there is nothing to compare"


def test_it_begins_with_the_mean_face_and_its_mirror_image():
    model = made()
    mean = load_photographs().train.mean(0) / 255
    with torch.no_grad():
        drawn = model.decode(torch.zeros(1, 4))[0, 0].numpy()
    assert drawn == pytest.approx((mean + mean[:, ::-1]) / 2, abs=0.02)


def test_training_is_bitwise_the_same_and_learns():
    training = TrainConfig(epochs=3, learning_rate=0.002, batch_size=32)

    def trained():
        *_, run = train_portraits(SMALL, training)
        return run.model

    one, other = trained(), trained()
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    x = torch.tensor(load_photographs().validation)[:, None] / 255
    labels, rng = torch.zeros(len(x)), torch_rng(0, "judge")
    before, after = (model.metrics(x, labels, rng) for model in (made(), one))
    assert after["loss"] < before["loss"] - 200
    assert after["squared_error"] < before["squared_error"]


def test_what_it_learns_from_varies_and_what_it_is_judged_by_does_not():
    model, x = made(), torch.tensor(load_photographs().train[:8])[:, None] / 255
    labels = torch.zeros(8)

    def off(seed, step):
        with torch.no_grad():  # the loss draws a code, too: of a model that has learnt nothing, from next to the same
            return float(model.eval().losses(x, labels, torch_rng(seed, "a"), step)["reconstruction"])

    assert off(0, None) == off(0, None)
    assert abs(off(0, None) - off(1, None)) < 0.1 * abs(off(0, 1) - off(1, 1))
