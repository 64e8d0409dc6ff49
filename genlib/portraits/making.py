"""Making the gallery: the model is trained and judged beside what it has to beat, and directions are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlib.export import evaluate
from genlib.gmm import fit_em
from genlib.pca import PCA, fit_pca
from genlib.portraits.codes import fit_prior, search
from genlib.portraits.gallery import Gallery, decoder_of, write_gallery
from genlib.portraits.judging import copies
from genlib.portraits.model import Portraits
from genlib.portraits.photographs import load_photographs
from genlib.portraits.readings import read
from genlib.portraits.steering import entanglement, plain_directions, slopes, untangled_directions
from genlib.runs import Status
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import MixtureConfig, TrainConfig
from genlib.settings.portraits import PortraitConfig
from genlib.training import Run, train

__all__ = ["CONFIG", "TRAINING", "make_gallery", "train_portraits"]

CONFIG = PortraitConfig()
TRAINING = TrainConfig(epochs=330, learning_rate=0.002, schedule="cosine", batch_size=32)
_SHEET, _JUDGED = 36, 1000  # faces that are shown, and that are judged
_EVERY = 5  # of the photographs, directions are measured at one
_WORK = 2.2  # of it one training is 1
_COMPONENTS = (1, 2, 4, 8, 16)
_PARTS = ("train", "validation", "test")
_Floats = NDArray[np.floating[Any]]


def train_portraits(config: PortraitConfig, training: TrainConfig = TRAINING) -> Iterator[Run]:
    """Train a model of the bundled photographs on the processor.

    Yields:
        The run, about ten times a second; its model is trained once this ends.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(torch_rng(training.seed, "weights").initial_seed())
        model = Portraits(config)
    optimizers = model.configure_optimizers(training)
    run = Run(model.family, model, config, training, optimizers, step=0, seconds=0.0, device=torch.device("cpu"))
    for _ in train(run, load_photographs()):
        yield run
    model.eval()


def make_gallery(folder: Path, config: PortraitConfig = CONFIG, training: TrainConfig = TRAINING) -> Iterator[Status]:
    """Write the gallery into ``folder``.

    Arguments:
        folder: Where to write.
        config: The model; the same without bending is trained beside it.
        training: How.

    Yields:
        How far it is.
    """
    steps = training.epochs * max(1, len(load_photographs().train) // training.batch_size)
    told: dict[str, Any] = {"train": training.to_json(), "models": {}, "drawn": _JUDGED}
    made: dict[str, NDArray[np.uint8]] = {}
    found: dict[str, tuple[Portraits, Tensor]] = {}
    for i, (name, bends) in enumerate({"bent": True, "straight": False}.items()):
        for run in train_portraits(replace(config, bends=bends), training):
            yield Status("running", step=run.step, progress=(i + run.step / steps) / _WORK)
        model = run.model
        assert isinstance(model, Portraits)
        codes, errors = _codes(model)
        found[name] = model, codes
        told["models"][name] = errors | {"seconds": run.seconds, "steps": run.step}
        drawn = fit_prior(codes[: len(load_photographs().train)]).draw(_JUDGED, torch_rng(training.seed, "faces"))
        with torch.no_grad():
            made[name] = _bytes(model.decode(drawn)[:, 0].numpy())
    learnt = load_photographs().train
    pca = fit_pca(np.concatenate([learnt, learnt[:, :, ::-1]]))  # it, too, may know that faces can be mirrored
    told["models"]["pca"], made["pca"] = _rival(pca, config.latent_dim, training.seed)
    told["copies"] = copies(made)
    sheets = {name: images[:_SHEET] for name, images in made.items()}
    write_gallery(_gathered(*found["bent"], pca, sheets, told), folder)


def _codes(model: Portraits) -> tuple[Tensor, dict[str, Any]]:
    """Codes of all photographs, (400, D), as good as a search finds them, and the squared error of a pixel of each
    part, by the encoder alone and with the search.
    """
    images = load_photographs()
    x = {part: torch.tensor(getattr(images, part))[:, None] / 255 for part in _PARTS}
    with torch.no_grad():
        first = {part: model.encode(photographs) for part, photographs in x.items()}
        errors = {"encoder": {part: _error(model.decode(z), x[part]) for part, z in first.items()}}
    # What a pixel is off by on people the model has not seen: what it takes the codes of all to be told by.
    sigma = errors["encoder"]["validation"] ** 0.5
    prior, best = fit_prior(first["train"]), {}
    for part, photographs in x.items():
        *_, best[part] = search(model.decode, photographs, torch.ones_like(photographs), prior, sigma, first[part])
    with torch.no_grad():
        errors["best"] = {part: _error(model.decode(z), x[part]) for part, z in best.items()}
    return torch.cat([best[part] for part in _PARTS]), errors


def _rival(pca: PCA, size: int, seed: int) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """PCA of the same width with a mixture over its codes, which has as many components as explain unseen people best:
    its errors, and faces that it draws.
    """
    images = load_photographs()
    errors = {part: float(pca.errors(getattr(images, part))[size - 1]) / images.train[0].size for part in _PARTS}
    codes, unseen = (pca.project(part, size) for part in (images.train, images.validation))
    fits = {}
    for components in _COMPONENTS:
        settings = MixtureConfig(components=components, covariance="diag", regularisation=1e-3, seed=seed)
        *_, last = fit_em(codes, settings)
        fits[components] = last.mixture
    best = max(fits, key=lambda components: float(fits[components].log_prob(unseen).mean()))
    z = fits[best].sample(_JUDGED, numpy_rng(seed, "faces"))[0]
    drawn = (pca.mean + z @ pca.axes[:, :size].T).reshape(-1, *images.train.shape[1:])
    return {"best": errors, "components": best}, _bytes(drawn)


def _gathered(
    model: Portraits, codes: Tensor, pca: PCA, sheets: dict[str, NDArray[np.uint8]], told: dict[str, Any]
) -> Gallery:
    """The gallery of a trained model."""
    learnt = load_photographs().train / 255
    readings, prior = read(learnt), fit_prior(codes[: len(learnt)])
    weights = {
        f"{part}.{n}": w.numpy() for part in ("encoder", "decoder") for n, w in model.part(part).state_dict().items()
    }
    weights["log_sigma"] = model.log_sigma.detach().numpy()
    operations, size = decoder_of(weights).operations, model.latent_dim
    own, unit = codes[: len(learnt)].numpy(), readings.std(0)

    def decode(z: _Floats) -> _Floats:
        return evaluate(operations, z)[:, 0]

    some, covariance = own[::_EVERY], (prior.factor @ prior.factor.T).numpy()
    gradient = slopes(decode, some, unit)
    plain, untangled = (
        entanglement(decode, some, find(gradient, covariance), unit)
        for find in (plain_directions, untangled_directions)
    )
    return Gallery(
        replace(model.config, average=0.0),
        weights,
        codes.numpy(),
        prior.mean.numpy(),
        prior.factor.numpy(),
        readings.mean(0),
        unit,
        plain,
        untangled,
        pca.mean,
        pca.axes[:, :size],
        pca.variances[:size],
        sheets,
        told,
    )


def _error(drawn: Tensor, x: Tensor) -> float:
    """Squared error of a pixel."""
    return float((drawn - x).double().square().mean())


def _bytes(faces: _Floats) -> NDArray[np.uint8]:
    return np.round(255 * faces.clip(0, 1)).astype(np.uint8)
