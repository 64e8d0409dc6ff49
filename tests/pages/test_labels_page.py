"""With labels and without, without a browser."""

import pytest

from genlib.runs import RunFolder, Status, find
from genlib.settings import PixelMixtureConfig, RunSettings, TrainConfig
from tests.pages.conftest import KEY, labels, own, told

pytestmark = pytest.mark.fast
PAGE = "images/labels.py"


def test_opens_with_the_recorded_pair_and_judges_it(app):
    test = app(PAGE)
    assert not test.exception
    assert [run["name"] for run in told(test)] == ["vae-20d", "vae-labels"]
    obeys, reads = (frame.value for frame in test.dataframe)
    with_labels, without = (float(obeys["all"][row].removesuffix(" %")) for row in (1, 0))
    assert with_labels > 85
    assert 5 < without < 16, "by chance one in ten fits"
    right = {row["Model"]: float(row["Read right"].split(" %")[0]) for _, row in reads.iterrows()}
    assert right["Classifier"] > 98.5
    assert 90 < right["Conditional VAE"] < right["Classifier"]
    assert 90 < right["Mixture for each digit"] < right["Classifier"]


@pytest.mark.parametrize("family", ["vae", "gan", "mixture", "ae"])
def test_a_pair_differs_in_nothing_but_labels(app, family):
    test = own(app(PAGE, family=family, seconds="1", seed="7"))
    assert not test.exception
    test.button(key="do_Train both").click().run()
    assert not test.exception
    without, with_labels = (find(run["name"]).settings for run in told(test))
    assert (without["model"].pop("labels"), with_labels["model"].pop("labels")) == (False, True)
    assert without == with_labels
    assert (without["family"], without["train"]["seed"], without["train"]["seconds"]) == (family, 7, 1)
    test.button(key="do_Stop both").click().run()
    assert all(find(run["name"]).wish.want == "stop" for run in told(test))


def test_another_family_shows_its_own_pair(app):
    made = RunFolder.create(RunSettings("mixture", PixelMixtureConfig(), TrainConfig()).to_json(), KEY)
    made.write_status(Status("done", step=5))
    test = own(app(PAGE, runs=made.id, family="mixture"))
    assert [run["name"] for run in told(test)] == [made.id]
    test.button_group(key="labels_family").set_value("gan").run()
    assert [run["name"] for run in told(test)] == ["gan", "gan-labels"]
    assert not test.exception


@pytest.mark.parametrize("query", [{"family": "<b>"}, {"runs": "zzz"}, {"runs": "../..,0"}, {"seconds": "0"}])
def test_junk_in_the_address_gets_one_sentence_each(app, query):
    test = app(PAGE, **query)
    assert not test.exception
    assert 1 <= len(test.warning) <= 2
    assert all("/" not in warning.value for warning in test.warning)


def test_others_cannot_stop_a_pair(app, run):
    run.write_status(Status("running", step=5, pid=1))
    assert "Stop both" not in labels(app(PAGE, runs=run.id))
