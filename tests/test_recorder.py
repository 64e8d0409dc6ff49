"""Recording a run: what happens is in its folder, and the folder is enough to go on."""

import errno
import json
import os
import random
import shutil
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_images

from genlib import checkpoint
from genlib.checkpoint import load_model
from genlib.film import Film
from genlib.knobs import InputError
from genlib.recorder import record
from genlib.runs import RunFolder, Watcher
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
            run.steer("pause", KEY)
        elif status.state == "paused":
            # Saved before it is confirmed, so that whatever happens now loses nothing.
            assert checkpoint.load(run.path, "cpu").step == status.step
            if seen.count("paused") == 2:
                run.steer("run", KEY)

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
    timer = threading.Timer(0.5, lambda: run.steer("stop", KEY))
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
        heard = run.control[0]
        run.wish("run")
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
    def control(self):
        return 0, "pause" if self.minds is not None and self.minds.random() < 0.5 else "run"


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
    run.wish(want)
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
    run.wish("stop")
    go(run, images)
    good = checkpoint.load(run.path, "cpu")
    assert good.step == 0
    run.wish("run")
    last = go(run, images)[-1]
    assert last.state == run.status.state == "failed"
    assert last.message.startswith("Training broke at step ")
    assert "a learning rate of 100 the loss is no longer a finite number; choose a smaller one." in last.message
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

    run.wish("pause")
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
        run.wish("stop")
        go(run, images)
    tensors = run.path / "checkpoint" / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-1])
    run.wish("run")
    assert go(run, images)[-1].state == "done"
    check_metrics(run, 6)

    run = make()
    run.wish("stop")
    go(run, images)
    (run.path / "checkpoint" / "checkpoint.json").write_text("{}")
    run.wish("run")
    last = go(run, images)[-1]
    assert last.state == "failed"
    assert "no checkpoint that can be read" in last.message


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
