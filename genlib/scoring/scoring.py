"""The honest scoreboard: whether what a model draws matches the data, beside what real data and a bad model get."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import Images, data_of, images_of, load_images
from genlib.knobs import InputError, shown
from genlib.runs import ACTIVE, RunFolder, saved_status
from genlib.scoring.figures import FEATURES, Figures, end, figures, spread
from genlib.scoring.table import Score
from genlib.seeding import torch_rng
from genlib.settings import FAMILIES, FAMILY_NAMES, MNIST, TrainConfig

if TYPE_CHECKING:
    from genlib.models import Model

__all__ = ["Scoring", "check_score", "draw", "score"]

_FEWEST = 50  # images
_LIKELY, _CODES = 10, 20  # of so many drawings, one test image's likelihood; one importance sample of it
_AT_ONCE = 1000
_Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Scoring:
    """How far a scoring has come: the share done, in [0, 1], what comes next, and at the end the score."""

    done: float
    what: str
    score: Score | None = None


def check_score(n: int, seed: int, features: str = "classifier", data: str = MNIST) -> None:
    """Refuse what :func:`score` cannot do, before anything slow is imported.

    Raises:
        InputError: If it cannot.
    """
    most = len(load_images(data).test)
    if most < _FEWEST:
        raise InputError(
            f"A score needs {_FEWEST} test images, and these data keep {most} back: bring {7 * _FEWEST} images or more."
        )
    if type(n) is not int or not _FEWEST <= n <= most:
        raise InputError(f"The number of images cannot be {shown(n)}: choose a whole number from {_FEWEST} to {most}.")
    TrainConfig.knob("seed").check(seed)
    if features not in FEATURES:
        raise InputError(f"The features cannot be {shown(features)}: choose {' or '.join(FEATURES)}.")
    if data != MNIST and features == "classifier":
        raise InputError("The classifier reads digits alone, and these are images of a visitor's own: choose pca.")


def score(run: RunFolder, n: int = 10_000, seed: int = 0, features: str = "classifier") -> Iterator[Scoring]:
    """Score the last saved state of a run or a bundled model.

    Arguments:
        run: It.
        n: Images to draw; they are compared with as many test images of what it learned from.
        seed: Of all draws.
        features: What images are compared by: "classifier" or "pca".

    Raises:
        InputError: If a number is not allowed, or the model is missing, draws nothing, or draws what is no number.
    """
    from genlib.checkpoint import load_model

    data = data_of(run.path)
    check_score(n, seed, features, data)
    state = run.status
    saved = saved_status(run.path, state) or state
    model = load_model(run.path)
    if model.family not in FAMILIES:
        raise InputError(f"{FAMILY_NAMES[model.family]}: it draws no new images, so there is nothing to score.")
    yield Scoring(0.0, "drawing")
    drawn = draw(model, n, seed, images=load_images(data))
    yield Scoring(0.1, "real images, for comparison")
    real = end("real", n, seed, features, data)
    yield Scoring(0.3, "noise, for comparison")
    bad = end("noise", n, seed, features, data)
    yield Scoring(0.5, "comparing")
    compared = figures(drawn, n, features, data)
    yield Scoring(0.7, "rebuilding test images")
    own = yield from _own(model, run.path, n, seed)
    weights = [tensor.numel() for name, tensor in model.state_dict().items() if not name.startswith("averages.")]
    size = (run.path / "checkpoint" / "tensors.safetensors").stat().st_size
    found = Score(
        model=run.id,
        family=model.family,
        n=n,
        seed=seed,
        features=features,
        step=saved.step,
        training=state.state in ACTIVE,
        metrics=compared.metrics | own.metrics,
        stderr=compared.stderr | own.stderr,
        histogram=compared.histogram,
        real_vs_real=real,
        bad=bad,
        cost={"seconds": saved.seconds, "parameters": sum(weights), "bytes": size},
    )
    yield Scoring(1.0, "done", found)


def draw(model: Model, n: int, seed: int, purpose: str = "score", images: Images | None = None) -> _Bytes:
    """Images of a model, (n, 28, 28), one byte a pixel; other ones for each purpose.

    Arguments:
        model: It.
        n: How many.
        seed: Of the noise.
        purpose: Names the noise.
        images: What it learned from; by default MNIST. A conditional model is asked for the classes of a visitor's own
            as often as they are there, for the digits equally often.

    Raises:
        InputError: If it draws values that are no numbers.
    """
    import torch

    from genlib.latent import draw_images
    from genlib.models.base import digits

    images = images or load_images()
    rng, labels = torch_rng(seed, purpose), digits(n)
    if images.own:
        labels = torch.tensor(images.train_labels[spread(n, len(images.train))]).long()
    if model.can_sample:
        parts = [model.sample(len(part), rng, part if model.config.labels else None) for part in labels.split(_AT_ONCE)]
        x = torch.cat(parts)
    else:
        x = draw_images(model, images, n, rng, labels)
    if not x.isfinite().all():
        raise InputError(
            "This model draws values that are no numbers: its training broke; choose another state or run."
        )
    drawn: _Bytes = (x[:, 0] * 255).round().to(torch.uint8).numpy()
    return drawn


def _own(model: Model, folder: Path, n: int, seed: int) -> Generator[Scoring, None, Figures]:
    """What only some models can do: rebuild images, and say how probable one is; returns the figures of that."""
    import torch

    from genlib.evaluation import nll

    metrics, stderr = {}, {}
    images = images_of(folder)
    if model.can_encode:
        chosen = spread(n, len(images.test))
        parts = []
        for part in np.array_split(chosen, -(-n // _AT_ONCE)):
            x = torch.tensor(images.test[part]).unsqueeze(1) / 255
            labels = torch.tensor(images.test_labels[part]).long() if model.config.labels else None
            parts.append((x - model.reconstruct(x, labels)).square().mean((1, 2, 3)))
        errors = torch.cat(parts).numpy()
        metrics["squared_error"], stderr["squared_error"] = float(errors.mean()), float(errors.std()) / math.sqrt(n)
    if model.family in ("vae", "mixture"):
        count = min(n, max(100, n // _LIKELY))
        for found in nll(folder, max(n // _CODES, _CODES), seed, count):
            yield Scoring(0.75 + 0.24 * found.n / count, "the likelihood of test images")
        metrics["nll"], stderr["nll"] = found.nll, found.stderr
        if found.elbo is not None:
            metrics["nll_gap"], stderr["nll_gap"] = found.elbo - found.nll, found.gap_stderr or 0.0
    return Figures(metrics, stderr, [])
