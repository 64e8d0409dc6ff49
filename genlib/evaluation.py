r"""What saved models are worth: the likelihood of images that nothing was chosen by, and what a classifier reads.

References:
    On the Quantitative Analysis of Decoder-Based Generative Models (Wu et al., 2017), ICLR, arXiv:1611.04273
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlib.checkpoint import load_model
from genlib.data import assets
from genlib.data.images import images_of
from genlib.knobs import InputError
from genlib.models import VAE, Classifier, Model
from genlib.models.base import DIGITS
from genlib.models.importance import bounds, log_likelihood
from genlib.seeding import torch_rng
from genlib.settings import FAMILY_NAMES, TrainConfig

__all__ = ["Likelihood", "asked_for", "bayes_classify", "judged", "nll", "read_digits"]

_MOST_CODES = 100_000
_AT_ONCE = 1000
# What the classifier says is compared over years and pages, so it must always be the same one.
_CLASSIFIER = "b1fca06948703f6f9edf068dcd19bc666aa8ddc205be97c092b36a4ce4182a3e"


@runtime_checkable
class _Exact(Protocol):
    """A model whose density can be computed."""

    def log_prob(self, x: Tensor, labels: Tensor | None = None) -> Tensor: ...


@dataclass(frozen=True)
class Likelihood:
    r"""The negative log-likelihood of test images.

    Arguments:
        model: Name of the model.
        nll: Mean of $-\log p(x)$, nats per image, or of $-\log p(x|y)$ under a model that is told the digit $y$. From
            importance samples it is, on average, a little too high.
        k: Importance samples of each image; None where the density is exact.
        n: Images.
        seed: Of the noise, and of the draws of black and white pixels.
        stderr: Standard error of ``nll``: the spread over the images, divided by $\sqrt n$.
        elbo: The ordinary bound from the same images and codes, with the sign of ``nll``: never far below it; None
            where the density is exact.
        gap_stderr: Standard error of the gap between the two; None where there is none.
    """

    model: str
    nll: float
    k: int | None
    n: int
    seed: int
    stderr: float
    elbo: float | None
    gap_stderr: float | None

    def to_json(self) -> dict[str, str | float | None]:
        return asdict(self)


def nll(folder: Path, k: int = 5000, seed: int = 0, n: int | None = None) -> Iterator[Likelihood]:
    r"""Estimate the negative log-likelihood of test images under the model saved in ``folder``.

    A VAE's is $-\mathcal{L}_k$ of :mod:`genlib.models.importance` (Wu et al., 2017, on how good that is). Where its
    likelihood is Bernoulli, each pixel is drawn once as white with the probability of its grey level, in all test
    images, so that fewer of them are the same ones. Else nats belong to the density of grey levels: they may be
    negative, and cannot be compared with those of black and white images.

    Arguments:
        folder: A run, or a bundled model.
        k: Importance samples of each image; an exact density needs none.
        seed: Of all draws.
        n: So many test images, spread evenly; by default all.

    Yields:
        The estimate from the images so far, until all are seen: the last is the answer.

    Raises:
        InputError: If the model has no density, or a number is not allowed.
    """
    _whole("number of importance samples", k, _MOST_CODES)
    TrainConfig.knob("seed").check(seed)
    images = images_of(folder)
    most = len(images.test)
    n = most if n is None else _whole("number of test images", n, most)
    model = load_model(folder)
    exact = isinstance(model, _Exact)
    if not exact and not isinstance(model, VAE):
        raise InputError(
            f"{FAMILY_NAMES[model.family]}: it cannot say how probable an image is; choose a VAE or a pixel mixture."
        )
    chosen = torch.arange(n) * most // n
    x = _grey(images.test)
    if isinstance(model, VAE) and model.config.likelihood == "bernoulli":
        x = torch.bernoulli(x, generator=torch_rng(seed, "binarise"))
    labels = torch.tensor(images.test_labels[chosen.numpy()]).long() if model.config.labels else None
    tight, loose = torch.empty(0), torch.empty(0)
    for part in _parts(model, x[chosen], labels, k, seed):
        tight, loose = torch.cat([tight, part[0].double()]), torch.cat([loose, part[1].double()])
        found = Likelihood(folder.name, -float(tight.mean()), None, len(tight), seed, _stderr(tight), None, None)
        yield found if exact else replace(found, k=k, elbo=-float(loose.mean()), gap_stderr=_stderr(tight - loose))


def _stderr(values: Tensor) -> float:
    """Standard error of their mean."""
    return float(values.std() / math.sqrt(len(values))) if len(values) > 1 else 0.0


def _parts(model: Model, x: Tensor, labels: Tensor | None, k: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    if isinstance(model, VAE):
        yield from bounds(model, x, labels, k, torch_rng(seed, "importance"))
        return
    assert isinstance(model, _Exact)
    for first in range(0, len(x), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        with torch.no_grad():
            exact = model.log_prob(x[part], None if labels is None else labels[part])
        yield exact, exact


@torch.no_grad()
def bayes_classify(model: Model, x: Tensor, prior: Tensor | None = None, k: int = 16, seed: int = 0) -> Tensor:
    r"""Read digits with a model that was made to draw them, by Bayes' rule.

    $$p(y|x) = \frac{p(x|y)\,p(y)}{\sum_{y'} p(x|y')\,p(y')}$$

    Arguments:
        model: One with labels and a density, exact or bounded as in :func:`nll`; a bound makes the result approximate.
        x: Images, (B, 1, 28, 28).
        prior: $p(y)$, (10,); by default all digits are as probable.
        k: Importance samples of a VAE; the same noise serves all digits, so that little of it is left in what they
            differ by.
        seed: Of that noise.

    Returns:
        $\log p(y|x)$, (B, 10), in nats.

    Raises:
        InputError: If the model was trained without labels, or has no density.
    """
    if not model.config.labels or not isinstance(model, VAE | _Exact):
        raise InputError("Reading digits by Bayes' rule needs a VAE or a pixel mixture that was trained with labels.")
    model.eval()
    scores = []
    for digit in range(DIGITS):
        labels = torch.full((len(x),), digit)
        if isinstance(model, VAE):
            scores.append(log_likelihood(model, x, labels, k, torch_rng(seed, "bayes")))
        else:
            scores.append(model.log_prob(x, labels))
    joint = torch.stack(scores, 1).double() + (torch.zeros(DIGITS) if prior is None else prior.log())
    return joint.log_softmax(1)


def read_digits(images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What the bundled classifier reads in images of any origin, bytes of shape (N, 28, 28).

    Returns:
        The digits, (N,), and how probable it finds each, (N,).

    Raises:
        InputError: If the bundled classifier is missing or is another one.
    """
    logits = [_logits(_grey(images[first : first + _AT_ONCE])) for first in range(0, len(images), _AT_ONCE)]
    probable, digits = torch.cat([torch.empty(0, DIGITS), *logits]).softmax(1).max(1)
    return digits.numpy(), probable.numpy()


@torch.no_grad()
def judged(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """What the bundled classifier sees in images and reads in them, bytes of shape (N, 28, 28).

    Returns:
        Its features, the last layer but one, (N, 128), and the digits, (N,).

    Raises:
        InputError: If the bundled classifier is missing or is another one.
    """
    model = classifier(assets() / "models" / "classifier")
    features = [torch.empty(0, model.latent_dim)]
    for first in range(0, len(images), _AT_ONCE):
        features.append(model.features(_grey(images[first : first + _AT_ONCE])))
    seen = torch.cat(features)
    return seen.numpy(), model.part("head")(seen).argmax(1).numpy()


def asked_for(model: Model, n_per_digit: int, seed: int) -> NDArray[np.float64]:
    """Share of the samples of each digit that the bundled classifier reads as the digit asked for, (10,).

    All digits being asked for as often, the mean is the share among all.

    Raises:
        InputError: If the model cannot be asked for a digit, or the bundled classifier is missing or another one.
    """
    if not model.config.labels or not model.can_sample:
        raise InputError("This model cannot be asked for a digit: choose one that was trained with labels.")
    rng = torch_rng(seed, "asked for")
    shares = []
    for digit in range(DIGITS):
        x = model.sample(n_per_digit, rng, torch.full((n_per_digit,), digit))
        read, _ = read_digits((x[:, 0] * 255).round().to(torch.uint8).numpy())
        shares.append(np.mean(read == digit))
    return np.array(shares)


@torch.no_grad()
def _logits(x: Tensor) -> Tensor:
    return classifier(assets() / "models" / "classifier").logits(x)


@cache
def classifier(folder: Path, sha256: str = _CLASSIFIER) -> Classifier:
    """The classifier saved in ``folder``, if its weights have that checksum.

    Raises:
        InputError: If it is missing, or not the one that has it.
    """
    try:
        found = hashlib.sha256((folder / "checkpoint" / "tensors.safetensors").read_bytes()).hexdigest()
    except OSError:
        raise InputError("The bundled classifier is missing: restore it from the project.") from None
    model = load_model(folder)
    if found != sha256 or not isinstance(model, Classifier):
        raise InputError("The bundled classifier was altered, so its readings mean nothing: restore it.")
    return model


def _grey(images: NDArray[np.uint8]) -> Tensor:
    """Bytes (N, 28, 28) as images (N, 1, 28, 28) in [0, 1]."""
    return torch.tensor(images).unsqueeze(1) / 255


def _whole(name: str, value: int, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise InputError(f"The {name} cannot be {value}: choose a whole number from 1 to {most}.")
    return value
