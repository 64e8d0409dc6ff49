"""Training on a cluster: which trainers live, what is lost goes on elsewhere, and a real scheduler with workers."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from genlib import checkpoint
from genlib.cli import main
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.runs import Dispatcher, Limits, RunFolder, home
from genlib.runs.cluster import ClusterBackend
from genlib.runs.status import elsewhere, gone, here, lives
from genlib.runs.workers import look
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from genlib.training import Run, train
from tests.test_queue import Clock, of
from tests.test_runs import ASKED, KEY, Trainers, is_sentence, rest, save, states

ROOT = Path(__file__).parent.parent
NOBODY_HERE = 2**31 - 1  # no process has this number
SMALL = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=4, device="cpu"))
ENDLESS = replace(SMALL, train=TrainConfig(epochs=1000, device="cpu"))


@pytest.fixture
def trainers():
    return Trainers()


@pytest.fixture
def clock():
    return Clock()


# Who can be judged by the number of a process -------------------------------------------------------------------------


@pytest.mark.fast
@pytest.mark.parametrize(("host", "away"), [("", False), (here(), False), ("another", True)])
def test_a_process_of_another_machine_is_not_looked_for_here(host, away):
    run = of(RunFolder.create(ASKED), state="running", pid=NOBODY_HERE, host=host)
    assert (elsewhere(run.status), gone(run.status)) == (away, not away)
    of(run, pid=os.getpid())
    assert not gone(run.status)


@pytest.mark.fast
def test_whoever_claims_a_run_says_where():
    run = RunFolder.create(ASKED, claimed=True)
    assert run.status.host == here() != ""


@pytest.mark.fast
def test_a_restarted_server_leaves_what_another_machine_trains_until_it_is_silent(trainers, clock):
    run = of(RunFolder.create(ASKED, KEY, claimed=True), state="running", pid=NOBODY_HERE, host="another")
    dispatcher = Dispatcher(trainers, 1, clock=clock, patience=30)
    dispatcher.recover()
    for beat in range(1, 4):
        clock.now += 29
        of(run, beat=beat)
        dispatcher.tick()
        assert run.status.state == "running"
    clock.now += 31
    dispatcher.tick()
    assert run.status.state == "interrupted"


@pytest.mark.fast
def test_the_command_line_waits_for_a_sign_of_life_from_another_machine():
    run = of(RunFolder.create(ASKED, claimed=True), state="running", pid=NOBODY_HERE, host="another")
    speaking = threading.Timer(0.15, lambda: of(run, beat=run.status.beat + 1))
    speaking.start()
    assert run.settle(patience=20).state == "running"
    speaking.join()
    assert run.settle(patience=0.2).state == "interrupted"


# Attempts -------------------------------------------------------------------------------------------------------------


@pytest.mark.fast
def test_an_attempt_is_begun_once_and_after_its_end_nobody_has_it():
    run = RunFolder.create(ASKED, claimed=True)
    assert run.attempts.begun(1) == ""
    assert [run.attempts.begin(1, where) for where in ("here", "there")] == [True, False]
    assert (run.attempts.begun(1), run.held_by(1)) == ("here", True)
    run.attempts.end(1)
    assert (run.held_by(1), run.attempts.newest(1)) == (False, True)
    assert run.claim(run.status) == 2
    assert (run.held_by(2), run.attempts.begun(2)) == (True, "")


# What is lost goes on elsewhere ---------------------------------------------------------------------------------------


class Losing(Trainers):
    """A backend whose machines are lost when a test says so."""

    places = 1

    def __init__(self):
        super().__init__()
        self.lost = set()

    def alive(self, run):
        return None if run.id in self.lost else super().alive(run)

    def kill(self, run):
        self.lost.discard(run.id)
        super().kill(run)

    def lose(self, dispatcher, run):
        self.lost.add(run.id)
        dispatcher.tick()


@pytest.mark.fast
@pytest.mark.parametrize("told", ["running", "interrupted"])
def test_a_run_that_is_lost_goes_on_as_a_new_attempt_at_most_three_times_without_getting_on(told):
    losing = Losing()
    dispatcher = Dispatcher(losing)
    run = dispatcher.submit(ASKED, KEY)
    for attempt in (2, 3):
        of(run, state=told)
        losing.lose(dispatcher, run)
        assert (run.status.state, run.status.attempt) == ("starting", attempt)
    save(run, 50)  # it got on
    for attempt in (4, 5):
        losing.lose(dispatcher, run)
        assert (run.status.state, run.status.attempt) == ("starting", attempt)
    losing.lose(dispatcher, run)
    assert (run.status.state, run.status.attempt) == ("interrupted", 5)
    assert run.status.message.startswith("Three times")
    assert is_sentence(run.status.message)
    dispatcher.resume(run, KEY)
    losing.lose(dispatcher, run)
    assert (run.status.state, run.status.attempt) == ("starting", 7), "it is tried anew"


@pytest.mark.fast
def test_a_lost_run_waits_while_there_is_no_place():
    losing = Losing()
    dispatcher = Dispatcher(losing)
    run = dispatcher.submit(ASKED, KEY)
    losing.places = 0
    losing.lose(dispatcher, run)
    assert (run.status.state, dispatcher.place(run), dispatcher.limit) == ("queued", 1, 0)
    assert is_sentence(run.status.message)
    assert dispatcher.waits(run).seconds is None
    losing.places = 1
    dispatcher.tick()
    assert (run.status.state, run.status.message) == ("starting", "")


@pytest.mark.fast
@pytest.mark.parametrize(
    ("told", "want", "state"),
    [
        ("failed", None, "failed"),
        ("done", None, "done"),
        ("running", "stop", "stopped"),
        ("running", "pause", "parked"),
        ("paused", "pause", "parked"),
    ],
)
def test_a_lost_run_goes_on_only_if_it_was_to(told, want, state):
    losing = Losing()
    dispatcher = Dispatcher(losing)
    run = of(dispatcher.submit(ASKED, KEY), state=told)
    if want:
        run.steer(KEY, want=want)
    losing.lose(dispatcher, run)
    assert (run.status.state, len(losing.started)) == (state, 1)


@pytest.mark.fast
def test_a_run_that_must_wait_for_a_card_holds_up_nobody(trainers):
    trainers.fits = lambda settings: settings["train"]["device"] != "cuda" or "cuda" not in running
    running = ["cuda"]
    dispatcher = Dispatcher(trainers, 2)
    first = dispatcher.submit(RunSettings(train=TrainConfig(device="cuda")).to_json(), KEY)
    second = dispatcher.submit(ASKED, KEY)
    assert states(first, second) == ["queued", "starting"]
    running.clear()
    dispatcher.tick()
    assert first.status.state == "starting"


@pytest.mark.fast
def test_what_is_parked_on_a_cluster_still_hears_its_owner(trainers):
    trainers.kill = lambda run: run.attempts.end(run.status.attempt)
    dispatcher = Dispatcher(trainers, 1, parked=0.0)
    first = dispatcher.submit(ASKED, KEY)
    rest(first)
    dispatcher.tick()
    dispatcher.submit(ASKED, "f" * 32)
    assert (first.status.state, first.held_by(1)) == ("parked", False)
    sequence = first.steer(KEY, knobs={"beta": 2.0})
    dispatcher.tick()
    assert first.status.acknowledged == sequence


# Without a scheduler --------------------------------------------------------------------------------------------------


@pytest.fixture
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def backend_at(address):
    backend = ClusterBackend(address)
    try:
        yield backend
    finally:
        backend.close()
        wait_for(lambda: "cluster" not in {thread.name for thread in threading.enumerate()})


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.01)


@pytest.mark.fast
@pytest.mark.parametrize("slots", [0, 2])
def test_without_a_scheduler_runs_wait_and_nobody_waits_for_it(monkeypatch, address, caplog, slots):
    monkeypatch.setattr("genlib.runs.workers._ANSWER", 0.5)
    with backend_at(address) as backend, caplog.at_level(logging.WARNING):
        dispatcher = Dispatcher(backend, limits=Limits(slots=slots))
        began = time.monotonic()
        run = dispatcher.submit(ASKED, KEY)
        for _ in range(5):
            dispatcher.tick()
        run.steer(KEY, want="stop")
        other = dispatcher.submit(ASKED, KEY)
        assert time.monotonic() - began < 1
        assert (run.status.state, other.status.state, dispatcher.place(other)) == ("stopped", "queued", 1)
        assert backend.alive(other) is False
        wait_for(lambda: caplog.records)
    assert "The cluster does not answer" in caplog.text


@pytest.mark.fast
@pytest.mark.parametrize("wrong", [None, "nonsense", "foo://x:1"])
def test_at_the_border_a_scheduler_that_does_not_answer_is_one_sentence(monkeypatch, capsys, address, wrong):
    monkeypatch.setattr("genlib.runs.workers._ANSWER", 0.5)
    monkeypatch.setenv("GENLIB_SCHEDULER", wrong or address)
    for command in (["app", "--no-browser"], ["info"]):
        assert main(command) == 2
        said = capsys.readouterr().err.strip()
        assert said.startswith(f"No scheduler answers at '{wrong or address}': start it, or set GENLIB_SCHEDULER to ")
        assert "\n" not in said


@pytest.mark.fast
def test_without_what_it_takes_it_says_what_to_install(monkeypatch, address):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        InputError, match=r"^GENLIB_SCHEDULER is set, and .* not installed: install genlib\[cluster\]\.$"
    ):
        look(address)


# A scheduler and its workers ------------------------------------------------------------------------------------------


class Cluster:
    """A scheduler and workers, started as the README says."""

    def __init__(self, address, folder):
        self.address, self.folder = address, folder
        self.scheduler, self.workers = None, []
        self.log = (folder / "dask.log").open("ab")

    def begin(self):
        host, port = self.address.removeprefix("tcp://").split(":")
        self.scheduler = self.run("scheduler", "--host", host, "--port", port)

    def add(self, *options, **environment):
        folder = ("--local-directory", self.folder)
        worker = self.run("worker", self.address, "--nthreads", "1", "--no-nanny", *folder, *options, **environment)
        self.workers.append(worker)
        return worker

    def run(self, *arguments, **environment):
        command = [Path(sys.executable).with_name("dask"), *arguments, "--no-dashboard"]
        paths = {"PYTHONPATH": str(ROOT), "GENLIB_HOME": str(home())}
        environment = os.environ | paths | environment
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=self.log, stderr=self.log)

    def close(self):
        for process in filter(None, (self.scheduler, *self.workers)):
            process.kill()
            process.wait()
        self.log.close()

    def where(self, run):
        """The worker that trains a run."""
        port = int(run.attempts.begun(run.status.attempt).rpartition(":")[2])
        return next(worker for worker in self.workers if port in ports(worker.pid))


def ports(pid):
    """The ports on which a process listens."""
    sockets = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if "socket" in str(link.readlink())}
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].partition(":")[2], 16) for row in table if f"socket:[{row[9]}]" in sockets}


linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="finds the process of a worker in /proc")


@pytest.fixture
def cluster(address, tmp_path):
    made = Cluster(address, tmp_path)
    made.begin()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def dispatching(address, **options):
    with backend_at(address) as backend:
        dispatcher = Dispatcher(backend, limits=Limits(), **options)
        dispatcher.watch(0.1)
        try:
            yield dispatcher
        finally:
            dispatcher.close()


def check_unbroken(run):
    settings = RunSettings.from_json(run.settings)
    unbroken = Run.new(settings.family, settings.model, settings.train)
    for _ in train(unbroken, load_images()):
        pass
    weights = checkpoint.load_model(run.path).state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in unbroken.model.state_dict().items())


@linux
@pytest.mark.e2e
def test_a_worker_that_is_killed_in_the_middle_of_a_run_changes_no_weight(cluster):
    for _ in range(3):
        cluster.add()
    with dispatching(cluster.address) as dispatcher:
        wait_for(lambda: dispatcher.limit == 3)
        run = dispatcher.submit(SMALL.to_json(), KEY)
        wait_for(lambda: run.status.step > 100)
        first = cluster.where(run)
        assert not lives(run.status.pid) or run.status.pid != first.pid
        first.kill()
        wait_for(lambda: run.status.attempt == 2 and run.status.state == "running")
        assert cluster.where(run) is not first
        assert dispatcher.limit == 2
        wait_for(lambda: run.status.state == "done")
        assert (run.status.attempt, run.status.step) == (2, 4 * 429)
    check_unbroken(run)
