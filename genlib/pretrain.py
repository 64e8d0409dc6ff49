"""Making the models that come with genlib: a recorded run each, small enough to be carried along."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from genlib.checkpoint import save_model
from genlib.data.images import Images, load_images
from genlib.film import Film
from genlib.knobs import InputError
from genlib.pca import fit_pca
from genlib.recorder import record
from genlib.runs import RunFolder, Status
from genlib.settings import AutoencoderConfig, RunSettings, TrainConfig, VAEConfig

__all__ = ["BUNDLED", "pca_description", "pretrain"]

_TRAINING = TrainConfig(epochs=20, seed=0)
BUNDLED = {
    "ae-2d": RunSettings("ae", AutoencoderConfig(latent_dim=2), _TRAINING),
    "vae-2d": RunSettings("vae", VAEConfig(latent_dim=2), _TRAINING),
}
_FRAMES = 40


def pretrain(name: str, target: Path) -> Iterator[Status]:
    """Train a bundled model and put its weights, curves and film into ``target``.

    What PCA makes of the same images, the line to beat, is written beside it, as ``pca.json``.

    Arguments:
        name: A key of ``BUNDLED``.
        target: Folder to write, replaced if it exists.

    Yields:
        The status of the run while it trains.

    Raises:
        InputError: If it was left or failed.
    """
    run = RunFolder.create(BUNDLED[name].to_json())
    status = run.status
    yield from record(run, run.claim(status) or 1)
    if run.status.state != "done":
        raise InputError(f"The training of {name} did not reach its end, so the model before is kept: try again.")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    save_model(run.path, target)
    film = Film(run.path / "frames")
    film.thin(_FRAMES)
    film.folder.rename(target / "frames")
    for kept in ("run.json", "status.json", "build.json", "metrics.jsonl"):
        shutil.copy(run.path / kept, target / kept)
    shutil.rmtree(run.path)
    target.with_name("pca.json").write_text(json.dumps(pca_description(load_images()), indent=1) + "\n", "utf-8")


def pca_description(images: Images) -> dict[str, str | list[float]]:
    """The squared errors of PCA for codes of 1, 2, 3 ... numbers, and what they belong to."""
    errors = fit_pca(images.train).errors(images.validation)
    pixels = hashlib.sha256(images.train.tobytes() + images.validation.tobytes())
    return {
        "data": f"{images.name}: axes of {len(images.train):,} train images, errors of {len(images.validation):,} "
        "validation images",
        "sha256": pixels.hexdigest(),  # of the pixels of both
        "unit": "squared error, summed over the pixels of an image",
        "errors": [round(float(error), 6) for error in errors],
    }
