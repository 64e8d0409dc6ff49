"""What lies in folders, and might have been altered or come from a stranger: runs, archives, checkpoints, films,
decoders, atlases, and images and tables that are kept."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from safetensors.numpy import save

from genlib import archive
from genlib.data import assets
from genlib.data.images import load_images
from genlib.data.own import find_own, keep, list_own
from genlib.data.own.csv import keep_table, list_tables, table_of
from genlib.export import read_decoder
from genlib.film import FORMS, Film
from genlib.knobs import InputError
from genlib.latent import parse_atlas
from genlib.library import entries
from genlib.recipe import of_run
from genlib.runs import ACTIVE, RunFolder, home, list_runs, saved_step
from genlib.runs.clearing import Clearing
from genlib.runs.limits import Limits
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from pages.ui.news import news, results
from pages.ui.opened import mine, opened
from tests.borders import Border
from tests.borders.junk import altered, altered_json, damaged
from tests.brought import collected, folders, raw_zip
from tests.few import few_images

KEY = "0123456789abcdef" * 2
_ID = "a" * 16
_SETTINGS = RunSettings("vae", VAEConfig(latent_dim=2, hidden_dim=16), TrainConfig(epochs=4, batch_size=32, device="cpu"))
_CHECKPOINT = ("checkpoint/checkpoint.json", "checkpoint/tensors.safetensors")
_MANY = "frames/0.safetensors"

Files = Mapping[str, bytes]


@cache
def _sound() -> tuple[Files, Files]:
    """The files of a run of 6 steps that was stopped, and those of its archive."""
    import io
    import zipfile

    from genlib.recorder import record

    before = os.environ.get("GENLIB_HOME")
    with tempfile.TemporaryDirectory() as elsewhere:
        os.environ["GENLIB_HOME"] = elsewhere
        try:
            run = RunFolder.create(_SETTINGS.to_json(), KEY)
            for status in record(run, run.claim(run.status), lambda: run.status.step >= 6, few_images()):
                del status
            run.rename("Ringelnatz 漢", KEY)
            run.write_changes([{"step": 2, "knob": "learning_rate", "value": 0.002}])
            run.steer(KEY, want="stop", knobs={"beta": 2.0})
            files = {path.relative_to(run.path).as_posix(): path.read_bytes()
                     for path in run.path.rglob("*") if path.is_file()}  # fmt: skip
            with zipfile.ZipFile(io.BytesIO(archive.pack(run))) as packed:
                return files, {name: packed.read(name) for name in packed.namelist()}
        finally:
            os.environ.pop("GENLIB_HOME") if before is None else os.environ.update(GENLIB_HOME=before)


def _put(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


# Runs -----------------------------------------------------------------------------------------------------------------


def run_folder(files: Files) -> None:
    """Everything that pages and commands ask of a run, each of which may be refused by itself."""
    _put(home() / "runs" / _ID, files)
    run, refusals = RunFolder(home() / "runs" / _ID), list[InputError]()
    told: list[Callable[[], Any]] = [
        lambda: json.dumps(news(opened(_ID)), allow_nan=False), lambda: results(opened(_ID)),
        lambda: (opened(_ID).label + opened(_ID).line).encode(), lambda: of_run(run), lambda: archive.pack(run),
        lambda: archive.weights(run), lambda: archive.settings_json(run), lambda: archive.film(run),
        lambda: archive.thumbnail(run), lambda: list(entries()), lambda: [each.label for each in mine(KEY)],
    ]  # fmt: skip
    for tell in told:
        try:
            tell()
        except InputError as error:
            refusals.append(error)
    assert list_runs() in ([], [run])
    assert run.name.isprintable()
    assert len(run.name) <= 60
    assert math.isfinite(run.created)
    assert 0 <= (saved_step(run.path) or 0) <= 10**12
    assert run.wish.want in ("run", "pause", "stop")
    Clearing().old(Limits())
    if refusals:
        raise refusals[0]


def brought_back(data: bytes) -> None:
    """An archive; what is refused leaves nothing, what is taken can be read as any run."""
    run = archive.unpack(data, KEY)
    try:
        assert run.status.state not in ACTIVE
        RunSettings.from_json(run.settings)
        json.dumps(news(opened(run.id)), allow_nan=False)
        assert (run.may_steer(KEY), run.name.isprintable()) == (True, True)
        assert {path.relative_to(run.path).parts[0] for path in run.path.rglob("*")} <= {
            "attempts", "frames", "checkpoint", "run.json", "status.json", "build.json", "changes.jsonl", "metrics.jsonl",
            "name.json"}  # fmt: skip
    finally:
        shutil.rmtree(run.path)


def checkpoint(files: Files) -> None:
    """A checkpoint, of which all checksums may be right."""
    from genlib import checkpoint as checkpoints

    _put(home() / "model", files)
    try:
        model = checkpoints.load_model(home() / "model")
        assert sum(tensor.numel() for tensor in model.parameters()) < 1e8
    finally:
        run = checkpoints.load(home() / "model", "cpu", trainable=False)
        assert 0 <= run.step
        assert math.isfinite(run.seconds)


def frame(content: bytes) -> bool:
    """A frame of a film, and what is made of it."""
    run = RunFolder(home() / "runs" / _ID)
    _put(run.path, {"run.json": _sound()[0]["run.json"], _MANY: content, "frames/constants.safetensors": content,
                    "status.json": _sound()[0]["status.json"]})  # fmt: skip
    film = Film(run.path / "frames")
    found = {**film.frame(0), **film.constants()}
    assert {name: (array.shape[1:], str(array.dtype)) for name, array in found.items()}.items() <= FORMS.items()
    assert all(array.ndim for array in found.values())
    json.dumps(news(opened(_ID)), allow_nan=False)
    archive.thumbnail(run)
    if "samples" in found or "reconstructions" in found:
        archive.film(run)
    return bool(found)


def atlas(content: bytes) -> None:
    found = parse_atlas(content)
    assert np.isfinite(found.codes).all()
    assert len(found.codes) == len(found.labels) <= 10_000


def decoder(files: Files) -> None:
    _put(home() / "model", files)
    read_decoder(home() / "model")


# What visitors keep ---------------------------------------------------------------------------------------------------


def kept_images(files: Files) -> None:
    folder = home() / "data" / _kept()[0]
    _put(folder, files)
    list_own(KEY)
    assert find_own(folder.name).name().isprintable()
    found = load_images(folder.name)
    assert found.train.shape[1:] == (28, 28)
    assert len(found.train) == len(found.train_labels) > 0
    assert found.train_labels.max() < len(found.classes) <= 10


def kept_tables(content: bytes) -> None:
    _put(home() / "tables" / _ID, {"table.csv": b"1,2\n", "data.json": content})
    assert all(each.name.isprintable() for each in list_tables(KEY))
    table_of(_ID, KEY)


@cache
def _kept() -> tuple[str, Files, bytes]:
    """The name and the files of images that are kept, and what is told of a table that is."""
    before = os.environ.get("GENLIB_HOME")
    with tempfile.TemporaryDirectory() as elsewhere:
        os.environ["GENLIB_HOME"] = elsewhere
        try:
            name = keep(collected(folders()), "Pets", KEY).id
            table = keep_table(b"1,2\n", "mine.csv", KEY).id
            told = (home() / "tables" / table / "data.json").read_bytes()
            return name, {path.name: path.read_bytes() for path in (home() / "data" / name).iterdir()}, told
        finally:
            os.environ.pop("GENLIB_HOME") if before is None else os.environ.update(GENLIB_HOME=before)


# Faults ---------------------------------------------------------------------------------------------------------------


@st.composite
def tensors(draw, known: Mapping[str, np.ndarray]):
    """A safetensors file: some tensors of other kinds, sizes, names or numbers, or a header that lies."""
    arrays = dict(known)
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(sorted(arrays) or ["x"]))
        array = arrays.pop(name, np.zeros(3, np.uint8))
        match draw(st.sampled_from(["gone", "scalar", "short", "empty", "kind", "shape", "number", "name"])):
            case "scalar":
                arrays[name] = np.array(1, array.dtype)
            case "short":
                arrays[name] = np.ascontiguousarray(array[:1] if array.ndim else array)
            case "empty":
                arrays[name] = np.zeros((0, *array.shape[1:]), array.dtype)
            case "kind":
                kinds = [np.float16, np.float32, np.float64, np.int64, np.int8, np.bool_, np.uint8]
                arrays[name] = np.ones(array.shape, draw(st.sampled_from(kinds)))
            case "shape":
                arrays[name] = np.ascontiguousarray(array[..., None])
            case "number" if array.dtype.kind == "f":
                number = draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1.0]))
                arrays[name] = np.full(array.shape, number).astype(array.dtype)
            case "number":
                arrays[name] = np.full(array.shape, 255, array.dtype)
            case "name":
                arrays[draw(st.sampled_from(["../x", "model.x", "optimizer.adam.9.step", "labels", "", "x" * 999]))] = array
    with np.errstate(over="ignore"):
        content = save(arrays)
    if not draw(st.integers(0, 2)):
        size = int.from_bytes(content[:8], "little")
        header = draw(altered_json(st.just(json.loads(content[8 : 8 + size]))))
        content = struct.pack("<Q", len(header)) + header + content[8 + size :]
    return draw(damaged(st.just(content))) if not draw(st.integers(0, 3)) else content


def _loaded(content: bytes) -> dict[str, np.ndarray]:
    from safetensors.numpy import load

    return load(content)


def _signed(told: Any, content: bytes) -> bytes:
    """A description of a checkpoint whose checksums are right, whatever it says."""
    if not isinstance(told, dict):
        return json.dumps(told).encode()
    told = {name: value for name, value in told.items() if name != "own_sha256"}
    told |= {"sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(told | {"own_sha256": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}).encode()


@st.composite
def _checkpoints(draw, files: Files):
    told = json.loads(files[_CHECKPOINT[0]])
    content = draw(tensors(_loaded(files[_CHECKPOINT[1]])) if draw(st.booleans()) else st.just(files[_CHECKPOINT[1]]))
    signed = _signed(draw(altered(st.just(told)) if draw(st.booleans()) else st.just(told)), content)
    return {_CHECKPOINT[0]: draw(damaged(st.just(signed))) if not draw(st.integers(0, 4)) else signed, _CHECKPOINT[1]: content}


@st.composite
def _altered_files(draw, files: Files):
    """The files of a run, of which one or two are others or gone."""
    files = dict(files)
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2, unique=True)):
        content = files.pop(name)
        if name.startswith("checkpoint"):
            files |= draw(_checkpoints(dict(_sound()[0])))
        elif name.endswith(".safetensors"):
            files[name] = draw(tensors(_loaded(content)))
        elif name.endswith(".jsonl") and draw(st.booleans()):
            lines = [json.loads(line) for line in content.splitlines()]
            files[name] = b"\n".join(json.dumps(each).encode() for each in draw(altered(st.just(lines)))) + b"\n"
        elif draw(st.integers(0, 9)):
            json_bytes = name.endswith(".json") and draw(st.integers(0, 3))
            files[name] = draw(altered_json(st.just(json.loads(content))) if json_bytes else damaged(st.just(content)))
    return files


@st.composite
def _archives(draw):
    files = draw(_altered_files(_sound()[1]) if draw(st.integers(0, 3)) else st.just(_sound()[1]))
    parts: list[dict[str, Any]] = [{"name": name, "content": content} for name, content in files.items()]
    fault = st.fixed_dictionaries({}, optional={
        "name": st.sampled_from(["../run.json", "/etc/x", "x.pkl", "run.json", "frames/01.safetensors", "a\0.json", "é"]),
        "size": st.sampled_from([0, 2**31, 2**40]), "crc": st.just(1), "flags": st.sampled_from([1, 0x40]),
        "method": st.sampled_from([8, 12, 99]), "mode": st.just(0o120777),
    })  # fmt: skip
    if not draw(st.integers(0, 2)):
        parts[draw(st.integers(0, len(parts) - 1))] |= draw(fault)
    data = raw_zip(parts)
    return draw(damaged(st.just(data))) if not draw(st.integers(0, 3)) else data


_FRAMES = st.deferred(lambda: tensors(_loaded(_sound()[0]["frames/constants.safetensors"])) | tensors(
    {name: np.zeros((20, *shape), kind) for name, (shape, kind) in FORMS.items()}))  # fmt: skip


def _kept_files() -> st.SearchStrategy[Files]:
    told, content = _kept()[1]["data.json"], _kept()[1]["images.safetensors"]
    return st.fixed_dictionaries({
        "data.json": st.just(told) | altered_json(st.just(json.loads(told))),
        "images.safetensors": st.just(content) | tensors(_loaded(content)),
    })  # fmt: skip


_MODEL = assets() / "models" / "ae-2d"


def _decoders() -> st.SearchStrategy[Files]:
    told, content = ((_MODEL / name).read_bytes() for name in ("decoder.json", "decoder.safetensors"))

    def signed(told: Any, content: bytes) -> Files:
        told = told | {"sha256": hashlib.sha256(content).hexdigest()} if isinstance(told, dict) else told
        return {"decoder.json": json.dumps(told).encode(), "decoder.safetensors": content}

    jsons, arrays = altered(st.just(json.loads(told))), tensors(_loaded(content))
    return st.builds(signed, st.just(json.loads(told)) | jsons, st.just(content) | arrays) | st.fixed_dictionaries(
        {"decoder.json": altered_json(st.just(json.loads(told))), "decoder.safetensors": st.just(content)}
    )


_A_RUN = rf"home/runs/({_ID}|[0-9a-f]{{16}})/.*"

BORDERS = [
    Border("run folders", st.deferred(lambda: _altered_files(_sound()[0])), run_folder, _A_RUN),
    Border("archives of runs", _archives() | st.binary(max_size=99), brought_back, _A_RUN),
    Border("checkpoints", st.deferred(lambda: _checkpoints(_sound()[0])), checkpoint, "home/model/.*"),
    Border("frames of films", _FRAMES | st.binary(max_size=99), frame, _A_RUN),
    Border("atlases", st.deferred(lambda: tensors(_loaded((_MODEL / "atlas.safetensors").read_bytes())))
           | st.binary(max_size=99), atlas),
    Border("decoders", st.deferred(_decoders), decoder, "home/model/.*"),
    Border("kept images", st.deferred(_kept_files), kept_images, "home/data/.*"),
    Border("kept tables", st.deferred(lambda: altered_json(st.just(json.loads(_kept()[2])))), kept_tables, "home/tables/.*"),
]  # fmt: skip
