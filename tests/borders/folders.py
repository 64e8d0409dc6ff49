"""What lies in folders, and might have been altered or come from a stranger: runs, archives, checkpoints, films,
decoders, atlases, and images and tables that are kept."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from safetensors.numpy import load, save

from genlib import archive
from genlib.data import assets
from genlib.data.own import find_own, list_own
from genlib.data.own.csv import list_tables, table_of
from genlib.data.own.kept import arrays_of
from genlib.export import read_decoder
from genlib.film import FORMS, Film
from genlib.knobs import InputError
from genlib.latent import parse_atlas
from genlib.library import entries
from genlib.recipe import of_run
from genlib.runs import ACTIVE, RunFolder, Watcher, home, list_runs, saved_step
from genlib.runs.clearing import Clearing
from genlib.runs.limits import Limits
from genlib.settings import RunSettings
from pages.ui.news import _watchers, news, results
from pages.ui.opened import mine, opened
from tests.borders import Border
from tests.borders.junk import altered, altered_json
from tests.borders.sound import Files, altered_files, archives, checkpoints, kept, put, sound, tensors
from tests.brought import KEY, raw_zip

_ID = "a" * 16


# Runs -----------------------------------------------------------------------------------------------------------------


def run_folder(files: Files) -> None:
    """Everything that pages and commands ask of a run, each of which may be refused by itself."""
    put(home() / "runs" / _ID, files)
    run, refusals = RunFolder(home() / "runs" / _ID), list[InputError]()
    told: list[Callable[[], Any]] = [
        tell_news,
        lambda: (opened(_ID).label + opened(_ID).line).encode(),
        lambda: of_run(run),
        lambda: archive.pack(run),
        lambda: archive.weights(run),
        lambda: archive.settings_json(run),
        lambda: archive.film(run),
        lambda: archive.thumbnail(run),
        lambda: list(entries()),
        lambda: [each.label for each in mine(KEY)],
    ]
    for tell in told:
        try:
            tell()
        except InputError as error:
            refusals.append(error)
    assert [each.id for each in list_runs()] in ([], [_ID])
    assert run.name.isprintable()
    assert len(run.name) <= 60
    assert math.isfinite(run.created)
    assert 0 <= (saved_step(run.path) or 0) <= 10**12
    assert run.wish.want in ("run", "pause", "stop")
    Clearing().old(Limits())
    if refusals:
        raise refusals[0]


def tell_news() -> None:
    """The news of the run, told as of one that came with genlib, which no dispatcher looks after."""
    shown = opened(_ID)
    recorded = RunFolder(home() / "models" / _ID)
    shutil.rmtree(recorded.path, ignore_errors=True)
    shutil.copytree(shown.run.path, recorded.path)
    _watchers.clear()  # of the folder that was there before
    json.dumps(news(replace(shown, run=recorded)), allow_nan=False)
    results(shown)


def brought_back(data: bytes) -> None:
    """An archive; what is refused leaves nothing, what is taken can be read as any run."""
    run = archive.unpack(data, KEY)
    try:
        assert run.status.state not in ACTIVE
        RunSettings.from_json(run.settings)
        assert opened(run.id).line
        Watcher(run).poll()
        assert (run.may_steer(KEY), run.name.isprintable()) == (True, True)
        assert {path.relative_to(run.path).parts[0] for path in run.path.rglob("*")} <= {
            "attempts",
            "frames",
            "checkpoint",
            "run.json",
            "status.json",
            "build.json",
            "changes.jsonl",
            "metrics.jsonl",
            "name.json",
        }
    finally:
        shutil.rmtree(run.path)


def checkpoint(files: Files) -> None:
    """A checkpoint, of which all checksums may be right."""
    from genlib import checkpoint as checkpoints

    put(home() / "model", files)
    try:
        model = checkpoints.load_model(home() / "model")
        assert sum(tensor.numel() for tensor in model.parameters()) < 1e8
    finally:
        run = checkpoints.load(home() / "model", "cpu", trainable=False)
        assert run.step >= 0
        assert math.isfinite(run.seconds)


def frame(content: bytes) -> bool:
    """A frame of a film, and what is made of it."""
    run = RunFolder(home() / "runs" / _ID)
    put(
        run.path,
        {
            "run.json": sound()[0]["run.json"],
            "frames/0.safetensors": content,
            "frames/constants.safetensors": content,
            "status.json": sound()[0]["status.json"],
        },
    )
    film = Film(run.path / "frames")
    found = {**film.frame(0), **film.constants()}
    assert {name: (array.shape[1:], str(array.dtype)) for name, array in found.items()}.items() <= FORMS.items()
    assert all(array.ndim for array in found.values())
    tell_news()
    archive.thumbnail(run)
    if "samples" in found or "reconstructions" in found:
        archive.film(run)
    return bool(found)


def atlas(content: bytes) -> None:
    found = parse_atlas(content)
    assert np.isfinite(found.codes).all()
    assert len(found.codes) == len(found.labels) <= 10_000


def decoder(files: Files) -> None:
    put(home() / "model", files)
    read_decoder(home() / "model")


# What visitors keep ---------------------------------------------------------------------------------------------------


def kept_images(files: Files) -> None:
    folder = home() / "data" / kept()[0]
    put(folder, files)
    list_own(KEY)
    assert find_own(folder.name).name().isprintable()
    images, labels = arrays_of(folder.name)
    assert (images.shape, labels.ndim) == ((len(labels), 28, 28), 1)
    assert labels.max() < len(find_own(folder.name).classes) <= 10


def kept_tables(content: bytes) -> None:
    put(home() / "tables" / _ID, {"table.csv": b"1,2\n", "data.json": content})
    assert all(each.name.isprintable() for each in list_tables(KEY))
    table_of(_ID, KEY)


_FRAMES = st.deferred(
    lambda: (
        st.just(sound()[0]["frames/constants.safetensors"])
        | tensors(load(sound()[0]["frames/constants.safetensors"]))
        | tensors({name: np.zeros((20, *shape), kind) for name, (shape, kind) in FORMS.items()})
    )
)


def _kept_files() -> st.SearchStrategy[Files]:
    told, content = kept()[1]["data.json"], kept()[1]["images.safetensors"]
    return st.fixed_dictionaries(
        {
            "data.json": st.just(told) | altered_json(st.just(json.loads(told))),
            "images.safetensors": st.just(content) | tensors(load(content)),
        }
    )


_MODEL = assets() / "models" / "ae-2d"


def _decoders() -> st.SearchStrategy[Files]:
    told, content = ((_MODEL / name).read_bytes() for name in ("decoder.json", "decoder.safetensors"))

    def signed(told: Any, content: bytes) -> Files:
        told = told | {"sha256": hashlib.sha256(content).hexdigest()} if isinstance(told, dict) else told
        return {"decoder.json": json.dumps(told).encode(), "decoder.safetensors": content}

    jsons, arrays = altered(st.just(json.loads(told))), tensors(load(content))
    return st.builds(signed, st.just(json.loads(told)) | jsons, st.just(content) | arrays) | st.fixed_dictionaries(
        {"decoder.json": altered_json(st.just(json.loads(told))), "decoder.safetensors": st.just(content)}
    )


_SOUND = st.deferred(lambda: st.just(raw_zip([{"name": n, "content": c} for n, c in sound()[1].items()])))
_A_RUN = r"home/(runs|models)/[0-9a-f]{16}/.*"

BORDERS = [
    Border(
        "run folders",
        st.deferred(lambda: st.just(sound()[0]) | altered_files(sound()[0])),
        run_folder,
        _A_RUN,
        weight=0.3,
    ),
    Border("archives of runs", _SOUND | archives() | st.binary(max_size=99), brought_back, _A_RUN),
    Border(
        "checkpoints",
        st.deferred(lambda: st.just(dict(sound()[0])) | checkpoints(sound()[0])),
        checkpoint,
        "home/model/.*",
    ),
    Border(
        "frames of films",
        _FRAMES | st.binary(max_size=99),
        frame,
        _A_RUN,
        examples=(save({"labels": np.array(1, np.uint8)}),),
    ),
    Border(
        "atlases",
        st.deferred(lambda: tensors(load((_MODEL / "atlas.safetensors").read_bytes()))) | st.binary(max_size=99),
        atlas,
        examples=((_MODEL / "atlas.safetensors").read_bytes(),),
    ),
    Border("decoders", st.deferred(_decoders), decoder, "home/model/.*"),
    Border(
        "kept images",
        st.deferred(_kept_files),
        kept_images,
        "home/data/.*",
        examples=(
            {"data.json": b'{"classes": ["a"], "counts": [Infinity], "owners": {}}', "images.safetensors": b""},
            {
                "data.json": b'{"classes": ["a"], "counts": [1], "owners": {}}',
                "images.safetensors": save(
                    {"images": np.zeros((60, 28, 28), np.uint8), "labels": np.array(0, np.uint8)}
                ),
            },
        ),
    ),
    Border(
        "kept tables",
        st.deferred(lambda: st.just(kept()[2]) | altered_json(st.just(json.loads(kept()[2])))),
        kept_tables,
        "home/tables/.*",
    ),
]
