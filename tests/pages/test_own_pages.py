"""Pages that show digits, for a visitor who brought other images."""

import json

import pytest

from genlib import checkpoint
from genlib.data.images import load_images
from genlib.data.own import remove
from genlib.runs import RunFolder, Status
from genlib.settings import RunSettings, TrainConfig
from genlib.training import Run
from pages.ui.models import codes_csv
from pages.ui.opened import opened
from tests.brought import KEY, kept
from tests.few import small
from tests.pages.conftest import own

pytestmark = pytest.mark.fast


@pytest.fixture
def pets(worker):
    return kept(360, ("cats", "dogs"))


def saved(data, family="vae", **values):
    settings = RunSettings(family, small(family, **values), TrainConfig(device="cpu"), data.id)
    run = RunFolder.create(settings.to_json(), KEY)
    assert checkpoint.save(Run.new(family, settings.model, settings.train), run.path)
    run.write_status(Status("done"))
    return run


def element(test, name):
    found = next(item for item in test.get("bidi_component") if name in item.proto.component_name)
    return json.loads(found.proto.json)


def words(test):
    return " ".join(
        item.value for kind in ("markdown", "caption", "info", "warning", "error") for item in getattr(test, kind)
    )


def test_the_latent_studio_tells_classes_and_how_many_it_learned_from(app, pets):
    run = saved(pets, labels=True)
    test = own(app("images/latent.py", model=run.id, digit="1"))
    assert not test.exception
    told = element(test, "latent_studio")["model"]
    assert (told["name"], told["thing"], told["classes"]) == (run.id, "image", ["cats", "dogs"])
    assert told["train"] == len(load_images(pets.id).train)
    table = codes_csv(opened(run.id)).decode().splitlines()
    assert table[0] == "class,z1,z2"
    assert {line.split(",")[0] for line in table[1:]} == {"cats", "dogs"}
    test = own(app("images/latent.py", model=run.id, digit="2"))
    assert "digit cannot be" in words(test)


def test_a_test_image_of_ones_own_is_encoded(app, pets):
    test = own(app("images/latent.py", model=saved(pets).id, view="image"))
    assert not test.exception
    assert "Squared error" in words(test)
    assert test.number_input(key="a").max == len(load_images(pets.id).test) - 1
    assert "PCA of the same width loses" in words(test)


def test_ways_lie_between_images_that_the_models_learned_from(app, pets):
    run = saved(pets)
    test = own(app("images/latent.py", view="between", data=pets.id))
    assert not test.exception
    assert [lane["name"] for lane in element(test, "morph")["lanes"]] == [run.id]
    assert test.selectbox(key="whose").value == pets.id
    test.selectbox(key="whose").set_value("mnist").run()
    assert not test.exception
    assert run.id not in [lane["name"] for lane in element(test, "morph")["lanes"]]


def test_the_scoreboard_of_ones_own(app, pets):
    run = saved(pets)
    test = own(app("images/scores.py", data=pets.id))
    assert not test.exception
    assert "Choose one or more of your runs" in words(test)
    test.multiselect(key=f"scores_own_{pets.id}").set_value([run.id]).run()
    assert not test.exception
    shown = test.dataframe[0].value
    assert list(shown["Model"]) == ["Real images", f"VAE, D = 2 ({run.id[:6]})", "Noise around the mean image"]
    assert "Digits found" not in shown
    assert f"of all {len(load_images(pets.id).train)} training images" in words(test)


def test_real_or_made_of_ones_own(app, pets):
    run = saved(pets)
    test = own(app("images/beat.py", model=run.id))
    assert not test.exception
    assert f"learned from {len(load_images(pets.id).train)} training images" in words(test)


def test_the_repair_studio_of_ones_own(app, pets):
    saved(pets)
    test = own(app("images/repair.py", data=pets.id))
    assert not test.exception
    told = words(test)
    assert "like cats" in told or "like dogs" in told
    assert "needs a run of yours of the family GAN on these images: train one" in told
    assert "reads" not in next(each.value for each in test.markdown if "dB" in each.value)
    assert len(test.dataframe) == 1, "the figures of these, none of MNIST"


def test_few_images_and_none_are_said(app, pets):
    few = kept(60)
    saved(few)
    test = own(app("images/scores.py", data=few.id))
    assert "A score needs 50 test images" in words(test)
    run = saved(pets)
    remove(pets.id, KEY)
    for page, query in (("latent", {"view": "image"}), ("latent", {"view": "numbers"}), ("beat", {}), ("scores", {})):
        test = own(app(f"images/{page}.py", model=run.id, runs=run.id, **query))
        assert not test.exception, (page, query)
    test = own(app("images/latent.py", model=run.id, view="image"))
    assert "are not here" in words(test)


@pytest.mark.parametrize("page", ["latent", "scores"])
@pytest.mark.parametrize("data", ["<b>", "0123456789abcdef"])
def test_an_address_that_names_no_images(app, page, data):
    test = own(app(f"images/{page}.py", data=data, view="between" if page == "latent" else ""))
    assert not test.exception
