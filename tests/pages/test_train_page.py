"""The training room without a browser."""

import base64
import json
import time

import numpy as np
import pytest

from genlib.knobs import InputError
from genlib.library import example
from genlib.pca import load_pca_errors
from genlib.presets import PRESETS, named
from genlib.runs import Place, RunFolder, Status, find, list_runs
from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig
from tests.pages.conftest import KEY, labels, own, told

pytestmark = pytest.mark.fast
PAGE = "images/train.py"


def floats(text):
    return np.frombuffer(base64.b64decode(text), np.float32).tolist()


def test_opens_with_the_recorded_run(app):
    test = app(PAGE)
    assert not test.exception
    (shown,) = told(test)
    assert shown["news"]["title"] == "A recorded run"
    assert shown["news"]["step"] == example("vae").status.step
    assert shown["news"]["film"] == shown["name"]
    levels = [chart["level"]["y"] for chart in shown["charts"] if "level" in chart]
    assert levels == [load_pca_errors()[1]]
    assert labels(test) == ["Train"]


def test_nobody_can_train_before_the_browser_has_a_key(app):
    test = app(PAGE)
    assert test.button(key="do_Train").disabled


def test_a_run_in_the_address_is_shown_but_not_steered_by_others(app, run):
    test = app(PAGE, run=run.id)
    assert told(test)[0]["news"]["step"] == 40
    assert labels(test) == ["Train", "Close"]
    assert any("another browser" in caption.value for caption in test.caption)


def test_its_owner_may_go_on_or_train_an_epoch_more(app, run):
    test = own(app(PAGE, run=run.id))
    assert labels(test) == ["Train", "Go on", "One epoch", "Reset", "Close"]


def test_a_run_wins_over_the_settings_in_the_address(app, run):
    test = app(PAGE, run=run.id, latent_dim="9", epochs="50", family="ae")
    assert test.slider(key="VAEConfig.latent_dim").value == 7
    assert test.select_slider(key="TrainConfig.epochs").value == 3
    assert not {"latent_dim", "epochs", "family"} & set(test.query_params)
    assert not test.info


def test_an_edit_makes_a_draft_and_leaves_the_run_alone(app, run):
    test = own(app(PAGE, run=run.id))
    test.slider(key="VAEConfig.latent_dim").set_value(9).run()
    assert test.info[0].value == "A draft of your next run: Latent size D 9 instead of 7."
    assert run.settings["model"]["latent_dim"] == 7
    test.button(key="do_Back to this run's settings").click().run()
    assert test.slider(key="VAEConfig.latent_dim").value == 7
    assert not test.info


def test_a_live_knob_of_an_active_run_is_steered(app, run):
    run.write_status(Status("running", step=40, epoch=40 / 429, pid=1))
    test = own(app(PAGE, run=run.id))
    test.slider(key="VAEConfig.beta").set_value(4.0).run()
    test.select_slider(key="TrainConfig.learning_rate").set_value(0.0005).run()
    assert run.wish.knobs == {"beta": 4.0, "learning_rate": 0.0005}
    assert not test.info, "what acts at once is no draft"


def beta(test):
    """The slider of beta, whose place a new one takes when another tab moves it."""
    return next(slider for slider in test.slider if slider.label == "Beta β")


def test_what_another_tab_changed_is_seen_here(app, run):
    run.write_status(Status("running", step=40, epoch=40 / 429, pid=1))
    test = own(app(PAGE, run=run.id))
    run.steer(KEY, knobs={"beta": 3.0})
    test.run()
    assert beta(test).value == 3.0
    assert not test.info
    beta(test).set_value(1.0).run()
    assert run.wish.knobs["beta"] == 1.0, "moved back by hand it acts"
    run.steer(KEY, knobs={"beta": 3.0})
    test.run()
    assert beta(test).value == 3.0, "and is changed elsewhere once more"


def test_a_browser_that_has_not_heard_of_another_tabs_change_does_not_undo_it(app, run):
    run.write_status(Status("running", step=40, epoch=40 / 429, pid=1))
    test = own(app(PAGE, run=run.id))
    unheard = beta(test).id
    run.steer(KEY, knobs={"beta": 3.0})
    test.run()
    # It sends the learning rate that was moved here, and with it the old beta, however much later.
    test.select_slider(key="TrainConfig.learning_rate").set_value(0.0005)
    sent = test._tree.get_widget_states()
    old = next(each for each in sent.widgets if each.id == beta(test).id)
    old.id, old.double_array_value.data[:] = unheard, [1.0]
    test._run(sent)
    assert run.wish.knobs == {"beta": 3.0, "learning_rate": 0.0005}
    assert beta(test).value == 3.0


def test_what_changes_while_the_page_is_drawn_is_news_to_the_browser(app, run, monkeypatch):
    wished = run.steer(KEY, knobs={"beta": 4.0})
    run.write_status(Status("running", step=12, pid=1))
    read = RunFolder.changes

    def just_before(folder):
        found = list(read(folder))
        folder.write_changes([{"step": 12, "knob": "beta", "value": 4.0}])
        folder.write_status(Status("running", step=13, acknowledged=wished, pid=1))
        return found

    monkeypatch.setattr(RunFolder, "changes", just_before)
    test = app(PAGE, run=run.id)
    element = next(item for item in test.get("bidi_component") if "training_room" in item.proto.component_name)
    data = json.loads(element.proto.json)
    assert data["runs"][0]["changed"] == ""
    assert data["runs"][0]["news"]["standing"] == "running 1 False False"
    assert data["standing"] == "running 1 True False", "so the browser asks once more"


def test_what_was_learned_can_be_explored_once_it_is_saved(app, run):
    test = app(PAGE, run=run.id)
    assert test.button(key=f"explore_{run.id}").disabled
    (run.path / "checkpoint").mkdir()
    (run.path / "checkpoint" / "checkpoint.json").write_text('{"step": 40}')
    test = app(PAGE, run=run.id)
    assert f"explore_{run.id}" not in [button.key for button in test.button]
    (link,) = [each.proto for each in test.get("page_link") if each.proto.label == "Explore"]
    assert link.query_string == f"model={run.id}"


def test_a_steered_run_is_described_with_what_was_changed(app, run):
    run.write_changes([{"step": 12, "knob": "beta", "value": 4.0}])
    (shown,) = told(app(PAGE, run=run.id))
    assert "β 1 → 4" in shown["settings"]
    assert shown["changed"] == "▲ Changed while it trained: Beta β 4 from step 12."
    assert shown["changes"] == [12]


def test_many_turns_of_one_knob_hide_no_other(app, run):
    turns = [{"step": step, "knob": "beta", "value": float(step)} for step in range(2, 8)]
    run.write_changes([{"step": 1, "knob": "learning_rate", "value": 0.002}, *turns])
    (shown,) = told(app(PAGE, run=run.id))
    said = "Learning rate 0.002 from step 1; Beta β 7 from step 7; 5 changes before."
    assert shown["changed"] == f"▲ Changed while it trained: {said}"


@pytest.mark.parametrize("family", ["classifier", "", "<b>", "VAE"])
def test_a_family_that_is_none_gets_one_sentence(app, family):
    test = app(PAGE, family=family)
    assert not test.exception
    assert "choose ae, vae, gan, mixture, all" in test.warning[0].value


def test_a_guest_cannot_change_a_live_knob(app, run):
    run.write_status(Status("running", step=40, epoch=40 / 429, pid=1))
    test = app(PAGE, run=run.id)
    test.slider(key="VAEConfig.beta").set_value(4.0).run()
    assert run.wish.knobs == {}
    assert "Beta β 4 instead of 1" in test.info[0].value


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status("queued"), ["Stop"]),
        (Status("running", step=40, epoch=0.1, pid=1), ["Pause", "Stop", "One more epoch"]),
        (Status("paused", step=40, epoch=0.1, pid=1), ["Resume", "Stop", "One step", "One epoch"]),
        (Status("parked", step=40, epoch=0.1), ["Resume", "Stop"]),
        (Status("done", step=40, epoch=0.1), ["One more epoch"]),
        (Status("failed", step=40, epoch=0.1), []),
    ],
)
def test_the_buttons_are_those_that_act(app, run, status, expected, monkeypatch):
    monkeypatch.setattr("genlib.runs.Dispatcher.tick", lambda self: None)  # which would start the one that waits
    run.steer(KEY, want="pause" if status.state in ("paused", "parked") else "run")
    run.write_status(status)
    assert labels(own(app(PAGE, run=run.id))) == ["Train", *expected, "Reset", "Close"]


def test_the_recipe_is_that_of_the_run_not_of_the_controls(app, run):
    test = app(PAGE, run=run.id)
    test.slider(key="VAEConfig.latent_dim").set_value(9).run()
    for tab, part in (("The same in Python", "latent_dim=7"), ("On the command line", "--latent-dim 7")):
        test.session_state["more"] = tab
        test.run()
        assert part in test.code[0].value


@pytest.mark.parametrize("name", ["0" * 16, "../../etc", "<b>", "x" * 500])
def test_an_unknown_run_gets_one_sentence(app, name):
    test = app(PAGE, run=name)
    assert not test.exception
    assert len(test.warning) == 1
    assert "There is no" in test.warning[0].value
    assert "/" not in test.warning[0].value
    assert told(test)[0]["news"]["title"] == "A recorded run"


def test_a_part_of_an_id_opens_nothing(app, run):
    test = app(PAGE, run=run.id[:6])
    assert told(test)[0]["news"]["title"] == "A recorded run"
    assert len(test.warning) == 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"settings": {"family": "cat"}}', '{"settings": {"model": {"latent_dim": 0}}}']
)
def test_a_run_that_was_altered_gets_one_sentence(app, run, content):
    (run.path / "run.json").write_text(content)
    test = app(PAGE, run=run.id)
    assert not test.exception
    assert len(test.warning) == 1
    assert told(test)[0]["news"]["title"] == "A recorded run"


@pytest.mark.parametrize("name", ["changes.jsonl", "control.json", "name.json", "metrics.jsonl", "status.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", '{"step": -1, "knob": "beta", "value": 1e999}\n', "\x00" * 50])
def test_any_file_of_a_run_may_be_altered(app, run, name, content):
    (run.path / name).write_text(content)
    test = own(app(PAGE, run=run.id))
    assert not test.exception
    assert told(test)[0]["name"] == run.id


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"latent_dim": "0"}, "from 1 to 64"),
        ({"learning_rate": "inf"}, "Learning rate"),
        ({"device": "tpu"}, "one of auto"),
        ({"likelihood": "poisson"}, "one of bernoulli, gaussian"),
    ],
)
def test_a_bad_number_in_the_address_gets_one_sentence(app, query, part):
    test = app(PAGE, **query)
    assert not test.exception
    (warning,) = test.warning
    assert part in warning.value


def test_a_failed_run_says_why(app, run):
    run.write_status(Status("failed", step=40, message="The loss became infinite: choose a smaller learning rate."))
    news = told(app(PAGE, run=run.id))[0]["news"]
    assert news["title"] == "Failed"
    assert news["words"] == "The loss became infinite: choose a smaller learning rate."


def test_train_starts_a_process_that_the_page_can_stop(app):
    test = own(app(PAGE, hidden_dim="16", batch_size="128"))
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


def test_all_queues_one_run_of_each_family_for_the_same_time_and_compares_them(app):
    test = own(app(PAGE, family="all", latent_dim="5", seconds="1"))
    test.button(key="do_Train").click().run()
    assert not test.exception
    found = [find(run["name"]).settings for run in told(test)]
    assert [settings["family"] for settings in found] == ["ae", "vae", "gan", "mixture"]
    for settings in found:
        assert settings["model"]["latent_dim"] == 5
        assert (settings["train"]["budget"], settings["train"]["seconds"]) == ("seconds", 1)
    for run in told(test):
        find(run["name"]).steer(KEY, want="stop")


def test_a_preset_sets_everything_and_an_edit_is_a_preset_no_more(app):
    test = app(PAGE)
    preset = test.selectbox(key="preset_vae")
    assert preset.value == "vae-2d"
    preset.set_value("vae-collapse").run()
    assert test.slider(key="VAEConfig.beta").value == 20.0
    assert test.query_params["beta"] == "20.0"
    assert test.selectbox(key="preset_vae").value == "vae-collapse"
    test.slider(key="VAEConfig.beta").set_value(3.0).run()
    assert test.selectbox(key="preset_vae").value == ""
    assert not test.exception


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_asked_for_on_the_page(app, name):
    settings = PRESETS[name].settings
    test = app(PAGE, family=settings.family)
    test.selectbox(key=f"preset_{settings.family}").set_value(name).run()
    assert not test.exception
    assert test.selectbox(key=f"preset_{settings.family}").value == name
    # What the address tells is the same settings, and so is what is read back from it.
    texts = dict(test.query_params.items())
    assert RunSettings.from_text(texts).used() == settings.used()
    assert test.selectbox(key=f"preset_{settings.family}").value == named(RunSettings.from_text(texts))


def test_another_family_begins_with_its_own_settings(app):
    test = app(PAGE, latent_dim="9", beta="3.0")
    test.button_group(key="family").set_value("gan").run()
    assert not test.exception
    assert test.selectbox(key="preset_gan").value == "gan"
    assert not {"beta", "latent_dim"} & set(test.query_params)
    test.button_group(key="family").set_value("all").run()
    assert not test.exception
    assert test.slider(key="AutoencoderConfig.latent_dim").value == 16


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"family": "gan", "loss": "hinge", "smoothing": "0.1"}, "Label smoothing needs"),
        ({"importance": "5", "beta": "2.0"}, "no β"),
        ({"binarise": "true", "likelihood": "gaussian"}, "Bernoulli"),
        ({"schedule": "cosine", "budget": "seconds"}, "epochs"),
    ],
)
def test_what_cannot_be_together_is_said_and_not_trained(app, query, part):
    test = own(app(PAGE, **query))
    assert not test.exception
    (error,) = test.error
    assert part in error.value
    assert test.button(key="do_Train").disabled


def test_an_autoencoders_loss_is_its_squared_error(app):
    made = RunFolder.create(RunSettings("ae", AutoencoderConfig(), TrainConfig()).to_json())
    made.write_status(Status("done", step=20))
    for step, loss in ((10, 60.5), (20, 40.25)):
        made.append_metrics({"step": step, "seconds": 1.0, "split": "train", "loss": loss})
    train = told(app(PAGE, run=made.id))[0]["news"]["curves"]["train"]
    assert floats(train["error"]) == [60.5, 40.25]
    assert floats(train["step"]) == [10, 20]
    assert not {"kl", "reconstruction"} & set(train)


def test_a_name_with_markup_is_shown_letter_by_letter(app, run):
    run.rename("<b>my</b> *run* $x$", KEY)
    test = app(PAGE, run=run.id)
    assert r"\<b\>my\</b\> \*run\* \$x\$" in [item.value.removeprefix("## ") for item in test.markdown]
    assert told(test)[0]["title"] == "<b>my</b> *run* $x$", "the element sets it as text"


def test_how_it_works_shows_the_formula_and_the_code(app):
    test = app(PAGE)
    assert any("A VAE in short." in item.value for item in test.markdown)
    test.session_state["more"] = "How it works"
    test.run()
    assert any(r"\log p(x)" in item.value for item in test.markdown)
    assert any(item.value.startswith("class VAE(Descent):") for item in test.code)


def still(monkeypatch):
    """Has the dispatcher start nothing, and know where a run stands."""
    monkeypatch.setattr("genlib.runs.Dispatcher.tick", lambda self: None)
    monkeypatch.setattr("genlib.runs.Dispatcher.waits", lambda self, run: Place(3, 250.0))


@pytest.mark.parametrize("page", [PAGE, "images/runs.py"])
def test_who_waits_is_told_where_and_for_how_long(app, run, page, monkeypatch):
    still(monkeypatch)
    run.write_status(Status("queued"))
    test = own(app(page, run=run.id))
    words = "Place 3 in the queue, about 4 min."
    said = [each.value.replace("\\", "") for each in test.caption]
    assert told(test)[0]["news"]["words"] == words if page == PAGE else any(words in each for each in said)


def test_the_owner_may_keep_a_run_going_that_nobody_watches(app, run, monkeypatch):
    still(monkeypatch)
    run.write_status(Status("running", step=40, epoch=0.1, pid=1))
    assert not [each for each in app(PAGE, run=run.id).toggle if each.label == "Keep running"], "a guest may not"
    test = own(app(PAGE, run=run.id))
    test.toggle(key=f"keep_{run.id}").set_value(True).run()
    assert not test.exception
    assert run.wish.keep
    again = own(app(PAGE, run=run.id))
    assert again.toggle(key=f"keep_{run.id}").value, "kept by the run, not by the page"
    run.steer(KEY, keep=False)
    assert not again.run().toggle(key=f"keep_{run.id}").value, "changed in another tab"
    run.write_status(Status("stopped", step=40))
    assert not [each for each in again.run().toggle if each.label == "Keep running"]


def test_my_runs_has_the_same_switch(app, run, monkeypatch):
    still(monkeypatch)
    run.write_status(Status("queued"))
    test = own(app("images/runs.py"))
    test.session_state[f"more_{run.id}"] = True
    test.run()
    test.toggle(key=f"keep_{run.id}").set_value(True).run()
    assert run.wish.keep


def test_where_nothing_is_parked_there_is_no_switch(app, run, monkeypatch):
    still(monkeypatch)
    monkeypatch.setenv("GENLIB_UNWATCHED_MINUTES", "0")
    run.write_status(Status("queued"))
    assert not [each for each in own(app(PAGE, run=run.id)).toggle if each.label == "Keep running"]


def test_what_is_more_than_each_may_is_refused_in_a_sentence(app, monkeypatch):
    monkeypatch.setenv("GENLIB_MOST_MINUTES", "1")
    test = own(app(PAGE, budget="seconds", seconds="100"))
    test.button(key="do_Train").click().run()
    assert not test.exception
    assert test.warning[0].value.startswith("This run is to train for 100 seconds, and 60 are allowed here")
    assert list_runs() == []


def test_of_four_families_those_are_queued_that_may(app, monkeypatch):
    monkeypatch.setattr("genlib.runs.Dispatcher.tick", lambda self: None)
    monkeypatch.setattr("genlib.runs.Dispatcher.submit", one_only)
    test = own(app(PAGE, family="all", seconds="1"))
    test.button(key="do_Train").click().run()
    assert not test.exception
    assert "No more." in test.warning[0].value
    assert test.session_state["run"] == list_runs()[0].id


def one_only(dispatcher, settings, key):
    if list_runs():
        raise InputError("No more.")
    return RunFolder.create(settings, key)


def test_a_run_that_is_shown_is_watched(app, run, monkeypatch):
    watched = []
    monkeypatch.setattr("genlib.runs.Dispatcher.watched", lambda self, run: watched.append(run.id))
    app(PAGE)
    assert watched == [], "a recorded run needs nobody"
    app(PAGE, run=run.id)
    assert set(watched) == {run.id}


def test_reset_begins_the_same_anew(app, run):
    test = own(app(PAGE, run=run.id))
    test.button(key="do_Reset").click().run()
    assert not test.exception
    newest = list_runs()[-1]
    assert newest.id != run.id
    assert newest.settings == run.settings
    assert newest.may_steer(KEY)
    assert newest.id in test.query_params["run"]
