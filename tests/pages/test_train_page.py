"""The training page without a browser."""

import base64
import json
import time

import numpy as np
import pytest

from genlib.library import bundled
from genlib.runs import RunFolder, Status, find
from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig, VAEConfig

pytestmark = pytest.mark.fast
PAGE = "pages/images/train.py"
KEY = "0123456789abcdef" * 2


def live(test):
    """What the live panel was told."""
    element = next(item for item in test.get("bidi_component") if "live_panel" in item.proto.component_name)
    return json.loads(element.proto.json)


def labels(test):
    return [button.label for button in test.button]


@pytest.fixture
def run():
    """A run of ours that somebody stopped; nothing trains it."""
    made = RunFolder.create(RunSettings("vae", VAEConfig(latent_dim=7), TrainConfig(epochs=3)).to_json(), KEY)
    made.write_status(Status("stopped", step=40, seconds=2.0, progress=0.5))
    made.append_metrics(
        {"step": 10, "seconds": 1.0, "split": "train", "loss": 300.0, "reconstruction": 290.0, "kl": 10.0}
    )
    return made


def test_opens_with_the_recorded_run(app):
    test = app(PAGE)
    assert not test.exception
    shown = live(test)
    assert shown["title"] == "A recorded run"
    assert shown["step"] == bundled()[0].status.step
    assert shown["frame"]["samples"]
    assert labels(test) == ["Train"]


def test_nobody_can_train_before_the_browser_has_a_key(app):
    test = app(PAGE)
    assert test.button(key="do_Train").disabled


def test_a_run_in_the_address_is_shown_but_not_steered_by_others(app, run):
    test = app(PAGE, run=run.id)
    assert live(test)["step"] == 40
    assert labels(test) == ["Train"]
    assert "another browser" in test.caption[0].value


def test_its_owner_may_go_on(app, run):
    test = app(PAGE, run=run.id)
    test.session_state["owner"] = {"key": KEY}
    test.run()
    assert labels(test) == ["Train", "Go on"]


def test_the_recipe_is_that_of_the_run_not_of_the_controls(app, run):
    test = app(PAGE, run=run.id)
    assert "latent_dim=7" in test.code[0].value
    assert "--latent-dim 7" in test.code[1].value


@pytest.mark.parametrize("name", ["0" * 16, "../../etc", "<b>", "x" * 500])
def test_an_unknown_run_gets_one_sentence(app, name):
    test = app(PAGE, run=name)
    assert not test.exception
    assert len(test.warning) == 1
    assert "no run" in test.warning[0].value
    assert "/" not in test.warning[0].value
    assert live(test)["title"] == "A recorded run"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"settings": {"family": "cat"}}', '{"settings": {"model": {"latent_dim": 0}}}']
)
def test_a_run_that_was_altered_gets_one_sentence(app, run, content):
    (run.path / "run.json").write_text(content)
    test = app(PAGE, run=run.id)
    assert not test.exception
    assert len(test.warning) == 1
    assert live(test)["title"] == "A recorded run"


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"latent_dim": "0"}, "from 1 to 64"),
        ({"learning_rate": "inf"}, "Learning rate"),
        ({"device": "tpu"}, "one of auto"),
    ],
)
def test_a_bad_number_in_the_address_gets_one_sentence(app, query, part):
    test = app(PAGE, **query)
    assert not test.exception
    (warning,) = test.warning
    assert part in warning.value


def test_a_failed_run_says_why(app, run):
    run.write_status(Status("failed", step=40, message="The loss became infinite: choose a smaller learning rate."))
    shown = live(app(PAGE, run=run.id))
    assert shown["title"] == "Failed"
    assert shown["words"] == "The loss became infinite: choose a smaller learning rate."


def test_train_starts_a_process_that_the_page_can_stop(app):
    test = app(PAGE, hidden_dim="16", batch_size="128")
    test.session_state["owner"] = {"key": KEY}
    test.run()
    test.button(key="do_Train").click().run()
    run = find(test.session_state["run"])
    assert run.settings["model"]["hidden_dim"] == 16
    deadline = time.monotonic() + 60
    while run.status.state != "running":
        assert time.monotonic() < deadline, run.status
        time.sleep(0.1)
    test.run()
    assert test.button(key="do_Train").disabled
    test.button(key="do_Stop").click().run()
    while run.status.state not in ("stopped", "done"):
        assert time.monotonic() < deadline, run.status
        time.sleep(0.1)
    assert (run.path / "checkpoint").is_dir()


def test_an_autoencoder_of_the_command_line_shows_its_loss(app):
    made = RunFolder.create(RunSettings("ae", AutoencoderConfig(), TrainConfig()).to_json())
    made.write_status(Status("done", step=20))
    for step, loss in ((10, 60.5), (20, 40.25)):
        made.append_metrics({"step": step, "seconds": 1.0, "split": "train", "loss": loss})
    shown = live(app(PAGE, run=made.id))
    curve = np.frombuffer(base64.b64decode(shown["curves"]["train"]["reconstruction"]), np.float32)
    assert curve.tolist() == [60.5, 40.25]
    assert "kl" not in shown["curves"]["train"]
    assert shown["unit"] == "squared error per image"
    assert "40.2 on train images" in shown["alts"]["reconstruction"]


def test_reports_that_tell_no_loss_are_no_curve(app, run):
    (run.path / "metrics.jsonl").write_text('{"split": "train", "step": 3, "seconds": 1.0}\n')
    test = app(PAGE, run=run.id)
    assert not test.exception
    assert "reconstruction" not in live(test)["curves"].get("train", {})
