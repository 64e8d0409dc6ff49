"""What is told of runs, and asked by elements of the browser."""

import json
import os
import re
import shutil
import struct
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from genlib.film import Film
from genlib.library import bundled
from genlib.runs import Place, RunFolder, Status, Watcher
from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig, VAEConfig
from pages.ui.news import curves, news, results, status_words
from pages.ui.opened import opened
from pages.ui.routes import CONSTANTS, ROUTES
from pages.ui.steering import epoch_more, resume
from pages.ui.words import about, described, differences, plain
from tests.pages.conftest import KEY

pytestmark = pytest.mark.fast
TELL, FRAMES = (route.endpoint for route in ROUTES[:2])


def ask(endpoint, name, query=""):
    scope = {"type": "http", "path_params": {"name": name}, "query_string": query.encode(), "headers": []}
    return endpoint(Request(scope))


def refused(answer):
    """The sentence with which a question was refused; of frames there is none, the news tell it."""
    if answer.status_code == 204:
        return "There are none."
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)["error"]


def unpacked(body):
    found, at = {}, 0
    while at < len(body):
        step, length = struct.unpack_from("<II", body, at)
        found[step] = body[at + 8 : at + 8 + length]
        at += 8 + length
    return found


def test_frames_come_as_they_lie_in_the_folder():
    run = bundled()[0]
    film = Film(run.path / "frames")
    first, last = film.steps()[0], film.steps()[-1]
    found = unpacked(ask(FRAMES, run.id, f"steps={CONSTANTS},{first},{last},{last + 1}").body)
    assert list(found) == [CONSTANTS, first, last]
    assert found[first] == (film.folder / f"{first}.safetensors").read_bytes()
    assert found[CONSTANTS] == (film.folder / "constants.safetensors").read_bytes()


def test_news_are_whole_and_never_kept():
    run = bundled()[0]
    answer = ask(TELL, run.id)
    assert json.loads(answer.body) == news(opened(run.id)) | {"beat": 200}
    assert answer.headers["cache-control"] == "no-store"


def test_only_the_whole_name_of_a_run_opens_it(run):
    assert "error" not in json.loads(ask(TELL, run.id).body)
    for endpoint in (TELL, FRAMES):
        for part in (run.id[:4], run.id[:15], run.id.upper(), f" {run.id}"):
            assert refused(ask(endpoint, part))


@given(st.lists(st.text("0123456789-.,eE+ ²٣", max_size=14), max_size=8))
def test_junk_steps_are_left_out(steps):
    run = bundled()[0]
    found = unpacked(ask(FRAMES, run.id, "steps=" + ",".join(steps)).body)
    assert set(found) <= {*Film(run.path / "frames").steps(), CONSTANTS}


def test_an_altered_run_is_one_sentence(run):
    (run.path / "run.json").write_text('{"settings": {"family": "cat"}}')
    assert "cat" in refused(ask(TELL, run.id))


def test_what_the_owner_may_do_changes_the_standing(run):
    seen = [news(opened(run.id))["standing"]]
    run.write_status(Status("running", step=50, pid=1))
    seen.append(news(opened(run.id))["standing"])
    sequence = run.steer(KEY, want="pause")
    seen.append(news(opened(run.id))["standing"])
    run.write_status(Status("running", step=60, acknowledged=sequence, pid=1))
    seen.append(news(opened(run.id))["standing"])
    run.write_status(Status("paused", step=60, acknowledged=sequence, pid=1))
    seen.append(news(opened(run.id))["standing"])
    (run.path / "checkpoint").mkdir()
    (run.path / "checkpoint" / "checkpoint.json").write_text('{"step": 60}')  # which can be explored
    seen.append(news(opened(run.id))["standing"])
    assert len(set(seen)) == len(seen)
    run.write_status(Status("paused", step=60, beat=7, acknowledged=sequence, pid=1))
    assert news(opened(run.id))["standing"] == seen[-1], "a sign of life changes nothing"


def test_a_run_without_frames_shows_those_of_a_recorded_one(run):
    told = news(opened(run.id))
    assert told["film"] in [each.id for each in bundled()]
    other = RunFolder.create(RunSettings("ae", AutoencoderConfig(), TrainConfig()).to_json(), KEY)
    assert news(opened(other.id))["film"] == "ae-2d", "what an autoencoder will look like, not a VAE"
    arrays = {"reconstructions": np.zeros((16, 28, 28), np.uint8)}
    Film(run.path / "frames").add(7, arrays)
    assert (news(opened(run.id))["film"], news(opened(run.id))["steps"]) == (run.id, [7])


@pytest.mark.parametrize(
    ("settings", "loss"),
    [
        (RunSettings("ae", AutoencoderConfig(likelihood="gaussian"), TrainConfig()), "error"),
        (RunSettings("ae", AutoencoderConfig(likelihood="bernoulli"), TrainConfig()), "reconstruction"),
        (RunSettings("vae", VAEConfig(), TrainConfig()), None),
    ],
)
def test_each_loss_is_drawn_where_its_unit_belongs(settings, loss):
    drawn = curves(settings, {"train": {"step": [1, 2], "seconds": [0.1, 0.2], "loss": [5.0, 4.0]}})["train"]
    assert set(drawn) == {"step", "seconds"} | ({loss} if loss else set())
    found = {"step": [1], "seconds": [0.1], "loss": [9.0], "squared_error": [3.0], "kl": [2.0], "reconstruction": [7.0]}
    drawn = curves(settings, {"validation": found})["validation"]
    assert drawn["error"] == [3.0], "on validation images all families have a squared error"


@given(st.integers(1, 20_000))
def test_a_long_curve_keeps_its_ends_and_few_points(n):
    values = list(range(n))
    drawn = curves(RunSettings(), {"train": {"step": values, "seconds": values, "kl": values}})["train"]["step"]
    assert (drawn[0], drawn[-1]) == (0, n - 1)
    assert len(drawn) <= 501 or n <= 501
    assert (np.diff(drawn) > 0).all()


def test_a_long_curve_keeps_its_points_when_it_grows():
    def at(n):
        values = list(range(n))
        return set(curves(RunSettings(), {"train": {"step": values, "seconds": values, "kl": values}})["train"]["step"])

    assert at(1200) - {1199.0} <= at(1300)


def test_results_are_the_newest_of_each(run):
    line = {"step": 40, "seconds": 2.0, "split": "validation", "loss": 1.0, "reconstruction": 151.26, "kl": 5.5}
    run.append_metrics(line | {"squared_error": 40.04})
    assert results(opened(run.id)) == {
        "State": "Stopped",
        "Health": "Too early to say.",
        "Steps": "40",
        "Training time": "2 s",
        "Squared error, validation": "40.0",
        "Reconstruction, validation (nats)": "151.3",
        "KL, validation (nats)": "5.5",
    }


@pytest.mark.parametrize(
    ("status", "place", "part"),
    [
        (Status("queued"), None, "in a moment"),
        (Status("queued"), Place(1), "Next in the queue: it starts when a run before it rests or ends."),
        (Status("queued"), Place(1, 20.0), "Next in the queue, less than a minute: it starts when"),
        (Status("queued"), Place(3), "Place 3 in the queue."),
        (Status("queued"), Place(3, 250.0), "Place 3 in the queue, about 4 min."),
        (Status("queued"), Place(5, None, True), "Place 5 in the queue: it waits for another run of the same visitor"),
        (Status("parked", message="Paused and saved."), None, "Paused and saved."),
        (Status("parked", message="Paused and saved."), Place(1), "Next in the queue"),
        (Status("queued", message="It was lost."), Place(2), "It was lost. Place 2 in the queue."),
        (
            Status("running", step=1200, epoch=2.5, seconds=130.0, rate=9000.0, left=5.0),
            None,
            "2 min 10 s · 9,000 images/s",
        ),
    ],
)
def test_a_status_in_words(status, place, part):
    assert part in status_words(status, place=place)


@pytest.mark.parametrize("status", [Status("queued"), Status("parked"), Status("queued", message="It was lost.")])
def test_where_no_machine_is_there_nobody_is_told_to_wait_for_another_run(monkeypatch, status):
    monkeypatch.setattr("pages.ui.news.dispatcher", lambda: SimpleNamespace(limit=0))
    lost = f"{status.message} ".lstrip()
    assert status_words(status, place=Place(1)) == f"{lost}No machine is there to train it: it starts when one is."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (49, "less than a minute"),
        (50, "about 1 min"),
        (89, "about 1 min"),
        (91, "about 2 min"),
    ]
    + [
        (630, "about 10 min"),
        (632, "about 10 min"),
        (1300, "about 20 min"),
        (5369, "about 90 min"),
        (5371, "about 2 h"),
    ]
    + [(20_000, "about 6 h")],
)
def test_what_nobody_knows_exactly_is_not_told_exactly(seconds, said):
    assert about(seconds) == said


@pytest.mark.parametrize("route", ["/genlib/runs/{name}/news", "/genlib/models/{name}/decoder"])
def test_a_run_that_is_asked_for_is_used(run, route):
    for name in ("run.json", "status.json"):
        os.utime(run.path / name, (1e9, 1e9))
    ask(next(each.endpoint for each in ROUTES if each.path == route), run.id)
    assert (run.path / "run.json").stat().st_mtime > time.time() - 60
    assert (run.path / "status.json").stat().st_mtime == 1e9


def test_silence_is_told(run):
    run.write_status(Status("running", step=5, pid=1))
    watcher = Watcher(run, patience=0.0)
    watcher.poll()
    assert "no sign of life" in status_words(watcher.status, silent=max(watcher.silent, 6.0))


@pytest.mark.parametrize(("free", "told"), [(10**9, "no sign of life"), (4096, "No space is left on the disk")])
def test_a_trainer_that_has_no_room_for_a_last_word_is_told_of(run, monkeypatch, free, told):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    monkeypatch.setattr("pages.ui.news.Watcher", partial(Watcher, patience=0.0))
    run.write_status(Status("running", step=5, pid=1))
    assert told in news(opened(run.id))["words"]


def test_differences_are_those_that_act():
    one = RunSettings("vae", VAEConfig(), TrainConfig(epochs=5, seconds=9))
    other = RunSettings("vae", VAEConfig(beta=4.0), TrainConfig(epochs=5, seconds=20))
    assert differences(one, other) == {"Beta β": ("1", "4")}
    assert differences(one, one) == {}
    found = differences(one, RunSettings("ae", AutoencoderConfig(), TrainConfig(epochs=5)))
    assert found["Family"] == ("VAE", "Autoencoder")
    assert found["Beta β"] == ("1", "–")


def test_settings_are_described_by_their_titles():
    found = described(RunSettings("vae", VAEConfig(likelihood="gaussian"), TrainConfig(budget="seconds", seconds=9)))
    assert found["Likelihood"] == "Gaussian: one learned width σ"
    assert found["Time (s)"] == "9"
    assert "Epochs" not in found


@given(st.text(max_size=60))
def test_plain_text_holds_no_markup(text):
    shown = plain(text)
    assert re.sub(r"\\(.)", r"\1", shown, flags=re.DOTALL).replace("\u2060", "") == text.replace("\u2060", "")
    for i, character in enumerate(shown):
        if character in "*_<>[]$`#:":
            assert shown[i - 1] == "\\"


EPOCHS = RunSettings("vae", VAEConfig(), TrainConfig(epochs=3))
SECONDS = RunSettings("vae", VAEConfig(), TrainConfig(budget="seconds", seconds=60))


@pytest.mark.parametrize(
    ("state", "step", "settings", "until", "target"),
    [
        ("paused", 7, EPOCHS, None, 17),
        ("stopped", 25, EPOCHS, 12, 35),
        ("done", 30, EPOCHS, 30, 40),
        ("paused", 7, SECONDS, None, 17),
        ("running", 7, EPOCHS, None, 40),
        ("running", 29, EPOCHS, 30, 40),
        ("running", 7, EPOCHS, 40, None),  # asked for already
        ("running", 33, EPOCHS, 40, 50),
        ("running", 7, EPOCHS, 17, None),  # it rests before its end
        ("running", 7, SECONDS, None, None),  # it ends by the clock
        ("queued", 0, EPOCHS, None, None),
    ],
)
def test_an_epoch_more_is_an_absolute_step(state, step, settings, until, target):
    assert epoch_more(Status(state, step=step, epoch=step / 10), settings, until) == target


def test_a_wish_that_comes_late_is_not_lost(app, run):
    """The page was drawn while the run trained; by the click its trainer is gone."""
    run.write_status(Status("interrupted", step=40, epoch=4.0))
    resume(run, KEY, 50)
    assert run.status.state in ("queued", "starting")
    assert run.wish.until_step == 50


def test_a_run_that_is_removed_is_gone(run):
    RunFolder(run.path).delete(KEY)
    assert "There is no" in refused(ask(TELL, run.id))
