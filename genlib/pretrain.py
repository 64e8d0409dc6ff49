"""Making the models that come with genlib: a recorded run each, small enough to be carried along."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from genlib.checkpoint import save_model
from genlib.film import Film
from genlib.recorder import record
from genlib.runs import RunFolder, Status
from genlib.settings import RunSettings, TrainConfig, VAEConfig

__all__ = ["BUNDLED", "pretrain"]

BUNDLED = {"vae-2d": RunSettings("vae", VAEConfig(latent_dim=2), TrainConfig(epochs=20, seed=0))}
_FRAMES = 40


def pretrain(name: str, target: Path) -> Iterator[Status]:
    """Train a bundled model and put its weights, curves and film into ``target``.

    Arguments:
        name: A key of ``BUNDLED``.
        target: Folder to write, replaced if it exists.

    Yields:
        The status of the run while it trains.
    """
    run = RunFolder.create(BUNDLED[name].to_json())
    status = run.status
    yield from record(run, run.claim(status) or 1)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    save_model(run.path, target)
    film = Film(run.path / "frames")
    film.thin(_FRAMES)
    film.folder.rename(target / "frames")
    for kept in ("run.json", "status.json", "build.json", "metrics.jsonl"):
        shutil.copy(run.path / kept, target / kept)
    shutil.rmtree(run.path)
