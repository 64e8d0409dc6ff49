"""Making the models that come with genlib: a recorded run each, small enough to be carried along.

Of images there are some that can be used, of points in the plane one for each preset, to be looked at.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from genlib.checkpoint import load_model, save_model
from genlib.data.images import Images, load_images
from genlib.export import write_decoder
from genlib.film import Film
from genlib.knobs import InputError
from genlib.latent import write_atlas
from genlib.pca import fit_pca
from genlib.presets import PLANE_PRESETS
from genlib.recorder import record
from genlib.runs import RunFolder, Status
from genlib.settings import (
    AutoencoderConfig,
    ClassifierConfig,
    GANConfig,
    MaskedConfig,
    PixelMixtureConfig,
    RunSettings,
    TrainConfig,
    VAEConfig,
)
from genlib.studio import make_atlas

__all__ = ["BUNDLED", "PLANE", "Bundle", "pca_description", "pretrain", "thin_curves", "write_pca"]

_MOST_LINES = 500  # of the curves of training: more than a screen has points for


@dataclass(frozen=True)
class Bundle:
    """A model to come with genlib.

    Arguments:
        settings: How it is trained; its length is in epochs, so that it can be made again.
        frames: How many frames of its film are kept.
    """

    settings: RunSettings
    frames: int = 12


_EPOCHS, _MIXTURE = TrainConfig(epochs=20), TrainConfig(epochs=10, batch_size=1024)
_LONG = TrainConfig(epochs=40, schedule="cosine")
_DEEP = VAEConfig(latent_dim=20, layers=3, average=0.999)
_GAME = TrainConfig(epochs=12, learning_rate=0.004, batch_size=64, schedule="cosine")
BUNDLED = {
    "ae-2d": Bundle(RunSettings("ae", AutoencoderConfig(latent_dim=2), _EPOCHS), frames=24),
    "ae-denoising": Bundle(
        RunSettings("ae", AutoencoderConfig(latent_dim=20, layers=3, noise=0.4, average=0.999), _LONG)
    ),
    "classifier": Bundle(
        RunSettings(
            "classifier",
            ClassifierConfig(average=0.999),
            TrainConfig(epochs=24, learning_rate=0.002, schedule="cosine"),
        ),
        frames=0,
    ),
    "gan": Bundle(RunSettings("gan", GANConfig(), _GAME), frames=24),
    "gan-labels": Bundle(RunSettings("gan", GANConfig(labels=True), _GAME)),
    "masked": Bundle(
        RunSettings(
            "masked",
            MaskedConfig(average=0.998),
            TrainConfig(epochs=55, learning_rate=0.0015, batch_size=128, schedule="cosine"),
        ),
        frames=0,
    ),
    "mixture": Bundle(RunSettings("mixture", PixelMixtureConfig(), _MIXTURE), frames=20),
    "mixture-labels": Bundle(RunSettings("mixture", PixelMixtureConfig(components=10, labels=True), _MIXTURE)),
    "vae-2d": Bundle(RunSettings("vae", VAEConfig(latent_dim=2), _EPOCHS), frames=24),
    "vae-20d": Bundle(RunSettings("vae", _DEEP, _LONG)),
    "vae-50d": Bundle(
        RunSettings(
            "vae",
            VAEConfig(latent_dim=50, hidden_dim=512, layers=2, average=0.999, importance=5, binarise=True),
            TrainConfig(epochs=200, learning_rate=0.002, batch_size=256, schedule="cosine", device="cpu"),
        ),
        frames=6,
    ),
    "vae-labels": Bundle(RunSettings("vae", replace(_DEEP, labels=True), _LONG)),
}
PLANE = {name: Bundle(preset.settings, frames=40) for name, preset in PLANE_PRESETS.items()}


def pretrain(name: str, target: Path) -> Iterator[Status]:
    """Train a bundled model and put its weights, decoder, atlas, curves and film into ``target``.

    Arguments:
        name: A key of ``BUNDLED`` or ``PLANE``.
        target: Folder to write, replaced if it exists.

    Yields:
        The status of the run while it trains.

    Raises:
        InputError: If it was left or failed.
    """
    bundle = (BUNDLED | PLANE)[name]
    run = RunFolder.create(bundle.settings.to_json())
    status = run.status
    yield from record(run, run.claim(status) or 1)
    if run.status.state != "done":
        raise InputError(f"The training of {name} did not reach its end, so the model before is kept: try again.")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    save_model(run.path, target)
    model = load_model(target)
    if bundle.settings.points is None and (model.can_sample or model.can_encode):
        write_decoder(model, target)
        write_atlas(make_atlas(target), target)
    if bundle.frames:
        film = Film(run.path / "frames")
        film.thin(bundle.frames)
        film.folder.rename(target / "frames")
    for kept in ("run.json", "status.json", "build.json", "metrics.jsonl"):
        shutil.copy(run.path / kept, target / kept)
    thin_curves(target / "metrics.jsonl")
    shutil.rmtree(run.path)


def thin_curves(path: Path, most: int = _MOST_LINES) -> None:
    """Keep at most ``most`` of a run's reports of training, spread evenly with the first and the last, and all others.

    Arguments:
        path: Its ``metrics.jsonl``, a JSON object a line.
        most: At least 2.
    """
    lines = path.read_text("utf-8").splitlines(keepends=True)
    train = [i for i, line in enumerate(lines) if json.loads(line)["split"] == "train"]
    kept = {train[place] for place in np.linspace(0, len(train) - 1, most).round().astype(int)} if train else set()
    thinned = [line for i, line in enumerate(lines) if i in kept or json.loads(line)["split"] != "train"]
    path.write_text("".join(thinned), "utf-8")


def write_pca(folder: Path) -> None:
    """Write what PCA makes of the same images, the line to beat, as ``pca.json``."""
    (folder / "pca.json").write_text(json.dumps(pca_description(load_images()), indent=1) + "\n", "utf-8")


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
