"""A run from an archive: checked to the last number before anybody can see it."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from genlib.archive.checkpoints import check_checkpoint
from genlib.archive.contents import changes, frames, metrics, parse_object, plain, words
from genlib.archive.packing import FORMAT
from genlib.archive.reading import read_archive
from genlib.film import Film
from genlib.knobs import InputError
from genlib.runs import ACTIVE, RESUMABLE, RunFolder, Status, home, saved_status
from genlib.runs.files import stored
from genlib.runs.naming import read_name
from genlib.runs.owners import key_hash
from genlib.settings import RunSettings

__all__ = ["unpack"]

_ASIDE = ".upload-"  # begins no run's name, so nobody lists it
_FORGOTTEN = 3600.0  # seconds after which what a killed process left aside is removed
_LEFT = "This run was packed while it trained; it can go on from what was saved."
_NOTHING = "This run was packed before it had saved anything: there is no state to go on from, start a new run."
_MODEL = "The archive holds only the model of this run: it can be looked at and sampled from, not trained on."


def unpack(data: bytes, key: str | None = None) -> RunFolder:
    """A new run from what :func:`genlib.archive.pack` made; it takes seconds and imports torch.

    Arguments:
        data: The ZIP, from anywhere: nothing in it is trusted.
        key: Secret of the browser that may steer the new run.

    Raises:
        InputError: If anything in it is not as genlib makes it, or the disk refuses; then nothing is left behind.
    """
    files = read_archive(data)
    manifest = parse_object(files, "manifest.json")
    form = manifest.get("genlib_run")
    if type(form) is not int or form < 1:
        raise InputError("The ZIP holds no genlib run: upload the file as genlib gave it to you.")
    if form > FORMAT:
        raise InputError("The archive comes from a newer genlib: update this one, or ask whoever looks after it.")
    settings = RunSettings.from_json(parse_object(files, "run.json").get("settings"))
    with stored("The run"):
        runs = home() / "runs"
        runs.mkdir(parents=True, exist_ok=True)
        _forget(runs)
        aside = runs / f"{_ASIDE}{secrets.token_hex(8)}"
        try:
            _fill(aside, files, settings, key)
            run = RunFolder(runs / secrets.token_hex(8))
            aside.rename(run.path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return run


def _fill(aside: Path, files: dict[str, bytes], settings: RunSettings, key: str | None) -> None:
    (aside / "attempts").mkdir(parents=True)
    (aside / "frames").mkdir()
    run = RunFolder(aside)
    trainable = check_checkpoint(aside, files, settings)
    run.write_status(_status(aside, files, trainable))
    if build := plain(parse_object(files, "build.json", missing=True)):
        run.write_json("build.json", build)
    if name := read_name(parse_object(files, "name.json", missing=True).get("name")):
        run.write_json("name.json", {"name": name})
    for file, lines in (("changes.jsonl", changes(files, settings)), ("metrics.jsonl", metrics(files))):
        if lines:
            (aside / file).write_bytes("".join(json.dumps(line) + "\n" for line in lines).encode())
    film = Film(aside / "frames")
    for step, arrays in frames(files):
        if step is None:
            film.set_constants(arrays)
        else:
            film.add(step, arrays)
    owner = key_hash(key) if key else None
    asked = {"format": 1, "created": time.time(), "settings": settings.to_json(), "owner": owner}
    run.write_json("run.json", asked)


def _status(aside: Path, files: dict[str, bytes], trainable: bool) -> Status:
    """Where the weights of the run stand, as those of a run that nobody trains here."""
    status = Status.from_json(parse_object(files, "status.json"))
    status = saved_status(aside, status) or status
    state, message = status.state, words(status.message, 300)
    if state in ACTIVE:
        state, message = "interrupted", _LEFT
    if state in RESUMABLE and not trainable:
        state, message = "failed", _MODEL if (aside / "checkpoint").exists() else _NOTHING
    # The numbers of attempts, beats and wishes belong to the machine that it comes from.
    own = asdict(Status()) | {"state": state, "message": message, "device": words(status.device, 100)}
    kept = {name: getattr(status, name) for name in ("step", "epoch", "progress", "seconds")}
    return Status(**(own | kept))


def _forget(runs: Path) -> None:
    for path in runs.glob(f"{_ASIDE}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(path, ignore_errors=True)
