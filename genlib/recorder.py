"""Training a run folder: the events of :func:`genlib.training.train` written down, its owner's wishes obeyed."""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace

import numpy
import torch

import genlib
from genlib import checkpoint
from genlib.data.images import Images, load_images
from genlib.device import choose, set_threads
from genlib.film import Film
from genlib.knobs import InputError
from genlib.runs import RunFolder, Status
from genlib.settings import RunSettings
from genlib.training import Event, Frame, Report, Run, Save, frame_constants, train

__all__ = ["record"]

_STATUS_EVERY = 0.2  # seconds
_RATE_OVER = 3.0  # seconds over which images a second are averaged


def record(folder: RunFolder, attempt: int, ended: Callable[[], bool] = lambda: False) -> Iterator[Status]:
    """Train the run in ``folder`` from where it stands, and keep all that happens in the folder.

    Arguments:
        folder: A run with a checkpoint to go on from, or without one.
        attempt: Number of this attempt; a later one takes the run away, and this one then writes no more.
        ended: Says when to save and leave, because whoever started the run is gone.

    Yields:
        The status each time it was written, a few times a second; the last is done, stopped, interrupted or failed.
    """
    recorder = _Recorder(folder, attempt)
    try:
        yield from recorder.work(ended)
    except (KeyboardInterrupt, SystemExit):
        yield recorder.leave("interrupted", "Training was interrupted; what it had saved is kept.")
    except InputError as error:
        yield recorder.leave("failed", str(error))
    except (torch.OutOfMemoryError, MemoryError):
        yield recorder.leave("failed", "The device ran out of memory: choose a smaller batch or fewer hidden units.")
    except OSError as error:
        yield recorder.leave(
            "failed", f"The run could not be written: {error.strerror}; free some space and try again."
        )
    except Exception:
        # The reader gets a sentence; whoever looks after the machine finds the rest in log.txt.
        recorder.leave("failed", "Training stopped on an internal error; the log of the run says more.")
        raise


class _Recorder:
    """What the writing of one attempt needs to remember."""

    def __init__(self, folder: RunFolder, attempt: int) -> None:
        self.folder = folder
        self.film = Film(folder.path / "frames")
        self.status = replace(folder.status, state="starting", attempt=attempt, rate=None, left=None, message="")
        self.recent: deque[tuple[float, int]] = deque()
        self.written = 0.0

    def work(self, ended: Callable[[], bool]) -> Iterator[Status]:
        yield self.write("starting")
        settings = RunSettings.from_json(self.folder.settings)
        images = load_images()
        run = self.open(settings, images)
        yield self.write("running", run, images)
        for event in train(run, images):
            self.keep(event, run)
            if not self.folder.held_by(self.status.attempt):
                return
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
            checkpoint.save(run, self.folder.path)

    def obey(self, run: Run, images: Images, ended: Callable[[], bool]) -> Iterator[Status]:
        """Wait while the owner wants a pause; leave if he wants to stop, or if the starter is gone."""
        if self.wish() == "pause":
            checkpoint.save(run, self.folder.path)
        while self.wish() == "pause" and not ended() and self.folder.held_by(self.status.attempt):
            if self.status.state != "paused" or time.monotonic() - self.written > 2 * _STATUS_EVERY:
                yield self.write("paused", run, images)
            time.sleep(0.05)
        if self.wish() == "run" and not ended():
            yield self.write("running", run, images)
            return
        checkpoint.save(run, self.folder.path)
        if self.wish() == "stop":
            yield self.write("stopped", run, images)
        else:
            yield self.write("interrupted", run, images, "The app was closed while it trained.")

    def wish(self) -> str:
        return self.folder.control[1]

    def write(self, state: str, run: Run | None = None, images: Images | None = None, message: str = "") -> Status:
        self.written = time.monotonic()
        self.status = replace(
            self.status, state=state, beat=self.status.beat + 1, acknowledged=self.folder.control[0], message=message
        )
        if run is not None and images is not None:
            self.status = self.progress(run, len(images.train))
        if self.folder.held_by(self.status.attempt):
            self.folder.write_status(self.status)
        return self.status

    def progress(self, run: Run, n_train: int) -> Status:
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
        return replace(
            self.status, step=run.step, epoch=epoch, progress=progress, seconds=run.seconds, rate=rate, left=left
        )

    def leave(self, state: str, message: str) -> Status:
        with suppress(OSError):
            return self.write(state, message=message)
        return replace(self.status, state=state, message=message)
