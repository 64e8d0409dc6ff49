"""What the latent studio asks of a model that lies in a folder, to be called in the worker process.

Arguments and results are plain arrays, so that whoever asks needs no PyTorch.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import images_of
from genlib.knobs import InputError
from genlib.latent import Atlas, Found, Search
from genlib.reading import read_classes
from genlib.seeding import torch_rng

if TYPE_CHECKING:
    from torch import Tensor

    from genlib.models.base import Model

__all__ = ["FURTHEST", "Inference", "decode", "infer", "make_atlas", "seek"]

_MOST_CODES = 1000  # that are decoded at once
FURTHEST = 1e6  # of a number of a code; beyond, what is decoded has long ceased to change


@dataclass(frozen=True, eq=False)
class Inference:
    """What a model makes of an image.

    Arguments:
        z: Its code, (D,); a VAE's posterior mean.
        spread: Standard deviation of a VAE's posterior, (D,); 0 for other models.
        reconstruction: What is decoded from the code, (28, 28), one byte a pixel.
        squared_error: Of that before it was rounded, summed over pixels that are 0 to 1.
        label: The digit that a conditional model was told; None for other models.
    """

    z: NDArray[np.float32]
    spread: NDArray[np.float32]
    reconstruction: NDArray[np.uint8]
    squared_error: float
    label: int | None


def make_atlas(folder: Path) -> Atlas:
    """The atlas of the model saved in ``folder``: within two seconds.

    Raises:
        InputError: If the folder holds no usable model, or one that draws no images.
    """
    from genlib.latent import survey

    images = images_of(folder)
    return survey(_model(folder), images, lambda drawn: read_classes(drawn, images))


def infer(folder: Path, image: NDArray[np.uint8], label: int | None = None) -> Inference:
    """Encode an image by the model saved in ``folder``, and decode it again.

    Arguments:
        folder: A run, or a bundled model.
        image: (28, 28), one byte a pixel.
        label: Its class; where a conditional model is told none, what :func:`genlib.reading.read_classes` reads.

    Raises:
        InputError: If the folder holds no usable model, or one without an encoder, or it is no such image or digit.
    """
    import torch

    from genlib.models import VAE

    model = _model(folder)
    x, labels = _given(model, image, label, folder)
    with torch.no_grad():
        if isinstance(model, VAE):
            q = model.posterior(x, labels)
            z, spread = q.mean, q.stddev
        else:
            z = model.encode(x, labels)
            spread = torch.zeros_like(z)
        again = model.decode(z, labels)
    error = float((again - x).double().square().sum())
    told = None if labels is None else int(labels[0])
    return Inference(z[0].numpy(), spread[0].numpy(), _bytes(again)[0], error, told)


def seek(
    folder: Path, image: NDArray[np.uint8], label: int | None = None, seed: int = 0, search: Search | None = None
) -> Found:
    """Look for the code of an image where no encoder tells it, a part at a time, so that progress can be shown.

    Arguments:
        folder: A run, or a bundled model.
        image: (28, 28), one byte a pixel.
        label: As for :func:`infer`.
        seed: Of the starts.
        search: ``found.search`` of the part before; None begins. It is over once ``found.done`` is true.

    Returns:
        The best so far; see :func:`genlib.latent.inversion.search`.

    Raises:
        InputError: If the folder holds no usable model, or one that draws no images, or what is given does not fit.
    """
    from genlib.latent.inversion import advance, begin

    model = _model(folder)
    x, labels = _given(model, image, label, folder)
    if search is None:
        return begin(model, x, torch_rng(seed, "search"), labels=labels)
    if search.z.shape[1:] != (model.latent_dim,):
        raise InputError("The model was replaced while its codes were searched: begin again.")
    return advance(model, x, search, labels)


def decode(folder: Path, z: NDArray[np.floating], labels: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
    """The images of codes by the model saved in ``folder``.

    Arguments:
        folder: A run, or a bundled model.
        z: Codes, (n, D), at most 1,000.
        labels: Their digits, (n,), for a conditional model.

    Returns:
        (n, 28, 28), one byte a pixel.

    Raises:
        InputError: If the folder holds no usable model, or one that draws no images, or the codes do not fit it.
    """
    import torch

    model = _model(folder)
    if z.ndim != 2 or z.shape[1] != model.latent_dim or not 1 <= len(z) <= _MOST_CODES:
        raise InputError(f"A code of this model has {model.latent_dim} numbers: give 1 to {_MOST_CODES:,} such codes.")
    if not (np.abs(z) <= FURTHEST).all():  # nor is it where a number is none
        raise InputError(f"A code has numbers from {-FURTHEST:,.0f} to {FURTHEST:,.0f}: give no others.")
    told = None
    if labels is not None:
        if labels.shape != (len(z),) or labels.dtype.kind not in "iu" or ((labels < 0) | (labels > 9)).any():
            raise InputError("The digits must be 0 to 9, one for each code.")
        told = torch.tensor(labels.astype(np.int64))
    with torch.no_grad():
        return _bytes(model.decode(torch.tensor(z.astype(np.float32)), told))


def _given(model: Model, image: NDArray[np.uint8], label: int | None, folder: Path) -> tuple[Tensor, Tensor | None]:
    """The image as (1, 1, 28, 28), and the digit that the model is to be told, (1,)."""
    import torch

    if image.shape != (28, 28) or image.dtype != np.uint8:
        raise InputError("The image must have 28 x 28 pixels of one byte: scale it first.")
    if label is not None and not 0 <= label <= 9:
        raise InputError(f"There is no digit {label}: choose 0 to 9.")
    x = torch.tensor(image)[None, None] / 255
    if not model.config.labels:
        return x, None
    if label is None:
        label = int(read_classes(image[None], images_of(folder))[0])
    return x, torch.tensor([label])


def _bytes(x: Tensor) -> NDArray[np.uint8]:
    """Images (B, 1, 28, 28) in [0, 1] as bytes, (B, 28, 28)."""
    import torch

    found: NDArray[np.uint8] = (x[:, 0] * 255).round().to(torch.uint8).numpy()
    return found


def _model(folder: Path) -> Model:
    """The newest saved model of a folder, kept while it stays the newest."""
    stamp: tuple[int, ...] = ()
    with suppress(OSError):
        now = (folder / "checkpoint" / "tensors.safetensors").stat()
        stamp = now.st_mtime_ns, now.st_size, now.st_ino
    # Without it the checkpoint before serves, until there is a new one.
    return _kept(folder, stamp)


@lru_cache(maxsize=8)
def _kept(folder: Path, stamp: tuple[int, ...]) -> Model:
    from genlib.checkpoint import load_model

    return load_model(folder)
