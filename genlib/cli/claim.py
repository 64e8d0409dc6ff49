"""The run that a training command means: a new one, or one to go on with."""

from __future__ import annotations

import argparse
import sys

from genlib.changes import Change, checked_changes
from genlib.data.cloud import load_cloud
from genlib.data.own.kept import find_own
from genlib.device import choose
from genlib.flags import asked_for
from genlib.knobs import InputError, shown
from genlib.runs import ACTIVE, RESUMABLE, RunFolder, find
from genlib.runs.status import TRAINED, elsewhere
from genlib.runs.wish import checked_step
from genlib.settings import FAMILY_NAMES, MNIST, RunSettings

__all__ = ["claim"]


def claim(options: argparse.Namespace) -> tuple[RunFolder, int]:
    """The run to train, new or old, and the number of this attempt at it."""
    if options.until_step is not None:
        checked_step(options.until_step)
    if options.run is None:
        return _new_run(options), 1
    if asked_for(options) or options.change:
        raise InputError("The settings of a run never change: leave the flags out, or start a new run.")
    folder = find(options.run)
    if options.attempt is not None:
        if not folder.held_by(options.attempt):
            raise InputError(f"Attempt {options.attempt} does not hold run {folder.id}: leave --attempt out.")
        return folder, options.attempt
    if (before := folder.status).state in TRAINED and elsewhere(before):
        host = shown(before.host)
        sys.stderr.write(f"Run {folder.id} was last heard of from {host}: waiting up to 30 s for a sign of life.\n")
    status = folder.settle()
    more = status.state == "done" and options.until_step is not None and options.until_step > status.step
    if status.state not in RESUMABLE | {"queued", "parked"} and not more:
        state = "is being trained already" if status.state in ACTIVE else f"is {status.state}"
        raise InputError(f"Run {folder.id} {state}: only a new, parked, stopped or interrupted run can be trained.")
    attempt = folder.claim(status)
    if attempt is None:
        raise InputError(f"Run {folder.id} was just taken by another process: watch it, or try again in a moment.")
    if options.until_step is not None or not folder.wish.ahead(status.step):
        folder.ask(want="run", until_step=... if options.until_step is None else options.until_step)
    return folder, attempt


def _new_run(options: argparse.Namespace) -> RunFolder:
    """A run with these settings, claimed by this process."""
    asked = asked_for(options)
    settings = RunSettings.from_text(asked)
    known = {"family", *settings.to_json()["model"], *settings.to_json()["train"]}
    known |= {"data"} if settings.points is None else {"points", *settings.points.addressed()}
    foreign = set(asked) - known
    if foreign:
        raise InputError(f"{FAMILY_NAMES[settings.family]} has no {min(foreign)}: leave that flag out.")
    changes = checked_changes([Change.parse(text) for text in options.change], settings)
    if settings.data != MNIST:
        find_own(settings.data)
    if settings.points is not None:
        load_cloud(settings.points)
    if settings.train.device not in ("auto", "cpu"):
        choose(settings.train.device)  # before there is a folder of a run that cannot be
    folder = RunFolder.create(settings.to_json(), claimed=True)
    if changes:
        folder.write_changes(change.to_json() for change in changes)
    if options.until_step is not None:
        folder.ask(until_step=options.until_step)
    return folder
