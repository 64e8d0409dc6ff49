"""Training on a cluster: which trainers live, what is lost goes on elsewhere, and a real scheduler with workers."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from genlib import checkpoint
from genlib.check import _queue
from genlib.cli import main
from genlib.data.images import load_images
from genlib.device import set_threads
from genlib.knobs import InputError
from genlib.runs import Dispatcher, Limits, LocalBackend, RunFolder, home, saved_step
from genlib.runs.cluster import ClusterBackend
from genlib.runs.status import elsewhere, gone, here, lives
from genlib.runs.workers import Cluster as Found
from genlib.runs.workers import look
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from genlib.training import Run, train
from pages.ui.server import dispatcher as served
from tests.test_queue import Clock, of, running
from tests.test_runs import ASKED, KEY, Trainers, is_sentence, rest, save, states

ROOT = Path(__file__).parent.parent
NOBODY_HERE = 2**31 - 1  # no process has this number
SMALL = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=2, device="cpu"))
ENDLESS = replace(SMALL, train=TrainConfig(epochs=1000, device="cpu"))
CUDA = replace(ENDLESS, train=TrainConfig(epochs=1000, device="cuda")).to_json()


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


@pytest.mark.fast
def test_the_command_line_says_for_what_it_waits(capsys):
    run = of(RunFolder.create(ASKED, claimed=True), state="running", pid=NOBODY_HERE, host="another")
    speaking = threading.Timer(0.15, lambda: of(run, beat=run.status.beat + 1))
    speaking.start()
    assert main(["train", run.id]) == 2
    speaking.join()
    waits, refused = capsys.readouterr().err.splitlines()
    assert waits.startswith(f"Run {run.id} was last heard of from 'another': waiting up to 30 s ")
    assert is_sentence(waits)
    assert "is being trained already" in refused


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
        self.lost, self.clock, self.begins = set(), Clock(), True

    def at_once(self, slots):
        return min(slots or self.places, self.places)

    def start(self, run, attempt):
        super().start(run, attempt)
        if self.begins:
            run.attempts.begin(attempt, "there")

    def alive(self, run):
        return None if run.id in self.lost else super().alive(run)

    def kill(self, run):
        self.lost.discard(run.id)
        super().kill(run)

    def lose(self, dispatcher, run):
        """Its machine is gone, and what it may have saved is written."""
        self.lost.add(run.id)
        dispatcher.tick()
        self.clock.now += 11
        dispatcher.tick()


@pytest.mark.fast
@pytest.mark.parametrize("told", ["running", "interrupted"])
def test_a_run_that_is_lost_goes_on_as_a_new_attempt_at_most_three_times_without_getting_on(told):
    losing = Losing()
    dispatcher = Dispatcher(losing, clock=losing.clock)
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
def test_a_trainer_that_was_lost_has_a_moment_to_save():
    losing = Losing()
    dispatcher = Dispatcher(losing, clock=losing.clock)
    run = of(dispatcher.submit(ASKED, KEY), state="running")
    losing.lost.add(run.id)
    for seconds in (0, 9.9):
        losing.clock.now += seconds
        dispatcher.tick()
        assert (run.status.state, losing.killed) == ("running", [])
    of(run, state="interrupted", step=70)
    dispatcher.tick()
    assert (run.status.state, run.status.attempt, run.status.step) == ("starting", 2, 70)


@pytest.mark.fast
def test_what_no_machine_began_goes_on_waiting_however_often():
    losing = Losing()
    losing.begins = False
    dispatcher = Dispatcher(losing, clock=losing.clock)
    run = dispatcher.submit(ASKED, KEY)
    for attempt in range(2, 7):
        losing.lost.add(run.id)
        dispatcher.tick()  # nobody has anything to save
        assert (run.status.state, run.status.attempt) == ("starting", attempt)


@pytest.mark.fast
def test_losses_are_counted_though_the_trainer_said_that_it_left_before_it_was_missed():
    losing = Losing()
    dispatcher = Dispatcher(losing, clock=losing.clock)
    run = dispatcher.submit(ASKED, KEY)
    for attempt in (2, 3, 3):
        of(run, state="interrupted")
        dispatcher.tick()
        losing.lose(dispatcher, run)
        assert run.status.attempt == attempt
    assert run.status.message.startswith("Three times")


@pytest.mark.fast
def test_a_lost_run_waits_while_there_is_no_place():
    losing = Losing()
    dispatcher = Dispatcher(losing, clock=losing.clock)
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
    dispatcher = Dispatcher(losing, clock=losing.clock)
    run = of(dispatcher.submit(ASKED, KEY), state=told)
    if want:
        run.steer(KEY, want=want)
    losing.lose(dispatcher, run)
    assert (run.status.state, len(losing.started)) == (state, 1)


@pytest.mark.fast
@pytest.mark.parametrize("slots", [0, 4])
def test_a_paused_run_gives_way_on_a_cluster_that_has_less_room_than_is_allowed(slots):
    losing = Losing()
    dispatcher = Dispatcher(losing, slots, parked=60.0, hung=1e9, clock=losing.clock)
    first, second = (dispatcher.submit(ASKED, key) for key in (KEY, "f" * 32))
    running(first, left=500.0)
    dispatcher.tick()
    assert (dispatcher.limit, dispatcher.waits(second).seconds) == (1, 500)
    rest(first)
    dispatcher.tick()
    losing.clock.now += 61
    dispatcher.tick()
    assert states(first, second) == ["parked", "starting"]


@pytest.mark.fast
def test_a_run_that_must_wait_for_a_card_holds_up_nobody_and_gets_that_of_a_paused_one(trainers):
    def fits(settings):
        return settings["train"]["device"] != "cuda" or first.id not in trainers.living

    dispatcher = Dispatcher(trainers, 3, parked=0.0)
    first = running(dispatcher.submit(CUDA, KEY))
    trainers.fits = fits
    second, third = dispatcher.submit(CUDA, KEY), dispatcher.submit(ASKED, KEY)
    assert states(first, second, third) == ["running", "queued", "starting"]
    assert (dispatcher.place(second), dispatcher.waits(second).seconds) == (1, None)
    rest(first)
    dispatcher.tick()
    assert states(first, second) == ["parked", "starting"]


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


# Workers with and without cards ---------------------------------------------------------------------------------------


class Dask:
    """A client of Dask, as far as the backend asks it, and the workers that it knows: how many cards each has."""

    def __init__(self, **workers):
        self.scheduler, self.status, self.given, self.futures = self, "running", {}, {}
        self.workers = {name: {"nthreads": 1, "status": "running", "resources": {"GPU": n} if n else {}}
                        for name, n in workers.items()}  # fmt: skip

    async def identity(self, n_workers):
        return {"workers": dict(self.workers)}

    def submit(self, function, run, attempt, *, key, pure, **where):
        self.given[run], self.futures[run] = where, SimpleNamespace(status="pending")
        return self.futures[run]

    async def close(self):
        self.status = "closed"


@pytest.fixture
def backend_of(monkeypatch):
    """The backend of a cluster that has such workers, once it has looked."""
    monkeypatch.setattr("genlib.runs.cluster._EVERY", 0.005)
    made = []

    def begin(dask):
        async def connected(address):
            return dask

        monkeypatch.setattr("genlib.runs.cluster.connected", connected)
        backend = ClusterBackend("tcp://nowhere")
        made.append(backend)
        wait_for(lambda: backend.at_once(0) == len(dask.workers))
        return backend

    yield begin
    for backend in made:
        backend.close()
    wait_for(lambda: "cluster" not in {thread.name for thread in threading.enumerate()})


def given(backend, dask, settings, worker=None):
    """A run that was started, and that this worker has begun; where it was allowed to go."""
    run = RunFolder.create(settings, KEY, claimed=True)
    backend.start(run, 1)
    wait_for(lambda: run.id in dask.given)
    if worker:
        run.attempts.begin(1, worker)
        wait_for(lambda: backend._tasks[run.id].where == worker)
    return run, dask.given[run.id]


@pytest.mark.fast
def test_a_cluster_trains_no_more_at_once_than_it_has_room_for(backend_of):
    backend = backend_of(Dask(a=0, b=0))
    assert [backend.at_once(slots) for slots in (0, 1, 2, 5)] == [2, 1, 2, 2]


@pytest.mark.fast
def test_what_asks_for_a_card_waits_for_its_worker_to_come_back(backend_of):
    dask = Dask(a=0, b=1)
    backend = backend_of(dask)
    assert backend.fits(CUDA)
    gone = dask.workers.pop("b")
    wait_for(lambda: backend.at_once(0) == 1)
    assert (backend.fits(CUDA), backend.fits(ASKED)) == (False, True)
    dask.workers["b"] = gone
    wait_for(lambda: backend.fits(CUDA))
    assert backend_of(Dask(a=0)).fits(CUDA), "where there never was a card, it is to say that there is none"


@pytest.mark.fast
def test_the_worker_of_a_card_is_left_to_what_asks_for_it_and_else_makes_it_wait(backend_of):
    dask = Dask(a=0, b=1)
    backend = backend_of(dask)
    assert given(backend, dask, ASKED, "a")[1] == {"workers": ["a"], "allow_other_workers": True}
    assert backend.fits(CUDA)
    other, where = given(backend, dask, ASKED)
    assert (where, backend.fits(CUDA)) == ({}, False), "it may go to the card's worker"
    other.attempts.begin(1, "b")
    wait_for(lambda: backend._tasks[other.id].where == "b")
    assert not backend.fits(CUDA)
    backend.kill(other)
    assert backend.fits(CUDA)
    assert given(backend, dask, CUDA, "b")[1] == {"resources": {"GPU": 1}}
    assert not backend.fits(CUDA)


@pytest.mark.fast
def test_a_machine_that_failed_had_the_run_and_one_that_never_came_had_not(monkeypatch, backend_of):
    dask = Dask(a=0)
    backend = backend_of(dask)
    run = given(backend, dask, ASKED)[0]
    assert backend.alive(run) is True
    monkeypatch.setattr("genlib.runs.cluster._BEGIN", 0.0)
    assert (backend.alive(run), run.attempts.begun(1)) == (None, "")
    dask.futures[run.id].status = "error"
    assert backend.alive(run) is None
    assert run.attempts.begun(1)


@pytest.mark.fast
def test_a_trainer_is_ended_when_it_is_killed_and_left_to_save_when_the_server_closes(backend_of):
    dask = Dask(a=0, b=0)
    backend = backend_of(dask)
    first, second = (given(backend, dask, ASKED, worker)[0] for worker in "ab")
    dispatcher = Dispatcher(backend)
    backend.kill(first)
    dispatcher.close()
    assert (first.held_by(1), second.held_by(1)) == (False, True)
    wait_for(lambda: dask.status == "closed")


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


def wait_for(condition, seconds=90):
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
def test_an_error_without_words_is_told_by_its_name(monkeypatch, caplog):
    async def late(address):
        raise TimeoutError

    monkeypatch.setattr("genlib.runs.cluster.connected", late)
    with backend_at("tcp://nowhere"):
        wait_for(lambda: caplog.records)
    assert "The cluster does not answer: TimeoutError" in caplog.text


@pytest.mark.fast
@pytest.mark.parametrize("set_it", [True, False])
def test_one_setting_moves_the_app_to_a_cluster(monkeypatch, address, set_it):
    monkeypatch.setattr("genlib.runs.workers._ANSWER", 0.1)
    if set_it:
        monkeypatch.setenv("GENLIB_SCHEDULER", address)
    served.clear()
    try:
        assert isinstance(served()._backend, ClusterBackend if set_it else LocalBackend)
    finally:
        served.clear()
    wait_for(lambda: not {"cluster", "dispatcher"} & {thread.name for thread in threading.enumerate()})


@pytest.mark.fast
def test_workers_that_see_other_runs_are_told_when_the_app_begins(monkeypatch, capsys, address):
    monkeypatch.setenv("GENLIB_SCHEDULER", address)
    monkeypatch.setattr("genlib.cli.app.look", lambda address: Found(2, 2, 0, ("tcp://10.0.0.9:1",)))
    monkeypatch.setitem(sys.modules, "streamlit.runtime.state.safe_session_state", None)  # here the app would begin
    with pytest.raises(ImportError):
        main(["app", "--no-browser"])
    assert "do not write to the folder of runs here" in capsys.readouterr().err


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


def check_unbroken(run, until_step=None):
    set_threads()
    settings = RunSettings.from_json(run.settings)
    unbroken = Run.new(settings.family, settings.model, settings.train)
    for _ in train(unbroken, load_images(), until_step):
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
        wait_for(lambda: run.status.step > 50)
        first = cluster.where(run)
        first.kill()
        wait_for(lambda: run.status.attempt == 2 and run.status.state == "running")
        assert cluster.where(run) is not first
        assert dispatcher.limit == 2
        wait_for(lambda: run.status.state == "done")
        assert (run.status.attempt, run.status.step) == (2, 2 * 429)
    check_unbroken(run)


@linux
@pytest.mark.slow
def test_a_machine_that_is_lost_with_all_on_it_changes_no_weight(cluster):
    """Its trainer could not save: the run goes on from its newest checkpoint, which is of some seconds before."""
    for _ in range(2):
        cluster.add()
    with dispatching(cluster.address) as dispatcher:
        wait_for(lambda: dispatcher.limit == 2)
        run = dispatcher.submit(ENDLESS.to_json(), KEY)
        wait_for(lambda: (saved_step(run.path) or 0) > 0 and run.status.step > saved_step(run.path) + 50)
        worker, step = cluster.where(run), run.status.step
        os.kill(run.status.pid, signal.SIGSTOP)  # so that it notices nothing
        worker.kill()
        os.kill(run.status.pid, signal.SIGKILL)
        wait_for(lambda: run.status.attempt == 2 and run.status.state == "running")
        assert 0 < run.status.step < step
        run.steer(KEY, until_step=step + 10)
        wait_for(lambda: (run.status.state, run.status.step) == ("paused", step + 10))
    check_unbroken(run, step + 10)


@linux
@pytest.mark.slow
def test_a_scheduler_that_is_killed_loses_nothing_and_what_waits_goes_on_when_it_is_back(cluster):
    cluster.add()
    with dispatching(cluster.address) as dispatcher:
        wait_for(lambda: dispatcher.limit == 1)
        run = dispatcher.submit(ENDLESS.to_json(), KEY)
        wait_for(lambda: run.status.step > 50)
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        wait_for(lambda: run.status.state == "queued")
        cluster.workers[0].wait(30)
        step = saved_step(run.path)
        assert dispatcher.limit == 0
        assert 0 < step <= run.status.step
        began = time.monotonic()
        other = dispatcher.submit(SMALL.to_json(), KEY)
        dispatcher.tick()
        assert time.monotonic() - began < 0.5
        assert states(run, other) == ["queued", "queued"]
        time.sleep(12)  # until whoever tries to connect has given up and tried anew
        cluster.begin()
        cluster.add()
        wait_for(lambda: run.status.state == "running" and run.status.step > step)
        run.steer(KEY, want="stop")
        wait_for(lambda: states(run, other) == ["stopped", "done"])
    check_unbroken(other)


@linux
@pytest.mark.slow
def test_a_scheduler_that_hangs_holds_up_nobody_and_what_trains_trains_on(cluster):
    cluster.add()
    with dispatching(cluster.address) as dispatcher:
        wait_for(lambda: dispatcher.limit == 1)
        run = dispatcher.submit(ENDLESS.to_json(), KEY)
        wait_for(lambda: run.status.step > 50)
        cluster.scheduler.send_signal(signal.SIGSTOP)
        wait_for(lambda: dispatcher.limit == 0)
        began = time.monotonic()
        other = dispatcher.submit(SMALL.to_json(), KEY)
        run.steer(KEY, want="pause")
        wait_for(lambda: run.status.state == "paused")
        dispatcher.resume(run, KEY)
        assert time.monotonic() - began < 3
        cluster.scheduler.send_signal(signal.SIGCONT)
        wait_for(lambda: dispatcher.limit == 1)
        run.steer(KEY, want="stop")
        wait_for(lambda: states(run, other) == ["stopped", "done"])
        assert (run.status.attempt, other.status.attempt) == (1, 1)


SERVER = """
import sys, time
from genlib.runs import Dispatcher
from genlib.runs.cluster import ClusterBackend
dispatcher = Dispatcher(ClusterBackend(sys.argv[1]))
dispatcher.watch(0.1)
time.sleep(600)
"""


@linux
@pytest.mark.slow
def test_what_a_server_started_ends_with_it_and_another_goes_on(cluster):
    cluster.add()
    run = RunFolder.create(ENDLESS.to_json(), KEY)
    with subprocess.Popen([sys.executable, "-c", SERVER, cluster.address], cwd=ROOT) as server:
        wait_for(lambda: run.status.step > 50)
        server.kill()
    wait_for(lambda: run.status.state == "interrupted", 20)
    assert checkpoint.load(run.path, "cpu").step == run.status.step > 50
    with dispatching(cluster.address, parked=0.0) as dispatcher:
        wait_for(lambda: dispatcher.limit == 1)
        dispatcher.resume(run, KEY)
        wait_for(lambda: (run.status.state, run.status.attempt) == ("running", 2))
        trainer = run.status.pid
        run.steer(KEY, want="pause")
        wait_for(lambda: run.status.state == "paused")
        other = dispatcher.submit(SMALL.to_json(), "f" * 32)
        wait_for(lambda: other.status.state == "done")
        assert run.status.state == "parked"
        wait_for(lambda: not lives(trainer), 2)  # its place was needed
        dispatcher.resume(run, KEY)
        wait_for(lambda: (run.status.state, run.status.attempt) == ("running", 3))
        trainer = run.status.pid
    wait_for(lambda: not lives(trainer), 5)
    assert (run.status.state, saved_step(run.path)) == ("interrupted", run.status.step)


@linux
@pytest.mark.slow
def test_what_asks_for_a_card_waits_for_a_worker_that_has_one(cluster, capsys, monkeypatch):
    monkeypatch.setenv("GENLIB_SCHEDULER", cluster.address)
    for options in ((), ("--resources", "GPU=1")):
        cluster.add(*options)
    cluster.add(GENLIB_HOME=str(cluster.folder / "elsewhere"))
    with backend_at(cluster.address) as backend:
        wait_for(lambda: backend.at_once(0) == 3)
    found = look(cluster.address)
    assert (found.places, found.gpus, len(found.strangers)) == (3, 1, 1)
    assert main(["info"]) == 0
    assert f"cluster  {found.words}" in capsys.readouterr().out
    assert _queue() == (False, found.words)
    cluster.workers[2].terminate()
    wait_for(lambda: look(cluster.address).strangers == ())
    good, words = _queue()
    assert good
    assert words.startswith("2 workers, 2 runs at once, 1 with a graphics card; all share the folder of runs. 2 runs ")
    assert not list(home().glob(".cluster*"))
    with dispatching(cluster.address) as dispatcher:
        wait_for(lambda: dispatcher.limit == 2)
        first, second = (dispatcher.submit(CUDA, KEY) for _ in range(2))
        assert states(first, second) == ["starting", "queued"]
        wait_for(lambda: first.attempts.begun(1))
        assert cluster.where(first) is cluster.workers[1]
        wait_for(lambda: second.attempts.begun(1))  # after the first failed, where there is no card in truth
        assert cluster.where(second) is cluster.workers[1]
