"""The 2-D lab without a browser."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genlib.data.cloud import load_cloud
from genlib.film import Film
from genlib.presets import PLANE_PRESETS
from genlib.runs import RunFolder, Status, find, list_runs
from genlib.settings import (
    MOST_POINTS,
    PLANE_FAMILIES,
    PlaneGANConfig,
    PlanePoints,
    PointsConfig,
    RunSettings,
    TrainConfig,
)
from pages.ui.lab import LAYERS, layers_from_text
from tests.pages.conftest import KEY, labels, own

pytestmark = pytest.mark.fast
PAGE = "two_d/lab.py"


def element(test):
    """What the element was told."""
    found = next(item for item in test.get("bidi_component") if "plane_lab" in item.proto.component_name)
    return json.loads(found.proto.json)


def lanes(test):
    """What it was told of each run."""
    return element(test)["runs"]


def sentences(test):
    return [item.value for item in [*test.error, *test.warning, *test.info]]


@pytest.fixture
def queued(monkeypatch):
    """What is started stays in the queue."""
    monkeypatch.setattr("genlib.runs.Dispatcher.tick", lambda self: None)


@pytest.fixture
def plane_run():
    """A run of ours on points that was stopped, with one frame; nothing trains it."""
    points = PlanePoints(PointsConfig(dataset="ring", n=200))
    settings = RunSettings("gan2d", PlaneGANConfig(hidden_dim=16), TrainConfig(epochs=3), points=points)
    made = RunFolder.create(settings.to_json(), KEY)
    made.write_status(Status("stopped", step=40, seconds=2.0, progress=0.5))
    made.append_metrics({"step": 40, "seconds": 2.0, "split": "validation", "modes": 5.0, "energy": 0.25})
    film = Film(made.path / "frames")
    (made.path / "frames").mkdir(exist_ok=True)
    film.set_constants({"points": np.zeros((9, 2), np.float32), "box": np.array([-1, 1, -1, 1], np.float32)})
    film.add(40, {"made": np.ones((5, 2), np.float32)})
    return made


def asked(run):
    return RunSettings.from_json(run.settings)


def test_a_data_set_is_drawn_before_anything_is_trained(app):
    test = app(PAGE)
    test.selectbox(key="lab_PointsConfig.dataset").set_value("moons").run()
    assert not test.exception
    (lane,) = lanes(test)
    assert (lane["name"], lane["title"], lane["known"]) == ("", "Two moons", False)
    assert test.query_params["data_dataset"] in ("moons", ["moons"])
    assert test.button(key="do_Train").disabled, "nobody has told a key yet"


ADDRESS = {"family": "vae2d", "beta": "0.5", "hidden_dim": "16", "budget": "seconds", "seconds": "5", "seed": "7"}


@pytest.mark.parametrize(
    "data",
    [
        {"data_dataset": "moons", "data_n": "500", "data_noise": "0.5", "data_seed": "3"},
        {"data_dataset": "grid", "points": "1.5,-2;0,0"},
        {"points": ";".join(f"{i},{i * i}" for i in range(12))},
        {},
    ],
    ids=["drawn", "both", "given", "usual"],
)
def test_an_address_is_trained_as_the_command_line_reads_it(app, queued, data):
    test = own(app(PAGE, **ADDRESS, **data))
    test.button(key="do_Train").click().run()
    assert not test.exception
    (run,) = list_runs()
    assert asked(run) == RunSettings.from_text(ADDRESS | data)
    assert test.query_params["run"] in (run.id, [run.id])
    assert not set(ADDRESS | data) & set(test.query_params), "the run tells them"
    assert lanes(test)[0]["name"] == run.id
    shown = np.frombuffer(base64.b64decode(lanes(test)[0]["points"]), np.float32).reshape(-1, 2)
    cloud = load_cloud(asked(run).points)
    assert shown == pytest.approx(cloud.own(cloud.train), rel=1e-5, abs=1e-4), "what it will learn from, until it does"
    assert len(sentences(test)) == ("data_dataset" not in data and "points" in data), "of few points a word is said"


def test_a_reset_stops_a_run_and_begins_it_anew(app, queued):
    test = own(app(PAGE, **ADDRESS))
    test.button(key="do_Train").click().run()
    (first,) = list_runs()
    assert test.button(key="do_Train").disabled, "the same is in training"
    test.button(key="do_Reset").click().run()
    assert not test.exception
    runs = {run.id: run for run in list_runs()}
    assert len(runs) == 2
    assert asked(runs.pop(first.id)) == asked(*runs.values())
    assert first.wish.want == "stop"


def test_a_run_may_be_watched_by_all_and_steered_by_its_owner(app, plane_run):
    test = app(PAGE, run=plane_run.id)
    assert labels(test) == ["Train", "Close"]
    assert any("another browser" in caption.value for caption in test.caption)
    test = own(app(PAGE, run=plane_run.id))
    assert labels(test) == ["Train", "Go on", "1,000 steps more", "Reset", "Close"]
    (lane,) = lanes(test)
    assert lane["news"]["steps"] == [40]
    assert [row["of"] for row in lane["readings"] if row["metric"] == "modes"] == [8]


def test_a_live_knob_is_steered_and_an_edit_is_a_draft(app, plane_run):
    plane_run.write_status(Status("running", step=40, pid=1))
    test = own(app(PAGE, run=plane_run.id))
    test.slider(key="PlaneGANConfig.d_rate").set_value(0.5).run()
    test.segmented_control(key="PlaneGANConfig.turns").set_value(1).run()
    assert plane_run.wish.knobs == {"d_rate": 0.5, "turns": 1}
    assert sentences(test) == []
    test.selectbox(key="lab_PointsConfig.dataset").set_value("moons").run()
    assert "Data Two moons instead of Ring of eight" in sentences(test)[0]
    assert lanes(test)[0]["name"] == "", "the new points are drawn"
    test.button(key="do_Back to this run's settings").click().run()
    assert sentences(test) == []
    assert lanes(test)[0]["name"] == plane_run.id


def test_all_four_are_trained_on_one_data_set_for_the_same_time(app, queued):
    test = own(app(PAGE, family="all", data_dataset="moons", seconds="5", seed="3"))
    test.button(key="do_Train").click().run()
    assert not test.exception
    found = {asked(run).family: asked(run) for run in list_runs()}
    assert set(found) == set(PLANE_FAMILIES)
    for settings in found.values():
        assert (settings.train.budget, settings.train.seconds, settings.train.seed) == ("seconds", 5, 3)
        assert settings.points == PlanePoints(PointsConfig(dataset="moons"))
    assert [lane["family"] for lane in lanes(test)] == list(PLANE_FAMILIES)
    assert {chart["name"] for lane in lanes(test) for chart in lane["charts"]} == {"divergence"}
    test.button(key="do_Stop all").click().run()
    assert {run.wish.want for run in list_runs()} == {"stop"}


def csv(rows):
    return "\n".join(["a,b", *(f"{x!r},{y!r}" for x, y in rows)]).encode()


def brought(app, rows):
    test = own(app(PAGE, **ADDRESS))
    test.file_uploader(key="lab_own_points_0").upload("mine.csv", csv(rows)).run()
    assert not test.exception
    return test


def test_many_points_of_a_file_are_thinned_evenly(app, queued):
    x = np.random.default_rng(0).normal(size=(4500, 2)).round(6).tolist()
    test = brought(app, x)
    assert any("Of 4,500 points every 3." in caption.value for caption in test.caption)
    test.button(key="do_Train").click().run()
    (run,) = list_runs()
    points = asked(run).points
    assert points.drawn is None
    assert points.given == tuple(map(tuple, x[::3]))
    assert len(points.given) <= MOST_POINTS
    assert lanes(test)[0]["name"] == run.id, "the run has no other points than were brought"
    assert sentences(test) == []


@pytest.mark.parametrize(
    ("rows", "part", "trains"),
    [
        ([(1.0, 2.0), (3.0, 4.0)], "give at least 10", False),
        ([(1.0, 2.0)] * 50, "All points are equal", False),
        ([(i / 7, (i * i) % 11) for i in range(60)] + [(400.0, 0.0)], "so far from all others", True),
        ([(1e5 * i, (i * i) % 11) for i in range(60)], "standardised", True),
    ],
    ids=["few", "equal", "outlier", "axes"],
)
def test_what_is_odd_about_points_is_one_sentence(app, rows, part, trains):
    test = brought(app, [(float(x), float(y)) for x, y in rows])
    (sentence,) = sentences(test)
    assert part in sentence
    assert test.button(key="do_Train").disabled != trains


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"run": "zzz"}, "no run"),
        ({"family": "vae"}, "family cannot be 'vae'"),
        ({"beta": "x", "family": "vae2d"}, "Beta"),
        ({"data_dataset": "nonsense"}, "one of classic"),
        ({"points": "1,2;x"}, "pairs of numbers"),
    ],
)
def test_a_bad_address_gets_one_sentence(app, query, part):
    test = app(PAGE, **query)
    assert not test.exception
    assert [part in sentence for sentence in [item.value for item in test.warning]] == [True]
    assert lanes(test)


def test_runs_are_watched_where_their_pictures_are_drawn(app, run, plane_run):
    test = app(PAGE, run=run.id)
    assert "watch it in the training room" in test.warning[0].value
    test = app("images/train.py", run=plane_run.id)
    assert "watch it in the 2-D lab" in test.warning[0].value
    assert find(plane_run.id).id == plane_run.id


def test_my_runs_lists_a_run_on_points_and_opens_it_in_the_lab(app, plane_run):
    test = own(app("images/runs.py"))
    assert not test.exception
    assert [box.label for box in test.checkbox] == [], "it cannot be compared with images"
    links = [item.proto for item in test.get("page_link")]
    assert [(link.page, link.query_string) for link in links if link.label == "Open"] == [
        ("lab", f"run={plane_run.id}")
    ]
    assert any("on Ring of eight" in item.value for item in test.markdown)


@pytest.mark.parametrize("tab", ["How it works", "The same in Python", "On the command line", "Film"])
def test_every_tab_opens(app, plane_run, tab):
    test = own(app(PAGE, run=plane_run.id))
    test.session_state["more"] = tab
    test.run()
    assert not test.exception
    if tab == "On the command line":
        assert test.code[0].value.startswith(
            "genlib train --family gan2d --data-dataset=ring --data-n=200 --hidden-dim 16"
        )
    if tab == "Film":
        assert [item.proto.label.split(":")[0] for item in test.get("download_button")] == ["GIF", "WebP"]


@given(st.none() | st.integers() | st.text(max_size=40) | st.lists(st.text(max_size=5), max_size=3))
def test_junk_about_layers_is_left_out(text):
    assert set(layers_from_text(text)) <= set(LAYERS)


def test_layers_in_the_address_are_drawn(app, plane_run):
    test = app(PAGE, run=plane_run.id, drawn="grid,needles")
    assert (element(test)["layers"], len(test.warning)) == (["grid", "needles"], 0)
    test = app(PAGE, run=plane_run.id, drawn="grid,x,needles")
    assert (element(test)["layers"], len(test.warning)) == (None, 1)
    assert layers_from_text(",".join(LAYERS)) == list(LAYERS)


def test_settings_of_a_run_are_taken_over_once(app, plane_run, queued):
    test = own(app(PAGE, run=plane_run.id))
    assert test.select_slider(key="lab_PointsConfig.n").value == 200
    test.button(key="do_Train").click().run()
    assert len(list_runs()) == 2
    assert asked(list_runs()[0]) == asked(list_runs()[1])


def test_opens_with_a_recorded_run_where_the_points_are_its_own(app, plane_run, monkeypatch):
    monkeypatch.setattr("genlib.library.example", lambda family: plane_run)
    assert lanes(app(PAGE, data_dataset="ring", data_n="200"))[0]["name"] == plane_run.id
    assert lanes(app(PAGE, data_dataset="ring", data_n="500"))[0]["name"] == ""


def test_a_preset_is_chosen_cured_and_as_long_for_fewer_points(app):
    test = app(PAGE)
    test.selectbox(key="lab_preset_gan2d").set_value("gan2d-collapse").run()
    preset = PLANE_PRESETS["gan2d-collapse"].settings
    assert test.slider(key="PlaneGANConfig.d_rate").value == preset.model.d_rate
    updates = preset.train.epochs * (2000 // preset.train.batch_size)
    test.select_slider(key="lab_PointsConfig.n").set_value(500).run()
    assert test.selectbox(key="lab_preset_gan2d").value == "gan2d-collapse"
    batch = test.select_slider(key="lab_TrainConfig.batch_size").value
    epochs = test.select_slider(key="lab_TrainConfig.epochs").value
    assert epochs * (500 // batch) == pytest.approx(updates, rel=0.05)
    test.button(key="do_Show the cure").click().run()
    assert test.selectbox(key="lab_preset_gan2d").value == PLANE_PRESETS["gan2d-collapse"].cure
    assert not test.exception
