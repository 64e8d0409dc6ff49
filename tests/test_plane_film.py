"""Films of the plane, read back as others read them."""

import io

import numpy as np
import pytest
from PIL import Image

from genlib import archive, cli
from genlib.colours import CLASSES, FAMILIES
from genlib.film import Film
from genlib.knobs import InputError
from genlib.plane_film import MOST_PICTURES, SIZE, draw_frame, plane_film, plane_picture
from genlib.runs import RunFolder
from genlib.settings import PLANE_CONFIGS, PlaneGANConfig, RunSettings

pytestmark = pytest.mark.fast

BOX = np.array([-1, 3, -2, 2], np.float32)
CONSTANTS = {"points": np.array([[0.0, 0.0]], np.float32), "box": BOX}


def settings(family, **values):
    return RunSettings(family, PLANE_CONFIGS[family](**values))


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def at(picture, x, y):
    """The pixel that shows a place of the data's unit."""
    size = len(picture) - 1
    return picture[round((BOX[3] - y) / 4 * size), round((x - BOX[0]) / 4 * size)].astype(int)


def filmed(folder, n=3, **values):
    film = Film(folder / "frames")
    film.folder.mkdir(parents=True, exist_ok=True)
    film.set_constants(CONSTANTS)
    for i in range(n):
        film.add(10 * i, {"made": np.array([[1.0, i / n]], np.float32)})
    return film


def test_what_is_real_and_what_is_made_have_their_colours_at_their_places():
    frame = {"made": np.array([[2.0, 1.0], [1e6, -1e6]], np.float32)}
    picture = draw_frame(CONSTANTS, frame, settings("vae2d"))
    assert picture.shape == (SIZE, SIZE, 3)
    np.testing.assert_allclose(at(picture, 0, 0), rgb(CLASSES[0]), atol=8)
    np.testing.assert_allclose(at(picture, 2, 1), rgb(FAMILIES["vae"]), atol=8)
    np.testing.assert_array_equal(at(picture, -0.5, -1.5), [255, 255, 255])


def test_a_surface_is_blue_where_d_says_real_and_has_a_line_at_one_half():
    columns = np.linspace(-1, 3, 40)
    surface = np.tile((columns - columns[0]) / 4, 40).astype(np.float32)  # 0 on the left, 1 on the right
    frame = {"made": np.array([[9.0, 9.0]], np.float32), "surface": surface}
    picture = draw_frame(CONSTANTS, frame, settings("gan2d"))
    left, right = at(picture, -0.9, 1.5), at(picture, 2.9, 1.5)
    assert left[0] > left[2]
    assert right[2] > right[0]
    dark = (picture[10].astype(int).sum(1) < 250).nonzero()[0]
    assert dark.mean() == pytest.approx(SIZE / 2, abs=3)
    scores = draw_frame(CONSTANTS, frame | {"surface": 5 * surface}, settings("gan2d", loss="wasserstein"))
    assert (scores[10].astype(int).sum(1) < 250).sum() == 0, "a score has no such line"
    assert at(scores, -0.9, 1.5)[0] > at(scores, -0.9, 1.5)[2]


def test_components_and_grids_are_drawn_where_they_are():
    frame = {"made": np.array([[9.0, 9.0]], np.float32)}
    ring = draw_frame(
        CONSTANTS, frame | {"components": np.array([[1, 1, 0, 0.09, 0, 0.25]], np.float32)}, settings("mixture2d")
    )
    assert at(ring, 1.6, 0).sum() < 550, "two deviations to the right"
    assert at(ring, 1, 1).sum() < 550, "and above"
    assert at(ring, 1.3, 0.6).sum() == 765
    side = np.linspace(0, 1, 21)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2).astype(np.float32)
    net = draw_frame(CONSTANTS, frame | {"grid": grid}, settings("vae2d"))
    assert at(net, 0.5, 0.5).sum() < 700
    assert at(net, 1.5, 0.5).sum() == 765


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_a_film_has_the_frames_of_the_run_and_at_most_sixty(tmp_path, form):
    filmed(tmp_path, 3)
    picture = Image.open(io.BytesIO(plane_film(tmp_path, settings("ae2d"), form)))
    assert (picture.format, picture.size, picture.n_frames) == (form.upper(), (SIZE, SIZE), 3)
    picture.seek(2)
    found = np.asarray(picture.convert("RGB"))
    np.testing.assert_allclose(at(found, 1, 2 / 3), rgb(FAMILIES["ae"]), atol=40)


def test_a_long_film_is_thinned_and_a_missing_one_is_a_sentence(tmp_path, monkeypatch):
    drawn = []

    def note(constants, frame, settings, title):
        drawn.append(title)
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr("genlib.plane_film.draw_frame", note)
    filmed(tmp_path / "long", 70)
    plane_film(tmp_path / "long", settings("ae2d"))
    assert len(set(drawn)) == len(drawn) == MOST_PICTURES
    assert (drawn[0], drawn[-1]) == ("step 0", "step 690")
    with pytest.raises(InputError, match="drawn no pictures yet"):
        plane_film(tmp_path / "none", settings("ae2d"))
    assert plane_picture(tmp_path / "none", settings("ae2d")) is None


def test_a_run_on_points_has_a_thumbnail_and_a_film_like_others():
    run = RunFolder.create(RunSettings("gan2d", PlaneGANConfig()).to_json(), "k" * 32)
    assert archive.thumbnail(run) is None
    filmed(run.path)
    assert archive.thumbnail(run).shape == (112, 112, 3)
    assert Image.open(io.BytesIO(archive.film(run))).n_frames == 3


def test_the_command_writes_what_the_page_gives(tmp_path, capsys):
    run = RunFolder.create(settings("vae2d").to_json(), "k" * 32)
    filmed(run.path)
    for form in ("gif", "webp"):
        out = tmp_path / f"mine.{form}"
        assert cli.main(["film", run.id, "--out", str(out)]) == 0
        assert out.read_bytes() == plane_film(run.path, settings("vae2d"), form)
    capsys.readouterr()
    assert cli.main(["film", run.id, "--out", "mine.mp4"]) == 2
    assert "end its name in .gif or .webp" in capsys.readouterr().err
    assert cli.main(["film", run.id, "--out", str(tmp_path / "none" / "mine.gif")]) == 2
    assert "cannot be written" in capsys.readouterr().err
