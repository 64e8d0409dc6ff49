"""A run as one ZIP, even while it trains."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import genlib
from genlib.film import MOST_FRAMES, Film
from genlib.runs import RunFolder, newest_checkpoint

__all__ = ["FORMAT", "pack"]

FORMAT = 1
_SAMPLE = 2**18  # bytes that show whether a file is worth compressing
_REGULAR = 0o100644 << 16  # an ordinary file, for systems that ask


def pack(run: RunFolder) -> bytes:
    """The run as a ZIP that :func:`genlib.archive.unpack` takes; the same run gives the same bytes.

    Of a run that trains it holds a state to go on from: the checkpoint is read first, so curves and film reach at
    least as far as it does.

    Raises:
        InputError: If the settings of the run cannot be read.
    """
    files = dict(_files(run))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # its date is 1980, the first that a ZIP can tell
            entry.create_system, entry.external_attr = 3, _REGULAR
            sample = files[name][:_SAMPLE]
            pays = len(zlib.compress(sample, 1)) < 0.9 * len(sample)
            entry.compress_type = zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def _files(run: RunFolder) -> Iterator[tuple[str, bytes]]:
    yield "manifest.json", _json({"genlib_run": FORMAT, "genlib": genlib.__version__})
    yield "run.json", _json({"format": 1, "created": run.created, "settings": run.settings})
    # The status comes before the checkpoint, so that no archive says done and holds an earlier state.
    yield "status.json", _json(asdict(replace(run.status, pid=None, host="")))
    if checkpoint := newest_checkpoint(run.path):
        yield "checkpoint/checkpoint.json", checkpoint[0]
        yield "checkpoint/tensors.safetensors", checkpoint[1]
    for name in ("build.json", "name.json"):
        if values := run.read_json(name):
            yield name, _json(values)
    for name in ("changes.jsonl", "metrics.jsonl"):
        with suppress(OSError):
            content = (run.path / name).read_bytes()
            yield name, content[: content.rfind(b"\n") + 1]  # the last line may not be whole yet
    yield from _frames(Film(run.path / "frames"))


def _frames(film: Film) -> Iterator[tuple[str, bytes]]:
    from safetensors.numpy import save

    if constants := film.constants():
        yield "frames/constants.safetensors", save(constants)
    steps = film.steps()
    # A film that grows has one too many for a moment, just before the last.
    for step in [*steps[: MOST_FRAMES - 1], *steps[MOST_FRAMES - 1 :][-1:]]:
        if arrays := film.frame(step):
            yield f"frames/{step}.safetensors", save(arrays)


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, indent=1).encode()
