"""The same in Python, of pages that train nothing: run as they stand, recipes give what the page shows."""

import contextlib
import io
import shlex

import numpy as np
import pytest
import torch

from genlib import cli
from genlib.data.damage import damage
from genlib.data.digits import read_picture
from genlib.data.images import load_images
from genlib.data.masks import make_mask
from genlib.data.own import collect
from genlib.latent import read_atlas
from genlib.library import find_model
from genlib.morph import Way, morph
from genlib.pixel_study import load_study
from genlib.portraits import hole, load_gallery, mend, photograph, way_file
from genlib.reading import obedience, reader
from genlib.recipe import (
    brought_recipe,
    coordinates_recipe,
    evaluate_command,
    faces_recipe,
    hole_recipe,
    image_recipe,
    labels_recipe,
    pixels_recipe,
    repair_recipe,
    rival_recipe,
    runs_recipe,
    score_recipe,
    tangle_recipe,
    way_recipe,
)
from genlib.repair import METHODS, mend_whole, restore, score
from genlib.sampling import sample_images
from genlib.scoring import deal, deck
from genlib.settings import DamageConfig, HoleConfig
from genlib.studio import decode, infer
from tests.brought import folders, png

pytestmark = pytest.mark.fast

torch.set_num_threads(1)


def execute(code):
    """The names that the code leaves behind, and what it printed."""
    names, printed = {}, io.StringIO()
    before = torch.get_num_threads()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "recipe", "exec"), names)
    finally:
        torch.set_num_threads(before)
    assert max(map(len, code.splitlines())) <= 800
    return names, printed.getvalue()


@pytest.mark.parametrize(("name", "label"), [("vae-2d", None), ("vae-labels", 7), ("ae-2d", None)])
def test_the_code_of_an_image_is_found_again(name, label):
    names, _ = execute(image_recipe(name, 17, label))
    found = infer(find_model(name).path, load_images().test[17], label)
    assert np.array_equal(names["found"].z, found.z)
    assert np.array_equal(names["found"].reconstruction, found.reconstruction)


def test_a_picture_of_ones_own_is_read_from_a_file(tmp_path, monkeypatch):
    picture = png(255 - np.kron(load_images().test[3], np.ones((4, 4), np.uint8)))
    (tmp_path / "digit.png").write_bytes(picture)
    monkeypatch.chdir(tmp_path)
    names, _ = execute(image_recipe("vae-2d", None, None))
    assert np.array_equal(names["image"], read_picture(picture))


def test_a_model_without_an_encoder_is_searched():
    code = image_recipe("gan", 17, None, encodes=False)
    assert "seek(folder, image, search=found.search)" in code
    compile(code, "recipe", "exec")


@pytest.mark.parametrize(("route", "turn"), [("line", "both"), ("circle", "style")])
def test_a_way_is_drawn_again(route, turn):
    a, b = (0.5, -1.0), (2.0, 0.25)
    names, _ = execute(way_recipe({"vae-2d": (a, b, (7, 5))}, route, turn))
    assert np.array_equal(names["images"], morph(Way(find_model("vae-2d").path, a, b, (7, 5)), route=route, turn=turn))


@pytest.mark.parametrize(("name", "prior"), [("vae-2d", True), ("ae-2d", False)])
def test_coordinates_are_moved_again(name, prior):
    names, _ = execute(coordinates_recipe(name, None, prior))
    folder = find_model(name).path
    atlas = read_atlas(folder)
    low = np.zeros(2) if prior else atlas.mean.astype(float)
    low[1] -= 3 * (1 if prior else atlas.deviation[1])
    off = names["rows"][1][0].astype(int) - decode(folder, low[None])[0]
    assert np.abs(off).max() <= 1
    assert len(names["rows"]) == 2


def test_faces_are_drawn_again():
    names, _ = execute(faces_recipe(260, 34))
    gallery = load_gallery()
    np.testing.assert_allclose(names["faces"][[0, -1]], gallery.decode(gallery.codes[[260, 34]]), atol=1e-6)
    assert way_file(260, 34)[:4] == b"RIFF"


def test_a_hole_in_a_photograph_is_mended_again(tmp_path, monkeypatch):
    names, _ = execute(hole_recipe(370, "eyes"))
    found = mend(photograph(370), hole("eyes"))
    assert names["found"].psnr == found.psnr
    (tmp_path / "hole.png").write_bytes(png(np.where(hole("eyes"), 255, 0).astype(np.uint8)))
    monkeypatch.chdir(tmp_path)
    names, _ = execute(hole_recipe(370, None))
    assert np.array_equal(names["seen"], hole("eyes"))


def test_what_hangs_together_is_told_again():
    _, printed = execute(tangle_recipe())
    assert f"{load_gallery().untangled.matrix[0, 0]:.2f}".rstrip("0") in printed


def test_scores_are_measured_again_in_python_and_by_the_command(capsys):
    names, printed = execute(score_recipe(["ae-2d"], 50, "pca"))
    assert names["last"].score.n == 50
    assert str(names["last"].score.metrics["frechet"]) in printed
    words = shlex.split(evaluate_command(["ae-2d"], 50, "pca"))
    assert cli.main(words[1:]) == 0
    assert f'"frechet": {names["last"].score.metrics["frechet"]}' in capsys.readouterr().out


PAINTED = np.ones((28, 28), bool)
PAINTED[9:13, 10:20] = False


@pytest.mark.parametrize("damage_", [HoleConfig(hole="top"), HoleConfig(hole="random", seed=4), PAINTED])
@pytest.mark.parametrize("label", [None, 7])
def test_a_hole_is_mended_again(damage_, label):
    names, printed = execute(repair_recipe(["mean", "mixture"], 17, damage_, label))
    image = load_images().test[17]
    seen = damage_ if isinstance(damage_, np.ndarray) else make_mask(damage_)
    for method in ("mean", "mixture"):
        told = label if METHODS[method].labelled else None
        mended = mend_whole(image[None], seen, method, label=told).images[0]
        assert f"{method} {score(mended, image, seen)}" in printed
    assert np.array_equal(names["seen"], seen)


def test_a_whole_image_is_mended_again():
    config = DamageConfig(damage="noise")
    names, printed = execute(repair_recipe(["mixture"], 17, config))
    image = load_images().test[17]
    *_, last = restore(damage(image[None], config), config, "mixture")
    assert np.array_equal(names["last"].images, last.images)
    assert str(score(last.images[0], image, np.zeros((28, 28), bool))) in printed


def test_what_a_visitors_runs_mend_names_the_runs():
    code = repair_recipe(["vae-gibbs"], 3, HoleConfig(), None, "0123456789abcdef", {"vae-gibbs": "abcdefgh12345678"})
    assert 'Learnt("0123456789abcdef", models.get(method))' in code
    compile(code, "recipe", "exec")


def test_digits_are_asked_for_and_read_again():
    names, printed = execute(labels_recipe(["vae-labels"], ["classifier"]))
    assert str(obedience(find_model("vae-labels").path).shares) in printed
    assert names["found"].right == reader(find_model("classifier").path).right


def test_a_round_is_dealt_again():
    code = rival_recipe("gan-labels", 3, [i % 2 == 0 for i in range(20)])
    names, printed = execute(code.partition("*_, taught")[0])  # the network learns for many seconds
    whole = deck(find_model("gan-labels"))
    assert np.array_equal(names["chosen"], deal(whole, 3))
    assert np.array_equal(names["whole"].made, whole.made)
    assert names["marked"].tolist() == [i % 2 == 0 for i in range(20)]
    assert "accuracy" in printed
    compile(code, "recipe", "exec")
    assert "numpy" not in rival_recipe("gan", 1)


@pytest.mark.parametrize("inverted", [False, True])
def test_files_are_read_again(tmp_path, monkeypatch, inverted):
    name = 'it\'s "mine".zip'
    (tmp_path / name).write_bytes(folders())
    monkeypatch.chdir(tmp_path)
    names, printed = execute(brought_recipe([name], "square", inverted))
    *_, last = collect([(name, folders())], "square")
    expected = last.found.inverted() if inverted else last.found
    assert np.array_equal(names["found"].images, expected.images)
    assert "('cats', 'dogs')" in printed


def test_what_was_measured_of_pixels_is_told_again():
    names, printed = execute(pixels_recipe(17))
    assert np.array_equal(names["x"], names["x"].astype(bool))  # the last is black or white
    assert str(load_study().vaes["unit"].nll) in printed


def test_runs_are_listed_and_drawn_with(tmp_path):
    names, _ = execute(runs_recipe("vae-2d"))
    assert np.array_equal(names["images"], sample_images(find_model("vae-2d").path, 16, 0))
    assert execute(runs_recipe())[1] == ""
