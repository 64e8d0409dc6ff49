"""Training a run folder: the events of :func:`genlib.training.train` written down, its owner's wishes obeyed."""

from __future__ import annotations

import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy
import torch

import genlib
from genlib import checkpoint
from genlib.data.images import Images, load_images
from genlib.device import choose, set_threads
from genlib.film import Film
from genlib.knobs import InputError
from genlib.runs import ACTIVE, RunFolder, Status
from genlib.settings import RunSettings
from genlib.training import Event, Frame, Report, Run, Save, frame_constants, train

__all__ = ["record"]

_STATUS_EVERY = 0.2  # seconds
_RATE_OVER = 3.0  # seconds over which images a second are averaged
_LEFT = "Training was interrupted; what it had saved is kept."


def record(
    folder: RunFolder, attempt: int, ended: Callable[[], bool] = lambda: False, images: Images | None = None
) -> Iterator[Status]:
    """Train the run in ``folder`` from where it stands, and keep all that happens in the folder.

    Arguments:
        folder: A run with a checkpoint to go on from, or without one.
        attempt: Number of this attempt; a later one takes the run away, and this one then writes no more.
        ended: Says when to save and leave, because whoever started the run is gone.
        images: What to learn from; by default MNIST.

    Yields:
        The status each time it was written, a few times a second; the last is done, stopped, interrupted or failed.
    """
    recorder = _Recorder(folder, attempt)
    try:
        yield from recorder.work(ended, images)
    except GeneratorExit:
        recorder.leave("interrupted", _LEFT)
        raise
    except (KeyboardInterrupt, SystemExit):
        yield recorder.leave("interrupted", _LEFT)
    except (_Lost, OSError) as error:
        yield recorder.leave("interrupted", recorder.sentence(error))
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

    def __init__(self, folder: RunFolder, attempt: int) -> None:
        self.folder = folder
        self.film = Film(folder.path / "frames")
        status = replace(folder.status, attempt=attempt, pid=os.getpid(), rate=None, left=None, message="")
        self.status = replace(status, state="starting")
        self.heard = status.acknowledged
        self.recent: deque[tuple[float, int]] = deque()
        self.written = 0.0

    def work(self, ended: Callable[[], bool], images: Images | None) -> Iterator[Status]:
        yield self.write("starting")
        settings = RunSettings.from_json(self.folder.settings)
        images = images or load_images()
        run = self.open(settings, images)
        yield self.write("running", run, images)
        for event in train(run, images):
            self.hold()
            self.keep(event, run)
            if self.wish() != "run" or ended():
                yield from self.obey(run, images, ended)
                if self.status.state != "running":
                    return
            elif time.monotonic() - self.written > _STATUS_EVERY:
                yield self.write("running", run, images)
        yield self.write("done", run, images)

    def open(self, settings: RunSettings, images: Images) -> Run:
        """The run as its checkpoint left it, or new; what was written after the checkpoint is forgotten."""
        device = choose(settings.train.device)
        threads = set_threads() if device.kind == "cpu" else torch.get_num_threads()
        if (self.folder.path / "checkpoint").exists() or (self.folder.path / "checkpoint.previous").exists():
            run = checkpoint.load(self.folder.path, settings.train.device)
        else:
            run = Run.new(settings.family, settings.model, settings.train)
        self.folder.cut_metrics(run.step)
        self.film.cut(run.step)
        self.film.set_constants(frame_constants(images))
        versions = {"genlib": genlib.__version__, "python": platform.python_version(), "torch": torch.__version__}
        build = {"device": asdict(device), "threads": threads, "versions": versions | {"numpy": numpy.__version__}}
        self.folder.write_json("build.json", build)
        words = device.words + (f", {threads} thread{'s' * (threads > 1)}" if device.kind == "cpu" else "")
        self.status = replace(self.status, device=words)
        return run

    def keep(self, event: Event, run: Run) -> None:
        if isinstance(event, Report):
            line = {"step": event.step, "seconds": round(event.seconds, 4), "split": event.split, **event.metrics}
            self.folder.append_metrics(line)
        elif isinstance(event, Frame):
            self.film.add(event.step, event.arrays)
        elif isinstance(event, Save):
            self.save(run)

    def save(self, run: Run) -> None:
        self.hold()
        try:
            checkpoint.save(run, self.folder.path)
        except InputError as error:
            # It says that the disk refused, after which the run can go on from the checkpoint before.
            raise OSError(str(error)) from None

    def obey(self, run: Run, images: Images, ended: Callable[[], bool]) -> Iterator[Status]:
        """Wait while the owner wants a pause; leave if he wants to stop, or if the starter is gone."""
        wish = self.wish()
        if wish == "pause":
            self.save(run)
        # The wish is read once a turn: read twice, a quick change of mind could fall between the two and be lost.
        while wish == "pause" and not ended():
            if self.status.state != "paused" or time.monotonic() - self.written > 2 * _STATUS_EVERY:
                yield self.write("paused", run, images)
            time.sleep(0.05)
            wish = self.wish()
        if wish == "run" and not ended():
            yield self.write("running", run, images)
            return
        self.save(run)
        if wish == "stop":
            yield self.write("stopped", run, images)
        else:
            yield self.write("interrupted", run, images, "Training was interrupted and saved: it can go on from here.")

    def wish(self) -> str:
        self.heard, want = self.folder.control
        return want

    def hold(self) -> None:
        """Make sure that the run is still this attempt's to write.

        Raises:
            _Lost: If it is not.
        """
        if not self.folder.held_by(self.status.attempt):
            raise _Lost

    def write(self, state: str, run: Run | None = None, images: Images | None = None, message: str = "") -> Status:
        self.written = time.monotonic()
        # Only what was read as a wish is acknowledged, not what was written since.
        told: dict[str, Any] = {
            "state": state,
            "beat": self.status.beat + 1,
            "acknowledged": self.heard,
            "message": message,
        }
        if run is not None and images is not None:
            told |= self.progress(run, len(images.train))
        status = replace(self.status, **told)
        self.hold()
        self.folder.write_status(status)
        self.status = status
        return status

    def progress(self, run: Run, n_train: int) -> dict[str, Any]:
        config, total = run.train_config, run.total_steps(n_train)
        self.recent.append((run.seconds, run.step))
        while len(self.recent) > 2 and run.seconds - self.recent[0][0] > _RATE_OVER:
            self.recent.popleft()
        seconds, steps = run.seconds - self.recent[0][0], run.step - self.recent[0][1]
        rate = steps * config.batch_size / seconds if seconds > 0 else self.status.rate
        if total is None:
            left: float | None = max(0.0, config.seconds - run.seconds)
            progress = min(1.0, run.seconds / config.seconds)
        else:
            left = (total - run.step) * config.batch_size / rate if rate else None
            progress = run.step / total
        epoch = run.step / run.steps_per_epoch(n_train)
        told: dict[str, Any] = {"step": run.step, "epoch": epoch, "progress": progress, "seconds": run.seconds}
        return told | {"rate": rate, "left": left}

    def leave(self, state: str, message: str) -> Status:
        """Write the end, if that can still be done, unless one stands there already."""
        if self.status.state in ACTIVE:
            with suppress(OSError, _Lost):
                return self.write(state, message=message)
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
