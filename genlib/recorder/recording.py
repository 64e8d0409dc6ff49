"""The trainer of a run folder."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy
import torch

import genlib
from genlib import checkpoint
from genlib.changes import Change, amended, read_changes
from genlib.data.learnt import Data, load_data
from genlib.device import choose, set_threads
from genlib.knobs import InputError
from genlib.recorder.journal import Journal
from genlib.recorder.pace import Pace
from genlib.runs import ACTIVE, RunFolder, Status, Wish, here
from genlib.settings import RunSettings
from genlib.training import Diverged, Run, Save, frame_constants, train

__all__ = ["record"]

_STATUS_EVERY = 0.2  # seconds
_LISTEN_EVERY = 0.05  # seconds, while nothing is trained
_LEFT = "Training was interrupted; what it had saved is kept."


def record(
    folder: RunFolder,
    attempt: int,
    ended: Callable[[], bool] = lambda: False,
    images: Data | None = None,
    *,
    rests: bool = True,
) -> Iterator[Status]:
    """Train the run in ``folder`` from where it stands, do what its owner wishes, and keep all that happens there.

    A wished value of a live knob is written to the changes of the run before it acts, so that a run that is taken up
    again makes the same updates. A run that has come to the step until which it was wished, short of its budget, is
    saved and rests as paused until its owner wishes for more.

    Arguments:
        folder: A run with a checkpoint to go on from, or without one.
        attempt: Number of this attempt; a later one takes the run away, and this one then writes no more.
        ended: Says when to save and leave, because whoever started the run is gone.
        images: What to learn from; by default the data that its settings name.
        rests: Whether to stay for more at the wished step; if not, the run is stopped there.

    Yields:
        The status each time it was written, a few times a second; the last is done, stopped, interrupted or failed.
    """
    recorder = _Recorder(folder, attempt, rests)
    try:
        yield from recorder.work(ended, images)
    except GeneratorExit:
        recorder.leave("interrupted", _LEFT)
        raise
    except (KeyboardInterrupt, SystemExit):
        yield recorder.leave("interrupted", _LEFT)
    except (_Lost, OSError) as error:
        yield recorder.leave("interrupted", recorder.sentence(error))
    except Diverged as error:
        yield recorder.leave("failed", str(error), told=True)
    except InputError as error:
        yield recorder.leave("failed", str(error))
    except (torch.OutOfMemoryError, MemoryError):
        yield recorder.leave("failed", "The device ran out of memory: choose a smaller batch or fewer hidden units.")
    except Exception:
        # The reader gets a sentence; whoever looks after the machine finds the rest in log.txt.
        recorder.leave("failed", "Training stopped on an internal error; the log of the run says more.")
        raise


class _Lost(Exception):
    """The run belongs to a later attempt, or is no more."""


class _Recorder:
    """What the writing of one attempt needs to remember."""

    run: Run
    images: Data
    journal: Journal

    def __init__(self, folder: RunFolder, attempt: int, rests: bool) -> None:
        self.folder, self.rests = folder, rests
        status = replace(folder.status, attempt=attempt, pid=os.getpid(), host=here(), rate=None, left=None)
        self.status = replace(status, state="starting", message="")
        self.heard = status.acknowledged
        self.pace = Pace()
        self.until_step: int | None = None
        self.saved = -1  # the step of this attempt's newest checkpoint
        self.written = 0.0

    def work(self, ended: Callable[[], bool], images: Data | None) -> Iterator[Status]:
        yield self.write("starting")
        settings = RunSettings.from_json(self.folder.settings)
        self.images = images or load_data(settings)
        self.run = self.open(settings)
        wish: Wish | None = self.listen()
        yield self.write("running", told=True)
        while wish is not None:
            wish = yield from self.leg(wish, ended)

    def open(self, settings: RunSettings) -> Run:
        """The run as its checkpoint left it, or new; what was written after the checkpoint is forgotten."""
        device = choose(settings.train.device)
        threads = set_threads() if device.kind == "cpu" else torch.get_num_threads()
        if (self.folder.path / "checkpoint").exists() or (self.folder.path / "checkpoint.previous").exists():
            run = checkpoint.load(self.folder.path, settings.train.device)
        else:
            run = Run.new(settings.family, settings.model, settings.train)
        run.changes = read_changes(self.folder.changes(), settings)
        self.journal = Journal(self.folder, run.step)
        self.journal.film.set_constants(frame_constants(self.images))
        versions = {"genlib": genlib.__version__, "python": platform.python_version(), "torch": torch.__version__}
        build = {"device": asdict(device), "threads": threads, "versions": versions | {"numpy": numpy.__version__}}
        self.folder.write_json("build.json", build)
        words = device.words + (f", {threads} thread{'s' * (threads > 1)}" if device.kind == "cpu" else "")
        self.status = replace(self.status, device=words)
        return run

    def leg(self, wish: Wish, ended: Callable[[], bool]) -> Generator[Status, None, Wish | None]:
        """Train until the owner wishes for something else or the wished step is reached; None if the run is left."""
        for event in train(self.run, self.images, wish.until_step):
            self.hold()
            self.journal.keep(event)
            if isinstance(event, Save):
                self.save()
            heard = self.listen()
            if heard.want != "run" or ended():
                return (yield from self.obey(ended))
            if heard.until_step != wish.until_step:
                return heard
            if time.monotonic() - self.written > _STATUS_EVERY:
                yield self.write("running", told=True)
        if self.finished:
            yield self.write("done", told=True)
            return None
        return (yield from self.obey(ended))

    def obey(self, ended: Callable[[], bool]) -> Generator[Status, None, Wish | None]:
        """Rest while the owner wants a pause or no more steps; leave if he wants to stop, or if the starter is gone."""
        self.hold()
        self.journal.picture(self.run, self.images)
        # The wish is read once a turn: read twice, a quick change of mind could fall between the two and be lost.
        wish = self.listen()
        while (wish.want == "pause" or (self.rests and self.reached(wish))) and not ended():
            self.save()
            news = self.status.state != "paused" or self.heard != self.status.acknowledged
            if news or time.monotonic() - self.written > 2 * _STATUS_EVERY:
                yield self.write("paused", told=True)
            time.sleep(_LISTEN_EVERY)
            wish = self.listen()
        stops = wish.want == "stop" or self.reached(wish)
        if wish.want == "run" and not stops and not ended():
            yield self.write("running", told=True)
            return wish
        self.save()
        if stops and (wish.want == "stop" or not self.rests):
            yield self.write("stopped", told=True)
        else:
            yield self.write("interrupted", "Training was interrupted and saved: it can go on from here.", told=True)
        return None

    def reached(self, wish: Wish) -> bool:
        """Whether the run stands where its owner wanted it, short of its budget."""
        return wish.want == "run" and not wish.ahead(self.run.step) and not self.finished

    @property
    def finished(self) -> bool:
        return self.run.finished(len(self.images.train))

    def listen(self) -> Wish:
        """Read the wish, and do what it says of knobs."""
        wish = self.folder.wish
        self.heard, self.until_step = wish.sequence, wish.until_step
        if wish.knobs:
            self.turn(wish.knobs)
        return wish

    def turn(self, knobs: Mapping[str, float]) -> None:
        """Record and make the changes that were not asked for before; what cannot be is left out."""
        run = self.run
        # Asked before is what the changes come to in the end. After a kill they may lie ahead, and are made when due.
        asked = {change.knob: change.value for change in run.changes}
        for name, wished in knobs.items():
            with suppress(InputError):
                value = run.settings.changed(name, wished).value(name)
                if value != asked.get(name, run.settings.value(name)):
                    self.hold()
                    changes = amended(run.changes, Change(run.step, name, value))
                    self.folder.write_changes(change.to_json() for change in changes)
                    run.change(name, value)

    def save(self) -> None:
        """Write a checkpoint, unless this attempt has written one of this step."""
        if self.saved == self.run.step:
            return
        self.hold()
        try:
            written = checkpoint.save(self.run, self.folder.path)
        except InputError as error:
            # It says that the disk refused, after which the run can go on from the checkpoint before.
            raise OSError(str(error)) from None
        self.saved = self.run.step if written else -1

    def hold(self) -> None:
        """Make sure that the run is still this attempt's to write.

        Raises:
            _Lost: If it is not.
        """
        if not self.folder.held_by(self.status.attempt):
            raise _Lost

    def write(self, state: str, message: str = "", *, told: bool = False) -> Status:
        self.written = time.monotonic()
        # Only what was read as a wish is acknowledged, not what was written since.
        news: dict[str, Any] = {"state": state, "message": message}
        news |= {"beat": self.status.beat + 1, "acknowledged": self.heard}
        if told:
            news |= self.pace.told(self.run, len(self.images.train), self.until_step)
        status = replace(self.status, **news)
        self.hold()
        self.folder.write_status(status)
        self.status = status
        return status

    def leave(self, state: str, message: str, *, told: bool = False) -> Status:
        """Write the end, if that can still be done, unless one stands there already."""
        if self.status.state in ACTIVE:
            with suppress(OSError, _Lost):
                return self.write(state, message, told=told)
            self.status = replace(self.status, state=state, message=message)
        return self.status

    def sentence(self, error: _Lost | OSError) -> str:
        if not self.folder.held_by(self.status.attempt):
            return "The run was taken over by another process, or removed: this one writes no more."
        # An OSError of ours is a sentence already and has no number.
        if isinstance(error, OSError) and error.errno is None:
            return str(error)
        reason = getattr(error, "strerror", None) or "the disk refused"
        return f"The run could not be written ({reason}): make room and resume the run."
