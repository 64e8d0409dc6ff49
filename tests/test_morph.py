"""The way from one image to another, against the models themselves, and as films that others can read."""

import io

import numpy as np
import pytest
import torch
from few import small
from PIL import Image

from genlib.checkpoint import load_model, save
from genlib.data import assets
from genlib.knobs import InputError
from genlib.latent import circle, line
from genlib.morph import FRAMES, ROUTES, TURNS, Way, morph, morph_file
from genlib.sampling import sheet
from genlib.settings import FAMILIES, TrainConfig
from genlib.studio import decode
from genlib.training import Run

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

DRAWING = FAMILIES
CONDITIONAL = [family for family in DRAWING if family != "mixture"]
A, B = (0.5, -1.5), (-1.25, 0.75)
DIGITS = (3, 8)
T = np.linspace(0, 1, 7)
GREYS = {round(level * 255 / 15) for level in range(16)}


def saved(folder, family="vae", **settings):
    """A model whose images change with its code and its digit."""
    state = Run.new(family, small(family, **settings), TrainConfig(device="cpu"))
    with torch.no_grad():
        for weight in (each for each in state.model.parameters() if each.dim() > 1):
            weight *= 3
    save(state, folder)
    return folder


def pixels(model, z, labels):
    """What the model draws, as numbers from 0 to 255, (n, 28, 28)."""
    with torch.no_grad():
        x = model.decode(torch.tensor(np.asarray(z)).float(), torch.as_tensor(labels))
    return x[:, 0].numpy() * 255


def same(images, expected):
    assert images.dtype == np.uint8
    assert expected.std(0).max() > 1, "or there is nothing to compare"
    np.testing.assert_allclose(images, expected, atol=0.501)


@pytest.mark.parametrize("family", DRAWING)
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("labels", [False, True])
def test_the_images_are_those_of_the_codes_on_the_way(tmp_path, family, route, labels):
    folder = saved(tmp_path, family, labels=labels)
    images = morph(Way(folder, A, B, (3, 3)), len(T), route)
    way = {"line": line, "circle": circle}[route](A, B, T)
    same(images, pixels(load_model(folder), way, np.full(len(T), 3)))


@pytest.mark.parametrize("name", ["vae-20d", "gan-labels", "mixture-labels"])
def test_it_begins_and_ends_at_the_images_of_its_codes(name):
    folder = assets() / "models" / name
    d = load_model(folder).latent_dim
    codes = np.random.default_rng(0).standard_normal((2, d)).astype(np.float32)
    images = morph(Way(folder, *map(tuple, codes.tolist()), DIGITS), route="circle")
    assert images.shape == (FRAMES, 28, 28)
    expected = decode(folder, codes, np.array(DIGITS))
    for end, other in zip(images[[0, -1]], expected, strict=True):
        assert np.abs(end.astype(int) - other).max() <= 1


@pytest.mark.parametrize("family", CONDITIONAL)
@pytest.mark.parametrize("turn", TURNS)
def test_what_turns_is_the_code_or_the_digit_or_both(tmp_path, family, turn):
    folder = saved(tmp_path, family, labels=True)
    images = morph(Way(folder, A, B, DIGITS), len(T), "line", turn)
    model = load_model(folder)
    z = np.tile(A, (len(T), 1)) if turn == "class" else line(A, B, T)
    if turn == "style":
        return same(images, pixels(model, z, np.full(len(T), DIGITS[0])))
    # What a digit adds is a row of a table: as many digits as there are images, each a share of both.
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Embedding):
                a, b = module.weight[DIGITS[0]].clone(), module.weight[DIGITS[1]].clone()
                for i, t in enumerate(T):
                    module.weight[i] = (1 - t) * a + t * b
    return same(images, pixels(model, z, np.arange(len(T))))


@pytest.mark.parametrize(("family", "labels"), [("ae", False), ("mixture", True)])
def test_models_that_are_told_no_digit_move_their_codes_alone(tmp_path, family, labels):
    folder = saved(tmp_path, family, labels=labels)
    first = morph(Way(folder, A, B, DIGITS), len(T))
    for turn in TURNS:
        assert np.array_equal(morph(Way(folder, A, B), len(T), turn=turn), first)


def frames(film):
    """The pictures of a film as grey bytes, how long each is shown in milliseconds, and what it says of itself."""
    picture, found, durations = Image.open(io.BytesIO(film)), [], []
    for i in range(picture.n_frames):
        picture.seek(i)
        colours = np.asarray(picture.convert("RGB"))
        assert (colours == colours[..., :1]).all(), "grey"
        found.append(colours[..., 0])
        durations.append(picture.info["duration"])
    return np.array(found), durations, picture


@pytest.mark.parametrize(("form", "kind", "apart"), [("gif", "GIF", 255 / 30 + 0.5), ("webp", "WEBP", 0)])
def test_a_film_goes_there_and_back_with_all_models_side_by_side(tmp_path, form, kind, apart):
    ways = [Way(saved(tmp_path / "0"), A, B), Way(saved(tmp_path / "1", "gan", labels=True), B, A, DIGITS)]
    found, durations, picture = frames(morph_file(ways, form, "circle", "both"))
    assert (picture.format, picture.size, picture.info["loop"]) == (kind, (2 * 28 * 6, 28 * 6), 0)
    lanes = [morph(way, FRAMES, "circle", "both") for way in ways]
    there = [sheet(np.stack(images), 2) for images in zip(*lanes, strict=True)]
    expected = np.array([*there, *there[-2:0:-1]])
    assert found.shape == (2 * FRAMES - 2, 28 * 6, 2 * 28 * 6)
    small = found[:, ::6, ::6]
    assert np.array_equal(small.repeat(6, 1).repeat(6, 2), found), "every pixel is a square of six"
    assert np.abs(small.astype(float) - expected).max() <= apart
    assert [i for i, shown in enumerate(durations) if shown != durations[1]] == [0, FRAMES - 1], "it rests at the ends"
    assert durations[0] == durations[FRAMES - 1] > 10 * durations[1]
    if form == "gif":
        assert set(np.unique(found)) <= GREYS
        assert len(np.unique(found)) > 8


def test_a_way_of_no_length_is_a_picture_that_stands_still(tmp_path):
    for form in ("gif", "webp"):
        found, _, _ = frames(morph_file([Way(saved(tmp_path), A, A)], form, "circle"))
        assert all(np.array_equal(each, found[0]) for each in found)


def test_what_draws_nothing_or_is_gone_is_refused(tmp_path):
    saved(tmp_path / "classifier", "classifier")
    for name in ("classifier", "nothing"):
        with pytest.raises(InputError) as caught:
            morph_file([Way(tmp_path / name, (0.0,) * 8, (1.0,) * 8)], "gif")
        assert str(caught.value).endswith(".")
        assert "/" not in str(caught.value)
