"""What comes with genlib about portraits: files, codes, directions, figures, repairs."""

import ast
import io
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from genlib.knobs import InputError
from genlib.pca import PCA
from genlib.portraits import (
    HOLES,
    READINGS,
    SIDE,
    hole,
    load_gallery,
    load_photographs,
    mend,
    pack_gallery,
    photograph,
    read,
    way_file,
)
from genlib.portraits.codes import Prior, fit_prior, search, several_codes
from genlib.portraits.gallery import load_portraits, write_gallery
from genlib.portraits.judging import apart, copies, threshold
from genlib.portraits.making import make_gallery
from genlib.portraits.mending import METHODS, conditional_mean
from genlib.portraits.steering import entanglement, plain_directions, slopes, untangled_directions
from genlib.recipe import face_recipe
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import TrainConfig
from genlib.settings.portraits import PortraitConfig

torch.set_num_threads(1)
PARTS = ("train", "validation", "test")
fast = pytest.mark.fast


@pytest.fixture(scope="module")
def gallery():
    return load_gallery()


def part(gallery, name):
    first = {"train": 0, "validation": 320, "test": 360}[name]
    photographs = getattr(load_photographs(), name) / 255
    return gallery.codes[first : first + len(photographs)], photographs


@fast
def test_files_are_small_and_read_back_bit_for_bit(gallery, tmp_path):
    write_gallery(gallery, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4e6
    again = load_gallery(tmp_path)
    assert again.told == gallery.told
    for name in ("codes", "mean", "factor", "centre", "unit", "pca_mean", "pca_axes", "pca_variances"):
        assert np.array_equal(getattr(again, name), getattr(gallery, name)), name
    assert all(np.array_equal(again.weights[name], weight) for name, weight in gallery.weights.items())
    assert all(np.array_equal(again.sheets[name], images) for name, images in gallery.sheets.items())


@fast
@pytest.mark.parametrize("damage", ["gone", "altered", "no json", "no object"])
def test_files_that_were_altered_are_refused(gallery, tmp_path, damage):
    write_gallery(gallery, tmp_path)
    arrays, told = tmp_path / "portraits.safetensors", tmp_path / "portraits.json"
    if damage == "gone":
        arrays.unlink()
    elif damage == "altered":
        arrays.write_bytes(arrays.read_bytes()[:-1] + b"\x07")
    else:
        told.write_text("{" if damage == "no json" else "[]")
    with pytest.raises(InputError, match="restore them from the project") as refused:
        load_gallery(tmp_path)
    assert str(tmp_path) not in str(refused.value)


@fast
def test_the_figures_are_those_of_the_files(gallery):
    models = gallery.told["models"]
    size = gallery.config.latent_dim
    pca = PCA(gallery.pca_mean, gallery.pca_axes.astype(float), gallery.pca_variances)
    model = load_portraits()
    for name in PARTS:
        codes, photographs = part(gallery, name)
        error = np.square(gallery.decode(codes) - photographs).mean()
        assert error == pytest.approx(models["bent"]["best"][name], rel=0.01), "half precision may cost so much"
        with torch.no_grad():
            again = model.reconstruct(torch.tensor(photographs).float()[:, None])[:, 0].numpy()
        assert np.square(again - photographs).mean() == pytest.approx(models["bent"]["encoder"][name], rel=0.01)
        linear = pca.errors(getattr(load_photographs(), name))[size - 1] / SIDE**2
        assert linear == pytest.approx(models["pca"]["best"][name], rel=0.01)


@fast
def test_the_model_was_chosen_because_it_draws_unseen_people_best(gallery):
    unseen = {name: each["best"]["validation"] for name, each in gallery.told["models"].items()}
    assert min(unseen, key=unseen.__getitem__) == "bent"
    kept = {name: each["best"]["test"] for name, each in gallery.told["models"].items()}
    assert kept["bent"] < 0.8 * kept["pca"]
    assert gallery.told["models"]["bent"]["seconds"] <= 180


@fast
def test_the_memorisation_test_again_and_on_what_is_a_copy(gallery):
    told, photographs = gallery.told["copies"], load_photographs()
    assert threshold() == pytest.approx(told["threshold"])
    prior = Prior(torch.tensor(gallery.mean), torch.tensor(gallery.factor))
    drawn = gallery.decode(prior.draw(300, torch_rng(1, "others")).numpy())
    made = np.round(255 * drawn).astype(np.uint8)
    found = copies({"made": made, "copied": photographs.train[:50], "dimmed": photographs.train[:50] // 8 * 8})
    assert found["copied"]["share"] == found["dimmed"]["share"] == 1
    assert found["copied"]["farthest"] == 0
    assert found["made"]["share"] <= 0.02
    assert found["made"]["median"] == pytest.approx(told["bent"]["median"], rel=0.05)
    assert found["unseen"] == told["unseen"]
    which, distances = apart(photographs.test[:3])
    pool = photographs.train.astype(float)
    brute = np.sqrt(np.square(pool[None] - photographs.test[:3, None].astype(float)).mean((2, 3)))
    assert np.array_equal(which, brute.argmin(1))
    assert distances == pytest.approx(brute.min(1))


@fast
def test_sheets_are_drawn_by_seed_and_not_picked(gallery):
    prior = fit_prior(torch.tensor(gallery.codes[:320]))
    drawn = gallery.decode(prior.draw(1000, torch_rng(0, "faces"))[:36].numpy())
    assert np.abs(np.round(255 * drawn) - gallery.sheets["bent"]).max() <= 4, "half precision"
    assert {name: sheet.shape for name, sheet in gallery.sheets.items()} == dict.fromkeys(
        ("bent", "straight", "pca"), (36, SIDE, SIDE)
    )


@fast
def test_readings_measure_what_they_say():
    flat = np.full((1, SIDE, SIDE), 0.4)
    assert read(flat)[0] == pytest.approx([0.4, 0, 0, 0, 0, 0, 0.4], abs=1e-12)
    for name, rows, columns in (
        ("hair", slice(0, 9), slice(14, 50)),
        ("beard", slice(45, 62), slice(20, 44)),
        ("eyes", slice(21, 32), slice(12, 52)),
    ):
        darker = flat.copy()
        darker[:, rows, columns] -= 0.2
        change = dict(zip(READINGS, (read(darker) - read(flat))[0], strict=True))
        assert change[name] == pytest.approx(0.2, abs=0.02)
        assert abs(change["turn"]) < 1e-12
    x = numpy_rng(0, "x").random((5, SIDE, SIDE))
    found = dict(zip(READINGS, read(x).T, strict=True))
    assert found["contrast"] == pytest.approx(x.std((1, 2)))
    mirrored = dict(zip(READINGS, read(x[:, :, ::-1]).T, strict=True))
    assert mirrored["turn"] == pytest.approx(-found["turn"])
    assert all(mirrored[name] == pytest.approx(found[name]) for name in READINGS if name != "turn")


@fast
def test_directions_of_a_linear_decoder_are_exact():
    rng = numpy_rng(0, "linear")
    drawing = rng.normal(size=(SIDE**2, 12)) / 50
    codes = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 12))
    unit = rng.uniform(0.5, 2, len(READINGS))

    def decode(z):
        return (0.5 + z @ drawing.T).reshape(-1, SIDE, SIDE)

    linear = [i for i, each in enumerate(READINGS.values()) if each.kind == "mean"]
    gradient = slopes(decode, codes[:20], unit)
    exact = np.stack([(each.weights.ravel() @ drawing) for each in READINGS.values()]) / unit[:, None]
    assert gradient[linear] == pytest.approx(exact[linear])
    covariance = np.cov(codes.T, bias=True)
    readings = (read(decode(codes)) / unit)[:, linear]
    centred, away = readings - readings.mean(0), codes - codes.mean(0)
    # Of a Gaussian, conditional means are regressions.
    plain = centred.T @ away / np.square(centred).sum(0)[:, None]
    assert plain_directions(gradient[linear], covariance) == pytest.approx(plain)
    untangled = np.linalg.lstsq(centred, away, rcond=None)[0]
    assert untangled_directions(gradient[linear], covariance) == pytest.approx(untangled)
    found = entanglement(decode, codes[:20], untangled_directions(gradient, covariance), unit)
    assert found.matrix[np.ix_(linear, linear)] == pytest.approx(np.eye(len(linear)), abs=1e-8)
    assert np.abs(found.spread[:, linear]).max() < 1e-8


@fast
def test_the_bundled_sliders_do_what_they_say(gallery):
    unit = read(load_photographs().train / 255).std(0)
    assert gallery.unit == pytest.approx(unit, rel=1e-5)
    for kind, own, others in (("plain", 0.9, 0.6), ("untangled", 0.9, 0.06)):
        directions = getattr(gallery, kind)
        again = entanglement(gallery.decode, gallery.codes[:320:5], directions.rows, unit)
        assert directions.matrix == pytest.approx(again.matrix, abs=0.01)
        assert np.diag(again.matrix).min() > own
        assert np.abs(again.matrix - np.diag(np.diag(again.matrix))).max() < others
    assert np.abs(gallery.plain.matrix - np.eye(len(READINGS))).max() > 0.3, "or there is nothing to untangle"


@fast
def test_the_search_finds_the_posterior_of_a_linear_decoder():
    rng = torch_rng(0, "linear")
    a = torch.randn(9, 3, generator=rng)
    seen = torch.tensor([1.0, 1, 1, 1, 0, 0, 1, 0, 1]).view(1, 1, 3, 3)
    prior = Prior(torch.tensor([0.3, -0.2, 0.1]), torch.tensor([[1.0, 0, 0], [0.4, 0.8, 0], [-0.3, 0.2, 0.5]]))
    x, sigma = torch.rand(1, 1, 3, 3, generator=rng), 0.4

    def decode(z):
        return (0.2 + z @ a.T).view(-1, 1, 3, 3)

    o = seen.flatten().bool()
    covariance = prior.factor @ prior.factor.T
    gain = covariance @ a[o].T @ torch.linalg.inv(a[o] @ covariance @ a[o].T + sigma**2 * torch.eye(int(o.sum())))
    mean = prior.mean + gain @ (x.flatten() - 0.2 - a @ prior.mean)[o]
    *_, found = search(decode, x, seen, prior, sigma, prior.mean[None], steps=400)
    assert found[0].numpy() == pytest.approx(mean.numpy(), abs=5e-3)
    *_, draws = several_codes(decode, x, seen, prior, sigma, 4000, torch_rng(1, "draws"))
    assert draws[0].numpy() == pytest.approx(mean.numpy(), abs=0.03)
    exact = covariance - gain @ a[o] @ covariance
    assert draws[1:].mean(0).numpy() == pytest.approx(mean.numpy(), abs=0.04)
    assert torch.cov(draws[1:].T).numpy() == pytest.approx(exact.numpy(), abs=0.03)


@fast
def test_the_conditional_mean_of_eigenfaces_is_that_of_the_whole_gaussian(gallery):
    few = np.random.default_rng(0).choice(SIDE**2, 300, replace=False)
    seen = np.zeros(SIDE**2, bool)
    seen[few] = True
    image, axes = load_photographs().test[5] / 255, gallery.pca_axes.astype(float)
    noise = gallery.told["models"]["pca"]["best"]["validation"]
    covariance = (axes * gallery.pca_variances) @ axes[few].T
    inverse = np.linalg.inv(covariance[few] + noise * np.eye(len(few)))
    few_sorted = np.flatnonzero(seen)
    order = [int(np.flatnonzero(few == k)[0]) for k in few_sorted]
    off = (image.ravel() - gallery.pca_mean)[few_sorted]
    expected = gallery.pca_mean + covariance[:, order] @ inverse[np.ix_(order, order)] @ off
    found = conditional_mean(gallery, image, seen.reshape(SIDE, SIDE))
    assert found.ravel() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", HOLES)
def test_repairs_keep_what_is_seen_and_are_best_by_bending(kind):
    seen, figures = hole(kind), []
    for image in load_photographs().test[::10]:
        found = mend(image, seen)
        assert list(found.repairs) == list(METHODS)
        for repair in [*found.repairs.values(), *found.answers]:
            assert np.array_equal(repair[seen], image[seen])
        squared = np.square((found.repairs["bent"].astype(float) - image)[~seen] / 255).mean()
        assert found.psnr["bent"] == pytest.approx(-10 * np.log10(squared))
        assert len({answer.tobytes() for answer in found.answers}) == len(found.answers) == 5
        figures.append([found.psnr[name] for name in ("mean", "gaussian", "bent")])
    mean, gaussian, bent = np.mean(figures, axis=0)
    assert mean < bent, "of four people whom no model has seen"
    assert gaussian < bent or kind in ("mouth", "left"), "where four photographs are too few to tell"


@fast
def test_what_cannot_be_mended():
    image = load_photographs().test[0]
    with pytest.raises(InputError, match="choose eyes, mouth"):
        hole("nose")
    for seen in (np.ones((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)):
        with pytest.raises(InputError, match="The hole must have a pixel"):
            mend(image, seen)
    with pytest.raises(InputError, match="64 x 64 pixels"):
        mend(image[:28, :28], np.ones((28, 28), bool))


@fast
def test_what_a_browser_gets(gallery):
    packed = pack_gallery()
    length = int.from_bytes(packed[:4], "little")
    told = json.loads(packed[4 : 4 + length])
    assert told["latent_dim"] == 40
    assert [each["name"] for each in told["readings"]] == [each.name for each in READINGS.values()]
    assert told["copy"] == pytest.approx(threshold())
    from safetensors.numpy import load

    arrays = load(packed[4 + length :])
    assert arrays["photographs"].shape == (400, SIDE, SIDE)
    assert np.array_equal(arrays["photographs"][360:], load_photographs().test)
    assert arrays["0.weight"].dtype == np.float16
    assert arrays["codes"] == pytest.approx(gallery.codes)


def test_a_gallery_is_made_from_the_photographs_to_learn_from_alone(tmp_path, monkeypatch):
    """Other people in the last part change none of the weights, directions and axes."""
    import genlib.portraits.making as making

    monkeypatch.setattr(making, "_JUDGED", 40)
    monkeypatch.setattr(making, "search", partial(search, steps=10))
    config, training = PortraitConfig(latent_dim=3, channels=4, grid=5), TrainConfig(epochs=1, batch_size=64)
    photographs = load_photographs()
    *_, last = make_gallery(tmp_path / "one", config, training)
    assert last.progress == pytest.approx(2 / 2.2)
    others = replace(photographs, test=photographs.test[::-1] // 2)
    monkeypatch.setattr(making, "load_photographs", lambda: others)
    for _ in make_gallery(tmp_path / "other", config, training):
        pass
    one, other = load_gallery(tmp_path / "one"), load_gallery(tmp_path / "other")
    assert all(np.array_equal(weight, other.weights[name]) for name, weight in one.weights.items())
    for name in ("mean", "factor", "unit", "pca_axes"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert np.array_equal(one.untangled.rows, other.untangled.rows)
    assert not np.array_equal(one.codes[360:], other.codes[360:])
    z = one.codes[:5]
    with torch.no_grad():
        model = load_portraits(tmp_path / "one").decode(torch.tensor(z))[:, 0].numpy()
    assert one.decode(z) == pytest.approx(model, abs=1e-4)


@fast
def test_the_way_goes_from_one_photograph_to_the_other_and_back(gallery):
    with Image.open(io.BytesIO(way_file(10, 384))) as film:
        assert film.n_frames == 78
        ends = []
        for frame in (0, 39):
            film.seek(frame)
            ends.append(np.asarray(film.convert("L"))[2::4, 2::4].astype(float))
    for end, number in zip(ends, (10, 384), strict=True):
        assert np.abs(end[:, :SIDE] - 255 * gallery.decode(gallery.codes[[number]])[0]).max() <= 2
        assert np.abs(end[:, SIDE:] - photograph(number)).max() <= 2


@fast
def test_the_same_face_in_python(gallery, capsys):
    exec(face_recipe(gallery.codes[7].round(3)), {})
    told = ast.literal_eval(capsys.readouterr().out.replace("np.float64(", "(").strip())
    expected = dict(zip(READINGS, read(gallery.decode(gallery.codes[[7]].round(3)))[0], strict=True))
    assert told == pytest.approx(expected)
