"""A run is a folder: created, queued, watched, steered, recovered and deleted. Standard library only.

::

    run.json           what was asked: settings, hash of the owner's key; never changes
    status.json        where it stands: state, step, rate, a heartbeat counter
    control.json       what its owner wants: run, pause or stop, with a sequence number that status.json acknowledges
    build.json         what the newest attempt trains with: versions, device, threads
    metrics.jsonl      one line a report; only grows, and is cut back to the checkpoint's step on resuming
    frames/            what was drawn at which step
    checkpoint/        the newest state that can be trained on, and checkpoint.previous/ the one before
    attempts/          one file an attempt at training it; the highest number holds the run
    log.txt            what the training process said, for whoever looks after the machine
"""

from genlib.runs.files import home
from genlib.runs.finding import find, list_runs
from genlib.runs.folder import RunFolder
from genlib.runs.queue import Backend, Dispatcher, LocalBackend, slots
from genlib.runs.status import ACTIVE, RESUMABLE, Status
from genlib.runs.watch import Watcher

__all__ = [
    "ACTIVE",
    "RESUMABLE",
    "Backend",
    "Dispatcher",
    "LocalBackend",
    "RunFolder",
    "Status",
    "Watcher",
    "find",
    "home",
    "list_runs",
    "slots",
]
