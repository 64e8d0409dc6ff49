"""What a frame shows, and how bytes become images and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from genlib.data.cloud import Cloud
from genlib.data.images import Images
from genlib.data.learnt import Data
from genlib.latent import draw_codes, fit_codes, training_codes
from genlib.models.base import Model, digits
from genlib.seeding import torch_rng
from genlib.training.plane import draw_plane, plane_constants
from genlib.training.run import Run

__all__ = ["draw", "frame_constants", "inputs"]

_SAMPLES, _DIGITS, _ORIGINALS, _CODES, _OPINIONS = 64, 100, 16, 1000, 250
_FARTHEST = 1e9  # from 0 lies a code of a run that is not breaking


def frame_constants(images: Data) -> dict[str, np.ndarray]:
    """What all frames share: ``originals`` (16, 28, 28) of the reconstructions and ``labels`` (1000,) of the codes; of
    points see :func:`genlib.training.plane.plane_constants`.
    """
    if isinstance(images, Cloud):
        return plane_constants(images)
    return {"originals": images.test[:_ORIGINALS].copy(), "labels": images.test_labels[:_CODES].copy()}


@torch.no_grad()
def draw(run: Run, images: Data) -> dict[str, np.ndarray]:
    """The arrays of a :class:`genlib.training.Frame`, in evaluation mode and with noise of their own."""
    if isinstance(images, Cloud):
        return draw_plane(run, images)
    model = run.model.eval()
    # The same generator each time gives the same latent points, so that one picture changes under the eye.
    rng = torch_rng(run.train_config.seed, "frames", device=run.device)
    x = inputs(images.test[:_CODES], run.device)
    labels = torch.tensor(images.test_labels[:_CODES], device=run.device).long()
    arrays = {}
    if model.can_encode:
        arrays["reconstructions"] = _to_bytes(model.reconstruct(x[:_ORIGINALS], labels[:_ORIGINALS]))
        arrays["codes"] = _map(model.encode(x, labels).cpu().numpy())
    if model.can_sample:
        wanted = digits(_DIGITS, run.device, len(images.classes)) if model.config.labels else None
        arrays["samples"] = _to_bytes(model.sample(_SAMPLES if wanted is None else _DIGITS, rng, wanted))
    elif model.can_encode:
        arrays["samples"] = _to_bytes(_guesses(model, images, rng))
    for name, numbers in model.opinions(x[:_OPINIONS], labels[:_OPINIONS], rng).items():
        arrays[name] = numbers.float().cpu().numpy()
    return arrays


def _guesses(model: Model, images: Images, rng: torch.Generator) -> Tensor:
    """New images of a model without a distribution of codes: half from one Gaussian around all, half from a mixture."""
    codes = training_codes(model, images, rng.device)
    if not bool((codes.abs() < _FARTHEST).all()):
        codes = torch.zeros_like(codes)  # of a run that is breaking: no covariance can be told of such numbers
    half = (_DIGITS if model.config.labels else _SAMPLES) // 2
    drawn = [draw_codes(fit_codes(codes, rng, components), half, rng) for components in (1, 10)]
    return model.decode(torch.cat(drawn), digits(2 * half, rng.device, len(images.classes)))


def inputs(x: np.ndarray | Tensor, device: torch.device) -> Tensor:
    """Bytes (B, 28, 28) to grey levels in [0, 1], (B, 1, 28, 28), on ``device``; points (B, 2) as they are."""
    # torch.tensor copies: these arrays may not be written to, of which other ways of sharing them warn.
    x = x if isinstance(x, Tensor) else torch.tensor(x, device=device)
    return x if x.is_floating_point() else x.unsqueeze(1).float().div_(255)


def _to_bytes(images: Tensor) -> np.ndarray:
    """Numbers in [0, 1], (N, 1, 28, 28), to bytes (N, 28, 28)."""
    return images.squeeze(1).nan_to_num().mul(255).round().to(torch.uint8).cpu().numpy()


def _map(codes: np.ndarray) -> np.ndarray:
    """Codes (N, D) as points (N, 2): themselves for D = 2, else their first two principal components."""
    n, d = codes.shape
    if d == 1:
        return np.concatenate([codes, np.zeros((n, 1), np.float32)], axis=1)
    if d > 2 and np.isfinite(codes).all():
        centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
        axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]  # (D, 2), the largest variance first
        # An axis has no sign of its own: its largest entry is made positive, so that maps do not flip at random.
        codes = centred @ (axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]]))
    return codes[:, :2].astype(np.float32)
