"""The repair studio without a browser."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.data.damage import damage
from genlib.data.images import load_images
from genlib.data.masks import bench_mask, make_mask
from genlib.repair import METHODS, mend_whole, restore, score
from genlib.repair.bench import bench, stored
from genlib.settings import DamageConfig, HoleConfig
from pages.ui.brush import packed, unpacked
from pages.ui.mending import Task

pytestmark = pytest.mark.fast
PAGE = "images/repair.py"


def shown(test):
    """The table of all figures, by the title of the method."""
    return {row["Method"]: row for row in test.dataframe[0].value.to_dict("records")}


def test_all_methods_mend_the_hole_and_are_scored(app):
    test = app(PAGE, image="17", hole="bottom")
    assert not test.exception
    assert not test.warning
    rows = shown(test)
    assert list(rows) == [method.title for method in METHODS.values()]
    image, mask = load_images().test[17], make_mask(HoleConfig(hole="bottom"))
    for name in ("mean", "linear", "knn"):
        expected = score(mend_whole(image[None], mask, name).images[0], image, mask)
        row = rows[METHODS[name].title]
        assert row["PSNR (dB)"] == round(expected.psnr, 1)
        assert row["SSIM"] == round(expected.ssim, 2)
        assert row["RMSE"] == round(expected.rmse, 3)


@pytest.mark.parametrize("kind", ["noise", pytest.param("blur", marks=pytest.mark.slow), "small"])
def test_damage_of_the_whole_is_mended_by_those_that_can(app, kind):
    config = DamageConfig(damage=kind)
    test = app(PAGE, image="17", damage=kind)
    assert not test.exception
    assert not test.warning
    rows, able = shown(test), {name: method for name, method in METHODS.items() if kind in method.mends}
    assert list(rows) == [method.title for method in able.values()]
    refused = [text.value for text in test.markdown if "cannot mend this" in text.value]
    assert len(refused) == len(METHODS) - len(able)
    image = load_images().test[17]
    for name in ("linear", "knn"):
        *_, last = restore(damage(image[None], config), config, name)
        expected = score(last.images[0], image, np.zeros((28, 28), bool))
        assert rows[METHODS[name].title]["PSNR (dB)"] == round(expected.psnr, 1)


def test_the_stored_comparison_is_shown(app):
    (table,) = (each.value for each in app(PAGE).dataframe if "Centre box" in each.value)
    rows = {row["Method"]: row for row in table.to_dict("records")}
    assert list(rows) == [method.title for method in METHODS.values()]
    best = next(each for each in stored() if (each.hole, each.method) == ("centre", "vae-weights"))
    assert rows["VAE, importance sampling"]["Centre box"] == f"{best.psnr_db:.2f} ± {best.stderr:.2f}"
    assert rows["Linear"]["In its 90 % interval"] == "one answer"


@pytest.mark.parametrize("method", ["mean", "linear", pytest.param("knn", marks=pytest.mark.slow)])
def test_the_stored_comparison_is_what_comes_out_again(method):
    (told,) = (each for each in stored() if (each.hole, each.method) == ("centre", method))
    (again,) = bench([method], {"centre": bench_mask("centre")}, told.n)
    assert again.psnr_db == pytest.approx(told.psnr_db, abs=0.01)
    assert again.stderr == pytest.approx(told.stderr, abs=0.01)
    assert again.calibration == told.calibration


def test_a_digit_that_is_told_changes_what_models_with_labels_make(app):
    test = app(PAGE, image="17", hole="centre")
    before = shown(test)
    test.button_group(key="repair_digit").set_value(2).run()
    assert not test.exception
    after = shown(test)
    changed = {title for title in before if before[title] != after[title]}
    assert changed <= {method.title for method in METHODS.values() if method.labelled}
    assert METHODS["mixture"].title in changed


def test_nothing_missing_and_everything_missing_are_said(app, monkeypatch):
    monkeypatch.setattr("genlib.data.masks.make_mask", lambda config: np.ones((28, 28), bool))
    test = app(PAGE)
    assert any("Nothing is missing yet: paint a hole" in text.value for text in test.markdown)
    assert len(test.dataframe) == 1, "only that over many images"
    monkeypatch.setattr("genlib.data.masks.make_mask", lambda config: np.zeros((28, 28), bool))
    test = app(PAGE)
    assert not test.exception
    assert "no repair, but a plain sample" in test.info[0].value
    assert len(shown(test)) == len(METHODS)


@pytest.mark.parametrize(
    "query",
    [
        {"hole": "<b>"},
        {"hole": "random", "share": "7"},
        {"seed": "-1"},
        {"image": "70000"},
        {"damage": "fire"},
        {"damage": "noise", "noise": "7"},
        {"damage": "small", "side": "5"},
        {"damage": "blur", "radius": "nan"},
    ],
)
def test_junk_in_the_address_gets_one_sentence(app, query):
    test = app(PAGE, **query)
    assert not test.exception
    assert len(test.warning) <= 1
    assert all("/" not in warning.value for warning in test.warning)


def test_the_damaged_image_shows_the_hole_in_colour():
    mask = make_mask(HoleConfig(hole="left"))
    image = load_images().test[3]
    damaged = Task(image.tobytes(), mask.tobytes(), None, DamageConfig()).damaged
    assert (damaged[mask] == image[mask][:, None]).all()
    assert (damaged[~mask] == damaged[0, 0]).all()
    assert len(set(damaged[0, 0].tolist())) == 3, "no grey"


def test_damage_looks_as_it_is(app):
    image = load_images().test[3]
    small = Task(image.tobytes(), bytes(784), None, DamageConfig(damage="small", side="14")).damaged
    assert (small[::2, ::2] == small[1::2, 1::2]).all()
    assert len(np.unique(small)) > 10
    noisy = Task(image.tobytes(), bytes(784), None, DamageConfig(damage="noise", noise=1.0)).damaged[:, :, 0]
    assert 0.2 < (noisy[image == 0] == 0).mean() < 0.8, "noise below black is shown as black"


@given(st.binary(min_size=1, max_size=900).map(lambda data: np.frombuffer(data, np.uint8).reshape(1, -1)))
def test_what_is_packed_comes_back(drawing):
    assert np.array_equal(unpacked(packed(drawing), drawing.shape), drawing)


def test_long_runs_are_packed_in_parts():
    drawing = np.zeros((28, 28), np.uint8)
    assert np.array_equal(unpacked(packed(drawing), drawing.shape), drawing)
    assert len(base64.b64decode(packed(drawing))) == 2 * 4
