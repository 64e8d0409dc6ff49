"""A run is a folder: created, queued, watched, steered, recovered and deleted. Standard library only.

::

    run.json           what was asked: settings, hash of the owner's key; never changes
    name.json          what its owner calls it
    status.json        where it stands: state, step, rate, a heartbeat counter
    control.json       what its owner wants: run, pause or stop, until which step, values of live knobs; with a sequence
                       number that status.json acknowledges
    changes.jsonl      one line a change of a live knob, written before it acts: from which step on, knob, value
    build.json         what the newest attempt trains with: versions, device, threads
    metrics.jsonl      one line a report; only grows, and is cut back to the checkpoint's step on resuming; ten a
                       second for five minutes of training, then so that they grow with the logarithm of time
    frames/            what was drawn at which step
    checkpoint/        the newest state that can be trained on, and checkpoint.previous/ the one before
    attempts/          one file an attempt at training it; the highest number holds the run. On a cluster 3.begun says
                       where the third was begun, and 3.ended that nobody may go on with it
    log.txt            what the training process said, for whoever looks after the machine

A run is queued, starting, running, paused, parked, interrupted, stopped, done or failed. Paused keeps its process;
parked is paused without one, its place given to others that waited. It rests as paused, too, when it has reached the
step until which its owner wanted it, short of its budget.
"""

from genlib.runs.backend import Backend, LocalBackend
from genlib.runs.files import home
from genlib.runs.finding import find, list_runs
from genlib.runs.folder import RunFolder
from genlib.runs.limits import Limits, slots
from genlib.runs.places import Place
from genlib.runs.queue import Dispatcher
from genlib.runs.saved import newest_checkpoint, saved_digest, saved_status, saved_step
from genlib.runs.status import ACTIVE, BROKE, RESUMABLE, Status, here
from genlib.runs.watch import Watcher
from genlib.runs.wish import Wish

__all__ = [
    "ACTIVE",
    "BROKE",
    "RESUMABLE",
    "Backend",
    "Dispatcher",
    "Limits",
    "LocalBackend",
    "Place",
    "RunFolder",
    "Status",
    "Watcher",
    "Wish",
    "find",
    "here",
    "home",
    "list_runs",
    "newest_checkpoint",
    "saved_digest",
    "saved_status",
    "saved_step",
    "slots",
]
