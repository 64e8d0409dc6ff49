"""Runs carried in and out: one ZIP that can be uploaded again, and what people take away for other programs.

::

    manifest.json      {"genlib_run": 1, "genlib": version}: which form the archive has, and who wrote it
    run.json           what was asked, without its owner
    status.json        where the run stood
    build.json         what its newest attempt trained with
    changes.jsonl      what was changed while it ran
    name.json          how its owner calls it
    metrics.jsonl      its curves
    frames/            its film
    checkpoint/        its newest state that can be trained on

Nothing is ever unpickled: an archive from a stranger can be wrong but cannot run code.
"""

from genlib.archive.downloads import film, settings_json, thumbnail, weights
from genlib.archive.numbers import numbers
from genlib.archive.packing import pack
from genlib.archive.unpacking import unpack

__all__ = ["film", "numbers", "pack", "settings_json", "thumbnail", "unpack", "weights"]
