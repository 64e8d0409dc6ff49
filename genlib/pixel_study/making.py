"""Training and measuring the small models of the study, and writing it."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import load_images
from genlib.metrics import frechet_of
from genlib.pixel_study.study import EPOCHS, GANS, TOLD, UNBOUNDED, VAES, grey_share
from genlib.runs import Status
from genlib.sampling import png, sheet
from genlib.scoring.figures import looked_at, reference, spread
from genlib.scoring.scoring import draw
from genlib.seeding import numpy_rng, torch_rng
from genlib.settings import ModelConfig, RunSettings, TrainConfig

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.training import Run

__all__ = ["make_study", "measure_gan", "measure_vae", "real_images"]

_SEEDS = (0, 1, 2)
_STEPS = (100, 200, 400, 600)  # after which a GAN is measured
_LIKELY, _CODES = 500, 200  # test images, and importance samples of each
_DRAWN = 1000  # images that are compared

Figures = dict[str, float | list[float]]


def make_study(folder: Path) -> Iterator[Status]:
    """Train all models, measure them, and write what comes of it.

    Arguments:
        folder: Where to write.

    Yields:
        How far it is.
    """
    models: list[tuple[str, str, ModelConfig]] = [("vae", kind, config) for kind, config in VAES.items()]
    models += [("gan", kind, config) for kind, config in GANS.items()]
    models.append(("vae", UNBOUNDED, VAES["unit"]))
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, dict[str, list[float | list[float]]]]] = {"vaes": {}, "gans": {}}
    done = 0
    for family, kind, config in models:
        for seed in _SEEDS:
            run = begun(RunSettings(family, config, TrainConfig(epochs=EPOCHS, seed=seed, device="cpu")), kind)
            measure = measure_vae if family == "vae" else measure_gan
            figures = yield from measure(run, done / len(models) / len(_SEEDS))
            kept = found[f"{family}s"].setdefault(kind, {})
            for name, figure in figures.items():
                kept.setdefault(name, []).append(figure)
            if seed == _SEEDS[0] and kind != UNBOUNDED:
                (folder / f"{family}-{kind}.png").write_bytes(png(sheet(draw(run.model, 32, seed), 8)))
            done += 1
    told = _rounded(real_images() | {"steps": list(_STEPS)} | found)
    (folder / TOLD).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def begun(settings: RunSettings, kind: str) -> Run:
    """A run before its first step; of the kind without bounds, a VAE whose pixels come out so."""
    from genlib.models.pixels import Unbounded
    from genlib.training import Run

    run = Run.new(settings.family, settings.model, settings.train)
    if kind == UNBOUNDED:
        run.model.pixels = Unbounded()
    return run


def measure_vae(run: Run, progress: float = 0.0) -> Generator[Status, None, Figures]:
    """Train a VAE, tell how far it is, and return what it is worth: the figures of :class:`genlib.pixel_study.Fit`."""
    import torch

    from genlib.models import VAE
    from genlib.models.importance import bounds
    from genlib.training import train

    for _ in train(run, load_images()):
        yield Status("running", step=run.step, progress=progress)
    model = run.model.eval()
    assert isinstance(model, VAE)
    x = _test_images(_LIKELY)
    seen = x if model.config.likelihood == "gaussian" else torch.bernoulli(x, generator=torch_rng(0, "binarise"))
    rng = torch_rng(run.train_config.seed, "importance")
    tight = torch.cat([each for each, _ in bounds(model, seen, None, _CODES, rng)])
    error = (x - model.reconstruct(x)).square().mean()
    return {"nll": -float(tight.mean()), "squared_error": float(error), "frechet": _frechet(run)}


def measure_gan(run: Run, progress: float = 0.0) -> Generator[Status, None, Figures]:
    """Train a GAN, tell how far it is, and return the figures of :class:`genlib.pixel_study.Contest`."""
    import torch

    from genlib.models import GAN
    from genlib.training import train

    model, x = run.model, _test_images(_DRAWN)
    assert isinstance(model, GAN)
    curves: dict[str, list[float]] = {name: [] for name in ("frechet", "real", "fake")}
    for until_step in _STEPS:
        for _ in train(run, load_images(), until_step=until_step):
            yield Status("running", step=run.step, progress=progress)
        seen = model.metrics(x, torch.zeros(len(x), dtype=torch.long), torch_rng(0, "study"))
        for name in ("real", "fake"):
            curves[name].append(float(seen[name]))
        curves["frechet"].append(_frechet(run))
    grey = grey_share(draw(model, _DRAWN, run.train_config.seed))
    return {**curves, "grey": grey}


def real_images() -> dict[str, object]:
    """Mean and deviation of training pixels, and what real images get where drawn ones are measured."""
    images = load_images()
    pixels = images.train / np.float32(255)
    some = images.train[spread(_DRAWN, len(images.train))]
    drawn = numpy_rng(0, "binarise").random(some.shape) < some / 255
    return {
        "mean": float(pixels.mean(dtype=np.float64)),
        "deviation": float(pixels.std(dtype=np.float64)),
        "grey": grey_share(images.test),
        "floor": {"unit": _distance(some), "binary": _distance(drawn * np.uint8(255))},
    }


def _test_images(n: int) -> Tensor:
    """Test images in grey levels, (n, 1, 28, 28), spread evenly."""
    import torch

    test = load_images().test
    return torch.tensor(test[spread(n, len(test))]).unsqueeze(1) / 255


def _frechet(run: Run) -> float:
    return _distance(draw(run.model, _DRAWN, run.train_config.seed))


def _distance(images: NDArray[np.uint8]) -> float:
    return frechet_of(reference(_DRAWN)[0], looked_at(images, "classifier")[0])


def _rounded(value: object) -> object:
    """Six digits of each number tell all that was measured."""
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
