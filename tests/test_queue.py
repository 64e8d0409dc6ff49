"""A class of thirty at one machine: turns between visitors, expected waits, courtesy limits, what nobody watches, and
what is cleared away."""

import os
import shutil
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genlib.knobs import InputError
from genlib.runs import Dispatcher, Limits, RunFolder, Status, home, list_runs
from genlib.runs.clearing import Clearing, touch
from genlib.runs.expected import Paces, waits
from genlib.runs.turns import Turn, Turns
from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig
from tests.test_runs import ASKED, KEY, OTHER, Trainers, is_sentence, rest, save, states

pytestmark = pytest.mark.fast
THIRD = "a" * 32
TIMED = RunSettings(train=TrainConfig(budget="seconds", seconds=100)).to_json()
DAY = 86_400


class Clock:
    """A clock that a test turns."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def trainers():
    return Trainers()


def of(run, **status):
    run.write_status(replace(run.status, **status))
    return run


def running(run, **status):
    return of(run, state="running", pid=os.getpid(), **status)


# Turns ----------------------------------------------------------------------------------------------------------------


def oracle(waiting, training, last, most):
    """Who is next, as the issue has it: filtered rule by rule."""
    left = [turn for turn in waiting if turn.owner == "" or not most or training[turn.owner] < most]
    for rule in (
        lambda turn: training[turn.owner],
        lambda turn: turn.status.state != "parked",
        lambda turn: last.get(turn.owner, -1),
        lambda turn: turn.created,
    ):
        left = [turn for turn in left if rule(turn) == min(map(rule, left))]
    return left[0] if left else None


class Hall:
    """Places, those who wait for one, and what must hold whenever somebody gets one."""

    def __init__(self, slots, most):
        self.slots, self.most, self.turns = slots, most, Turns()
        self.waiting, self.training, self.starts = [], [], []
        self.last, self.passed, self.pairs = {}, {}, {}

    def add(self, owner, state="queued", created=None):
        number = len(self.starts) + len(self.waiting) + len(self.training)
        created = float(time.monotonic_ns()) if created is None else created
        run = RunFolder(Path(f"{number}-{created}"))
        self.waiting.append(Turn(run, Status(state), owner, created, {}))

    def fill(self):
        order = self.turns.order(self.waiting, Counter(turn.owner for turn in self.training), self.most)
        assert sorted(turn.run.id for turn, _ in order) == sorted(turn.run.id for turn in self.waiting)
        for turn, own in order:
            counts = Counter(each.owner for each in self.training)
            expected = oracle(self.waiting, counts, self.last, self.most)
            assert own == (expected is None)
            if own or len(self.training) == self.slots:
                break
            assert turn is expected
            self.begin(turn, counts)

    def begin(self, turn, counts):
        parked = turn.status.state == "parked"
        others = {each.owner for each in self.waiting} - {turn.owner}
        if not parked:
            younger = [each.created for each in self.waiting if each.owner == turn.owner and each is not turn]
            assert all(turn.created < created for created in younger if created > 0), "the oldest of an owner first"
            for owner in others:
                if not counts[owner]:  # who has nothing in training is passed by each other owner once at most
                    key = owner, turn.owner
                    self.passed[key] = self.passed.get(key, 0) + 1
                    assert self.passed[key] == 1
            self.last[turn.owner] = len(self.starts)
            self.turns.started(turn)
        else:
            self.turns.started(turn)
        self.passed = {key: n for key, n in self.passed.items() if key[0] != turn.owner}
        self.waiting.remove(turn)
        self.training.append(turn)
        self.starts.append(turn)
        if self.slots == 1 and not self.most:
            self.compare(turn.owner, others)

    def compare(self, owner, others):
        """Of two owners who both wait all the time, neither starts two more than the other."""
        for other in others:
            pair = self.pairs.setdefault(frozenset((owner, other)), Counter())
            pair[owner] += 1
            assert abs(pair[owner] - pair[other]) <= 1
        left = {each.owner for each in self.waiting}
        self.pairs = {pair: count for pair, count in self.pairs.items() if pair <= left}


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(0, 2),
    st.lists(st.tuples(st.sampled_from(["add", "add", "add", "end", "end", "park"]), st.integers(0, 3)), max_size=50),
)
def test_owners_take_turns_and_nobody_starves(slots, most, events):
    hall = Hall(slots, most)
    for number, (event, which) in enumerate(events):
        if event == "add":
            hall.add("ABC"[which % 3] if which else "", created=float(number + 1))
        elif hall.training:
            gone = hall.training.pop(which % len(hall.training))
            if event == "park":  # and resumed at once
                hall.add(gone.owner, "parked", -gone.created if gone.created > 0 else gone.created)
                hall.pairs.clear()
        hall.fill()
    while hall.training:
        hall.training.pop(0)
        hall.fill()
    assert not hall.waiting


def test_twenty_runs_of_one_do_not_hold_up_the_first_of_another(trainers):
    dispatcher = Dispatcher(trainers, 1)
    many = [dispatcher.submit(ASKED, KEY) for _ in range(20)]
    first, second = (dispatcher.submit(ASKED, OTHER) for _ in range(2))
    late = dispatcher.submit(ASKED, THIRD)
    assert [dispatcher.place(run) for run in (first, late, many[1], second, many[2])] == [1, 2, 3, 4, 5]
    for _ in range(5):
        trainers.end(next(run for run in list_runs() if run.id in trainers.living), "done")
        dispatcher.tick()
    assert trainers.started == [run.id for run in (many[0], first, late, many[1], second, many[2])]


def test_who_has_fewer_in_training_is_next_however_long_ago_the_others_started(trainers):
    dispatcher = Dispatcher(trainers, 2)
    mine = [dispatcher.submit(ASKED, KEY) for _ in range(3)]
    theirs = [dispatcher.submit(ASKED, OTHER) for _ in range(3)]
    trainers.end(mine[0], "done")
    dispatcher.tick()
    trainers.end(theirs[0], "done")
    dispatcher.tick()
    assert trainers.started == [run.id for run in (mine[0], mine[1], theirs[0], theirs[1])]


# The expected wait ----------------------------------------------------------------------------------------------------


@given(st.floats(0, 1e4), st.floats(1, 1e4), st.integers(1, 20))
def test_alike_runs_behind_one_another_wait_for_all_before_them(left, length, n):
    assert waits([left], 0, [length] * n) == pytest.approx([left + i * length for i in range(n)])


@pytest.mark.parametrize(
    ("busy", "free", "lengths", "expected"),
    [
        ([10, 30], 0, [100, 100, 5, 100], [10, 30, 110, 115]),
        ([10], 1, [5, 5, 5], [0, 5, 10]),
        ([None], 0, [5, 5], [None, None]),
        ([None, 10], 0, [None, 5], [10, None]),  # both places are taken for nobody knows how long
        ([None, 10], 0, [5, 5, 5], [10, 15, 20]),
        ([-3.0], 0, [1], [0]),
        ([], 0, [1], [None]),
    ],
)
def test_the_wait_is_that_of_a_simulation(busy, free, lengths, expected):
    assert waits(busy, free, lengths) == expected


def test_what_a_run_has_before_it():
    paces = Paces()
    tens = RunSettings(train=TrainConfig(epochs=10)).to_json()
    assert paces.left(TIMED, Status()) == 100
    assert paces.left(TIMED, Status("parked", seconds=30.0)) == 70
    assert paces.left(tens, Status()) is None, "nobody knows how fast it is"
    assert paces.left(tens, Status("parked", epoch=4.0, seconds=20.0)) == 30
    paces.learn(tens, Status("running", epoch=0.05, seconds=9.0))
    assert paces.left(tens, Status()) is None, "the first steps tell nothing"
    paces.learn(tens, Status("running", epoch=2.0, seconds=14.0))
    assert paces.left(tens, Status()) == 70
    other = RunSettings("ae", AutoencoderConfig(), TrainConfig(epochs=10)).to_json()
    assert paces.left(other, Status()) is None
    wider = tens | {"model": tens["model"] | {"hidden_dim": 16}}
    assert paces.left(wider, Status()) == 70, "the nearest that is known"


@pytest.mark.parametrize("train", [None, 5, {}, {"budget": "seconds", "seconds": "x"}, {"epochs": True}])
def test_of_altered_settings_nothing_is_said(train):
    paces = Paces()
    paces.learn({"train": train, "model": 3}, Status("running", epoch=2.0, seconds=14.0))
    assert paces.left({"train": train, "model": 3}, Status()) is None


def test_a_place_comes_with_the_time_until_it_starts(trainers, clock):
    dispatcher = Dispatcher(trainers, 1, clock=clock)
    first, *others = (dispatcher.submit(TIMED, KEY) for _ in range(4))
    assert dispatcher.waits(first) is None
    # A process takes five seconds to begin.
    assert [dispatcher.waits(run).seconds for run in others] == [105, 210, 315]
    running(first, left=40.0, seconds=60.0)
    dispatcher.tick()
    assert [dispatcher.waits(run).seconds for run in others] == [40, 145, 250]
    rest(first)
    dispatcher.tick()
    clock.now += 20
    dispatcher.tick()
    assert [dispatcher.waits(run).seconds for run in others] == [40, 145, 250], "parked after a minute"


# Courtesy limits ------------------------------------------------------------------------------------------------------


def test_limits_come_from_the_environment(monkeypatch):
    usual = Limits.from_environment()
    assert (usual.most_running, usual.most_minutes, usual.most_mb) == (0, 0, 0), "one at home meets none"
    for name, value in (("MOST_RUNNING", "2"), ("MOST_QUEUED", " 5 "), ("MOST_MINUTES", "0.5"), ("MOST_MB", "")):
        monkeypatch.setenv(f"GENLIB_{name}", value)
    found = Limits.from_environment()
    assert found == Limits(most_running=2, most_queued=5, most_minutes=0.5)
    assert "2 of each visitor at once; 5 of each visitor wait; 0.5 min each; parked after 10 min" in found.words


@pytest.mark.parametrize("name", [knob.name for knob in Limits.knobs()])
@pytest.mark.parametrize("value", ["x", "-1", "nan", "5m", "1e400"])
def test_a_limit_that_cannot_be_is_refused_in_a_sentence(monkeypatch, name, value):
    monkeypatch.setenv(f"GENLIB_{name.upper()}", value)
    with pytest.raises(InputError, match=f"^GENLIB_{name.upper()} cannot be .*: choose a .*number from 0 to .*[.]$"):
        Limits.from_environment()


def test_no_more_of_one_visitor_train_at_once_than_are_allowed(trainers):
    dispatcher = Dispatcher(trainers, 3, limits=Limits(most_running=1))
    mine = [dispatcher.submit(ASKED, KEY) for _ in range(3)]
    theirs = [dispatcher.submit(ASKED, OTHER) for _ in range(2)]
    assert trainers.started == [mine[0].id, theirs[0].id]
    assert [dispatcher.waits(run).own for run in (*mine[1:], theirs[1])] == [True] * 3
    assert dispatcher.waits(mine[1]).seconds is None
    trainers.end(mine[0], "done")
    dispatcher.tick()
    assert trainers.started[2:] == [mine[1].id]


def test_ones_own_paused_run_gives_its_place_to_ones_own_next(trainers):
    dispatcher = Dispatcher(trainers, 3, limits=Limits(most_running=1), parked=0.0)
    first, other = dispatcher.submit(ASKED, KEY), dispatcher.submit(ASKED, OTHER)
    rest(first)
    other.steer(OTHER, want="pause")
    of(other, state="paused", acknowledged=1)
    dispatcher.tick()
    second = dispatcher.submit(ASKED, KEY)
    assert states(first, second, other) == ["parked", "starting", "paused"]


def test_nobody_is_parked_for_one_who_has_as_many_as_are_allowed(trainers):
    dispatcher = Dispatcher(trainers, 2, limits=Limits(most_running=1), parked=0.0)
    other, first = dispatcher.submit(ASKED, OTHER), running(dispatcher.submit(ASKED, KEY))
    other.steer(OTHER, want="pause")
    of(other, state="paused", acknowledged=1)
    dispatcher.tick()
    second = dispatcher.submit(ASKED, KEY)
    assert states(first, second, other) == ["running", "queued", "paused"]


def test_no_more_of_one_visitor_wait_than_are_allowed(trainers):
    dispatcher = Dispatcher(trainers, 1, limits=Limits(most_queued=2))
    first, second, third = (dispatcher.submit(ASKED, KEY) for _ in range(3))
    old = of(RunFolder.create(ASKED, KEY), state="interrupted")
    for act in (lambda: dispatcher.submit(ASKED, KEY), lambda: dispatcher.resume(old, KEY)):
        with pytest.raises(InputError, match=r"^You have 2 runs in the queue, .* courtesy .*: stop one, or ") as no:
            act()
        assert is_sentence(str(no.value))
    assert len(list_runs()) == 4
    assert old.status.state == "interrupted"
    dispatcher.resume(third, KEY)  # it waits already
    dispatcher.submit(ASKED, OTHER)  # others have their own
    trainers.end(first, "done")
    second.steer(KEY, want="stop")
    dispatcher.tick()
    dispatcher.resume(old, KEY)
    assert old.status.state == "queued"


def test_a_parked_run_waits_once_however_often_it_is_resumed(trainers):
    dispatcher = Dispatcher(trainers, 1, limits=Limits(most_queued=1), parked=0.0)
    first = dispatcher.submit(ASKED, KEY)
    rest(first)
    dispatcher.tick()
    running(dispatcher.submit(ASKED, OTHER))
    for _ in range(2):
        dispatcher.resume(first, KEY)
        assert (first.status.state, dispatcher.place(first)) == ("parked", 1)
    with pytest.raises(InputError, match=r"^You have 1 run in the queue, "):
        dispatcher.submit(ASKED, KEY)


def test_a_run_is_no_longer_than_is_allowed(trainers):
    dispatcher = Dispatcher(trainers, 1, limits=Limits(most_minutes=1.0))
    with pytest.raises(InputError, match=r"^This run is to train for 100 seconds, and 60 are allowed .*courtesy") as no:
        dispatcher.submit(TIMED, KEY)
    assert is_sentence(str(no.value))
    assert list_runs() == []
    just = RunSettings(train=TrainConfig(budget="seconds", seconds=60)).to_json()
    assert dispatcher.submit(just, KEY).status.state == "starting"


def test_a_run_in_epochs_ends_when_its_time_is_over(trainers):
    dispatcher = Dispatcher(trainers, 1, limits=Limits(most_minutes=1.0))
    run = dispatcher.submit(ASKED, KEY)
    running(run, step=9, seconds=60.5)
    dispatcher.tick()
    assert run.wish.want == "run"
    running(run, seconds=61.5)
    dispatcher.tick()
    assert (run.wish.want, trainers.killed) == ("pause", []), "first it saves"
    of(run, state="paused", acknowledged=run.wish.sequence)
    dispatcher.tick()
    assert (run.status.state, trainers.killed) == ("stopped", [run.id])
    assert run.status.message == Limits(most_minutes=1.0).spent
    save(run, 9)
    with pytest.raises(InputError, match=r"^This run has trained for the 1 min that each may train here"):
        dispatcher.resume(run, KEY)


def test_the_runs_of_one_visitor_take_no_more_room_than_is_allowed(trainers):
    dispatcher = Dispatcher(trainers, 1, limits=Limits(most_mb=1.0))
    run = dispatcher.submit(ASKED, KEY)
    (run.path / "frames" / "1.safetensors").write_bytes(bytes(1_000_000))
    with pytest.raises(
        InputError, match=r"^Your runs take 1 MB, and 1 MB are allowed .*: delete some of them first"
    ) as no:
        dispatcher.submit(ASKED, KEY)
    assert is_sentence(str(no.value))
    dispatcher.submit(ASKED, OTHER)


# What nobody watches --------------------------------------------------------------------------------------------------


@pytest.fixture
def lonely(trainers, clock):
    """A dispatcher with a run in training for nine minutes and 59 seconds, at which nobody looked."""
    dispatcher = Dispatcher(trainers, 1, clock=clock, hung=1e9)
    run = running(dispatcher.submit(ASKED, KEY), step=7)
    clock.now += 599
    dispatcher.tick()
    assert run.wish.want == "run"
    return dispatcher, run


def test_what_nobody_watches_is_saved_and_parked(trainers, clock, lonely):
    dispatcher, run = lonely
    clock.now += 1
    dispatcher.tick()
    assert (run.wish.want, run.status.state, trainers.killed) == ("pause", "running", [])
    of(run, state="paused", acknowledged=run.wish.sequence)  # saved, which the trainer does when it rests
    dispatcher.tick()
    assert (run.status.state, run.status.step, run.status.pid, trainers.killed) == ("parked", 7, None, [run.id])
    assert run.status.message == (
        "Nobody watched for 10 minutes, so it was saved and parked: Resume goes on where it was."
    )
    assert dispatcher.place(run) == 0, "it waits for nothing"
    clock.now += 9999
    dispatcher.tick()
    dispatcher.resume(run, KEY)
    assert (run.status.state, run.status.attempt, run.wish.want) == ("starting", 2, "run")
    clock.now += 599
    dispatcher.tick()
    running(run)
    dispatcher.tick()
    assert run.wish.want == "run", "it has ten minutes again"


def test_a_look_gives_ten_minutes_more(clock, lonely):
    dispatcher, run = lonely
    dispatcher.watched(run)
    clock.now += 599
    dispatcher.tick()
    assert run.wish.want == "run"
    clock.now += 1
    dispatcher.tick()
    assert run.wish.want == "pause"


def test_who_keeps_a_run_going_need_not_watch(clock, lonely):
    dispatcher, run = lonely
    with pytest.raises(InputError, match="Only the browser"):
        run.steer(OTHER, keep=True)
    run.steer(KEY, keep=True)
    run.steer(KEY, knobs={"beta": 2.0})  # forgets nothing
    clock.now += 9999
    dispatcher.tick()
    assert (run.wish.want, run.wish.keep) == ("run", True)
    run.steer(KEY, keep=False)
    dispatcher.tick()
    assert run.wish.want == "pause"


def test_back_in_the_moment_it_is_parked_it_goes_on(trainers, clock, lonely):
    dispatcher, run = lonely
    clock.now += 1
    dispatcher.tick()
    assert run.wish.want == "pause"
    dispatcher.resume(run, KEY)
    of(run, state="paused")  # the trainer has not yet heard of the change
    dispatcher.tick()
    assert (run.status.state, run.wish.want, trainers.killed) == ("paused", "run", [])


def test_a_paused_run_that_nobody_watches_needs_no_process(trainers, clock, lonely):
    dispatcher, run = lonely
    rest(run, 7)
    clock.now += 1
    dispatcher.tick()
    assert (run.status.state, trainers.killed) == ("parked", [run.id])


def test_one_that_ends_in_the_moment_it_is_parked_has_ended(clock):
    class Late(Trainers):
        def kill(self, run):
            super().kill(run)
            of(run, state="done")  # after the dispatcher looked

    dispatcher = Dispatcher(Late(), 1, clock=clock, hung=1e9)
    run = dispatcher.submit(ASKED, KEY)
    rest(run)
    clock.now += 601
    dispatcher.tick()
    assert run.status.state == "done"


@pytest.mark.parametrize(("key", "minutes"), [(None, 10.0), (KEY, 0.0)])
def test_runs_of_nobody_and_where_none_is_parked_go_on(trainers, clock, key, minutes):
    dispatcher = Dispatcher(trainers, 1, limits=Limits(unwatched_minutes=minutes), clock=clock, hung=1e9)
    run = RunFolder.create(ASKED, key)
    dispatcher.tick()
    running(run)
    clock.now += 1e6
    run.write_status(replace(run.status, beat=1))
    dispatcher.tick()
    assert run.wish.want == "run"


def test_the_trainer_of_another_process_is_not_parked(trainers, clock):
    run = running(RunFolder.create(ASKED, KEY, claimed=True))
    dispatcher = Dispatcher(trainers, 1, clock=clock, patience=1e9)
    dispatcher.tick()
    clock.now += 9999
    dispatcher.tick()
    assert (run.wish.want, run.status.state) == ("run", "running")


# Clearing -------------------------------------------------------------------------------------------------------------


def made(days, key=KEY, state="done", size=0):
    """A run that was used so many days ago."""
    run = of(RunFolder.create(ASKED, key), state=state)
    (run.path / "frames" / "1.safetensors").write_bytes(bytes(size))
    then = time.time() - days * DAY
    for name in ("run.json", "status.json"):
        os.utime(run.path / name, (then, then))
    return run


def left(*runs):
    return [run.path.exists() for run in runs]


def test_runs_that_nobody_used_for_long_are_removed(trainers):
    old, new, edge = made(31), made(1), made(29.9)
    spared = [made(99, None), made(99, state="queued"), made(99, state="parked"), made(99)]
    spared[-1].rename("my best", KEY)
    dispatcher = Dispatcher(trainers, 1)
    dispatcher.clear()
    assert left(old, new, edge, *spared) == [False, True, True] + [True] * 4
    assert not [path for path in (home() / "runs").iterdir() if path.name.startswith(".")]
    Dispatcher(trainers, 1, limits=Limits(keep_days=0.0)).clear()
    assert left(new) == [True]


def test_to_look_at_a_run_is_to_use_it(trainers):
    run, other = made(31), made(31)
    dispatcher = Dispatcher(trainers, 1)
    dispatcher.watched(run)
    dispatcher.clear()
    assert left(run, other) == [True, False]
    shutil.rmtree(run.path)
    touch(run)
    assert left(run) == [False]


def test_beyond_the_room_for_all_the_oldest_go_first():
    runs = [made(days, size=400_000) for days in (3, 9, 5)]
    kept = [made(20, None, size=400_000), made(20, state="running", size=400_000)]
    clearing = Clearing()
    assert clearing.old(Limits(keep_mb=2.1)) == []
    assert [run.id for run in clearing.old(Limits(keep_mb=2.0))] == [runs[1].id]
    assert [run.id for run in clearing.old(Limits(keep_mb=1.3))] == [runs[1].id, runs[2].id]
    assert [run.id for run in clearing.old(Limits(keep_mb=0.1))] == [runs[1].id, runs[2].id, runs[0].id]
    assert clearing.old(Limits(keep_mb=0.0)) == []
    assert left(*kept) == [True, True]


def test_what_came_to_life_meanwhile_stays():
    run, named = made(99), made(99)
    clearing = Clearing()
    going = clearing.old(Limits())
    assert len(going) == 2
    of(run, state="queued")
    named.rename("mine", KEY)
    for each in going:
        clearing.remove(each)
    assert left(run, named) == [True, True]


def test_a_run_is_measured_once(monkeypatch):
    measured = []
    monkeypatch.setattr("genlib.runs.clearing.size_of", lambda run: measured.append(run.id) or 10)
    first, second = made(2), made(3)
    clearing = Clearing()
    for _ in range(3):
        clearing.old(Limits())
    assert sorted(measured) == sorted([first.id, second.id])
    of(second, step=5)
    clearing.old(Limits())
    assert measured[2:] == [second.id]


def test_what_a_killed_process_left_half_removed_goes(trainers):
    run = made(1)
    run.path.rename(run.path.with_name(".gone-0123"))
    dispatcher = Dispatcher(trainers, 1)
    dispatcher.clear()
    assert list((home() / "runs").iterdir()) == []


def test_a_queue_without_a_folder_clears_nothing(trainers):
    Dispatcher(trainers, 1).clear()
    assert not (home() / "runs").exists()
