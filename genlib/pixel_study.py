r"""What the scale of pixels does to a VAE's likelihood and to a GAN's training: small models, measured once.

References:
    On the Quantitative Analysis of Decoder-Based Generative Models (Wu et al., 2017), ICLR, arXiv:1611.04273
    A Note on the Evaluation of Generative Models (Theis, van den Oord & Bethge, 2016), ICLR, arXiv:1511.01844
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.metrics import frechet_of
from genlib.runs import Status
from genlib.sampling import png, sheet
from genlib.scoring.figures import looked_at, reference, spread
from genlib.scoring.scoring import draw
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import GANConfig, RunSettings, TrainConfig, VAEConfig

if TYPE_CHECKING:
    from genlib.training import Run

__all__ = ["GANS", "PIXELS", "VAES", "Contest", "Fit", "Study", "grey_share", "load_study", "make_study", "three_ways"]

PIXELS = 28 * 28
VAES = {
    "binary": VAEConfig(latent_dim=20, binarise=True),
    "chances": VAEConfig(latent_dim=20),
    "unit": VAEConfig(latent_dim=20, likelihood="gaussian"),
    "standardised": VAEConfig(latent_dim=20, likelihood="gaussian", standardise=True),
}
GANS = {"unit": GANConfig(), "standardised": GANConfig(standardise=True), "binary": GANConfig(binarise=True)}
_SEEDS = (0, 1, 2)
_EPOCHS, _STEPS = 8, (100, 200, 400, 600)  # of a VAE; of a GAN, after which it is measured
_LIKELY, _CODES = 500, 200  # test images, and importance samples of each
_DRAWN = 1000  # images that are compared
_GREY = 0.1, 0.9  # between these a pixel is neither black nor white
_FOLDER, _TOLD = "pixels", "study.json"
_MOMENTS = {"mean": "mean", "deviation": "std"}


@dataclass(frozen=True)
class Fit:
    """VAEs of one kind, a figure for each seed.

    Arguments:
        nll: Negative log-likelihood of test images by importance sampling, nats an image: of black or white images for
            a Bernoulli likelihood; else a density of grey levels from 0 to 1.
        squared_error: Of rebuilt test images, the mean over pixels.
        frechet: Distance of drawn images from test images, in the features of the bundled classifier.
    """

    nll: list[float]
    squared_error: list[float]
    frechet: list[float]


@dataclass(frozen=True)
class Contest:
    """GANs of one kind, a list for each seed.

    Arguments:
        frechet: As in :class:`Fit`, after each of the steps that are measured.
        real: Mean of D(x) over test images then.
        fake: Mean of D(G(z)) then.
        grey: In the end, the share of drawn pixels that are neither nearly black nor nearly white.
    """

    frechet: list[list[float]]
    real: list[list[float]]
    fake: list[list[float]]
    grey: list[float]


@dataclass(frozen=True)
class Study:
    """What was measured.

    Arguments:
        mean: Of all training pixels, in grey levels of [0, 1].
        deviation: Their standard deviation.
        steps: After which GANs were measured.
        seconds: Of training each, on the mean, by kind ("vae unit").
        vaes: By kind.
        gans: By kind.
        sheets: 32 images by the first seed of each, as PNG, by kind.
    """

    mean: float
    deviation: float
    steps: list[int]
    seconds: Mapping[str, float]
    vaes: Mapping[str, Fit]
    gans: Mapping[str, Contest]
    sheets: Mapping[str, bytes]

    @property
    def log_scale(self) -> float:
        r"""$P \log s$: what nats of standardised pixels are more than those of grey levels from 0 to 1."""
        return PIXELS * math.log(self.deviation)


@lru_cache(maxsize=1)
def load_study() -> Study:
    """The study that comes with genlib.

    Raises:
        InputError: If a file is missing or was altered.
    """
    folder = assets() / _FOLDER
    try:
        told = json.loads((folder / _TOLD).read_text("utf-8"))
        vaes = {name: Fit(**told["vaes"].pop(name)) for name in VAES}
        gans = {name: Contest(**told["gans"].pop(name)) for name in GANS}
        names = [f"vae-{name}" for name in VAES] + [f"gan-{name}" for name in GANS]
        sheets = {name: (folder / f"{name}.png").read_bytes() for name in names}
        return Study(**told | {"vaes": vaes, "gans": gans}, sheets=sheets)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise InputError("The study of pixels is missing or was altered: restore it from the project.") from None


def three_ways(image: NDArray[np.uint8], study: Study, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """An image (28, 28) of bytes as models are shown it: grey levels from 0 to 1, standardised, black or white."""
    unit = image / 255
    drawn = numpy_rng(seed, "binarise").random(image.shape) < unit
    return {"unit": unit, "standardised": (unit - study.mean) / study.deviation, "binary": drawn.astype(np.float64)}


def make_study(folder: Path) -> Iterator[Status]:
    """Train all models, measure them, and write what comes of it.

    Arguments:
        folder: Where to write.

    Yields:
        How far it is.
    """
    work, done = (len(VAES) + len(GANS)) * len(_SEEDS), 0
    folder.mkdir(parents=True, exist_ok=True)
    figures: dict[str, list[dict[str, float | list[float]]]] = {}
    seconds: dict[str, float] = {}
    for family, kinds in (("vae", VAES), ("gan", GANS)):
        for kind, config in kinds.items():
            for seed in _SEEDS:
                settings = RunSettings(family, config, TrainConfig(epochs=_EPOCHS, seed=seed, device="cpu"))
                for event in _fit(settings) if family == "vae" else _contest(settings):
                    yield Status("running", step=event[0].step, progress=done / work)
                run, found = event
                figures.setdefault(f"{family} {kind}", []).append(found)
                name = f"{family} {kind}"
                seconds[name] = seconds.get(name, 0.0) + run.seconds / len(_SEEDS)
                if seed == _SEEDS[0]:
                    (folder / f"{family}-{kind}.png").write_bytes(png(sheet(draw(run.model, 32, seed), 8)))
                done += 1
    joined = {name: {key: [each[key] for each in some] for key in some[0]} for name, some in figures.items()}
    pixels = load_images().train / np.float32(255)
    told: dict[str, object] = {name: float(getattr(pixels, how)(dtype=np.float64)) for name, how in _MOMENTS.items()}
    told |= {"steps": list(_STEPS), "seconds": {name: round(value, 1) for name, value in seconds.items()}}
    told |= {f"{part}s": {k: joined[f"{part} {k}"] for k in kinds} for part, kinds in (("vae", VAES), ("gan", GANS))}
    (folder / _TOLD).write_text(json.dumps(_rounded(told), indent=1) + "\n", "utf-8")


def _rounded(value: object) -> object:
    """Six digits of each number tell all that was measured."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _fit(settings: RunSettings) -> Iterator[tuple[Run, dict[str, float | list[float]]]]:
    """A VAE while it trains, and in the end what it is worth: the figures of :class:`Fit`."""
    import torch

    from genlib.models import VAE
    from genlib.models.importance import bounds
    from genlib.training import Run, train

    run, images = Run.new(settings.family, settings.model, settings.train), load_images()
    for _ in train(run, images):
        yield run, {}
    model = run.model.eval()
    assert isinstance(model, VAE)
    x = torch.tensor(images.test[spread(_LIKELY, len(images.test))]).unsqueeze(1) / 255
    seen = x if model.config.likelihood == "gaussian" else torch.bernoulli(x, generator=torch_rng(0, "binarise"))
    parts = [tight for tight, _ in bounds(model, seen, None, _CODES, torch_rng(settings.train.seed, "importance"))]
    error = (x - model.reconstruct(x)).square().mean()
    yield run, {"nll": -float(torch.cat(parts).mean()), "squared_error": float(error), "frechet": _frechet(run)}


def _contest(settings: RunSettings) -> Iterator[tuple[Run, dict[str, float | list[float]]]]:
    """A GAN while it trains, and in the end the figures of :class:`Contest`."""
    import torch

    from genlib.training import Run, train

    run, images = Run.new(settings.family, settings.model, settings.train), load_images()
    x = torch.tensor(images.test[spread(_DRAWN, len(images.test))]).unsqueeze(1) / 255
    frechet, real, fake = list[float](), list[float](), list[float]()
    for until_step in _STEPS:
        for _ in train(run, images, until_step=until_step):
            yield run, {}
        seen = run.model.metrics(x, torch.zeros(len(x), dtype=torch.long), torch_rng(0, "study"))
        frechet.append(_frechet(run))
        real.append(float(seen["real"]))
        fake.append(float(seen["fake"]))
    grey = grey_share(draw(run.model, _DRAWN, settings.train.seed))
    yield run, {"frechet": frechet, "real": real, "fake": fake, "grey": grey}


def grey_share(images: NDArray[np.uint8]) -> float:
    """Share of the pixels, one byte each, that are neither nearly black nor nearly white."""
    black, white = (255 * end for end in _GREY)
    return float(((images > black) & (images < white)).mean())


def _frechet(run: Run) -> float:
    seen, _ = looked_at(draw(run.model, _DRAWN, run.train_config.seed), "classifier")
    return frechet_of(reference(_DRAWN)[0], seen)
