"""What an address holds: a fresh browser that is given it shows the same controls and is told the same pictures."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.brush import mask_from_text, mask_text
from tests.pages.conftest import own

KINDS = ("selectbox", "slider", "select_slider", "toggle", "number_input", "button_group")
FLEETING = ("sent", "since", "version", "epoch")  # of what elements are told
PAGES = {
    "mixture": ("two_d/mixture.py", {"data_n": "20", "max_iterations": "2", "at": "1", "drawn": "points,density"}, ""),
    "mixture, new points": ("two_d/mixture.py", {"data_n": "20", "more": "New points"}, "new"),
    "lab": ("two_d/lab.py", {"at": "640", "slow": "3", "axis": "seconds", "drawn": "data,grid"}, ""),
    "lab, VAE": ("two_d/lab.py", {"family": "vae2d"}, "PlaneVAEConfig TrainConfig"),
    "lab, AE": ("two_d/lab.py", {"family": "ae2d"}, "PlaneAutoencoderConfig"),
    "lab, mixture": ("two_d/lab.py", {"family": "mixture2d"}, "PlaneMixtureConfig"),
    "lab, all": ("two_d/lab.py", {"family": "all"}, "TrainConfig"),
    "lab, points": ("two_d/lab.py", {"points": "1,2;3,4"}, "Points"),
    "bench": ("two_d/bench.py", {"data_n": "20", "way": "mean"}, "dataset share scaling components"),
    "train": ("images/train.py", {"at": "640"}, ""),
    "train, AE": ("images/train.py", {"family": "ae"}, "AutoencoderConfig"),
    "train, GAN": ("images/train.py", {"family": "gan"}, "GANConfig TrainConfig"),
    "train, mixture": ("images/train.py", {"family": "mixture"}, "PixelMixtureConfig"),
    "train, all": ("images/train.py", {"family": "all"}, "Config"),
    "bench, images": ("two_d/bench.py", {"of": "images", "pixels_image": "5"}, "pixels_image"),
    "latent": ("images/latent.py", {"z": "1,2", "sheet": "8"}, "studio_model"),
    "latent, labels": ("images/latent.py", {"model": "vae-labels", "axes": "coordinate", "digit": "3"}, "no"),
    "portraits, slider": (
        "images/portraits.py",
        {"z": ",".join("1" * 40), "moved": "1,0,0,-2,0,0,3", "way": "plain"},
        "no",
    ),
    "portraits, between": ("images/portraits.py", {"view": "between", "at": "0.25"}, "_"),
    "repair": ("images/repair.py", {"image_from": "Draw"}, ""),
    "repair, noise": ("images/repair.py", {"image_from": "Draw", "damage": "noise"}, "Config"),
    "scores": ("images/scores.py", {"n": "1000"}, "scores"),
    "beat": ("images/beat.py", {"round": "3"}, "round"),
    "labels": ("images/labels.py", {"family": "ae"}, ""),
}


def controls(test: AppTest) -> dict[str, object]:
    """What every control of the page says."""
    found = {each.key: each.value for kind in KINDS for each in test.get(kind) if each.key}
    return {key: value for key, value in found.items() if key != "class_preset"}


def elements(test: AppTest) -> dict[str, object]:
    """What every element of our own is told, value by value."""
    found: dict[str, object] = {}

    def note(name: str, value: object) -> None:
        parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for part, each in parts:
            if part not in FLEETING:
                note(f"{name}.{part}", each)
        found[name] = None if isinstance(value, dict | list) else value

    for each in test.get("bidi_component"):
        note(each.proto.component_name, json.loads(each.proto.json or "null"))
    return found


def other(widget) -> None:
    """Have a control say something else, as a hand would."""
    if widget.type == "toggle":
        widget.set_value(not widget.value)
    elif widget.type == "number_input":
        widget.increment()
    elif widget.type == "slider":
        step = widget.step
        widget.set_value(widget.value + step if widget.value + step <= widget.max else widget.value - step)
    elif widget.type == "selectbox":
        widget.select_index((widget.index + 1) % len(widget.options))
    else:
        raws = raw_options(widget)
        widget.set_value(raws[(raws.index(widget.value) + 1) % len(raws)])


def raw_options(widget) -> list[object]:
    """The values behind what is written on a control."""
    known = getattr(widget.format_func, "__self__", None)
    if isinstance(known, dict):
        return list(known)
    raws = []
    for text in widget.options:
        raw: object = text
        with suppress(ValueError):
            raw = type(widget.value)(text.replace(",", ""))
        raws.append(raw)
    return raws


def address(test: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in test.query_params.items()}


@pytest.fixture
def fresh(app):
    return lambda page, query: app(page, **query)


@pytest.mark.fast
@pytest.mark.parametrize("name", PAGES)
def test_a_fresh_browser_shows_what_the_address_tells(fresh, name):
    page, query, turned = PAGES[name]
    test = fresh(page, query)
    assert not test.exception
    assert not [each.value for each in (*test.warning, *test.error)]
    for key in list(controls(test)):
        widget = next((each for kind in KINDS for each in test.get(kind) if each.key == key), None)
        # What changes what there is to choose is turned on a line of its own.
        wanted = any(part in key for part in turned.split() or [""]) and "family" not in key
        if widget is None or widget.disabled or not wanted:
            continue
        other(widget)
        test.run()
        assert not test.exception, key
    again = fresh(page, address(test))
    assert not again.exception
    assert controls(again) == controls(test)
    assert elements(again) == elements(test)
    assert address(again) == address(test)


JUNK = {
    "two_d/mixture.py": {"at": "-1", "drawn": "points,<b>", "play": "yes", "data_n": "20"},
    "two_d/lab.py": {"at": "x", "slow": "7", "axis": "years", "drawn": "nothing", "bare": "1"},
    "two_d/bench.py": {"way": "magic", "data_n": "20"},
    "images/train.py": {"at": "1e12", "axis": "x", "play": ""},
    "images/latent.py": {"axes": "x", "sheet": "13", "z": "1", "view": "x"},
    "images/portraits.py": {"moved": "1,2", "way": "x", "z": "nan"},
    "images/repair.py": {"image_from": "x", "told": "10", "damage": "x"},
    "images/scores.py": {"n": "0", "features": "x", "model": "x"},
    "images/beat.py": {"model": "x", "round": "0"},
    "images/labels.py": {"family": "x"},
}


@pytest.mark.fast
@pytest.mark.parametrize("page", JUNK)
def test_what_an_address_cannot_mean_is_told_in_a_sentence_each(fresh, page):
    test = fresh(page, JUNK[page])
    assert not test.exception
    told = [each.value for each in test.warning]
    names = [name for name in JUNK[page] if name != "data_n"]
    assert len(told) == len(names), told
    assert all(sentence.endswith(".") for sentence in told)
    assert not set(names) & set(address(test))
    assert not own(test).run().warning, "each is told once"


@pytest.mark.fast
def test_a_painted_hole_is_told_in_a_line_and_junk_is_not_taken_for_one(fresh):
    rng = np.random.default_rng(0)
    for shape, length in (((28, 28), 131), ((64, 64), 683), ((3, 3), 3)):
        hole = (rng.random(shape) < 0.3).astype(np.uint8) * np.uint8(255)
        assert len(mask_text(hole)) == length
        assert np.array_equal(mask_from_text(mask_text(hole), shape), hole)
    test = fresh("images/repair.py", {"hole": "left", "painted": mask_text(hole)})
    assert ["painted" in each.value for each in test.warning] == [True]
    assert "painted" not in address(test)


@pytest.mark.fast
def test_a_link_within_the_app_wins_over_what_the_session_remembers(app):
    test = app("two_d/mixture.py", components="4", data_n="20", max_iterations="3")
    test.slider(key="MixtureConfig.components").set_value(5).run()
    test.switch_page("images/scores.py").run()
    test.query_params.clear()
    test.switch_page("two_d/mixture.py").run()
    assert test.slider(key="MixtureConfig.components").value == 5, "nothing was asked, so all is as it was"
    assert address(test)["components"] == "5"

    test.switch_page("images/scores.py").run()
    test.query_params.clear()
    test.query_params["data_n"] = "50"
    test.switch_page("two_d/mixture.py").run()
    assert test.slider(key="MixtureConfig.components").value == 2, "what a link does not say is as usual"
    assert address(test) == {"data_n": "50"}


@pytest.mark.fast
@pytest.mark.parametrize(
    ("page", "key", "value", "link", "wanted"),
    [
        ("images/latent.py", "studio_view", "between", {"view": "numbers"}, "numbers"),
        ("images/portraits.py", "portraits_view", "about", {"view": "tangle"}, "tangle"),
        ("images/scores.py", "scores_n_10000", 1000, {"features": "pca"}, 10000),
        ("images/labels.py", "labels_family", "ae", {"family": "gan"}, "gan"),
        ("images/train.py", "family", "gan", {"family": "ae"}, "ae"),
        ("two_d/lab.py", "lab_family", "vae2d", {"family": "mixture2d"}, "mixture2d"),
        ("two_d/bench.py", "bench_of", "images", {"of": "tables", "data_n": "20"}, "tables"),
    ],
)
def test_links_win_on_every_page_with_views(app, page, key, value, link, wanted):
    def control(test):
        return next(each for each in test.get("button_group") if each.key == key)

    test = app(page)
    control(test).set_value(value).run()
    assert control(test).value == value
    test.switch_page("images/runs.py").run()
    test.query_params.clear()
    for name, text in link.items():
        test.query_params[name] = text
    test.switch_page(page).run()
    assert control(test).value == wanted
    assert control(test.run()).value == wanted, "and stays"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("page", "run", "left"),
    [("images/train.py", "vae-2d", False), ("images/train.py", "", True), ("two_d/lab.py", "gan2d", False)],
)
def test_without_controls_nobody_trains_another_run_than_the_one_that_is_shown(fresh, page, run, left):
    test = fresh(page, {"hide": "controls"} | ({"run": run} if run else {}))
    assert ("do_Train" in [each.key for each in test.button]) == left


@pytest.mark.fast
@pytest.mark.parametrize("name", PAGES)
def test_hidden_controls_leave_what_the_address_says(fresh, name):
    page, query, _ = PAGES[name]
    seen, hidden = fresh(page, query), fresh(page, query | {"hide": "controls"})
    assert not hidden.exception
    assert not hidden.warning
    assert controls(hidden) == {}
    assert not [each.label for each in hidden.expander if each.label.startswith("Own")]
    assert "Try this" not in "".join(each.value for each in hidden.markdown)
    assert elements(hidden) == elements(seen)
