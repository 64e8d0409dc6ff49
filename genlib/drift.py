"""A way through the codes of a bundled model, round and round, and what moves a code by hand; without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.export import evaluate, read_decoder
from genlib.knobs import InputError
from genlib.latent import Atlas, read_atlas
from genlib.runs import RunFolder
from genlib.seeding import numpy_rng

__all__ = ["Drift", "drift"]

_Floats = NDArray[np.float64]
_STOPS = 24
_DECIMALS = 3  # of what is sent to a browser


@dataclass(frozen=True, eq=False)
class Drift:
    """Where the code of a model goes by itself, and where a hand takes it.

    Arguments:
        name: Of the model.
        family: Its family.
        stops: Codes that it comes to one after another, and then again, (n, D). Of a model with a prior, and of a
            mixture, they are drawn from that; an autoencoder has none, so they are codes of test images.
        circle: Whether it goes from stop to stop on great circles, as under a prior N(0, I), or on lines.
        mean: Of all codes, (D,).
        axes: Two ways to move a code that change the image most, each one standard deviation long, (2, D).
        reads: How far a code z has gone along them, ``reads @ (z - mean)``, (2, D).
        images: What is decoded from each stop, (n, 28, 28) uint8.
    """

    name: str
    family: str
    stops: _Floats
    circle: bool
    mean: _Floats
    axes: _Floats
    reads: _Floats
    images: NDArray[np.uint8]


def drift(run: RunFolder, seed: int, label: int | None = None) -> Drift:
    """The drift of a bundled model; the same seed gives the same stops.

    Arguments:
        run: One that has an exported decoder and an atlas.
        seed: Of the stops.
        label: The digit that a conditional model is asked for.

    Raises:
        InputError: If its files are missing or damaged.
    """
    decoder, atlas = read_decoder(run.path), read_atlas(run.path)
    prior = decoder.family in ("vae", "gan")
    rng, d = numpy_rng(seed, "drift"), decoder.latent_dim
    mean: _Floats = np.zeros(d)
    factor: _Floats = np.eye(d)
    stops: _Floats
    if prior:
        stops = rng.standard_normal((_STOPS, d))
    else:
        mean = atlas.mean.astype(float)
        spread: _Floats = np.cov(atlas.codes.astype(float).T) + 1e-9 * np.eye(d)
        factor = np.linalg.cholesky(spread).astype(float)
        drawn = _mixture(run, rng) if decoder.family == "mixture" else _codes(atlas, rng)
        stops = _tour(drawn, factor)
    axes, reads = _directions(atlas, factor)
    stops = stops.round(_DECIMALS)
    labels = None if label is None else np.full(_STOPS, label)
    images = (evaluate(decoder.operations, stops, labels)[:, 0] * 255).round().astype(np.uint8)
    return Drift(run.id, decoder.family, stops, prior, mean, axes, reads, images)


def _codes(atlas: Atlas, rng: np.random.Generator) -> _Floats:
    return atlas.codes[rng.choice(len(atlas.codes), _STOPS, replace=False)].astype(float)


def _mixture(run: RunFolder, rng: np.random.Generator) -> _Floats:
    """Codes drawn from the mixture itself: a component, then a code of its bell curve."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(run.path / "checkpoint" / "tensors.safetensors")
        weights, means, scatters = (arrays[f"model.{name}"].astype(float) for name in ("weights", "means", "scatters"))
    except (OSError, SafetensorError, KeyError):
        raise InputError("The weights of the mixture are missing or damaged: restore them from the project.") from None
    added = float(run.settings["model"]["regularisation"]) * np.eye(means.shape[1])  # as the model adds it
    which = rng.choice(len(weights), _STOPS, p=weights / weights.sum())
    noise = rng.standard_normal((_STOPS, means.shape[1]))
    return np.stack([means[k] + np.linalg.cholesky(scatters[k] + added) @ e for k, e in zip(which, noise, strict=True)])


def _tour(codes: _Floats, factor: _Floats) -> _Floats:
    """The codes in an order of short ways, each next to the nearest that is left: far jumps leave where codes lie."""
    white = np.linalg.solve(factor, codes.T).T
    left, order = list(range(1, len(codes))), [0]
    while left:
        order.append(min(left, key=lambda i: float(np.linalg.norm(white[i] - white[order[-1]]))))
        left.remove(order[-1])
    return codes[order]


def _directions(atlas: Atlas, factor: _Floats) -> tuple[_Floats, _Floats]:
    r"""The two directions of the atlas, and what reads them: $w^\top L^{-1}$ with $w = L^{-1} a$, where $L L^\top$ is
    the covariance of codes and $a$ is one standard deviation long, so that $|w| = 1$.
    """
    rows = atlas.directions[:2].astype(float)
    white = np.linalg.solve(factor, rows.T).T
    lengths = np.linalg.norm(white, axis=1, keepdims=True)
    axes, white = rows / lengths, white / lengths
    return axes, np.linalg.solve(factor.T, white.T).T
