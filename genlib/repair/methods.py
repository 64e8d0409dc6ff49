"""All ways to repair, by name: each a generator of guesses that can be watched and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import torch
from torch import Tensor

from genlib.checkpoint import load_model
from genlib.data import assets
from genlib.knobs import InputError
from genlib.models import VAE, Model
from genlib.models.masked import MaskedAutoencoder
from genlib.models.measuring import Measurement
from genlib.models.pixel_mixture import PixelMixture
from genlib.repair.names import DIGITS, METHODS, Learnt
from genlib.repair.networks import gibbs, project, weigh_codes
from genlib.repair.plain import by_pixel_mean, gaussian_mean, nearest_fills
from genlib.repair.searching import search_codes
from genlib.settings import FAMILY_NAMES

__all__ = ["Guess", "Task", "run"]

_PROJECTIONS, _CHAIN, _CODES, _SEARCH, _STARTS = 30, 40, 40, 80, 16
_AT_ONCE = 4000  # codes that are decoded at once


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be repaired.

    Arguments:
        y: What is known of the images, (B, M).
        look: How it comes from them.
        labels: Their digits, (B,), if they are told.
        n: Samples of each image, from methods that have several answers.
        rng: Noise.
        learnt: What the method has learned from.
    """

    y: Tensor
    look: Measurement
    labels: Tensor | None
    n: int
    rng: torch.Generator
    learnt: Learnt = DIGITS

    @property
    def hidden(self) -> Tensor:
        """The images with holes, (B, 1, 28, 28): 0 at missing pixels."""
        return self.look.keep(torch.zeros(len(self.y), 1, 28, 28), self.y)


@dataclass(frozen=True, eq=False)
class Guess:
    """Where a repair stands.

    Arguments:
        progress: Share of the work that is done, 0 to 1.
        x: The best guess, (B, 1, 28, 28).
        samples: Several answers, (n, B, 1, 28, 28); None where a method has but one.
    """

    progress: float
    x: Tensor
    samples: Tensor | None = None


def run(method: str, task: Task) -> Iterator[Guess]:
    """Repair by one of ``METHODS``; the last guess is the answer."""
    yield from _RUNS[method](task, _model(method, task))


@cache
def _bundled(name: str) -> Model:
    return load_model(assets() / "models" / name).eval()


def _model(method: str, task: Task) -> Model | None:
    chosen = METHODS[method]
    if not chosen.family:
        return None
    if task.learnt.folder is None:
        return _bundled(chosen.labelled if task.labels is not None and chosen.labelled else chosen.model)
    model = load_model(task.learnt.folder).eval()
    if model.family != chosen.family:
        name = FAMILY_NAMES[chosen.family]
        raise InputError(f"{chosen.title} takes a model of the family {name}: choose a run of that family.")
    if model.config.labels and task.labels is None and chosen.family != "mixture":  # which can do without
        raise InputError(f"{chosen.title}: this model was trained with labels, so tell it which class the image shows.")
    return model


def _labels(task: Task, model: Model) -> Tensor | None:
    return task.labels if model.config.labels else None


def _mean(task: Task, model: Model | None) -> Iterator[Guess]:
    yield Guess(1.0, by_pixel_mean(task.y, task.look, task.learnt.data))


def _linear(task: Task, model: Model | None) -> Iterator[Guess]:
    yield Guess(1.0, gaussian_mean(task.y, task.look, task.learnt.data))


def _neighbours(task: Task, model: Model | None) -> Iterator[Guess]:
    fills = nearest_fills(task.y, task.look, data=task.learnt.data)
    yield Guess(1.0, fills.mean(0), fills[: task.n])


def _mixture(task: Task, model: Model | None) -> Iterator[Guess]:
    mixture = cast(PixelMixture, model)
    labels = _labels(task, mixture)
    filled = mixture.fill(task.y, task.look, labels)
    yield Guess(0.5, filled)
    yield Guess(1.0, filled, mixture.fill_samples(task.y, task.look, task.n, task.rng, labels, grain=False))


def _project(task: Task, model: Model | None) -> Iterator[Guess]:
    assert model
    labels = _labels(task, model)
    if not task.look.exact:  # noise, which the model was trained to take away
        yield Guess(1.0, model.reconstruct(task.y.view(-1, 1, 28, 28), labels))
        return
    start = gaussian_mean(task.y, task.look, task.learnt.data)
    steps = project(model, task.hidden, task.look.seen, labels, start, _PROJECTIONS)
    for step, x in enumerate(steps, 1):
        yield Guess(step / _PROJECTIONS, x)


@torch.no_grad()
def _masked(task: Task, model: Model | None) -> Iterator[Guess]:
    yield Guess(1.0, cast(MaskedAutoencoder, model).fill(task.hidden, task.look.seen))


def _gibbs(task: Task, model: Model | None) -> Iterator[Guess]:
    vae, hidden = cast(VAE, model), task.hidden
    starts = gaussian_mean(task.y, task.look, task.learnt.data).expand(task.n, *hidden.shape)
    total, kept = torch.zeros_like(hidden), 0
    chain = gibbs(vae, hidden, task.look.seen, _labels(task, vae), starts, _CHAIN, task.rng)
    for step, samples in enumerate(chain, 1):
        if step > _CHAIN // 4:  # by then it has forgotten where it began
            total, kept = total + samples.mean(0), kept + 1
        yield Guess(step / _CHAIN, total / kept if kept else samples.mean(0), samples)


@torch.no_grad()
def _weigh(task: Task, model: Model | None) -> Iterator[Guess]:
    vae = cast(VAE, model)
    guesses = torch.cat(
        [
            gaussian_mean(task.y, task.look, task.learnt.data).unsqueeze(0),
            nearest_fills(task.y, task.look, data=task.learnt.data),
        ]
    )
    known, mean, samples = _labels(task, vae), guesses[0].clone(), []
    at_once = max(1, _AT_ONCE // (len(guesses) * _CODES))
    for first in range(0, len(mean), at_once):
        part = slice(first, first + at_once)
        labels = None if known is None else known[part]
        z, log_weights = weigh_codes(vae, task.y[part], task.look, labels, guesses[:, part], _CODES, task.rng)
        told = None if labels is None else labels.repeat(len(z))
        drawn = vae.decode(z.flatten(0, 1), told).view(len(z), -1, *mean.shape[1:])
        weights = log_weights.exp()
        mean[part] = (weights[:, :, None, None, None] * drawn).sum(0)
        chosen = torch.multinomial(weights.T, task.n, replacement=True, generator=task.rng).T  # (n, B)
        samples.append(drawn[chosen, torch.arange(drawn.shape[1])])
        yield Guess(min(1.0, (first + at_once) / len(mean)), mean.clone())
    yield Guess(1.0, mean, torch.cat(samples, 1))


def _search(task: Task, model: Model | None) -> Iterator[Guess]:
    assert model
    starts = max(task.n, _STARTS)
    found = search_codes(model, task.y, task.look, _labels(task, model), starts, _SEARCH, task.rng)
    for step, (drawn, _) in enumerate(found, 1):
        yield Guess(step / _SEARCH, drawn[0], drawn[: task.n])


_RUNS: dict[str, Callable[[Task, Model | None], Iterator[Guess]]] = {
    "mean": _mean,
    "linear": _linear,
    "knn": _neighbours,
    "mixture": _mixture,
    "ae": _project,
    "masked": _masked,
    "vae-gibbs": _gibbs,
    "vae-weights": _weigh,
    "vae-search": _search,
    "gan-search": _search,
}
