"""Recording a run: what happens is in its folder, and the folder is enough to go on."""

import errno
import json
import os
import platform
import random
import shutil
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_images, small

from genlib import checkpoint
from genlib.changes import Change, read_changes
from genlib.checkpoint import load_model
from genlib.film import Film
from genlib.knobs import InputError
from genlib.recorder import record
from genlib.recorder.journal import Journal
from genlib.recorder.pace import Pace
from genlib.runs import RunFolder, Watcher, Wish
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from genlib.training import Frame, Report, Run, train

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

KEY = "k" * 32
TINY = VAEConfig(latent_dim=2, hidden_dim=16)
ENDLESS = TrainConfig(epochs=1000, batch_size=32, device="cpu")


@pytest.fixture(scope="module")
def images():
    """Three batches of 32."""
    return few_images()


def make(train_config=ENDLESS, model=TINY):
    return RunFolder.create(RunSettings("vae", model, train_config).to_json(), KEY)


def go(run, images, each=lambda status: None, ended=lambda: False):
    """Record until the end; ``each`` is called with every status. Returns them all."""
    statuses = []
    for status in record(run, run.claim(run.status), ended, images):
        assert run.status == status or status.state in ("interrupted", "failed")
        statuses.append(status)
        each(status)
    return statuses


def weights(run):
    return load_model(run.path).state_dict()


def unbroken(images, config, model=TINY):
    run = Run.new("vae", model, config)
    for _ in train(run, images):
        pass
    return run


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def check_metrics(run, last):
    """Every step is reported at most once, the validations are those of an unbroken run, the last step is there."""
    lines = run.metrics()[0]
    train_steps = [line["step"] for line in lines if line["split"] == "train"]
    validated = [line["step"] for line in lines if line["split"] == "validation"]
    assert train_steps == sorted(set(train_steps))
    assert validated == sorted(set(validated))
    assert validated == list(range(0, last, 3)) + [last]
    assert train_steps[-1] == last
    assert set(validated) - {0} <= set(train_steps)
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)


def test_a_run_is_done_when_its_epochs_are(images):
    config = replace(ENDLESS, epochs=4)
    run = make(config)
    statuses = go(run, images)
    assert [statuses[0].state, statuses[1].state, statuses[-1].state] == ["starting", "running", "done"]
    last = run.status
    assert (last.step, last.epoch, last.progress, last.attempt, last.pid) == (12, 4.0, 1.0, 1, os.getpid())
    assert last.host == platform.node() != ""
    assert (last.left, last.message) == (0.0, "")
    assert last.rate == pytest.approx(32 * 12 / last.seconds, rel=0.01)
    assert last.device.endswith("thread") or last.device.endswith("threads")
    beats = [status.beat for status in statuses]
    assert beats == list(range(beats[0], beats[0] + len(beats)))
    check_metrics(run, 12)
    assert equal(weights(run), unbroken(images, config).model.state_dict())
    film = Film(run.path / "frames")
    assert {0, 12} <= set(film.steps())
    assert np.array_equal(film.constants()["originals"], images.test[:16])
    assert film.frame(12)["samples"].shape == (64, 28, 28)
    build = run.read_json("build.json")
    assert build["versions"]["torch"] == torch.__version__
    assert build["threads"] == torch.get_num_threads()
    assert not [path for path in run.path.rglob("*") if path.name.startswith(".")]


def test_a_pause_is_confirmed_and_changes_nothing(images):
    config = replace(ENDLESS, epochs=6)
    run, seen = make(config), []

    def owner(status):
        seen.append(status.state)
        if seen == ["starting", "running"]:
            run.steer(KEY, want="pause")
        elif status.state == "paused":
            # Saved before it is confirmed, so that whatever happens now loses nothing.
            assert checkpoint.load(run.path, "cpu").step == status.step
            assert Film(run.path / "frames").steps()[-1] == status.step, "the pictures are those of the step reached"
            if seen.count("paused") == 2:
                run.steer(KEY, want="run")

    statuses = go(run, images, owner)
    paused = [status for status in statuses if status.state == "paused"]
    assert len(paused) >= 2
    assert {status.acknowledged for status in paused} == {1}
    assert {status.step for status in paused} == {paused[0].step}
    assert paused[0].beat < paused[1].beat
    after = statuses[statuses.index(paused[-1]) + 1]
    assert (after.state, after.acknowledged) == ("running", 2)
    assert after.seconds == paused[0].seconds  # a pause is no training time
    assert statuses[-1].state == "done"
    check_metrics(run, 18)
    assert equal(weights(run), unbroken(images, config).model.state_dict())


@pytest.mark.parametrize("stops", [[0], [3], [3, 6], [0, 6, 9]])
def test_left_and_resumed_it_ends_in_the_same_weights(images, stops):
    config = replace(ENDLESS, epochs=3)
    run = make(config)
    for stop in stops:
        last = go(run, images, ended=lambda: run.metrics()[0][-1]["step"] >= stop)[-1]  # noqa: B023
        assert (last.state, last.step) == ("interrupted", stop)
        assert checkpoint.load(run.path, "cpu").step == stop
    assert go(run, images)[-1].state == "done"
    assert run.status.attempt == len(stops) + 1
    check_metrics(run, 9)
    assert equal(weights(run), unbroken(images, config).model.state_dict())


@pytest.mark.parametrize(("saved", "reached"), [(0, 0), (1, 1), (2, 7), (3, 3), (3, 5), (6, 9), (9, 9)])
def test_killed_at_any_step_it_ends_in_the_same_weights(images, saved, reached):
    config = replace(ENDLESS, epochs=3)
    run = make(config)
    assert run.claim(run.status) == 1
    state, film = Run.new("vae", TINY, config), Film(run.path / "frames")
    for until in sorted({saved, reached}):
        for event in train(state, images, until_step=until):
            # As the recorder keeps them; a validation within an epoch belongs to the end that this loop makes.
            if isinstance(event, Report) and not (event.split == "validation" and event.step % 3):
                report = {"step": event.step, "seconds": round(event.seconds, 4), "split": event.split, **event.metrics}
                if report["step"] not in [x["step"] for x in run.metrics()[0] if x["split"] == event.split]:
                    run.append_metrics(report)
            elif isinstance(event, Frame):
                film.add(event.step, event.arrays)
        if until == saved:
            checkpoint.save(state, run.path)
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": ')
    run.interrupt(run.status)
    assert go(run, images)[-1].state == "done"
    check_metrics(run, 9)
    assert equal(weights(run), unbroken(images, config).model.state_dict())
    assert {0, 9} <= set(film.steps()) <= {0, saved, 9}


def test_an_epoch_without_end_is_stopped_by_its_owner(images):
    run = make()
    timer = threading.Timer(0.5, lambda: run.steer(KEY, want="stop"))
    timer.start()
    last = go(run, images)[-1]
    timer.join()
    assert (last.state, last.acknowledged) == ("stopped", 1)
    assert 0 < last.progress < 1
    assert checkpoint.load(run.path, "cpu").step == last.step


def test_only_what_was_heard_is_acknowledged(images):
    run = make(replace(ENDLESS, epochs=300))
    heard = 0

    def whisper():
        # Asked after the wish of this event was read, and before the status is written.
        nonlocal heard
        heard = run.wish.sequence
        run.ask(want="run")
        return False

    acknowledged = []
    last = go(run, images, lambda status: acknowledged.append((status.acknowledged, heard)), whisper)[-1]
    assert (last.state, last.step) == ("done", 900)
    assert all(one == other for one, other in acknowledged)
    assert heard > 100


class Fickle(RunFolder):
    """A run whose owner may have changed his mind whenever he is asked."""

    minds = None

    @property
    def wish(self):
        return Wish(want="pause" if self.minds is not None and self.minds.random() < 0.5 else "run")


def test_a_quick_change_of_mind_is_not_lost(images):
    run = Fickle(make(replace(ENDLESS, epochs=12)).path)
    run.minds = random.Random(0)
    statuses = go(run, images)
    # Nobody asked for an end.
    assert {status.state for status in statuses[:-1]} == {"starting", "running", "paused"}
    assert (statuses[-1].state, statuses[-1].step) == ("done", 36)


def test_whoever_started_it_is_gone(images):
    run = make()
    moment = time.monotonic() + 0.4
    last = go(run, images, ended=lambda: time.monotonic() > moment)[-1]
    assert last.state == "interrupted"
    assert last.message == "Training was interrupted and saved: it can go on from here."
    assert checkpoint.load(run.path, "cpu").step == last.step > 0


@pytest.mark.parametrize("want", ["pause", "stop"])
def test_gone_while_something_else_is_wished(images, want):
    run = make()
    run.ask(want=want)
    last = go(run, images, ended=lambda: True)[-1]
    assert last.state == ("stopped" if want == "stop" else "interrupted")
    assert checkpoint.load(run.path, "cpu").step == 0


def test_leaving_the_generator_leaves_no_run_that_seems_to_train(images):
    run = make()
    for status in record(run, run.claim(run.status), images=images):
        if status.state == "running":
            break
    del status
    assert run.status.state == "interrupted"
    done = make(replace(ENDLESS, epochs=1))
    for status in record(done, done.claim(done.status), images=images):
        if status.state == "done":
            break
    assert done.status.state == "done"


def test_an_interruption_in_the_middle_is_written_down(images):
    run = make()

    def ended():
        raise KeyboardInterrupt

    assert go(run, images, ended=ended)[-1].state == run.status.state == "interrupted"


def test_divergence_fails_with_its_sentence_and_keeps_the_last_good_checkpoint(images):
    config = replace(ENDLESS, learning_rate=100.0)
    run = make(config)
    run.ask(want="stop")
    go(run, images)
    good = checkpoint.load(run.path, "cpu")
    assert good.step == 0
    run.ask(want="run")
    last = go(run, images)[-1]
    assert last.state == run.status.state == "failed"
    assert last.message.startswith("Training broke at step ")
    assert "a learning rate of 100 the loss is no longer a finite number; choose a smaller one." in last.message
    # The status stands where it broke, beyond what is saved.
    assert last.message.startswith(f"Training broke at step {last.step}: ")
    assert (last.step > 0, last.epoch) == (True, last.step / 3)
    kept = checkpoint.load(run.path, "cpu")
    assert all(bool(tensor.isfinite().all()) for tensor in kept.model.state_dict().values())
    assert equal(kept.model.state_dict(), good.model.state_dict())
    text = (run.path / "metrics.jsonl").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_a_lost_run_is_written_no_more(images):
    run, before = make(), {}

    def rival(status):
        if status.state == "running" and status.step and not before:
            assert run.claim(run.status) == 2
            before.update({path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()})

    last = go(run, images, rival)[-1]
    assert before
    assert last.state == "interrupted"
    assert last.message == "The run was taken over by another process, or removed: this one writes no more."
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    assert (run.status.state, run.status.attempt) == ("starting", 2)


def test_a_run_lost_while_it_is_paused_is_written_no_more(images):
    run, before = make(), {}

    def rival(status):
        if status.state == "paused" and not before:
            run.claim(run.status)
            before.update({path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()})

    run.ask(want="pause")
    assert "taken over" in go(run, images, rival)[-1].message
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_removed_run_is_not_made_again(images):
    run = make()
    last = go(run, images, lambda status: shutil.rmtree(run.path, ignore_errors=True) if status.step else None)[-1]
    assert "removed" in last.message
    assert not run.path.exists()


@pytest.mark.parametrize("writer", ["metrics", "frame", "checkpoint", "status"])
def test_a_full_disk_interrupts_with_one_sentence_and_the_run_goes_on_later(images, writer):
    config = replace(ENDLESS, epochs=4)
    run = make(config)
    refused = {"metrics": "metrics.jsonl", "frame": ".safetensors", "checkpoint": "checkpoint", "status": "status"}

    def full(path):
        name = str(path.relative_to(run.path)) if path.is_relative_to(run.path) else ""
        hit = refused[writer] in name and (writer == "checkpoint") == ("checkpoint" in name)
        if hit and not (writer == "status" and run.status.state in ("queued", "starting")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        for name in ("open", "write_text", "write_bytes"):
            patch.setattr(type(run.path), name, refusing(getattr(type(run.path), name), full))
        last = go(run, images)[-1]
    assert last.state == "interrupted"
    assert "No space left on device): make room and resume the run." in last.message
    assert last.message.count(".") == 1
    if writer != "status":
        assert run.status == last
    else:
        run.write_status(replace(run.status, state="interrupted"))  # as the dispatcher does
    assert go(run, images)[-1].state == "done"
    check_metrics(run, 12)
    assert equal(weights(run), unbroken(images, config).model.state_dict())


def refusing(method, full):
    def guarded(path, *args, **kwargs):
        if method.__name__ != "open" or (args and args[0] not in ("r", "rb")):
            full(path)
        return method(path, *args, **kwargs)

    return guarded


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("run.json", "{}", "This run's settings cannot be read"),
        ("run.json", '{"settings": {"family": "gun"}}', "The family cannot be 'gun'"),
        ("run.json", '{"settings": {"train": {"epochs": -1}}}', "Epochs cannot be -1"),
    ],
)
def test_altered_settings_fail_with_a_sentence(images, name, content, sentence):
    run = make()
    (run.path / name).write_text(content)
    last = go(run, images)[-1]
    assert last.state == run.status.state == "failed"
    assert last.message.startswith(sentence)


def test_a_damaged_checkpoint_fails_with_a_sentence_and_a_whole_one_before_it_helps(images):
    run = make(replace(ENDLESS, epochs=2))
    for _ in range(2):
        run.ask(want="stop")
        go(run, images)
    tensors = run.path / "checkpoint" / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-1])
    run.ask(want="run")
    assert go(run, images)[-1].state == "done"
    check_metrics(run, 6)

    run = make()
    run.ask(want="stop")
    go(run, images)
    (run.path / "checkpoint" / "checkpoint.json").write_text("{}")
    run.ask(want="run")
    last = go(run, images)[-1]
    assert last.state == "failed"
    assert "no checkpoint that can be read" in last.message


class Killed(BaseException):
    """As a process ends that is killed: nobody writes anything more."""


def kill(run, images, at):
    def ended():
        if run.metrics()[0][-1]["step"] >= at:
            raise Killed
        return False

    with pytest.raises(Killed):
        go(run, images, ended=ended)
    run.interrupt(run.status)


def written(run):
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_a_run_that_is_done_never_begins_anew_over_its_curves(images):
    run = make(replace(ENDLESS, epochs=2))
    assert go(run, images)[-1].state == "done"
    for name in ("checkpoint", "checkpoint.previous"):
        shutil.rmtree(run.path / name, ignore_errors=True)
    run.steer(KEY, until_step=9)
    before = written(run)
    with pytest.raises(InputError, match=r"^This run has no saved weights: start a new one with its settings\.$"):
        go(run, images)
    assert written(run) == before


def test_a_run_killed_before_its_first_checkpoint_begins_anew(images):
    config = replace(ENDLESS, epochs=3)
    run = make(config)
    kill(run, images, 3)
    assert run.status.state == "interrupted"
    assert not (run.path / "checkpoint").exists()
    run.write_status(replace(run.status, step=3, epoch=1.0))
    assert go(run, images)[-1].state == "done"
    check_metrics(run, 9)
    assert equal(weights(run), unbroken(images, config).model.state_dict())


def test_a_model_alone_is_not_trained_on(images, tmp_path):
    run = make(replace(ENDLESS, epochs=2))
    assert go(run, images)[-1].state == "done"
    checkpoint.save_model(run.path, tmp_path)
    for name in ("checkpoint", "checkpoint.previous"):
        shutil.rmtree(run.path / name, ignore_errors=True)
    shutil.copytree(tmp_path / "checkpoint", run.path / "checkpoint")
    run.write_status(replace(run.status, state="interrupted"))  # which is not asked for its weights
    curves, film = run.metrics(), Film(run.path / "frames").steps()
    last = go(run, images)[-1]
    assert last.state == "failed"
    assert "no checkpoint" in last.message
    assert (run.metrics(), Film(run.path / "frames").steps()) == (curves, film)


def test_progress_is_that_of_the_budget_unless_it_was_lengthened():
    run = Run.new("vae", TINY, replace(ENDLESS, epochs=2))
    run.step = 3
    told = {until: Pace().told(run, 96, until)["progress"] for until in (None, 0, 3, 5, 6, 12)}
    assert told == {None: 3 / 6, 0: 3 / 6, 3: 3 / 6, 5: 3 / 6, 6: 3 / 6, 12: 3 / 12}


def test_a_budget_of_seconds_is_time_spent_on_steps(images):
    run = make(TrainConfig(budget="seconds", seconds=1, batch_size=32, device="cpu"))
    statuses = go(run, images)
    last = statuses[-1]
    assert last.state == "done"
    assert 1.0 <= last.seconds < 5
    assert (last.progress, last.left) == (1.0, 0.0)
    running = [status for status in statuses if status.state == "running"]
    assert all(status.left == pytest.approx(max(0.0, 1 - status.seconds)) for status in running)
    assert [status.progress for status in running] == sorted(status.progress for status in running)


def test_a_bug_is_told_apart_and_raised_for_the_log(images):
    run = make()

    def ended():
        raise RuntimeError("a bug in /secret/place")

    with pytest.raises(RuntimeError, match="a bug"):
        go(run, images, ended=ended)
    assert run.status.state == "failed"
    assert run.status.message == "Training stopped on an internal error; the log of the run says more."


def test_a_page_beside_it_sees_the_same(images):
    run = make(replace(ENDLESS, epochs=4))
    watcher = Watcher(run)

    def look(status):
        assert watcher.poll() == run.status
        for curves in watcher.curves.values():
            assert len({len(values) for values in curves.values()}) == 1

    go(run, images, look)
    watcher.poll()
    lines = [json.loads(text) for text in (run.path / "metrics.jsonl").read_text().splitlines()]
    for split in ("train", "validation"):
        assert watcher.curves[split]["loss"] == [line["loss"] for line in lines if line["split"] == split]
    with pytest.raises(InputError):
        run.delete("x" * 32)
    run.delete(KEY)
    assert not run.path.exists()


# Steering -------------------------------------------------------------------------------------------------------------


def changes_of(run):
    return read_changes(run.changes(), RunSettings.from_json(run.settings))


def same_by_list(run, images, until_step=None, model=TINY):
    """The model that an unbroken run with the recorded changes gives."""
    settings = RunSettings.from_json(run.settings)
    whole = Run.new(settings.family, settings.model, settings.train)
    whole.changes = changes_of(run)
    for _ in train(whole, images, until_step):
        pass
    return whole.model.state_dict()


class Owner:
    """Steers by a list of acts, the next one each time when the run is at rest or, at first, runs."""

    def __init__(self, run, *acts):
        self.run, self.acts, self.rests = run, list(acts), []

    def __call__(self, status):
        heard = status.acknowledged == self.run.wish.sequence
        if status.state == "paused" and heard and (not self.rests or self.rests[-1] is not status):
            self.rests.append(status)
            if self.acts:
                self.run.steer(KEY, **self.acts.pop(0))


def test_a_run_rests_at_the_step_it_was_wished_to_and_goes_on_from_there(images):
    config = replace(ENDLESS, epochs=4)
    run = make(config)
    run.steer(KEY, until_step=2)
    owner = Owner(
        run, {"want": "run", "until_step": 3}, {"want": "run", "until_step": 3}, {"until_step": 7}, {"until_step": None}
    )
    statuses = go(run, images, owner)
    assert [status.step for status in owner.rests] == [2, 3, 3, 7]
    assert statuses[-1].state == run.status.state == "done"
    assert run.status.step == 12
    # A rest is no end: the progress is that of the budget.
    assert [status.progress for status in owner.rests] == [2 / 12, 3 / 12, 3 / 12, 7 / 12]
    assert all(status.left == 0.0 for status in owner.rests[1:]), "nothing is left of what was wished"
    assert equal(weights(run), unbroken(images, config).model.state_dict())
    lines = run.metrics()[0]
    for split in ("train", "validation"):
        steps = [line["step"] for line in lines if line["split"] == split]
        assert steps == sorted(set(steps))
    assert {2, 3, 7, 12} <= {line["step"] for line in lines if line["split"] == "validation"}
    assert {2, 3, 7, 12} <= set(Film(run.path / "frames").steps())


def test_a_target_given_while_it_runs_is_the_one_that_counts(images):
    run, rested = make(), []

    def owner(status):
        if status.state == "running" and run.wish.sequence == 0:
            run.steer(KEY, until_step=2000)
        elif status.state == "running" and status.acknowledged == 1 == run.wish.sequence:
            run.steer(KEY, until_step=status.step + 301)
        elif status.state == "paused":
            rested.append(status.step)
            run.steer(KEY, want="stop")

    go(run, images, owner)
    assert rested == [run.wish.until_step]
    assert rested[0] < 2000


def test_a_step_beyond_the_budget_extends_it_and_ends_it(images):
    config = replace(ENDLESS, epochs=2)
    run = make(config)
    run.steer(KEY, until_step=9)
    statuses = go(run, images)
    assert "paused" not in {status.state for status in statuses}
    assert (run.status.state, run.status.step, run.status.progress) == ("done", 9, 1.0)
    # And again, after it is done.
    run.steer(KEY, want="run", until_step=12)
    assert go(run, images)[-1].state == "done"
    assert equal(weights(run), unbroken(images, replace(ENDLESS, epochs=4)).model.state_dict())
    check_metrics(run, 12)


def test_knobs_are_recorded_before_they_act_and_replayed(images):
    config = replace(ENDLESS, epochs=6)
    run = make(config)
    run.steer(KEY, until_step=2)
    owner = Owner(
        run,
        {"knobs": {"beta": 3.0}},  # while it rests
        {"knobs": {"beta": 2.0, "learning_rate": 0.01}},  # the same step once more
        {"knobs": {"beta": 99.0, "nonsense": 1.0, "latent_dim": 3.0}},  # what cannot be
        {"want": "run", "until_step": 8, "knobs": {"learning_rate": 0.001}},
        {"want": "run", "knobs": {"beta": 1.0}},
    )
    last = go(run, images, owner)[-1]
    assert (last.state, last.step) == ("done", 18)
    assert [status.step for status in owner.rests] == [2, 2, 2, 2, 8]
    assert changes_of(run) == [Change(2, "beta", 2.0), Change(2, "learning_rate", 0.001), Change(8, "beta", 1.0)]
    assert equal(weights(run), same_by_list(run, images))
    assert not equal(weights(run), unbroken(images, config).model.state_dict())
    assert last.acknowledged == run.wish.sequence


def test_who_learns_in_a_game_is_recorded_and_replayed_even_before_both_have(images):
    config, rested = replace(ENDLESS, epochs=3), []
    run = RunFolder.create(RunSettings("gan", small("gan", latent_dim=3), config).to_json(), KEY)
    run.steer(KEY, until_step=3, knobs={"turns": 1.0})
    rest = lambda status: rested.append(status) if status.state == "paused" else None  # noqa: E731
    first = go(run, images, rest, ended=lambda: bool(rested))[-1]
    assert (first.state, first.step) == ("interrupted", 3)
    # Left, and taken up again, while G has never learnt.
    kept = checkpoint.load(run.path, "cpu").optimizers
    assert {name: bool(optimizer.state) for name, optimizer in kept.items()} == {
        "discriminator": True,
        "generator": False,
    }
    run.steer(KEY, want="run", until_step=6, knobs={"turns": 2.0, "d_rate": 3.0})
    owner = Owner(run, {"want": "run", "until_step": None, "knobs": {"turns": 0.0}})
    last = go(run, images, owner)[-1]
    assert (last.state, last.step) == ("done", 9)
    assert changes_of(run) == [
        Change(0, "turns", 1), Change(3, "turns", 2), Change(3, "d_rate", 3.0), Change(6, "turns", 0),
    ]  # fmt: skip
    assert equal(weights(run), same_by_list(run, images))
    reports = [line for line in run.metrics()[0] if line["split"] == "train"]
    # The gradient of the one that waits is not told.
    told = {line["step"]: {"gradient_d", "gradient_g"} & line.keys() for line in reports}
    assert told[3] == {"gradient_d"}
    assert told[6] == {"gradient_g"}
    assert told[9] == {"gradient_d", "gradient_g"}


def test_knobs_are_turned_while_it_runs(images):
    run, seen, least = make(ENDLESS), [], 0.001 / 32

    def owner(status):
        if status.state == "running" and len(seen) < 5:
            seen.append(status.step)
            run.steer(KEY, knobs={"learning_rate": 0.001 / 2 ** len(seen)})
        elif any(change.value == least for change in changes_of(run)):
            run.steer(KEY, want="stop")

    last = go(run, images, owner)[-1]
    made = changes_of(run)
    assert last.state == "stopped"
    assert made[-1].value == least
    assert 1 < len(made) <= 5
    assert made[-1].step > 0
    assert equal(weights(run), same_by_list(run, images, last.step))


def test_after_a_kill_recorded_changes_act_when_they_are_due_and_not_before(images):
    config = replace(ENDLESS, epochs=4)
    run = make(config)
    run.steer(KEY, until_step=3)
    owner = Owner(run, {"want": "stop"})
    go(run, images, owner)
    # As if it had gone on to step 7, where its owner turned a knob, and was killed before the next checkpoint.
    run.steer(KEY, want="run", until_step=None, knobs={"beta": 2.5})
    run.write_changes([Change(7, "beta", 2.5).to_json()])
    assert go(run, images)[-1].state == "done"
    assert changes_of(run) == [Change(7, "beta", 2.5)]
    assert equal(weights(run), same_by_list(run, images))


def test_turned_back_before_a_recorded_change_is_due_it_never_acts(images):
    run = make(replace(ENDLESS, epochs=4))
    run.write_changes([Change(7, "beta", 2.5).to_json(), Change(8, "learning_rate", 0.1).to_json()])
    run.steer(KEY, knobs={"beta": 1.0, "learning_rate": 0.1})
    assert go(run, images)[-1].state == "done"
    assert changes_of(run) == [Change(0, "beta", 1.0), Change(8, "learning_rate", 0.1)]
    assert equal(weights(run), same_by_list(run, images))


def test_altered_changes_are_left_out(images):
    config = replace(ENDLESS, epochs=2)
    run = make(config)
    (run.path / "changes.jsonl").write_bytes(b'\xff{"step": 1}\n[]\n{"step": 2, "knob": "beta", "value": 1e9}\n{"st')
    assert go(run, images)[-1].state == "done"
    assert equal(weights(run), unbroken(images, config).model.state_dict())


def test_without_resting_it_is_stopped_at_the_step(images):
    run = make(replace(ENDLESS, epochs=4))
    run.ask(until_step=5)
    last = list(record(run, run.claim(run.status), images=images, rests=False))[-1]
    assert (last.state, last.step, last.message) == ("stopped", 5, "")
    assert checkpoint.load(run.path, "cpu").step == 5
    run.ask(want="run")
    last = list(record(run, run.claim(run.status), images=images, rests=False))[-1]
    assert (last.state, last.step) == ("done", 12)


@pytest.mark.parametrize(("act", "state"), [("stop", "stopped"), ("gone", "interrupted")])
def test_from_its_rest_it_can_be_stopped_or_left(images, act, state):
    run, rested = make(), []

    def each(status):
        if status.state == "paused":
            rested.append(status)
            if act == "stop":
                run.steer(KEY, want="stop")

    run.steer(KEY, until_step=4)
    last = go(run, images, each, ended=lambda: act == "gone" and len(rested) > 1)[-1]
    assert (last.state, last.step) == (state, 4)
    assert checkpoint.load(run.path, "cpu").step == 4


def test_a_budget_of_seconds_rests_on_the_way_and_can_be_extended(images):
    run = make(TrainConfig(budget="seconds", seconds=1, batch_size=32, device="cpu"))
    run.steer(KEY, until_step=4)
    owner = Owner(run, {"want": "run"})
    go(run, images, owner)
    done = run.status
    assert [status.step for status in owner.rests] == [4]
    assert done.state == "done"
    assert done.seconds >= 1
    run.steer(KEY, want="run", until_step=done.step + 2)
    assert go(run, images)[-1].state == "done"
    assert run.status.step == done.step + 2
    assert equal(weights(run), same_by_list(run, images, run.status.step))


def test_long_runs_write_fewer_and_fewer_lines(tmp_path):
    run = make()
    journal, written = Journal(run, 0), []
    for step in range(1, 200_001):  # 20,000 s, reported ten times a second
        report = Report(step, step / 10, "train", {"loss": 1.0})
        if journal._is_news(report):
            written.append(step / 10)
            journal._written = step / 10
    assert written[:3000] == [step / 10 for step in range(1, 3001)]
    gaps = np.diff(written[3000:])
    share = gaps / np.array(written[3001:])
    assert (share >= 1 / 3000 - 1e-12).all()
    assert (gaps <= np.array(written[3001:]) / 3000 + 0.1 + 1e-9).all()
    # 3000 and 3000 a factor e, less what is lost to the tenths.
    assert 3000 + 3000 * np.log(20_000 / 300) * 0.7 < len(written) < 3000 + 3000 * np.log(20_000 / 300) + 1
    assert journal._is_news(Report(200_000, 20_000.001, "validation", {"loss": 1.0}))


def test_what_was_told_is_not_told_again(images):
    run = make()
    for step in range(5):
        for split in ("train", "validation"):
            run.append_metrics({"step": step, "seconds": step / 10, "split": split, "loss": 1.0})
    journal = Journal(run, 3)
    for step, split in [(3, "train"), (3, "validation"), (4, "validation"), (4, "validation"), (4, "train")]:
        journal.keep(Report(step, step / 10, split, {"loss": 2.0}))
    lines = [(line["step"], line["split"], line["loss"]) for line in run.metrics()[0]]
    assert lines[6:] == [(3, "train", 1.0), (3, "validation", 1.0), (4, "validation", 2.0), (4, "train", 2.0)]
