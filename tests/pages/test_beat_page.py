"""Beat the discriminator without a browser, and what its element may say."""

import json

import numpy as np
import pytest

from genlib.knobs import InputError
from genlib.library import find_model
from genlib.metrics import verdict
from genlib.runs import RunFolder, Status
from genlib.scoring import Deck, Taught, deal
from genlib.settings import RunSettings, VAEConfig
from pages.ui import cached
from pages.ui.sorter import marked
from tests.pages.conftest import KEY, own

pytestmark = pytest.mark.fast
PAGE = "images/beat.py"
DECK = Deck(np.arange(2000 * 784, dtype=np.uint32).astype(np.uint8).reshape(2000, 28, 28), np.arange(2000) % 3 == 0)
CALLED = np.arange(2000) % 2 == 0


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """Nothing is drawn or learned here; the network has learned as soon as ``learned`` says so."""
    told = {"learned": True}
    end = Taught(1.0, CALLED)
    monkeypatch.setattr(cached, "dealt", lambda path, digest: DECK)
    monkeypatch.setattr(cached, "taught", lambda run: end if told["learned"] else None)
    monkeypatch.setattr(cached, "teaching", lambda run: iter([Taught(0.5), end]))
    return told


def board(test):
    element = next(item for item in test.get("bidi_component") if "sorter" in item.proto.component_name)
    return json.loads(element.proto.json)


def test_a_round_before_it_is_sorted_tells_nothing(app):
    test = app(PAGE)
    assert not test.exception
    assert board(test)["truth"] is None
    assert "How to tell?" in "".join(each.value for each in test.markdown)
    assert not test.header
    assert "3,000 training images" in test.caption[-1].value


def test_sorted_images_are_counted_for_visitor_and_network(app):
    test = app(PAGE)
    test.session_state["sorted"] = {}
    hand = deal(DECK, 1)
    called = np.zeros(20, bool)
    called[[0, 3, 4]] = True
    digest = cached.saved_digest(find_model("gan-labels").path)
    test.session_state["sorted"] = {("gan-labels", digest): {1: called}}
    test.run()
    assert not test.exception
    truth = board(test)["truth"]
    assert truth["made"] == DECK.made[hand].tolist()
    assert truth["marked"] == called.tolist()
    assert truth["rival"] == CALLED[hand].tolist()
    mine, net = verdict(DECK.made[hand], called), verdict(DECK.made[hand], CALLED[hand])
    assert test.header[0].value.startswith(f"You {mine.accuracy.hits}, the network {net.accuracy.hits} of 20: ")
    table = test.dataframe[0].value
    assert list(table["Who"]) == ["You (20)", "Network (20)", "Network (2,000)"]
    whole = verdict(DECK.made, CALLED)
    low, high = whole.sensitivity.interval
    sensitivity = f"{whole.sensitivity.hits:,} of {whole.sensitivity.n:,} ({100 * low:.0f} to {100 * high:.0f} %)"
    assert table["Made found"][2] == sensitivity
    test.button(key="next").click().run()
    assert test.number_input(key="round").value == 2
    assert board(test)["truth"] is None
    assert board(test)["deal"].endswith("-2")


def test_rounds_add_up(app):
    test = app(PAGE)
    digest = cached.saved_digest(find_model("gan-labels").path)
    rounds = {number: DECK.made[deal(DECK, number)] for number in (1, 2, 3)}
    test.session_state["sorted"] = {("gan-labels", digest): rounds}
    test.run()
    table = test.dataframe[0].value
    assert table["Who"][1] == "You, all rounds (60)"
    assert table["All right"][1].startswith("60 of 60 (94 to 100 %)")
    assert "lies outside your interval" in "".join(each.value for each in test.caption)


def test_before_the_network_has_learned_only_the_visitor_is_counted(app, network, monkeypatch):
    network["learned"] = False
    monkeypatch.setattr(cached, "teaching", lambda run: iter([Taught(0.5)]))
    test = app(PAGE)
    digest = cached.saved_digest(find_model("gan-labels").path)
    test.session_state["sorted"] = {("gan-labels", digest): {1: np.zeros(20, bool)}}
    monkeypatch.setattr("streamlit.rerun", lambda: None)
    test.run()
    assert not test.exception
    assert test.header[0].value.startswith("You: ")
    assert "rival" not in board(test)["truth"]


def test_an_address_names_model_and_round(app):
    test = app(PAGE, model="vae-2d", round="7")
    assert not test.exception
    assert board(test)["deal"].startswith("vae-2d-")
    assert board(test)["deal"].endswith("-7")
    for query in ({"round": "0"}, {"round": "x"}, {"round": "1e99"}, {"model": "<b>"}, {"model": "classifier"}):
        test = own(app(PAGE, **query))
        assert not test.exception, query
        assert board(test)["deal"].startswith("gan-labels-")
        assert board(test)["deal"].endswith("-1")
        assert len(test.warning) == 1


def nothing(test):
    """Whether it says that the model has saved nothing to draw with."""
    return any("has saved no state yet" in text.value for text in test.markdown)


def test_who_knows_a_run_may_play_against_it(app, run):
    test = own(app(PAGE, model=run.id), "f" * 32)
    assert nothing(test)
    assert test.selectbox(key="beat_model").value == run.id


def test_a_run_that_saved_nothing_gets_one_sentence(app):
    made = RunFolder.create(RunSettings("vae", VAEConfig()).to_json(), KEY)
    made.write_status(Status("stopped"))
    test = own(app(PAGE))
    test.selectbox(key="beat_model").set_value(made.id).run()
    assert not test.exception
    assert nothing(test)
    assert len(test.warning) == 0


def test_nobody_plays_against_a_run_whose_drawings_still_change(app):
    made = RunFolder.create(RunSettings("vae", VAEConfig()).to_json(), KEY)
    test = own(app(PAGE, model=made.id))
    assert not test.exception
    assert "It is still being trained" in "".join(each.value for each in [*test.error, *test.warning])
    assert made.id not in str(test.selectbox(key="beat_model").options)


def test_an_answer_is_read():
    assert marked(None, "a", 20) is None
    assert marked({"deal": "b", "marked": [1]}, "a", 20) is None, "of a round before"
    found = marked({"deal": "a", "marked": [0, 19, 19]}, "a", 20)
    assert np.flatnonzero(found).tolist() == [0, 19]
    assert not marked({"deal": "a", "marked": []}, "a", 20).any()


@pytest.mark.parametrize("places", [[20], [-1], [True], [1.0], ["1"], None, {}, [[1]]])
def test_other_places_than_there_are_are_refused(places):
    with pytest.raises(InputError, match="mark the images again"):
        marked({"deal": "a", "marked": places}, "a", 20)
