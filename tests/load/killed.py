"""Trainers killed at random moments: whether the folder is readable each time, and how the resumed run ends.

Runs of all families in turn, of fewer where the kills are few, are trained by children of this process, which has torch
imported already, so that each is killed many times. Meanwhile its owner turns knobs, pauses, makes some steps.
Checkpoints are written fifty times a second, so that some kills hit one that is being written. A moment is good if the
folder could be read after it, and the run ended, however often it was killed, in bitwise the weights of an unbroken run
with the same changes, each step reported at most once.

Target: all of 50 moments good, on the CPU. Run: python -m tests.load.killed [--kills 50] [--seed 0] [--json FILE];
about two minutes.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter

import torch

from genlib import checkpoint
from genlib.changes import read_changes
from genlib.data.images import Images
from genlib.film import Film
from genlib.knobs import InputError
from genlib.recorder import record
from genlib.runs import RunFolder, Watcher, list_runs, saved_step
from genlib.settings import FAMILIES, RunSettings, TrainConfig
from genlib.training import Run, loop, train
from tests.bench.figures import begun
from tests.few import few_images, small
from tests.load.unbroken import as_unbroken, told_once

LAST = 800  # steps of a run, eight epochs
CONFIG = TrainConfig(epochs=8, batch_size=16, device="cpu")
PATIENCE = 20.0  # seconds
ENDED = "The training process ended unexpectedly; what it had saved is kept."


def work(run: RunFolder, images: Images) -> None:
    # One that died between claiming and saying so holds the run for five seconds.
    while (attempt := run.claim(run.settle())) is None:
        time.sleep(0.1)
    *_, status = record(run, attempt, images=images)
    assert status.state == "done", status


def steer(run: RunFolder, moments: random.Random) -> None:
    """What an owner may do in a while."""
    settings = RunSettings.from_json(run.settings)
    knobs = {"learning_rate": 0.001 * moments.uniform(0.5, 2), "beta": moments.uniform(0, 4), "noise": moments.random()}
    knobs = {name: value for name, value in knobs.items() if name in {knob.name for knob in settings.live()}}
    wishes = [{"knobs": {name: value}} for name, value in knobs.items()]
    wishes += [{"want": "pause", "knobs": knobs}]
    wishes += [{"want": "run", "until_step": min(LAST, run.status.step + moments.randrange(1, 200))}]
    wish = moments.choice(wishes)
    run.ask(**wish)
    if "want" in wish:
        time.sleep(moments.uniform(0, 0.15))
        run.ask(want="run", until_step=None)


def look(run: RunFolder) -> tuple[int, list[str]]:
    """The step that a killed run has saved, and what is wrong with its folder."""
    status, step, wrong = Watcher(run).poll(), 0, []
    if status.message not in ("", ENDED):
        wrong.append(status.message)
    if run.id not in [found.id for found in list_runs()]:
        wrong.append("it is not found among the runs")
    try:
        step = checkpoint.load(run.path, "cpu").step
    except InputError as error:
        if (run.path / "checkpoint").exists():
            wrong.append(str(error))
    film = Film(run.path / "frames")
    if not all(film.frame(each) for each in film.steps()):
        wrong.append("a frame cannot be read")
    return step, wrong


def check(run: RunFolder, images: Images) -> list[str]:
    """What is wrong with a run that has ended."""
    wrong, settings = [], RunSettings.from_json(run.settings)
    if not told_once(run, LAST, LAST // CONFIG.epochs):
        wrong.append("its reports are not one for each step that was told, and for each epoch")
    if len(read_changes(run.changes(), settings)) != len(run.changes()):
        wrong.append("a change of a knob cannot be read")
    if not as_unbroken(run, images):
        wrong.append("its weights are not those of an unbroken run")
    return wrong


def kill_once(run: RunFolder, images: Images, moments: random.Random) -> bool:
    """Train a run in a child, and kill that after a while or some steps; False if it had ended before."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            work(run, images)
            os._exit(0)
        finally:
            os._exit(1)
    until, step = time.monotonic() + moments.uniform(0, 0.6), 0
    if moments.random() < 0.7:  # on a busy machine nothing would be trained in so short a while
        until, step = time.monotonic() + PATIENCE, (saved_step(run.path) or 0) + moments.randrange(1, LAST // 3)
    while time.monotonic() < until and not (step and (saved_step(run.path) or 0) >= step) and not over(child):
        time.sleep(0.03)
        if moments.random() < 0.5:
            steer(run, moments)
    time.sleep(moments.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def over(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def end(run: RunFolder, images: Images) -> list[str]:
    """Train a run to its end, unless it is there; what is wrong with it then."""
    run.ask(want="run", until_step=None)
    if run.status.state == "failed":
        return [run.status.message]
    if run.status.state != "done":
        work(run, images)
    return check(run, images)


class Hall:
    """One run of each family at a time, and what became of all of them."""

    def __init__(self, images: Images, seed: int) -> None:
        self.images, self.moments = images, random.Random(seed)
        self.running: dict[str, tuple[RunFolder, int]] = {}  # and how often it was read after a kill
        self.saved: list[int] = []
        self.wrong: Counter[str] = Counter()
        self.good = self.runs = self.changes = 0

    def kill(self, family: str) -> None:
        """Kill the run of a family once, or find that it has ended."""
        if family not in self.running:
            self.running[family] = RunFolder.create(RunSettings(family, small(family), CONFIG).to_json()), 0
        run, readable = self.running[family]
        if kill_once(run, self.images, self.moments):
            step, faults = look(run)
            self.saved.append(step)
            self.running[family] = run, readable + (not faults)
            self.wrong.update(f"{family}: {fault}" for fault in faults)
        if run.status.state in ("done", "failed"):
            self.end(family)

    def end(self, family: str) -> None:
        run, readable = self.running.pop(family)
        faults = end(run, self.images)
        self.wrong.update(f"{family}: {fault}" for fault in faults)
        self.good += 0 if faults else readable
        self.runs, self.changes = self.runs + 1, self.changes + len(run.changes())


def main() -> int:
    asked, figures = begun(__doc__, kills=50, seed=0)
    turn = asked.seed % len(FAMILIES)
    families = [*FAMILIES[turn:], *FAMILIES[:turn]][: 1 + asked.kills // 4]
    torch.set_num_threads(1)
    loop._SAVE_EVERY = 0.02
    hall = Hall(few_images(LAST // CONFIG.epochs * CONFIG.batch_size, 50, 20), asked.seed)
    with tempfile.TemporaryDirectory() as home:
        os.environ["GENLIB_HOME"] = home
        for family in families:  # what torch imports at the first step, it imports here, once for all children
            for _ in train(Run.new(family, small(family), CONFIG), hall.images, until_step=1):
                pass
        while len(hall.saved) < asked.kills:
            hall.kill(families[len(hall.saved) % len(families)])
        for family in list(hall.running):
            hall.end(family)
    kills, steps = len(hall.saved), sorted(set(hall.saved))
    figures.tell(f"seed {asked.seed}: {hall.runs} runs of {', '.join(families)}")
    name = "training killed at a random moment: the run is read, and ends in bitwise the same weights"
    figures.row(name, hall.good, f"of {kills} kills", f">= {kills}", headline=True)
    figures.row("killed at random moments: different steps saved", len(steps))
    figures.row("killed at random moments: the latest step saved", steps[-1])
    figures.row("killed at random moments: changes of knobs made", hall.changes)
    for fault, times in hall.wrong.most_common(5):
        figures.tell(f"{times} times: {fault}")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
