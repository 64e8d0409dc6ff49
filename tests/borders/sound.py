"""A run, its archive, and what a visitor keeps, as they lie in files; and the same with faults."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from safetensors.numpy import load, save

from genlib import archive
from genlib.data.own import keep
from genlib.data.own.csv import keep_table
from genlib.film import Film
from genlib.runs import RunFolder, home
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from tests.borders.junk import altered, altered_json, damaged
from tests.brought import KEY, collected, folders, raw_zip
from tests.few import few_images

__all__ = ["Files", "altered_files", "archives", "checkpoints", "kept", "put", "sound", "tensors"]

Files = Mapping[str, bytes]
_SETTINGS = RunSettings(
    "vae", VAEConfig(latent_dim=2, hidden_dim=16), TrainConfig(epochs=4, batch_size=32, device="cpu")
)
_CHECKPOINT = ("checkpoint/checkpoint.json", "checkpoint/tensors.safetensors")


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Another home, which is gone afterwards."""
    before = os.environ.get("GENLIB_HOME")
    with tempfile.TemporaryDirectory() as elsewhere:
        os.environ["GENLIB_HOME"] = elsewhere
        try:
            yield
        finally:
            os.environ.pop("GENLIB_HOME") if before is None else os.environ.update(GENLIB_HOME=before)


@cache
def sound() -> tuple[Files, Files]:
    """The files of a run of 6 steps that was stopped, and those of its archive."""
    from genlib.recorder import record

    with _elsewhere():
        run = RunFolder.create(_SETTINGS.to_json(), KEY)
        for _ in record(run, run.claim(run.status), lambda: run.status.step >= 6, few_images()):
            pass
        run.rename("Ringelnatz 漢", KEY)
        run.write_changes([{"step": 2, "knob": "learning_rate", "value": 0.002}])
        run.steer(KEY, want="stop", knobs={"beta": 2.0})
        for step in Film(run.path / "frames").steps()[1:-1]:
            (run.path / "frames" / f"{step}.safetensors").unlink()
        with zipfile.ZipFile(io.BytesIO(archive.pack(run))) as packed:
            return _files(run.path), {name: packed.read(name) for name in packed.namelist()}


@cache
def kept() -> tuple[str, Files, bytes]:
    """The name and the files of images that are kept, and what is told of a table that is."""
    with _elsewhere():
        name = keep(collected(folders()), "Pets", KEY).id
        table = keep_table(b"1,2\n", "mine.csv", KEY).id
        return name, _files(home() / "data" / name), (home() / "tables" / table / "data.json").read_bytes()


def _files(folder: Path) -> Files:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


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
                number = draw(st.sampled_from([np.nan, np.inf, -np.inf, 6e4, -1.0]))
                arrays[name] = np.full(array.shape, number, array.dtype)
            case "number":
                arrays[name] = np.full(array.shape, 255).astype(array.dtype)
            case "name":
                arrays[draw(st.sampled_from(["../x", "model.x", "optimizer.adam.9.step", "labels", "", "x" * 999]))] = (
                    array
                )
    content = save(arrays)
    if not draw(st.integers(0, 2)):
        size = int.from_bytes(content[:8], "little")
        header = draw(altered_json(st.just(json.loads(content[8 : 8 + size]))))
        content = struct.pack("<Q", len(header)) + header + content[8 + size :]
    return draw(damaged(st.just(content))) if not draw(st.integers(0, 3)) else content


def _signed(told: Any, content: bytes) -> bytes:
    """A description of a checkpoint whose checksums are right, whatever it says."""
    if not isinstance(told, dict):
        return json.dumps(told).encode()
    told = {name: value for name, value in told.items() if name != "own_sha256"}
    told |= {"sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(
        told | {"own_sha256": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}
    ).encode()


@st.composite
def checkpoints(draw, files: Files):
    told = json.loads(files[_CHECKPOINT[0]])
    content = draw(tensors(load(files[_CHECKPOINT[1]])) if draw(st.booleans()) else st.just(files[_CHECKPOINT[1]]))
    signed = _signed(draw(altered(st.just(told)) if draw(st.booleans()) else st.just(told)), content)
    return {
        _CHECKPOINT[0]: draw(damaged(st.just(signed))) if not draw(st.integers(0, 4)) else signed,
        _CHECKPOINT[1]: content,
    }


@st.composite
def altered_files(draw, files: Files):
    """The files of a run, of which one or two are others or gone."""
    files = dict(files)
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2, unique=True)):
        content = files.pop(name)
        if name.startswith("checkpoint"):
            files |= draw(checkpoints(dict(sound()[0])))
        elif name.endswith(".safetensors"):
            files[name] = draw(tensors(load(content)))
        elif name.endswith(".jsonl") and draw(st.booleans()):
            lines = [json.loads(line) for line in content.splitlines()]
            files[name] = b"\n".join(json.dumps(each).encode() for each in draw(altered(st.just(lines)))) + b"\n"
        elif draw(st.integers(0, 9)):
            json_bytes = name.endswith(".json") and draw(st.integers(0, 3))
            files[name] = draw(altered_json(st.just(json.loads(content))) if json_bytes else damaged(st.just(content)))
    return files


@st.composite
def archives(draw):
    files = draw(altered_files(sound()[1]) if draw(st.integers(0, 3)) else st.just(sound()[1]))
    parts: list[dict[str, Any]] = [{"name": name, "content": content} for name, content in files.items()]
    fault = st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(
                ["../run.json", "/etc/x", "x.pkl", "run.json", "frames/01.safetensors", "a\0.json", "é"]
            ),
            "size": st.sampled_from([0, 2**31, 2**40]),
            "crc": st.just(1),
            "flags": st.sampled_from([1, 0x40]),
            "method": st.sampled_from([8, 12, 99]),
            "mode": st.just(0o120777),
        },
    )
    if not draw(st.integers(0, 2)):
        parts[draw(st.integers(0, len(parts) - 1))] |= draw(fault)
    data = raw_zip(parts)
    return draw(damaged(st.just(data))) if not draw(st.integers(0, 3)) else data
