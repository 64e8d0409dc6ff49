"""Run folders: whole whatever happens to them, steered by their owner only, started in order and a few at a time."""

import errno
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genlib.knobs import InputError
from genlib.runs import (
    ACTIVE,
    RESUMABLE,
    Dispatcher,
    LocalBackend,
    RunFolder,
    Status,
    Watcher,
    Wish,
    find,
    home,
    list_runs,
    saved_status,
    saved_step,
    slots,
)
from genlib.settings import RunSettings

pytestmark = pytest.mark.fast

KEY, OTHER = "0123456789abcdef" * 2, "f" * 32
ASKED = RunSettings().to_json()
UNREADABLE = "The status of this run cannot be read, its file was altered: start a new run."


def line(step, split="train", **metrics):
    return {"step": step, "seconds": step / 100, "split": split, **(metrics or {"loss": 100.0 - step})}


def is_sentence(text):
    return text[:1].isupper() and text.endswith(".") and text.isprintable() and "/" not in text


# Making and finding -------------------------------------------------------------------------------------------------


def test_a_new_run_is_queued_and_says_what_was_asked():
    before = time.time()
    run = RunFolder.create(ASKED, KEY)
    assert run.settings == ASKED
    assert RunSettings.from_json(run.settings) == RunSettings()
    assert run.status == Status("queued")
    assert before <= run.created <= time.time()
    assert (run.wish, run.metrics(), run.held_by(1)) == (Wish(), ([], 0), False)
    assert run.path == home() / "runs" / run.id


def test_a_run_made_for_this_process_cannot_be_taken_by_another():
    run = RunFolder.create(ASKED, claimed=True)
    assert (run.status.state, run.status.attempt, run.status.pid) == ("starting", 1, os.getpid())
    assert run.held_by(1)
    assert run.claim(Status()) is None


def test_runs_are_listed_from_the_oldest_and_found_by_the_beginning_of_their_id():
    assert list_runs() == []
    runs = [RunFolder.create(ASKED) for _ in range(5)]
    (home() / "runs" / "notes").mkdir()
    (home() / "runs" / ("0" * 16)).mkdir()  # half made
    (home() / "runs" / ("1" * 16)).touch()
    assert [run.id for run in list_runs()] == [run.id for run in runs]
    assert find(runs[2].id).path == runs[2].path
    assert find(f" {runs[3].id[:12].upper()} ").id == runs[3].id
    with pytest.raises(InputError, match=f"^There is no run {'0' * 16} here: .*start a new one"):
        find("0" * 16)


def test_an_ambiguous_beginning_is_not_guessed():
    run = RunFolder.create(ASKED)
    shutil.copytree(run.path, run.path.with_name(run.id[:8] + "0" * 8))
    with pytest.raises(InputError, match=f"^2 runs begin with {run.id[:8]}: "):
        find(run.id[:8])


# Owners -------------------------------------------------------------------------------------------------------------


def test_only_the_hash_of_the_key_is_kept_and_only_the_key_steers():
    run = RunFolder.create(ASKED, KEY)
    assert all(KEY not in path.read_text() for path in run.path.rglob("*") if path.is_file())
    assert run.may_steer(KEY)
    stored = run.asked["owner"]
    for key in (None, "", OTHER, stored, KEY.upper(), KEY + "0", "é", "\ud800"):
        assert not run.may_steer(key)
        with pytest.raises(InputError, match=r"^Only the browser that started this run may steer it"):
            run.steer(key, want="stop")
        with pytest.raises(InputError, match=r"^Only the browser that started this run may delete it"):
            run.delete(key)
    assert run.wish == Wish(0, "run")
    assert not RunFolder.create(ASKED).may_steer("")
    assert not RunFolder.create(ASKED, "").may_steer("")


@pytest.mark.parametrize("owner", ["é", 5, ["x"], None, True, ""])
def test_an_altered_owner_is_nobody(owner):
    run = RunFolder.create(ASKED, KEY)
    run.write_json("run.json", run.asked | {"owner": owner})
    assert not run.may_steer(KEY)


def test_wishes_are_numbered_and_bounded():
    run = RunFolder.create(ASKED, KEY)
    assert [run.steer(KEY, want=want) for want in ("pause", "run", "stop")] == [1, 2, 3]
    assert run.wish == Wish(3, "stop")
    with pytest.raises(InputError, match="nothing else"):
        run.steer(KEY, want="delete")
    assert run.wish == Wish(3, "stop")


def test_only_a_run_that_is_over_can_be_deleted():
    run, other = RunFolder.create(ASKED, KEY), RunFolder.create(ASKED, KEY)
    for state in ACTIVE:
        run.write_status(Status(state))
        with pytest.raises(InputError, match="still active: stop it"):
            run.delete(KEY)
    run.write_status(Status("stopped"))
    run.delete(KEY)
    assert not run.path.exists()
    assert [left.id for left in list_runs()] == [other.id]
    with pytest.raises(InputError, match="may have been deleted"):
        find(run.id)
    assert Watcher(run).poll().message == UNREADABLE


# Statuses and altered files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(ACTIVE | RESUMABLE | {"done", "failed"}))
def test_a_status_is_read_as_it_was_written(state):
    run = RunFolder.create(ASKED)
    status = Status(state, 3, 17, 400, 1.5, 0.25, 12.5, 30.0, 9000.0, 2, "cpu", "A sentence.", 123)
    run.write_status(status)
    assert run.status == status
    run.write_status(replace(status, left=None, rate=None, pid=None))
    assert run.status == replace(status, left=None, rate=None, pid=None)


@pytest.mark.parametrize(
    "altered",
    [
        {"state": "dancing"}, {"state": None}, {"state": ["running"]}, {"step": "7"}, {"step": 1.5}, {"step": -1},
        {"step": True}, {"rate": "fast"}, {"rate": float("nan")}, {"left": float("inf")}, {"attempt": 10**30},
        {"attempt": None}, {"pid": "1"}, {"pid": -1}, {"message": 5}, {"device": None},
    ],
)  # fmt: skip
def test_an_altered_status_is_a_failed_run_with_a_sentence(altered):
    run = RunFolder.create(ASKED)
    run.write_json("status.json", asdict(Status("running")) | altered)
    assert run.status == Status("failed", message=UNREADABLE)


def test_a_status_of_a_later_version_may_say_more():
    run = RunFolder.create(ASKED)
    run.write_json("status.json", asdict(Status("running", step=5)) | {"mood": "good"})
    assert run.status == Status("running", step=5)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"state": 1' + b"1" * 5000]
)
def test_a_file_that_is_no_object_reads_as_nothing(content):
    run = RunFolder.create(ASKED, KEY)
    for name in ("status.json", "control.json", "run.json"):
        (run.path / name).write_bytes(content)
    (run.path / "metrics.jsonl").write_bytes(content + b"\n" + json.dumps(line(1)).encode() + b"\n")
    assert run.status.message == UNREADABLE
    assert run.wish == Wish(0, "run")
    assert (run.created, run.may_steer(KEY)) == (0.0, False)
    assert run.metrics()[0] == [line(1)]
    # Nobody owns it now, so nobody could delete it from a page.
    with pytest.raises(InputError, match="was altered: start a new run"):
        run.settings  # noqa: B018
    assert [found.id for found in list_runs()] == [run.id]


def outlook(run):
    """Everything that a page asks a folder; nothing of it may raise but a sentence."""
    watcher = Watcher(run)
    statuses = [watcher.poll(), run.status, watcher.poll()]
    for curves in watcher.curves.values():
        assert {"step", "seconds"} <= curves.keys()
        assert len({len(values) for values in curves.values()}) == 1
        told = [float(value) for values in curves.values() for value in values]
        assert all(abs(value) < 1e301 or math.isnan(value) for value in told)  # a metric that a report left out
        assert not any(math.isnan(value) for name in ("step", "seconds") for value in curves[name])
    for status in statuses:
        assert status.state in ACTIVE | RESUMABLE | {"done", "failed"}
        assert f"{status.step:,} {status.epoch:.1f} {status.seconds:.0f} {status.progress:.2f} {status.device}"
    assert run.id in {found.id for found in list_runs()}
    assert isinstance(run.wish.sequence, int)
    run.may_steer(KEY)
    try:
        RunSettings.from_json(run.settings)
    except InputError as error:
        assert is_sentence(str(error))
    run.cut_metrics(2)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The files of a run in the middle of its work."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GENLIB_HOME", str(tmp_path_factory.mktemp("sound")))
    run = RunFolder.create(ASKED, KEY)
    run.write_status(replace(Status("running", 1, 5, 3, 0.5, 0.1, 2.5), rate=100.0, device="cpu", pid=os.getpid()))
    run.steer(KEY, want="pause")
    for step in range(4):
        run.append_metrics(line(step))
        run.append_metrics(line(step, "validation"))
    patch.undo()
    return {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_a_folder_altered_at_any_byte_is_read_without_a_fault(sound, tmp_path_factory, data):
    folder = home() / "runs" / ("a" * 16)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in sound.items():
        (folder / name).write_bytes(content)
    name = data.draw(st.sampled_from(sorted(sound)))
    content = sound[name]
    at = data.draw(st.integers(0, len(content) - 1))
    new = data.draw(st.sampled_from([b"", b"\0", b"9", b'"', b"-", b"e", b"]", b"{", b"\n"]) | st.binary(max_size=3))
    rest = content[at + data.draw(st.integers(0, 3)) :] if data.draw(st.booleans()) else b""
    (folder / name).write_bytes(content[:at] + new + rest)
    outlook(RunFolder(folder))


@pytest.mark.parametrize("name", ["run.json", "status.json", "control.json", "metrics.jsonl", "attempts", "frames"])
def test_a_folder_without_one_of_its_files_is_read_without_a_fault(name):
    run = RunFolder.create(ASKED, KEY)
    run.steer(KEY, want="pause")
    run.append_metrics(line(1))
    path = run.path / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if name == "run.json":
        assert list_runs() == []
        run.write_json("run.json", {"settings": ASKED})
    outlook(run)
    assert run.claim(replace(Status(), attempt=1)) == 2


# Attempts -------------------------------------------------------------------------------------------------------------


def test_of_many_that_claim_a_run_one_gets_it():
    for _ in range(20):
        run = RunFolder.create(ASKED)
        seen = run.status
        with ThreadPoolExecutor(8) as pool:
            barrier = threading.Barrier(8)
            won = [n for n in pool.map(lambda _: (barrier.wait(), run.claim(seen))[1], range(8)) if n]  # noqa: B023
        assert won == [1]
        assert (run.status.state, run.status.attempt) == ("starting", 1)


def test_a_later_attempt_takes_the_run_away():
    run = RunFolder.create(ASKED)
    assert run.claim(run.status) == 1
    assert run.held_by(1)
    run.write_status(replace(run.status, state="interrupted"))
    assert run.claim(run.status) == 2
    assert not run.held_by(1)
    assert run.held_by(2)
    assert not run.held_by(3)


def test_a_claim_by_a_process_that_died_before_it_said_so_does_not_block_the_run():
    run = RunFolder.create(ASKED)
    stuck = run.path / "attempts" / "1"
    stuck.touch()
    assert run.claim(run.status) is None  # perhaps it is about to say so
    for moment in (time.time() - 60, time.time() + 3600):
        os.utime(stuck, (moment, moment))
        assert RunFolder(run.path).claim(Status()) is not None
        run.write_status(Status())
        (run.path / "attempts" / "2").unlink()
    assert not run.held_by(3)


def test_a_claim_that_cannot_be_written_is_given_back():
    run = RunFolder.create(ASKED)
    with full_disk(), pytest.raises(OSError, match="No space"):
        run.claim(run.status)
    assert run.claim(run.status) == 1


# Metrics and watching -------------------------------------------------------------------------------------------------


def test_reports_are_read_once_and_a_torn_one_waits_for_its_rest():
    run = RunFolder.create(ASKED)
    run.append_metrics(line(1))
    found, offset = run.metrics()
    assert (found, run.metrics(offset)) == ([line(1)], ([], offset))
    path = run.path / "metrics.jsonl"
    whole = json.dumps(line(2)).encode() + b"\n"
    for cut in range(len(whole)):
        path.write_bytes(path.read_bytes()[:offset] + whole[:cut])
        assert run.metrics(offset) == ([], offset)
    path.write_bytes(path.read_bytes()[:offset] + whole)
    run.append_metrics(line(3))
    assert run.metrics(offset)[0] == [line(2), line(3)]


def test_what_training_tells_again_is_cut():
    run = RunFolder.create(ASKED)
    for step in range(5):
        run.append_metrics(line(step))
        run.append_metrics(line(step, "validation"))
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "spl')  # torn by a kill
    run.cut_metrics(3)
    # What was told of the step itself stays: the trainer does not tell it again.
    told = [(x["step"], x["split"]) for x in run.metrics()[0]]
    assert told == [(step, split) for step in range(4) for split in ("train", "validation")]
    run.append_metrics(line(4))
    assert run.metrics()[0][-1] == line(4)


def test_a_watcher_follows_and_reads_each_report_once():
    run = RunFolder.create(ASKED)
    watcher = Watcher(run)
    assert watcher.poll() == Status()
    run.write_status(Status("running", 1, 1, 5))
    run.append_metrics(line(1, loss=3.5, kl=1.0))
    assert watcher.poll().step == 5
    run.append_metrics(line(2, loss=2.5, kl=2.0))
    run.append_metrics(line(2, "validation", loss=9.0, kl=0.5))
    watcher.poll()
    watcher.poll()
    assert watcher.curves == {
        "train": {"step": [1, 2], "seconds": [0.01, 0.02], "loss": [3.5, 2.5], "kl": [1.0, 2.0]},
        "validation": {"step": [2], "seconds": [0.02], "loss": [9.0], "kl": [0.5]},
    }
    # Another watcher, as of a page opened later, sees the same.
    late = Watcher(run)
    late.poll()
    assert late.curves == watcher.curves


@pytest.mark.parametrize("polled", ["at each change", "once the trainer runs", "while it starts"])
def test_a_watcher_follows_a_run_that_was_resumed(polled):
    run = RunFolder.create(ASKED)
    watcher = Watcher(run)
    run.write_status(Status("running", 1))
    for step in range(8):
        run.append_metrics(line(step))
    watcher.poll()
    # As the dispatcher and the trainer do it: the reports are cut seconds after the attempt is known.
    changes = [
        lambda: run.write_status(Status("interrupted", 1)),
        lambda: run.write_status(Status("queued", 1)),
        lambda: run.claim(run.status),
        lambda: run.cut_metrics(4),
        lambda: run.write_status(replace(run.status, state="running")),
        lambda: [run.append_metrics(line(step, loss=-1.0)) for step in range(5, 15)],
    ]
    for number, change in enumerate(changes):
        change()
        if polled == "at each change" or (polled == "while it starts" and number in (2, 3)):
            watcher.poll()
    watcher.poll()
    assert watcher.curves["train"]["step"] == list(range(15))
    assert watcher.curves["train"]["loss"] == [100.0 - s for s in range(5)] + [-1.0] * 10


def test_lines_that_no_trainer_wrote_are_left_out():
    run = RunFolder.create(ASKED)
    run.append_metrics(line(1))
    for odd in (
        {"step": 2}, {"split": "train", "loss": 1.0}, line(2, loss="x"), line(2, loss=True), line(2, loss=None),
        line(2, loss=float("nan")), line(2, loss=float("inf")), line(2, loss=10**400), line(2) | {"step": True},
        line(2, **{f"a{i}": 1.0 for i in range(40)}), line(2) | {"split": 7}, line(2) | {"split": ["train"]}, {},
    ):  # fmt: skip
        run.append_metrics(odd)
    run.append_metrics(line(3))
    watcher = Watcher(run)
    watcher.poll()
    assert watcher.curves == {"train": {"step": [1, 3], "seconds": [0.01, 0.03], "loss": [99.0, 97.0]}}


def test_a_metric_that_some_reports_leave_out_is_no_number_there():
    run, nan = RunFolder.create(ASKED), float("nan")
    reports = [{"a": 1.0}, {"a": 2.0, "b": 20.0}, {"b": 30.0}, {"a": 4.0, "c": 400.0}, {"c": 500.0, "a": 5.0}]
    watcher = Watcher(run)
    for step, metrics in enumerate(reports):
        run.append_metrics(line(step, **metrics))
        if step == 2:
            watcher.poll()
    for each in (watcher, Watcher(run)):
        each.poll()
        curves = each.curves["train"]
        assert set(curves) == {"step", "seconds", "a", "b", "c"}
        assert curves["step"] == list(range(5))
        for name in ("a", "b", "c"):
            assert curves[name] == pytest.approx([metrics.get(name, nan) for metrics in reports], nan_ok=True)


def test_a_line_of_too_many_names_is_left_out_even_if_it_is_the_first():
    run = RunFolder.create(ASKED)
    run.append_metrics(line(0, **{f"a{i}": 1.0 for i in range(1000)}))
    run.append_metrics(line(1))
    watcher = Watcher(run)
    watcher.poll()
    assert watcher.curves == {"train": {"step": [1], "seconds": [0.01], "loss": [99.0]}}


def test_silence_is_judged_by_the_watchers_own_clock():
    run = RunFolder.create(ASKED)
    watcher = Watcher(run, patience=0.15)
    status = Status("running", 1)
    for beat in range(4):
        run.write_status(replace(status, beat=beat))
        watcher.poll()
        assert watcher.silent == 0
        time.sleep(0.06)
    time.sleep(0.15)
    # However new the file is, the beat in it is the old one.
    os.utime(run.path / "status.json")
    watcher.poll()
    assert 0.15 < watcher.silent < 60
    run.write_status(replace(status, beat=5))
    watcher.poll()
    assert watcher.silent == 0
    time.sleep(0.2)
    run.write_status(replace(status, state="done", beat=5))
    watcher.poll()
    assert watcher.silent == 0  # what is over has nothing more to say


# The queue ------------------------------------------------------------------------------------------------------------


class Trainers:
    """A backend whose trainers do what a test makes them do."""

    def __init__(self):
        self.started, self.living, self.killed, self.refusal = [], {}, [], None

    def at_once(self, slots):
        return slots

    def fits(self, settings):
        return True

    def start(self, run, attempt):
        if self.refusal:
            raise self.refusal
        assert run.held_by(attempt)
        self.started.append(run.id)
        self.living[run.id] = attempt

    def alive(self, run):
        return run.id in self.living

    def kill(self, run):
        self.living.pop(run.id, None)
        self.killed.append(run.id)

    def close(self):
        self.killed += self.living
        self.living = {}

    def end(self, run, state=None):
        """The trainer leaves, in order if it says so."""
        if state:
            run.write_status(replace(run.status, state=state))
        del self.living[run.id]


@pytest.fixture
def trainers():
    return Trainers()


def states(*runs):
    return [run.status.state for run in runs]


def test_a_bounded_number_trains_at_a_time_in_order(trainers):
    dispatcher = Dispatcher(trainers, 2)
    runs = [dispatcher.submit(ASKED, KEY) for _ in range(5)]
    assert trainers.started == [run.id for run in runs[:2]]
    assert states(*runs) == ["starting", "starting", "queued", "queued", "queued"]
    assert [dispatcher.place(run) for run in runs] == [0, 0, 1, 2, 3]
    trainers.end(runs[1], "done")
    dispatcher.tick()
    assert trainers.started == [run.id for run in runs[:3]]
    assert [dispatcher.place(run) for run in runs] == [0, 0, 0, 1, 2]
    while trainers.living:
        assert len(trainers.living) <= 2
        for run in runs:
            if run.id in trainers.living:
                trainers.end(run, "done")
                break
        dispatcher.tick()
    assert trainers.started == [run.id for run in runs]
    assert set(states(*runs)) == {"done"}


def test_runs_submitted_at_once_all_finish(trainers):
    dispatcher = Dispatcher(trainers, 3)
    most, over = 0, threading.Event()

    def train():
        nonlocal most
        while not over.is_set():
            most = max(most, len(trainers.living))
            for run in list_runs():
                if run.id in list(trainers.living):
                    trainers.end(run, "done")
            dispatcher.tick()

    thread = threading.Thread(target=train)
    thread.start()
    with ThreadPoolExecutor(10) as pool:
        runs = list(pool.map(lambda _: dispatcher.submit(ASKED, KEY), range(30)))
    until = time.monotonic() + 30
    while set(states(*runs)) != {"done"} and time.monotonic() < until:
        time.sleep(0.02)
    over.set()
    thread.join()
    assert set(states(*runs)) == {"done"}
    assert sorted(trainers.started) == sorted({run.id for run in runs})
    assert most <= 3


def test_a_queued_run_that_is_stopped_never_starts(trainers):
    dispatcher = Dispatcher(trainers, 1)
    first, second, third = (dispatcher.submit(ASKED, KEY) for _ in range(3))
    sequence = second.steer(KEY, want="stop")
    dispatcher.tick()
    assert (second.status.state, second.status.acknowledged) == ("stopped", sequence)
    assert dispatcher.place(third) == 1
    trainers.end(first, "done")
    dispatcher.tick()
    assert trainers.started == [first.id, third.id]


def test_a_trainer_that_died_is_noticed_and_its_slot_given_on(trainers):
    dispatcher = Dispatcher(trainers, 1)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    first.write_status(replace(first.status, state="running", step=70))
    trainers.end(first)
    dispatcher.tick()
    assert states(first, second) == ["interrupted", "starting"]
    assert first.status.step == 70
    assert is_sentence(first.status.message)
    assert trainers.killed == [first.id]  # reaped, so that no zombie stays


def test_one_that_ended_in_order_keeps_its_last_word(trainers):
    dispatcher = Dispatcher(trainers, 1)
    run = dispatcher.submit(ASKED, KEY)
    run.write_status(replace(run.status, state="failed", message="The loss is no number."))
    trainers.end(run)
    dispatcher.tick()
    assert (run.status.state, run.status.message) == ("failed", "The loss is no number.")


def test_a_run_removed_while_it_trains_harms_no_other(trainers):
    dispatcher = Dispatcher(trainers, 1)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    shutil.rmtree(first.path)
    trainers.end(first)
    dispatcher.tick()
    assert not first.path.exists()
    assert second.status.state == "starting"


def test_only_the_owner_resumes_and_only_what_can_go_on(trainers):
    dispatcher = Dispatcher(trainers, 1)
    run = dispatcher.submit(ASKED, KEY)
    trainers.end(run, "stopped")
    run.steer(KEY, want="stop")
    dispatcher.tick()
    for key in (OTHER, None):
        with pytest.raises(InputError, match="Only the browser that started"):
            dispatcher.resume(run, key)
    assert run.status.state == "stopped"
    dispatcher.resume(run, KEY)
    assert (run.status.state, run.status.attempt, run.wish.want) == ("starting", 2, "run")
    assert run.status.acknowledged == run.wish.sequence
    trainers.end(run, "done")
    dispatcher.tick()
    with pytest.raises(InputError, match=r"^A run that is done cannot be resumed: start a new one\.$"):
        dispatcher.resume(run, KEY)
    with pytest.raises(InputError, match="Only the browser that started"):
        dispatcher.resume(run, OTHER)
    assert trainers.started == [run.id, run.id]


def test_resuming_twice_starts_once(trainers):
    dispatcher = Dispatcher(trainers, 2)
    run = dispatcher.submit(ASKED, KEY)
    trainers.end(run, "interrupted")
    dispatcher.tick()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: dispatcher.resume(run, KEY), range(4)))
    dispatcher.tick()
    assert trainers.started == [run.id, run.id]
    assert (run.status.state, run.status.attempt) == ("starting", 2)


def test_resumed_while_the_trainer_is_on_its_way_out(trainers):
    dispatcher = Dispatcher(trainers, 2)
    run = dispatcher.submit(ASKED, KEY)
    run.write_status(replace(run.status, state="stopped"))  # written, but the process still lives
    dispatcher.resume(run, KEY)
    dispatcher.tick()
    assert (run.status.state, trainers.started) == ("queued", [run.id])
    trainers.end(run)
    dispatcher.tick()
    # Its end is not taken for the death of the attempt that was asked for.
    assert (run.status.state, run.status.attempt) == ("starting", 2)
    assert trainers.started == [run.id, run.id]


def test_a_trainer_that_cannot_be_started_says_so_and_blocks_nobody(trainers):
    dispatcher = Dispatcher(trainers, 1)
    trainers.refusal = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    run = dispatcher.submit(ASKED, KEY)
    assert run.status.state == "interrupted"
    assert run.status.message == (
        "The training process could not be started (Resource temporarily unavailable): try again in a moment."
    )
    trainers.refusal = None
    dispatcher.resume(run, KEY)
    assert run.status.state == "starting"


def test_after_a_restart_the_queue_goes_on_and_what_was_trained_is_interrupted(trainers):
    before = Dispatcher(trainers, 1)
    first, second, third = (before.submit(ASKED, KEY) for _ in range(3))
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    first.write_status(replace(first.status, state="running", pid=gone.pid))
    again = Trainers()
    after = Dispatcher(again, 1)
    after.recover()
    assert states(first, second, third) == ["interrupted", "queued", "queued"]
    assert again.started == []
    after.tick()
    assert again.started == [second.id]
    assert after.place(third) == 1


def test_trainers_of_others_are_left_alone_as_long_as_they_are_heard_of(trainers):
    run = RunFolder.create(ASKED, claimed=True)  # as the command line does, in a process that lives: this one
    dispatcher = Dispatcher(trainers, 1, patience=0.2)
    for beat in range(5):
        run.write_status(replace(run.status, state="running", beat=beat))
        dispatcher.tick()
        time.sleep(0.08)
    assert run.status.state == "running"
    # A process of that number is there, but nothing is heard: after a restart it may be any other.
    time.sleep(0.25)
    dispatcher.tick()
    assert run.status.state == "interrupted"
    assert trainers.started == []


def test_two_servers_on_one_home_start_each_run_once():
    backends = [Trainers(), Trainers()]
    dispatchers = [Dispatcher(backend, 20) for backend in backends]
    runs = [RunFolder.create(ASKED, KEY) for _ in range(20)]
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda d: (barrier.wait(), d.tick()), dispatchers))
    started = backends[0].started + backends[1].started
    assert sorted(started) == sorted(run.id for run in runs)
    assert {run.status.attempt for run in runs} == {1}


def test_a_folder_gone_wrong_does_not_end_the_queue(trainers):
    broken = [RunFolder.create(ASKED, KEY) for _ in range(6)]
    (broken[0].path / "status.json").write_text("[" * 100_000)
    (broken[1].path / "run.json").write_text('{"created": "x"}')
    shutil.rmtree(broken[2].path / "attempts")
    (broken[2].path / "attempts").touch()  # a file where a folder should be
    (broken[3].path / "status.json").unlink()
    (broken[3].path / "status.json").mkdir()
    (broken[4].path / "control.json").write_text('{"want": ["stop"], "sequence": "x"}')
    dispatcher = Dispatcher(trainers, 10)
    run = dispatcher.submit(ASKED, KEY)
    assert run.id in trainers.started
    assert {broken[0].id, broken[2].id, broken[3].id}.isdisjoint(trainers.started)


def test_the_thread_of_the_queue_survives_a_bad_moment(trainers, caplog):
    dispatcher = Dispatcher(trainers, 1)
    trainers.refusal = ValueError("a bug")
    run = RunFolder.create(ASKED, KEY)
    dispatcher.watch(0.01)
    until = time.monotonic() + 20
    while not caplog.records and time.monotonic() < until:
        time.sleep(0.01)
    assert "could not be looked after" in caplog.text
    trainers.refusal = None
    other = RunFolder.create(ASKED, KEY)
    while other.id not in trainers.started and time.monotonic() < until:
        time.sleep(0.01)
    assert other.id in trainers.started
    assert run.id not in trainers.started
    dispatcher.close()
    late = RunFolder.create(ASKED, KEY)
    time.sleep(0.05)
    assert (trainers.killed, late.status.state) == ([other.id], "queued")


def test_the_trainers_of_a_server_end_when_it_closes(monkeypatch):
    waits = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setattr("genlib.runs.backend.launch", lambda run, attempt: waits)
    backend = LocalBackend()
    dispatcher = Dispatcher(backend, 1)
    run = dispatcher.submit(ASKED, KEY)
    assert backend.alive(run)
    dispatcher.close()
    assert waits.poll() not in (None, 0)
    assert not backend.alive(run)


def test_looking_at_many_finished_runs_reads_none_of_them(trainers):
    runs = [RunFolder.create(ASKED, KEY) for _ in range(100)]
    for run in runs:
        run.write_status(Status("done"))
    dispatcher = Dispatcher(trainers, 1)
    dispatcher.tick()
    opened = []

    def watch(event, arguments):
        if listening and event == "open" and threading.get_ident() == here:
            opened.append(arguments[0])

    listening, here = True, threading.get_ident()
    sys.addaudithook(watch)
    dispatcher.tick()
    assert opened == []
    # One that goes on again is seen, though it was settled.
    dispatcher.resume(replace_state(runs[50], "interrupted"), KEY)
    listening = False
    assert opened
    assert trainers.started == [runs[50].id]


def replace_state(run, state):
    run.write_status(replace(run.status, state=state))
    return run


@pytest.mark.parametrize(("setting", "expected"), [("3", 3), (" 1 ", 1), ("0", None), ("", None)])
def test_the_number_of_slots(monkeypatch, setting, expected):
    monkeypatch.setenv("GENLIB_SLOTS", setting)
    assert slots() == (expected or max(1, (os.cpu_count() - 1) // 2))


# A disk that refuses --------------------------------------------------------------------------------------------------


@contextmanager
def full_disk():
    """Nothing more can be written, as on a full disk; files can still be made and removed."""
    real = Path.open

    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def guarded(self, mode="r", *args, **kwargs):
        return real(self, mode, *args, **kwargs) if mode in ("r", "rb") else refuse()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", refuse)
        patch.setattr(Path, "write_bytes", refuse)
        patch.setattr(Path, "open", guarded)
        yield


def test_a_full_disk_is_one_sentence(trainers):
    dispatcher = Dispatcher(trainers, 1)
    run, waiting = dispatcher.submit(ASKED, KEY), dispatcher.submit(ASKED, KEY)
    other = replace_state(RunFolder.create(ASKED, KEY), "interrupted")
    with full_disk():
        for act in (
            lambda: dispatcher.submit(ASKED, KEY),
            lambda: RunFolder.create(ASKED, claimed=True),
            lambda: run.steer(KEY, want="stop"),
            lambda: dispatcher.resume(other, KEY),
        ):
            with pytest.raises(InputError, match=r"could not be stored \(No space left on device\): free some space"):
                act()
        assert len(list_runs()) == len(list((home() / "runs").iterdir())) == 3  # nothing half made is left
        # The trainer died of it, too: that is written down as soon as there is room.
        trainers.end(run)
        dispatcher.tick()
        dispatcher.tick()
        assert states(run, waiting, other) == ["starting", "queued", "interrupted"]
    dispatcher.tick()
    assert states(run, waiting, other) == ["interrupted", "starting", "interrupted"]
    assert not [path for path in run.path.iterdir() if path.name.startswith(".")]


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "file"))
    assert list_runs() == []
    with pytest.raises(InputError) as refused:
        RunFolder.create(ASKED)
    assert is_sentence(str(refused.value))


def test_readers_never_see_half_a_file():
    run = RunFolder.create(ASKED)
    over, bad = threading.Event(), []

    def read():
        while not over.is_set():
            status = run.status
            if status.message == UNREADABLE or len(status.device) != status.step:
                bad.append(status)

    run.write_status(Status("running"))
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    sizes = random.Random(0)
    for _ in range(300):
        size = sizes.randrange(20_000)
        run.write_status(Status("running", step=size, device="x" * size))
    over.set()
    for thread in threads:
        thread.join()
    assert bad == []


# Wishes ---------------------------------------------------------------------------------------------------------------


def test_what_is_not_wished_stays_as_it_was():
    run = RunFolder.create(ASKED, KEY)
    assert run.steer(KEY, knobs={"beta": 2.0}) == 1
    assert run.steer(KEY, want="pause", until_step=50) == 2
    assert run.steer(KEY, knobs={"learning_rate": 1e-4}) == 3
    assert run.wish == Wish(3, "pause", 50, {"beta": 2.0, "learning_rate": 1e-4})
    run.write_status(Status("paused", step=49))
    run.steer(KEY, want="run")
    assert run.wish.until_step == 50  # it still lies ahead
    run.write_status(Status("paused", step=50))
    run.steer(KEY, knobs={"beta": 3})
    assert run.wish.until_step == 50  # nobody asked it to run
    run.steer(KEY, want="run")
    assert run.wish == Wish(6, "run", None, {"beta": 3, "learning_rate": 1e-4})
    run.steer(KEY, want="run", until_step=50)
    assert run.wish.until_step == 50
    run.steer(KEY, until_step=None)
    assert run.wish.until_step is None


@pytest.mark.parametrize(
    ("wish", "part"),
    [
        ({"want": "dance"}, "run, pause, stop, nothing else"), ({"until_step": -1}, "A step cannot be -1"),
        ({"until_step": 1.5}, "A step cannot be 1.5"), ({"until_step": True}, "True"),
        ({"until_step": 10**13}, "A step cannot be 10000000000000"),
        ({"knobs": {"beta": float("nan")}}, "'beta' cannot be nan"), ({"knobs": {"beta": "2"}}, "'beta' cannot be '2'"),
        ({"knobs": {"x" * 61: 1.0}}, "finite number"), ({"knobs": {"": 1.0}}, "finite number"),
        ({"knobs": {f"k{n}": n for n in range(101)}}, "no more than 100"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused_and_changes_nothing(wish, part):
    run = RunFolder.create(ASKED, KEY)
    run.steer(KEY, want="pause")
    with pytest.raises(InputError) as refused:
        run.steer(KEY, **wish)
    assert part in str(refused.value)
    assert str(refused.value).endswith(".")
    assert run.wish == Wish(1, "pause")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["run", "stop"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("sequence", "want", "until_step", "knobs"), json_values)))
def test_an_altered_wish_keeps_what_can_be_and_round_trips(values):
    wish = Wish.from_json(values)
    assert Wish.from_json(json.loads(json.dumps(wish.to_json()))) == wish
    for name, default in (("sequence", 0), ("want", "run"), ("until_step", None)):
        assert getattr(wish, name) == default or getattr(wish, name) == values[name]
    assert wish.want in ("run", "pause", "stop")
    assert {type(wish.sequence), type(wish.until_step)} <= {int, type(None)}
    given = values.get("knobs")
    assert not wish.knobs or all(given[name] == value for name, value in wish.knobs.items())
    assert all(abs(value) < 1e301 for value in wish.knobs.values())


def test_of_many_tabs_none_loses_a_wish_or_shares_a_number():
    run = RunFolder.create(ASKED, KEY)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: RunFolder(run.path).steer(KEY, knobs={f"k{n % 40}": float(n)}), range(80)))
    assert sorted(numbers) == list(range(1, 81))
    assert set(run.wish.knobs) == {f"k{n}" for n in range(40)}


def test_changes_are_replaced_whole_and_altered_ones_read_as_far_as_they_can():
    run = RunFolder.create(ASKED)
    assert run.changes() == []
    lines = [{"step": 3, "knob": "beta", "value": 2.0}, {"step": 9, "knob": "beta", "value": 1.0}]
    run.write_changes(lines)
    assert run.changes() == lines
    with (run.path / "changes.jsonl").open("ab") as file:
        file.write(b'\xff\n[1]\n{"step": 1}\n{"st')
    assert run.changes() == [*lines, {"step": 1}]


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_run_is_named_by_its_owner_only():
    run = RunFolder.create(ASKED, KEY)
    assert run.name == ""
    run.rename("  My  <b>first</b>\t& best\n", KEY)
    assert run.name == "My <b>first</b> & best"  # as text: whoever shows it escapes it
    with pytest.raises(InputError, match=r"^Only the browser that started this run may name it\.$"):
        run.rename("x", OTHER)
    run.rename("é" * 60, KEY)
    for bad in ("x" * 61, "a\0b", "\x1b[31m", "\u202eevil", "\ud800"):
        with pytest.raises(InputError) as refused:
            run.rename(bad, KEY)
        assert str(refused.value).isprintable()
    assert run.name == "é" * 60
    run.rename(" ", KEY)
    assert run.name == ""


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=70) | json_values)
def test_a_name_in_a_file_is_short_and_printable(value):
    folder = home() / "runs" / ("b" * 16)
    folder.mkdir(parents=True, exist_ok=True)
    run = RunFolder(folder)
    run.write_json("name.json", {"name": value})
    assert run.name.isprintable()
    assert len(run.name) <= 60
    assert run.name == "" or run.name.split() == value.split()


# Watching for long ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1999, 2000, 2001, 2002, 3999, 4000, 4001, 4002, 9001, 9002])
def test_a_watcher_keeps_every_so_many_and_the_newest(count):
    run = RunFolder.create(ASKED)
    early = Watcher(run)
    text = [json.dumps(line(step)) + "\n" for step in range(count)]
    for start in range(0, count, 997):
        with (run.path / "metrics.jsonl").open("a") as file:
            file.write("".join(text[start : start + 997]))
        early.poll()
        assert early.curves["train"]["step"][-1] == min(count, start + 997) - 1
    late = Watcher(run)
    late.poll()
    assert late.curves == early.curves
    steps = late.curves["train"]["step"]
    every = steps[1]
    assert steps == sorted({*range(0, count, every), count - 1})
    assert every == 1 if count <= 2000 else 1000 <= len(steps) <= 2002
    assert late.curves["train"]["loss"] == [100.0 - step for step in steps]


# Parking --------------------------------------------------------------------------------------------------------------


def rest(run, step=5):
    run.steer(KEY, want="pause")
    run.write_status(replace(run.status, state="paused", step=step, acknowledged=run.wish.sequence, pid=os.getpid()))


def test_a_long_pause_gives_its_place_only_when_another_waits(trainers):
    dispatcher = Dispatcher(trainers, 1, parked=0.1)
    first = dispatcher.submit(ASKED, KEY)
    rest(first)
    dispatcher.tick()
    time.sleep(0.15)
    dispatcher.tick()
    assert (first.status.state, trainers.killed) == ("paused", [])  # nobody waits
    second = dispatcher.submit(ASKED, KEY)
    assert states(first, second) == ["parked", "starting"]
    assert trainers.killed == [first.id]
    assert first.status.message == "Paused and saved; its place is free for others until you resume."
    assert (first.status.step, first.status.pid) == (5, None)
    assert dispatcher.place(first) == 0
    # It stays parked, however often one looks, and after a restart, and may not be deleted.
    again = Dispatcher(Trainers(), 1)
    again.recover()
    again.tick()
    dispatcher.tick()
    assert first.settle().state == "parked"
    with pytest.raises(InputError, match="still active"):
        first.delete(KEY)


def test_a_short_pause_and_one_who_steps_keep_their_place(trainers):
    dispatcher = Dispatcher(trainers, 1, parked=0.3)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    until, step = time.monotonic() + 0.7, 0
    while time.monotonic() < until:
        step += 1
        rest(first, step)  # one step at a time
        dispatcher.tick()
        time.sleep(0.05)
    assert states(first, second) == ["paused", "queued"]
    time.sleep(0.35)
    first.steer(KEY, want="run")  # not heard of yet
    dispatcher.tick()
    assert states(first, second) == ["paused", "queued"]


def test_one_that_rests_at_its_target_gives_its_place_too(trainers):
    dispatcher = Dispatcher(trainers, 1, parked=0.0)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    first.steer(KEY, want="run", until_step=5)
    first.write_status(replace(first.status, state="paused", step=5))
    dispatcher.tick()
    assert states(first, second) == ["parked", "starting"]
    # It waits for more than it has.
    assert dispatcher.place(first) == 0
    first.steer(KEY, until_step=6)
    dispatcher.tick()
    assert dispatcher.place(first) == 1
    assert first.status.acknowledged == first.wish.sequence


def test_a_parked_run_waits_before_all_that_are_queued(trainers):
    third = replace_state(RunFolder.create(ASKED, KEY), "interrupted")  # the oldest, and queued again
    dispatcher = Dispatcher(trainers, 1, parked=0.0)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    rest(first)
    dispatcher.tick()
    dispatcher.resume(third, KEY)
    assert states(first, second, third) == ["parked", "starting", "queued"]
    older = dispatcher.place(third)
    dispatcher.resume(first, KEY)
    assert (older, dispatcher.place(first), dispatcher.place(third)) == (1, 1, 2)
    assert first.status.state == "parked"
    assert first.status.acknowledged == first.wish.sequence
    with pytest.raises(InputError, match="Only the browser"):
        dispatcher.resume(first, OTHER)
    first.steer(KEY, want="pause")
    dispatcher.tick()
    assert (dispatcher.place(first), dispatcher.place(third)) == (0, 1)
    first.steer(KEY, want="run")
    trainers.end(second, "done")
    # A restart in between changes nothing.
    restarted = Trainers()
    Dispatcher(restarted, 1).tick()
    assert restarted.started == [first.id]
    assert (first.status.state, first.status.attempt, third.status.state) == ("starting", 2, "queued")


def test_resumed_in_the_moment_it_is_parked_it_is_the_next(trainers):
    class Late(Trainers):
        def kill(self, run):
            super().kill(run)
            if run.id == first.id and run.status.state == "paused":
                run.steer(KEY, want="run")  # after the dispatcher looked
                run.write_status(replace(run.status, state="running"))

    backend = Late()
    dispatcher = Dispatcher(backend, 1, parked=0.0)
    first, second, third = (dispatcher.submit(ASKED, KEY) for _ in range(3))
    rest(first)
    dispatcher.tick()
    assert states(first, second, third) == ["parked", "starting", "queued"]
    dispatcher.tick()
    assert [dispatcher.place(run) for run in (first, third)] == [1, 2]


def test_a_parked_run_is_stopped_without_a_process(trainers):
    dispatcher = Dispatcher(trainers, 1, parked=0.0)
    first, _ = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    rest(first)
    dispatcher.tick()
    sequence = first.steer(KEY, want="stop")
    dispatcher.tick()
    assert first.status == replace(first.status, state="stopped", message="", acknowledged=sequence, step=5)
    assert trainers.started.count(first.id) == 1


def test_no_more_runs_are_parked_than_wait(trainers):
    dispatcher = Dispatcher(trainers, 3, parked=0.0)
    runs = [dispatcher.submit(ASKED, KEY) for _ in range(3)]
    for run in (runs[1], runs[0], runs[2]):
        rest(run)
        dispatcher.tick()
        time.sleep(0.02)
    late = dispatcher.submit(ASKED, KEY)
    # The one that rests longest.
    assert states(*runs, late) == ["paused", "parked", "paused", "starting"]


def test_a_run_that_is_done_goes_on_only_towards_a_step_ahead(trainers):
    dispatcher = Dispatcher(trainers, 1)
    run = dispatcher.submit(ASKED, KEY)
    run.write_status(replace(run.status, step=100))
    trainers.end(run, "done")
    for until in (None, 100, 7):
        with pytest.raises(InputError, match=r"^A run that is done cannot be resumed: start a new one\.$"):
            dispatcher.resume(run, KEY, until)
    with pytest.raises(InputError, match="Only the browser"):
        dispatcher.resume(run, OTHER, 150)
    save(run, 100)
    dispatcher.resume(run, KEY, 150)
    assert (run.status.state, run.status.attempt, run.wish.until_step) == ("starting", 2, 150)
    failed = replace_state(RunFolder.create(ASKED, KEY), "failed")
    with pytest.raises(InputError, match="is failed cannot"):
        dispatcher.resume(failed, KEY, 150)


def test_a_trainer_of_ours_that_hangs_is_ended(trainers):
    dispatcher = Dispatcher(trainers, 1, hung=0.2)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    for beat in range(6):
        first.write_status(replace(first.status, state="running", beat=beat, step=beat))
        dispatcher.tick()
        time.sleep(0.05)
    assert states(first, second) == ["running", "queued"]
    time.sleep(0.25)
    dispatcher.tick()
    assert states(first, second) == ["interrupted", "starting"]
    assert is_sentence(first.status.message.replace(";", ","))
    assert "no sign of life" in first.status.message
    assert trainers.killed == [first.id]
    assert first.status.step == 5


@pytest.mark.parametrize(("want", "state"), [("pause", "interrupted"), ("run", "interrupted"), ("stop", "stopped")])
def test_a_paused_trainer_that_hangs_is_ended_and_does_not_keep_its_place(trainers, want, state):
    dispatcher = Dispatcher(trainers, 1, hung=0.2)
    first, second = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    rest(first)
    first.steer(KEY, want=want)  # which nobody hears
    for beat in range(6):
        first.write_status(replace(first.status, beat=beat))
        dispatcher.tick()
        time.sleep(0.05)
    assert states(first, second) == ["paused", "queued"]
    time.sleep(0.25)
    dispatcher.tick()
    assert states(first, second) == [state, "starting"]
    assert "no sign of life" in first.status.message
    assert (first.status.acknowledged == first.wish.sequence) == (want == "stop")
    assert trainers.killed == [first.id]


def test_what_another_process_took_is_left_to_it(trainers):
    dispatcher = Dispatcher(trainers, 1, hung=0.05)
    run = dispatcher.submit(ASKED, KEY)
    run.write_status(replace(run.status, state="interrupted"))
    assert run.claim(run.status) == 2  # as the command line does
    dispatcher.tick()
    time.sleep(0.1)
    dispatcher.tick()
    assert trainers.killed == []  # its silence is not that of ours
    trainers.end(run)
    dispatcher.tick()
    assert (run.status.state, run.status.attempt) == ("starting", 2)


def test_a_parked_run_that_was_just_taken_is_not_written(trainers):
    dispatcher = Dispatcher(trainers, 1, parked=0.0)
    first, _ = (dispatcher.submit(ASKED, KEY) for _ in range(2))
    rest(first)
    dispatcher.tick()
    seen = first.status
    first.steer(KEY, want="pause")
    assert first.claim(seen) == 2
    assert not dispatcher._asks(first, seen)  # as if it was read before
    assert (first.status.state, first.status.attempt) == ("starting", 2)


# What is saved --------------------------------------------------------------------------------------------------------


def save(run, step, names=("model.x", "optimizer.adam.0.step"), folder="checkpoint", seconds=1.5):
    """A checkpoint as far as it is read here: what it is of, and the names of its tensors."""
    header = json.dumps({name: {} for name in names}).encode()
    tensors = len(header).to_bytes(8, "little") + header
    described = {"step": step, "seconds": seconds, "sha256": hashlib.sha256(tensors).hexdigest()}
    (run.path / folder).mkdir(exist_ok=True)
    (run.path / folder / "checkpoint.json").write_text(json.dumps(described))
    (run.path / folder / "tensors.safetensors").write_bytes(tensors)


def test_where_a_run_was_when_it_saved():
    run = RunFolder.create(ASKED)
    status = Status("interrupted", 1, 9, 1000, 1000 / 429, 0.25, 12.0, 5.0, 900.0)
    assert saved_status(run.path, status) is None
    save(run, 1000)
    assert saved_status(run.path, status) == status
    save(run, 429)
    expected = replace(status, step=429, epoch=1.0, progress=0.25 * 0.429, seconds=1.5, left=None, rate=None)
    assert saved_status(run.path, status) == expected
    # Killed after the checkpoint and before the status.
    late = Status("interrupted", 1)
    assert saved_status(run.path, late) == replace(late, step=429, seconds=1.5)
    save(run, 300, folder="checkpoint.previous")
    (run.path / "checkpoint" / "tensors.safetensors").write_bytes(b"torn")
    assert saved_status(run.path, status).step == 300


def test_the_step_of_a_checkpoint_whose_weights_nobody_looks_at(tmp_path):
    run = RunFolder.create(ASKED)
    assert saved_step(run.path) is None
    save(run, 300, folder="checkpoint.previous")
    assert saved_step(run.path) == 300
    save(run, 429)
    assert saved_step(run.path) == 429
    for junk in (b"", b"{", b"[]", b'{"step": "x"}', b'{"step": true}', b'{"step": -1}', b'{"step": 1e99}'):
        (run.path / "checkpoint" / "checkpoint.json").write_bytes(junk)
        assert saved_step(run.path) == 300, junk


@pytest.mark.parametrize("told", [{"step": "x"}, {"step": True}, {"step": -1}, {"step": 10**13}, {"step": 1.5}])
@pytest.mark.parametrize("seconds", [1.0, None, float("nan"), -1.0, "1"])
def test_a_checkpoint_that_does_not_say_its_step_says_nothing(told, seconds):
    run = RunFolder.create(ASKED)
    save(run, told["step"], seconds=seconds)
    assert saved_status(run.path, Status("interrupted", step=9)) is None
    save(run, 5, seconds=seconds)
    assert (saved_status(run.path, Status("interrupted", step=9)) is None) == (seconds != 1.0)


@pytest.mark.parametrize("state", ["done", "stopped"])
def test_what_was_over_goes_on_from_its_weights_or_not_at_all(trainers, state):
    dispatcher = Dispatcher(trainers, 1)
    run = RunFolder.create(ASKED, KEY)
    run.write_status(Status(state, 1, step=100))
    (run.path / "attempts" / "1").touch()

    def refused(sentence):
        for act in (lambda: dispatcher.resume(run, KEY, 150), lambda: run.claim(run.status)):
            with pytest.raises(InputError, match=f"^{sentence}: start a new one with its settings[.]$"):
                act()
        with pytest.raises(InputError, match="Only the browser"):
            dispatcher.resume(run, OTHER, 150)
        assert (run.status, run.wish) == (Status(state, 1, step=100), Wish())

    refused("This run has no saved weights")
    save(run, 100, ["model.x"])
    refused("This run has saved only its model, which cannot be trained on")
    (run.path / "checkpoint" / "tensors.safetensors").write_bytes(b"torn")
    refused("This run has no saved weights")
    save(run, 100)
    dispatcher.resume(run, KEY, 150)
    assert (run.status.state, run.status.attempt) == ("starting", 2)


def test_what_was_killed_before_it_saved_begins_anew(trainers):
    dispatcher = Dispatcher(trainers, 3)
    killed, unbegun, early = (RunFolder.create(ASKED, KEY) for _ in range(3))
    killed.write_status(Status("interrupted", step=70))
    unbegun.write_status(Status("stopped"))
    early.write_status(Status("stopped", step=70))
    save(early, 0, ["model.x"])  # before the first step there is no more
    for run in (killed, unbegun, early):
        dispatcher.resume(run, KEY)
    assert states(killed, unbegun, early) == ["starting"] * 3


# Steps of an epoch ----------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 10**16) | st.sampled_from([0, 1]),
    st.floats(allow_nan=False) | st.integers(0, 10**16) | st.sampled_from([0.0, -0.0, 5e-324, 1e-300, 0]),
)
def test_any_status_tells_the_steps_of_an_epoch_or_none(step, epoch):
    status = Status.from_json(asdict(Status("running", step=step)) | {"epoch": epoch})
    per = status.per_epoch
    assert json.loads(json.dumps(per, allow_nan=False)) == per
    assert per is None or (type(per) is int and 1 <= per <= 10**12 and step > 0 and epoch > 0)


@given(st.integers(1, 10**7), st.integers(1, 10**9))
def test_the_steps_of_an_epoch_are_those_that_the_trainer_counts(per, step):
    assert Status(step=step, epoch=step / per).per_epoch == per
