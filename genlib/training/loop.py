"""The loop of every network: a generator of events that owns no state.

All state is in the run, which is whole and consistent at each event, so a loop may be left at any of them and taken
up again later; what the caller does with an event cannot change the weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from genlib.changes import checked_changes
from genlib.data.cloud import Cloud
from genlib.data.images import Images
from genlib.data.learnt import Data
from genlib.runs import BROKE
from genlib.seeding import torch_rng
from genlib.training.events import Diverged, Event, Frame, Report, Save
from genlib.training.frames import draw, inputs
from genlib.training.plane import figures
from genlib.training.run import Run

__all__ = ["train"]

_REPORT_EVERY = 0.1  # seconds
_SAVE_EVERY = 10.0  # seconds
_DRAWING_SHARE = 1 / 20  # of the training time may be spent on frames ...
_PLANE_SHARE = 1 / 4  # ... of points, whose training is over in seconds and is watched as it goes ...
_DRAWING_AHEAD = 0.1  # ... and so many seconds in advance, for at the start pictures change the fastest ...
_PLANE_AHEAD = 2.0  # ... and of points, some of which are learned in less
_EVALUATION_BATCH = 1000


def train(run: Run, images: Data, until_step: int | None = None) -> Iterator[Event]:
    """Train, from wherever ``run`` stands to the end of its budget, or to ``until_step``.

    The batches of epoch e are a shuffle drawn from ``(seed, "epoch", e)``, without the incomplete last one; the noise
    of step t is drawn from ``(seed, "train", t)``. So on the processor a run that was left, saved and taken up again
    ends in bitwise the same weights. The changes of the run are made before the update that they are due at; what is
    reported of a step is what held before them.

    Arguments:
        run: The state, which is changed in place.
        images: What to learn from.
        until_step: Train until so many updates are made, be that less or more than the budget; by default the budget.

    Yields:
        Train reports about ten times a second; a validation report at step 0, after each epoch and at the end, and of
        points before each frame instead; frames at step 0, at the end, and between as far as they cost less than a
        twentieth of the time, of points a quarter; moments to save every ten seconds and at the end. Of one step they
        come in this order. What belongs to the step where the loop takes up again is given again.

    Raises:
        Diverged: If a metric is no longer finite.
        InputError: If a change of the run cannot be.
    """
    batches, diary = _Batches(run, images), _Diary(run, images)
    if run.step == 0:
        run.model.prepare(
            batches.images, batches.labels, torch_rng(run.train_config.seed, "prepare", device=run.device)
        )
    run.changes, run.followed = checked_changes(run.changes, run.settings), 0  # somebody may have put in others
    while True:
        ended = run.finished(len(images.train)) if until_step is None else run.step >= until_step
        # An epoch of points is over in a moment: they are judged where they are drawn.
        judging = isinstance(images, Images) and (ended or run.step % batches.per_epoch == 0)
        saving, drawing = ended or diary.save_due(), ended or diary.frame_due()
        # Every event comes after a report: it finds what is no longer finite, and it waits for the device.
        if diary.steps and (judging or saving or drawing or diary.report_due()):
            yield diary.report()
        if judging:
            yield _validate(run, images)
        if drawing:
            yield from diary.draw(images)
        if saving:
            yield diary.save()
        if ended:
            return
        run.follow()
        started = time.perf_counter()
        diary.add(_step(run, batches))
        run.seconds += time.perf_counter() - started


def _step(run: Run, batches: _Batches) -> dict[str, Tensor]:
    rng = torch_rng(run.train_config.seed, "train", run.step, device=run.device)
    run.set_rates(len(batches.images))
    if not run.model.training:
        run.model.train()
    losses = run.model.training_step(*batches[run.step], run.optimizers, rng, run.step)
    run.step += 1
    return losses


class _Batches:
    """The batch of each step. The images lie on the device as bytes, and a batch is an index into them."""

    def __init__(self, run: Run, images: Data) -> None:
        self.run = run
        self.images = torch.tensor(images.train, device=run.device)  # (N, 28, 28)
        self.labels = torch.tensor(images.train_labels, device=run.device).long()
        self.per_epoch = run.steps_per_epoch(len(images.train))
        self.epoch = -1

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        epoch, i = divmod(step, self.per_epoch)
        if epoch != self.epoch:
            rng = torch_rng(self.run.train_config.seed, "epoch", epoch)
            self.epoch, self.order = epoch, torch.randperm(len(self.images), generator=rng).to(self.run.device)
        size = self.run.train_config.batch_size
        chosen = self.order[i * size : (i + 1) * size]
        # On the processor index_select is five times as fast as images[chosen].
        return inputs(self.images.index_select(0, chosen), self.run.device), self.labels.index_select(0, chosen)


class _Diary:
    """What is due, and the sums in between. It reads the clock and the run, and never touches the weights."""

    def __init__(self, run: Run, images: Data) -> None:
        self.run = run
        of_points = isinstance(images, Cloud)
        self.share = _PLANE_SHARE if of_points else _DRAWING_SHARE
        self.ahead = _PLANE_AHEAD if of_points else _DRAWING_AHEAD
        self.told: dict[str, list[Tensor]] = {}
        self.steps = 0  # since the last report
        self.begun = self.reported = self.saved = run.seconds
        self.drawn = self.last_drawing = 0.0  # seconds

    def add(self, losses: dict[str, Tensor]) -> None:
        # They stay on the device: asking for a number here would make the processor wait for it at each step.
        for name, value in losses.items():
            self.told.setdefault(name, []).append(value)
        self.steps += 1

    def report_due(self) -> bool:
        return self.run.seconds - self.reported >= _REPORT_EVERY

    def save_due(self) -> bool:
        return self.run.seconds - self.saved >= _SAVE_EVERY

    def frame_due(self) -> bool:
        step = self.run.step
        # Every 10 steps at first, then rarer by doubling: about 120 multiples of the interval lie below the step.
        interval = 10 * 2 ** max(0, math.ceil(math.log2(max(step, 1) / 1200)))
        allowed = self.ahead + self.share * (self.run.seconds - self.begun)
        return step == 0 or (step % interval == 0 and self.drawn + self.last_drawing <= allowed)

    def report(self) -> Report:
        run, started = self.run, time.perf_counter()
        sums = {name: torch.stack(values).float().sum() for name, values in self.told.items()}
        metrics = _means(sums, {name: len(values) for name, values in self.told.items()})
        # On a card the steps were only queued until here, so the wait for them is training time.
        run.seconds += time.perf_counter() - started
        self.told, self.steps, self.reported = {}, 0, run.seconds
        return _checked(run, Report(run.step, run.seconds, "train", metrics))

    def draw(self, images: Data) -> list[Event]:
        started = time.perf_counter()
        events: list[Event] = [_validate(self.run, images)] if isinstance(images, Cloud) else []
        events.append(Frame(self.run.step, self.run.seconds, draw(self.run, images)))
        self.last_drawing = time.perf_counter() - started
        self.drawn += self.last_drawing
        return events

    def save(self) -> Save:
        self.saved = self.run.seconds
        return Save(self.run.step)


def _validate(run: Run, images: Data) -> Report:
    """The mean metrics of all validation images, with the same noise each time, so that only the weights differ."""
    rng = torch_rng(run.train_config.seed, "validation", device=run.device)
    sums: dict[str, Tensor] = {}
    for start in range(0, len(images.validation), _EVALUATION_BATCH):
        part = slice(start, start + _EVALUATION_BATCH)
        x = inputs(images.validation[part], run.device)
        labels = torch.tensor(images.validation_labels[part], device=run.device).long()
        for name, value in run.model.metrics(x, labels, rng).items():
            sums[name] = sums[name] + value * len(x) if name in sums else value * len(x)
    counts = dict.fromkeys(sums, len(images.validation))
    report = _checked(run, Report(run.step, run.seconds, "validation", _means(sums, counts)))
    return replace(report, metrics=report.metrics | figures(run, images)) if isinstance(images, Cloud) else report


def _means(sums: Mapping[str, Tensor], counts: Mapping[str, int]) -> dict[str, float]:
    """All means, in one transfer from the device."""
    if not sums:
        return {}
    totals = torch.stack([value.float() for value in sums.values()]).tolist()
    return {name: total / counts[name] for name, total in zip(sums, totals, strict=True)}


def _checked(run: Run, report: Report) -> Report:
    if not all(map(math.isfinite, report.metrics.values())):
        raise Diverged(
            f"{BROKE} at step {run.step}: with a learning rate of {run.train_config.learning_rate:g} "
            "the loss is no longer a finite number; choose a smaller one."
        )
    return report
