"""Images that are kept: by their content, for their owners, for a while; and runs that learn from them."""

import json
import os
import time

import numpy as np
import pytest

from genlib.archive import pack, unpack
from genlib.cli import main
from genlib.data.images import data_of, images_of, load_images
from genlib.data.own import KEPT_DAYS, MOST_SETS, find_own, keep, last_run, list_own, remove, sweep
from genlib.data.own.kept import root
from genlib.film import Film
from genlib.knobs import InputError
from genlib.presets import PRESETS, named, suited
from genlib.recipe import command_recipe, of_run, run_recipe
from genlib.recorder import record
from genlib.runs import RunFolder, Status, find
from genlib.runs.owners import key_hash
from genlib.settings import FAMILIES, RunSettings, TrainConfig
from tests.brought import KEY, collected, drawings, folders, kept
from tests.few import small

pytestmark = pytest.mark.fast
OTHER = "f" * 32


def test_what_is_kept_comes_back_in_three_parts_that_share_nothing(home):
    found = collected(folders(60))
    own = keep(found, " My  pets ", KEY)
    images = load_images(own.id)
    assert own.name(key_hash(KEY)) == "My pets"
    assert own.name() == own.name(key_hash(OTHER)) == f"images {own.id[:6]}", "what one calls it is nobody else's"
    assert (images.name, images.data, images.classes, images.own) == (own.name(), own.id, ("cats", "dogs"), True)
    parts = [(images.train, images.train_labels), (images.validation, images.validation_labels)]
    parts.append((images.test, images.test_labels))
    back = {image.tobytes(): label for part in parts for image, label in zip(*part, strict=True)}
    assert back == {image.tobytes(): label for image, label in zip(found.images, found.labels, strict=True)}
    assert sum(len(part) for part, _ in parts) == 60
    assert not any(array.flags.writeable for part in parts for array in part)
    assert {path.name for path in (home / "data" / own.id).iterdir()} == {"images.safetensors", "data.json"}
    assert KEY not in (home / "data" / own.id / "data.json").read_text()


def test_the_same_content_is_kept_once_and_for_each_owner():
    own = kept(name="Mine")
    again = kept(key=OTHER, name="Theirs")
    assert own.id == again.id
    assert [each.name(key_hash(KEY)) for each in list_own(KEY)] == ["Mine"]
    assert list_own("0" * 32) == list_own(None) == []
    remove(own.id, KEY)
    assert list_own(KEY) == []
    assert [each.name(key_hash(OTHER)) for each in list_own(OTHER)] == ["Theirs"]
    with pytest.raises(InputError, match="Only the browser"):
        remove(own.id, KEY)
    remove(own.id, OTHER)
    with pytest.raises(InputError, match="not here"):
        load_images(own.id)
    assert kept(classes=("cats", "dogs")).id == own.id
    assert kept(classes=("cats", "mice")).id != own.id


def test_a_visitor_keeps_so_many_and_no_more():
    found = collected(folders(60))
    for i in range(MOST_SETS):
        keep(found.__class__(np.roll(found.images, i, 1), found.labels, found.classes), f"{i}", KEY)
    with pytest.raises(InputError, match="remove one first"):
        keep(found.inverted(), "one more", KEY)
    keep(found, "another name", KEY)
    keep(found.inverted(), "one", OTHER)


def test_what_nobody_uses_goes_by_age_and_what_is_used_stays(home):
    old, used, trained = kept(60), kept(61), kept(62)
    for each in (old, used, trained):
        past = time.time() - (KEPT_DAYS + 1) * 86_400
        os.utime(home / "data" / each.id / "data.json", (past, past))
    load_images(used.id)
    run = RunFolder.create(RunSettings(data=trained.id).to_json(), KEY)
    assert find_own(used.id).days_left == KEPT_DAYS
    sweep()
    assert {each.id for each in list_own(KEY)} == {used.id, trained.id}
    run.write_status(Status("done"))
    sweep()
    assert [each.id for each in list_own(KEY)] == [used.id]


def test_what_is_trained_on_stays_and_goes_with_its_last_run():
    own = kept()
    one, other = (RunFolder.create(RunSettings(data=own.id).to_json(), KEY) for _ in range(2))
    foreign = RunFolder.create(RunSettings(data=own.id).to_json(), OTHER)
    with pytest.raises(InputError, match="stop it"):
        remove(own.id, KEY)
    assert last_run(one, KEY) is None
    other.write_status(Status("stopped"))
    other.delete(KEY)
    assert last_run(one, KEY) == find_own(own.id)
    assert last_run(foreign, OTHER) is None
    assert last_run(RunFolder.create(RunSettings().to_json(), KEY), KEY) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"classes": 3, "counts": [1], "owners": {}}'])
def test_altered_files_are_refused_in_a_sentence(content, home):
    own = kept(classes=("a", "b"))
    (home / "data" / own.id / "data.json").write_bytes(content)
    with pytest.raises(InputError, match="altered"):
        load_images(own.id)
    assert list_own(KEY) == []


def test_altered_images_are_refused_in_a_sentence(home):
    own = kept(77)
    path = home / "data" / own.id / "images.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="altered"):
        load_images(own.id)
    kept(77)  # brought once more, they are whole
    assert len(load_images(own.id).train) > 50


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("labels", [False, True])
def test_every_family_learns_from_few_images_of_ones_own(family, labels):
    own = kept(50, ("a", "b", "c"))
    settings = RunSettings(family, small(family, labels=labels), TrainConfig(epochs=3, batch_size=16), own.id)
    run = RunFolder.create(settings.to_json(), KEY)
    *_, last = record(run, run.claim(Status()))
    assert (last.state, last.message) == ("done", "")
    assert data_of(run.path) == own.id
    film = Film(run.path / "frames")
    assert np.array_equal(film.constants()["originals"], images_of(run.path).test[:16])
    assert len(film.frame(film.steps()[-1])["samples"]) == (100 if labels else 64)
    assert RunSettings.from_json(unpack(pack(run), OTHER).settings) == settings


def test_a_run_whose_images_are_gone_fails_in_a_sentence():
    own = kept()
    run = RunFolder.create(RunSettings("vae", small("vae"), data=own.id).to_json(), KEY)
    run.write_status(Status("stopped"))
    remove(own.id, KEY)
    *_, last = record(run, run.claim(Status()))
    assert last.state == "failed"
    assert "bring them again" in last.message


def test_settings_tell_their_data_only_where_it_is_not_mnist():
    assert "data" not in RunSettings().to_json()
    settings = RunSettings(data="0123456789abcdef")
    assert RunSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
    assert RunSettings.from_text({"data": "0123456789abcdef"}) == settings
    assert settings.changed("learning_rate", 0.5).data == settings.data
    for wrong in ("../x", "0123", None, 3, "0123456789ABCDEF"):
        with pytest.raises(InputError, match="data cannot be"):
            RunSettings.from_json({"data": wrong})


def test_recipes_name_the_data():
    settings = RunSettings("vae", data="0123456789abcdef")
    assert 'load_images("0123456789abcdef")' in run_recipe(settings)
    assert "--data 0123456789abcdef" in command_recipe(settings)
    run = RunFolder.create(settings.to_json())
    assert 'load_images("0123456789abcdef")' in of_run(run)[0]


def test_the_command_line_learns_from_them_or_says_that_they_are_missing(capsys):
    own = kept()
    assert main(["train", "--data", "0" * 16]) == 2
    assert "not here" in capsys.readouterr().err
    assert main(["train", "--data", "mine"]) == 2
    arguments = ["--family", "ae", "--hidden-dim", "16", "--epochs", "1", "--batch-size", "16", "--json"]
    assert main(["train", "--data", own.id, *arguments]) == 0
    told = json.loads(capsys.readouterr().out)
    assert find(told["run"]).settings["data"] == own.id


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_as_long_with_few_images(name):
    preset = PRESETS[name].settings
    assert suited(preset, None) == preset
    assert suited(preset, 55_000) == preset
    few = suited(preset, 189)
    assert named(few, 189) == name
    assert few.train.batch_size == (1024 if preset.family == "mixture" else 16)
    if preset.train.budget == "epochs":
        before = preset.train.epochs * (55_000 // preset.train.batch_size)
        after = few.train.epochs * max(1, 189 // few.train.batch_size)
        assert after == pytest.approx(before, rel=0.02) or few.train.epochs == 1000


def test_drawings_differ():
    assert len({image.tobytes() for image in drawings(500)}) == 500


def test_what_was_used_longest_ago_makes_room_and_what_was_used_today_stays(monkeypatch):
    old, today = kept(classes=("cats", "dogs")), kept(classes=("cats", "mice"), key=OTHER)
    monkeypatch.setattr("genlib.data.own.store._MOST_BYTES", 2 * today.bytes + 100)
    with pytest.raises(InputError, match="taken by what was used today"):
        kept(classes=("cats", "birds"), key="0" * 32)
    two_days = time.time() - 2 * 86_400
    os.utime(root() / old.id / "data.json", (two_days, two_days))
    kept(classes=("cats", "birds"), key="0" * 32)
    assert list_own(KEY) == []
    assert list_own(OTHER)


def test_a_set_that_is_used_while_others_are_looked_at_stays(monkeypatch):
    own = kept()
    long_ago = time.time() - 40 * 86_400
    os.utime(root() / own.id / "data.json", (long_ago, long_ago))
    monkeypatch.setattr("genlib.data.own.store._runs", lambda name: os.utime(root() / name / "data.json") or [])
    sweep()
    assert list_own(KEY)


def test_only_so_many_owners_are_known(monkeypatch):
    monkeypatch.setattr("genlib.data.own.store._MOST_OWNERS", 3)
    for i in range(5):
        own = kept(key=f"{i:032x}")
    assert len(find_own(own.id).names) == 3
    assert list_own(f"{4:032x}")
    assert not list_own(f"{0:032x}")
