"""Images of one's own without a browser."""

import pytest

from genlib.data.own import list_own
from genlib.runs import RunFolder, Status, list_runs
from genlib.settings import RunSettings
from tests.brought import KEY, drawings, folders, kept, npz, png, zipped
from tests.pages.conftest import own, told

pytestmark = pytest.mark.fast
PAGE = "images/own.py"


def sentences(test):
    return [item.value for item in [*test.error, *test.warning, *test.success]]


def bring(app, name, data, key=KEY):
    test = own(app(PAGE), key)
    return test.file_uploader(key="own_0").upload(name, data).run()


def test_a_zip_is_looked_at_kept_and_survives_a_refresh(app):
    test = bring(app, "my_pets.zip", folders(60, **{"broken.png": b"x"}))
    assert not test.exception
    assert test.header[0].value == "60 images in 2 classes"
    markdown = " ".join(each.value for each in test.markdown)
    assert "broken\\.png" in markdown
    assert "cats" in markdown
    assert test.text_input[0].value == "my pets"
    test.button(key="own_keep").click().run()
    assert sentences(test) == ["my pets is kept: train on it below."]
    (found,) = list_own(KEY)
    assert (found.classes, found.counts) == (("cats", "dogs"), (30, 30))
    again = own(app(PAGE))
    assert "my pets" in " ".join(each.value for each in again.markdown)
    others = own(app(PAGE), "f" * 32)
    assert "my pets" not in " ".join(each.value for each in others.markdown)


def test_dark_on_light_is_turned_unless_the_visitor_says_no(app):
    bright = zipped({f"{i}.png": png(255 - image) for i, image in enumerate(drawings(60))})
    test = bring(app, "a.zip", bright)
    assert test.toggle(key="own_invert").value
    test.button(key="own_keep").click().run()
    turned = list_own(KEY)[0].id
    test = bring(app, "a.zip", bright)
    test.toggle(key="own_invert").set_value(False).run()
    test.button(key="own_keep").click().run()
    assert len({turned, *(each.id for each in list_own(KEY))}) == 2


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.zip", b"PK\x03\x04", "damaged"),
        ("a.npz", npz(x=drawings(9)), "at least 50"),
        ("a.txt", b"hello", "no images in it"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(app, name, data, words):
    test = bring(app, name, data)
    assert not test.exception
    assert words in sentences(test)[0]
    assert not [button for button in test.button if button.key == "own_keep"]


def test_it_is_removed_by_its_button_but_not_while_it_is_trained_on(app):
    found = kept()
    run = RunFolder.create(RunSettings(data=found.id).to_json(), KEY)
    test = own(app(PAGE))
    test.button(key=f"own_remove_{found.id}").click().run()
    assert "stop it" in sentences(test)[0]
    run.write_status(Status("stopped"))
    test.button(key=f"own_remove_{found.id}").click().run()
    assert list_own(KEY) == []


def test_the_training_room_offers_it_and_trains_on_it(app):
    assert "data" not in [box.key for box in own(app("images/train.py")).selectbox]
    found = kept()
    test = own(app("images/train.py", data=found.id))
    assert test.selectbox(key="data").value == found.id
    assert test.select_slider(key="TrainConfig.batch_size").value == 8  # a preset made for so few
    test.button(key="do_Train").click().run()
    (run,) = list_runs()
    assert RunSettings.from_json(run.settings).data == found.id
    (shown,) = told(test)
    assert (shown["things"], shown["classes"]) == ("images", ["cats", "dogs"])
    assert shown["news"]["film"] == run.id
    assert not any("level" in chart for chart in shown["charts"])
    run.write_status(Status("stopped"))


def test_an_address_that_names_what_is_gone_is_told_of(app):
    test = own(app("images/train.py", data="0" * 16))
    assert "MNIST is used" in sentences(test)[0]
    assert "data" not in test.query_params


def test_the_last_run_takes_its_images_along(app):
    found = kept()
    run = RunFolder.create(RunSettings(data=found.id).to_json(), KEY)
    run.write_status(Status("stopped"))
    test = own(app("images/runs.py"))
    test.session_state[f"more_{run.id}"] = True
    test.run()
    assert any("these images go with it" in each.value for each in test.caption)
    test.checkbox(key=f"sure_{run.id}").check().run()
    next(button for button in test.button if button.label == "Delete").click().run()
    assert list_own(KEY) == []
    assert "went with its last run" in sentences(test)[0]
