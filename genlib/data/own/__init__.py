"""Images that a visitor brings: read from untrusted files, and kept by the hash of what they hold.

::

    GENLIB_HOME/data/<16 hexadecimal digits of the hash>/
        images.safetensors   images (N, 28, 28) and labels (N,), one byte each
        data.json            names of the classes; and for each owner, by the hash of the key, a name and since when

Nothing is ever unpickled, and no file of an archive is written under its own name.
"""

from genlib.data.own.kept import KEPT_DAYS, OwnSet, find_own, list_own
from genlib.data.own.pictures import small, small_picture
from genlib.data.own.reading import CROPS, FEWEST, Collected, Reading, Skipped, collect
from genlib.data.own.store import MOST_SETS, keep, last_run, remove, sweep

__all__ = [
    "CROPS",
    "FEWEST",
    "KEPT_DAYS",
    "MOST_SETS",
    "Collected",
    "OwnSet",
    "Reading",
    "Skipped",
    "collect",
    "find_own",
    "keep",
    "last_run",
    "list_own",
    "remove",
    "small",
    "small_picture",
    "sweep",
]
