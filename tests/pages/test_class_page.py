"""The teacher's page without a browser."""

import tomllib

import pytest

from genlib.runs import RunFolder, Status, list_runs
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from pages.ui import watchers
from tests.pages.conftest import KEY, ROOT, own

pytestmark = pytest.mark.fast
PAGE = "start/teach.py"
OTHER = "f" * 32


@pytest.fixture(autouse=True)
def teacher(monkeypatch):
    monkeypatch.setenv("GENLIB_TEACHER", "chalk and board")
    monkeypatch.setenv("GENLIB_SLOTS", "1")
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def made(state, key=OTHER, name=""):
    run = RunFolder.create(RunSettings("vae", VAEConfig(), TrainConfig(epochs=1)).to_json(), key)
    run.write_status(Status(state, step=40))
    if name:
        run.rename(name, key)
    return run


def open_button(test):
    return next(button for button in test.button if button.label == "Open")


def let_in(app):
    test = own(app(PAGE))
    test.text_input[0].set_value("chalk and board")
    return open_button(test).click().run()


def words(test):
    return " ".join(each.value for each in [*test.markdown, *test.caption, *test.warning, *test.error, *test.success])


def test_what_stays_on_or_off_where_the_app_is_open_to_a_room():
    set_up = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    server, client = set_up["server"], set_up["client"]
    assert (server["address"], server["enableXsrfProtection"], server["maxUploadSize"]) == ("127.0.0.1", True, 50)
    assert (client["showErrorDetails"], client["toolbarMode"]) == ("none", "viewer")
    assert not set_up["browser"]["gatherUsageStats"]


@pytest.mark.parametrize("said", ["", "chalk", "chalk and boarD", "é" * 20])
def test_nothing_is_shown_without_the_key(app, said):
    made("stopped")
    test = own(app(PAGE))
    test.text_input[0].set_value(said)
    open_button(test).click().run()
    assert not test.exception
    assert "This is not the key" in words(test)
    assert not test.metric
    assert "All current runs" not in " ".join(each.value for each in test.header)


def test_without_the_setting_there_is_no_such_page(app, monkeypatch):
    monkeypatch.delenv("GENLIB_TEACHER")
    with pytest.raises(ValueError, match="teach"):
        app(PAGE)


def test_all_runs_are_on_the_wall_and_counted(app):
    mine, other = made("stopped", KEY), made("interrupted")
    watchers.note(other.id, "a")
    watchers.note(other.id, "b")
    test = let_in(app)
    assert not test.exception
    told = words(test)
    for run in (mine, other):
        assert run.id[:6] in told
    assert "2 watching" in told
    values = {each.label: each.value for each in test.metric}
    assert values["In training"] == "0 of 1"
    assert values["Panels watching"] == "2"


def test_all_stop_and_all_are_cleared_but_named_ones(app):
    ended, named, waits = made("done"), made("done", name="keep me"), made("queued")
    test = let_in(app)
    test.button(key="class_stop_sure").click().run()
    assert not test.exception
    assert waits.wish.want == "stop"
    waits.write_status(Status("running"))
    test.button(key="class_clear_sure").click().run()
    assert not test.exception
    assert {run.id for run in list_runs()} == {named.id, waits.id}
    assert "1 run is gone" in words(test)
    assert not ended.path.exists()


def test_one_run_for_the_class_is_started_and_has_an_address(app):
    test = let_in(app)
    test.button(key="class_start").click().run()
    assert not test.exception
    (run,) = list_runs()
    assert run.may_steer(KEY)
    assert test.session_state["class_run"] == run.id
    run.ask(want="stop")


def test_watchers_are_counted_and_forgotten(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(watchers.time, "monotonic", lambda: now[0])
    watchers._seen.clear()
    for film in range(9):
        watchers.note("a", f"{film}")
    watchers.note("a", "3")
    watchers.note("b", "3")
    assert (watchers.count(), watchers.count("a"), watchers.count("b")) == (10, 9, 1)
    assert watchers.beat() == 500
    for film in range(20):
        watchers.note("b", f"more {film}")
    assert (watchers.count(), watchers.beat()) == (30, 500)
    watchers.note("b", "one more")
    assert watchers.beat() == 1000
    now[0] += 6
    assert (watchers.count(), watchers.beat()) == (0, 200)
    watchers.note("a", "0")
    assert len(watchers._seen) == 1
