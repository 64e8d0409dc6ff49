"""Lessons, as a visitor's clicks run them, and what is shown to whoever presents."""

import json

import pytest

from genlib.runs import home
from tests.pages.conftest import own

pytestmark = pytest.mark.fast
PAGE = "start/lessons.py"
HEAPS = """# Two heaps

Aim: See two heaps.

## First

View: /mixture?components=2
Seconds: 15

Look.

## Second

Predict: What comes?
- [ ] One heap. | No: there are two.
- [x] Two heaps. | Yes.

Check: /mixture?components=3

## Third

Seconds: 20
"""


@pytest.fixture
def heaps():
    folder = home() / "lessons"
    folder.mkdir(parents=True)
    (folder / "heaps.md").write_text(HEAPS, "utf-8")


def staged(test):
    """What is in the frame beside the card."""
    elements = [item for item in test.get("bidi_component") if "stage" in item.proto.component_name]
    told = json.loads(elements[0].proto.json) if elements else {}
    return {name: value for name, value in told.items() if name != "since"} or None


def address(test):
    return {name: value if isinstance(value, str) else value[0] for name, value in test.query_params.items()}


def click(test, key):
    assert not test.button(key=key).disabled
    return test.button(key=key).click().run()


def test_all_lessons_stand_in_a_list_and_begin(app, heaps):
    test = own(app(PAGE))
    assert not test.exception
    assert "Two heaps" in [each.value for each in test.header]
    test = click(test, "begin_heaps")
    assert address(test) == {"lesson": "heaps", "step": "1"}
    assert test.title[0].value == "First"
    assert staged(test)["source"] == "/mixture?components=2&embed=true"


def test_next_and_back_set_the_view_and_the_address(app, heaps):
    test = own(app(PAGE, lesson="heaps"))
    assert test.button(key="step_back").disabled
    assert staged(test)["seconds"] == 15
    test = click(click(test, "step_next"), "step_next")
    assert test.title[0].value == "Third"
    assert address(test)["step"] == "3"
    assert staged(test) == {
        "source": "/mixture?components=2&embed=true", "title": "Two heaps: Third", "step": 2, "seconds": 0
    }, "after the last nothing goes on"  # fmt: skip
    assert click(test, "step_back").title[0].value == "Second"


@pytest.mark.parametrize(("said", "feedback"), [("One heap.", "No: there are two."), ("Two heaps.", "Yes.")])
def test_a_prediction_is_checked_and_the_answer_shown(app, heaps, said, feedback):
    test = own(app(PAGE, lesson="heaps", step="2"))
    assert test.button(key="check").disabled
    assert staged(test)["source"] == "/mixture?components=2&embed=true"
    test = click(test.radio[0].set_value(said).run(), "check")
    assert [each.value for each in [*test.success, *test.warning]] == [feedback]
    assert staged(test)["source"] == "/mixture?components=3&embed=true"
    assert [each.value for each in test.success] == [feedback] * (said == "Two heaps.")
    other = next(option for option in test.radio[0].options if option != said)
    assert not test.radio[0].set_value(other).run().success, "another answer is not checked by itself"


@pytest.mark.parametrize(
    ("query", "said"),
    [({"lesson": "<b>"}, "There is no lesson '\\<b>'"), ({"lesson": "heaps", "step": "9"}, "step must be a number"),
     ({"lesson": "heaps", "step": "²"}, "step must be a number"), ({"lesson": "heaps", "step": "-1"}, "from 1 to 3")],
)  # fmt: skip
def test_junk_in_the_address_gets_one_sentence(app, heaps, query, said):
    test = own(app(PAGE, **query))
    assert not test.exception
    assert [said in each.value for each in test.warning] == [True]


def test_done_without_a_page_before_leads_to_the_list(app, heaps):
    test = click(own(app(PAGE, lesson="heaps", step="3")), "step_done")
    assert test.title[0].value == "Lessons"
    assert "lesson" not in test.query_params


def test_in_front_of_a_class_the_way_on_stands_below_the_page(app, heaps):
    def names(test):
        return [each.key for each in test.button if each.key.startswith(("step_", "bar_"))]

    assert names(own(app(PAGE, lesson="heaps"))) == ["step_back", "step_next", "step_leave"]
    assert names(own(app(PAGE, lesson="heaps", present="true"))) == ["step_back", "step_next", "bar_end"]


def widgets(test):
    kinds = ("slider", "selectbox", "select_slider", "number_input", "toggle")
    return [each.key for kind in kinds for each in test.get(kind) if "Config." in (each.key or "")]


def test_who_presents_has_one_setting_at_a_time_and_their_values_stay(app):
    test = own(app("two_d/mixture.py", components="4", present="true"))
    seen = []
    while (now := widgets(test)) != seen[:1]:
        assert len(now) == 1
        seen += now
        test = click(test, "bar_next")
    plain = own(app("two_d/mixture.py", components="4"))
    assert sorted(seen) == sorted(widgets(plain))
    while widgets(test) != ["MixtureConfig.components"]:
        test = click(test, "bar_back")
    assert test.slider(key="MixtureConfig.components").value == 4
    test = test.slider(key="MixtureConfig.components").set_value(6).run()
    test = click(click(test, "bar_next"), "bar_end")
    assert test.slider(key="MixtureConfig.components").value == 6
    assert address(test)["components"] == "6"
    assert "present" not in test.query_params


def test_a_link_hides_controls_and_keeps_what_they_say(app):
    test = own(app("two_d/mixture.py", components="4", hide="components,seed"))
    plain = own(app("two_d/mixture.py"))
    assert set(widgets(plain)) - set(widgets(test)) == {"MixtureConfig.components", "MixtureConfig.seed"}
    assert test.session_state["MixtureConfig.components"] == 4
    assert address(test)["components"] == "4"
    assert widgets(own(app("two_d/mixture.py", hide="controls"))) == []
    assert "present_on" not in [each.key for each in own(app("two_d/mixture.py", hide="menu")).button]


def test_what_cannot_be_hidden_is_said(app):
    test = own(app("two_d/mixture.py", hide="components,<b>"))
    assert not test.exception
    assert [each.value.startswith("In the address: hide cannot be '\\<b>' here") for each in test.warning] == [True]
