"""What a frame shows of a model of points: numbers in the data's own unit, from which a picture is drawn elsewhere."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genlib.data.cloud import Cloud
from genlib.latent import draw_codes, fit_codes
from genlib.metrics import divergence, energy_distance, modes
from genlib.models.base import Model
from genlib.models.gan_losses import PROBABILITIES, generator_loss
from genlib.models.plane import PlaneVAE
from genlib.models.plane_gan import PlaneGAN
from genlib.models.plane_mixture import PlaneMixture
from genlib.seeding import torch_rng
from genlib.training.run import Run

__all__ = ["MESH", "NET", "SIDE", "best_discriminator", "draw_plane", "figures", "make_points_of", "plane_constants"]

SIDE = 40  # places along each side of the surface
NET, LINE, MESH = 21, 81, 2.5  # places along each side of the grid of codes, or on a line; its half width
_MADE, _NEEDLES, _CODED, _SHOWN = 500, 120, 250, 2000
_JUDGED = 500  # points that distances are told by: four times as many would cost more than all the rest of a frame
_DENSITY = 2000  # points that an estimate of the density of G rests on
_COUNTED = 2000  # points that modes and quality are counted by
_FARTHEST = 1e6  # standard deviations from 0 lies a point of a run that is not breaking


def plane_constants(cloud: Cloud) -> dict[str, np.ndarray]:
    """What all frames share: ``points`` (N, 2) of at most 2,000 to learn from, ``coded`` (250, 2) test points whose
    codes are shown, and ``box`` (4,), left, right, lower and upper end of the surface.
    """
    points = cloud.train[:: -(-len(cloud.train) // _SHOWN)]
    shown = {"points": cloud.own(points), "coded": cloud.own(cloud.test[:_CODED]), "box": np.array(cloud.box)}
    return {name: array.astype(np.float32) for name, array in shown.items()}


def draw_plane(run: Run, cloud: Cloud) -> dict[str, np.ndarray]:
    """The arrays of a :class:`genlib.training.Frame`, in evaluation mode and with noise of their own; all float32.

    Returns:
        ``made`` (500, 2) from the same codes each time; but of a mixture, ``grid``, where G or the decoder puts codes:
        (441, 2) of a square of them, row by row, or (81, 2) of a line; of models that encode ``codes`` (250, 2), the
        first two numbers of each, of a VAE their ``deviations`` (250, 2), and ``rebuilt`` (250, 2); of a mixture
        ``components`` (K, 6), weight, mean and the covariance's xx, xy, yy; of a GAN ``surface`` (1600,), what D says
        over the box, row by row from below, ``needles`` (120, 2), the way along which G is told to move the first
        points made, and where the density is known ``ideal`` (1600,), the best D for this G.
    """
    model = run.model.eval()
    rng = torch_rng(run.train_config.seed, "frames", device=run.device)
    x = torch.tensor(cloud.test[:_CODED], device=run.device)
    with torch.no_grad():
        made, arrays = _within(make_points_of(model, cloud, _MADE, rng)), {}
        if isinstance(model, PlaneMixture):
            arrays["components"] = _components(model, cloud)
        else:
            arrays["grid"] = cloud.own(_numbers(model.decode(_codes(model.latent_dim).to(run.device))))
        if model.can_encode and not isinstance(model, PlaneMixture):
            codes = model.encode(x)
            arrays |= {"codes": _flat(codes), "rebuilt": cloud.own(_numbers(model.decode(codes)))}
        if isinstance(model, PlaneVAE):
            arrays["deviations"] = _flat(model.posterior(x).stddev)
    arrays["made"] = cloud.own(_numbers(made))
    if isinstance(model, PlaneGAN):
        arrays |= _game(model, cloud, made, rng)
    return {name: np.nan_to_num(array.astype(np.float32)) for name, array in arrays.items()}


@torch.no_grad()
def make_points_of(model: Model, cloud: Cloud, n: int, rng: torch.Generator) -> Tensor:
    """New standardised points, (n, 2); where the model has no distribution of codes, from one bell curve around them.

    That is the best that can be done for an autoencoder, and shows why it is no sampler.
    """
    if model.can_sample:
        return model.sample(n, rng)
    codes = model.eval().encode(torch.tensor(cloud.train, device=rng.device))
    if not bool((codes.abs() < _FARTHEST).all()):
        codes = torch.zeros_like(codes)  # of a run that is breaking: no covariance can be told of such numbers
    return model.decode(draw_codes(fit_codes(codes, rng, 1), n, rng))


def figures(run: Run, cloud: Cloud) -> dict[str, float]:
    """How near what the model makes is to test points, in the data's own unit.

    Returns:
        ``energy``: the energy distance; ``missing`` and ``invented``: the divergence, in nats, of the data from what is
        made, which grows where a part of the data is never made, and the reverse, which grows where something is made
        that is no data; the standard error of each as ``missing_error`` and ``invented_error``; and where the data come
        from known Gaussians ``modes``, those found, and ``high_quality``, the share of points near to one.
    """
    rng = torch_rng(run.train_config.seed, "judged", device=run.device)
    made = cloud.own(_numbers(_within(make_points_of(run.model, cloud, _COUNTED, rng))))
    real, some = cloud.own(cloud.test[:_JUDGED].astype(np.float64)), made[:_JUDGED] / 1.0
    found = {"energy": energy_distance(real / cloud.scale, some / cloud.scale)}
    k = min(5, len(real) - 1)
    for name, (a, b) in {"missing": (real, some), "invented": (some, real)}.items():
        found[name], found[f"{name}_error"] = divergence(a / cloud.scale, b / cloud.scale, k)
    if cloud.truth is not None:
        near = modes(made, *cloud.truth)
        found |= {"modes": float(near.found.sum()), "high_quality": float(near.good.mean())}
    return found


def best_discriminator(cloud: Cloud, made: NDArray[np.floating], side: int = SIDE) -> NDArray[np.float64]:
    r"""The best D over the box, (side²,), for a G that makes such points, where the density of the data is known.

    $$D^*(x) = \frac{p(x)}{p(x) + p_G(x)}$$

    Proposition 1 of Goodfellow et al. (2014). $p$ is exact; of $p_G$ nothing is known but points, so it is estimated
    by bell curves around them, as wide as the rule of Scott (1992) says for one
    group.

    Arguments:
        cloud: Data whose truth is known.
        made: Points of G in the data's own unit, (N, 2).
        side: Places along each side.
    """
    assert cloud.truth is not None
    columns, rows = _axes(cloud, side)
    p = np.zeros((side, side))
    places = np.stack(np.meshgrid(columns, rows), -1)  # (row, column, 2)
    for mean, covariance in zip(*cloud.truth, strict=True):
        around = places - mean
        squares = np.einsum("rci,ij,rcj->rc", around, np.linalg.inv(covariance), around)
        p += np.exp(-squares / 2) / (2 * np.pi * np.sqrt(np.linalg.det(covariance))) / len(cloud.truth[0])
    # A product of two bell curves, one along each axis, so that all places take one product of matrices. As wide as
    # the groups are, not as all of them together.
    narrow = np.sqrt(min(float(np.linalg.eigvalsh(covariance).min()) for covariance in cloud.truth[1]))
    width = narrow * (len(made) / len(cloud.truth[0])) ** (-1 / 6)
    bells = [np.exp(-np.square((axis[:, None] - made[:, i]) / width) / 2) for i, axis in enumerate((columns, rows))]
    p_g = bells[1] @ bells[0].T / (len(made) * 2 * np.pi * width**2)
    tiny = 1e-12 * p.max()  # far from both nothing can be said: one half
    return ((p + tiny) / (p + p_g + 2 * tiny)).reshape(-1)


def _game(model: PlaneGAN, cloud: Cloud, made: Tensor, rng: torch.Generator) -> dict[str, np.ndarray]:
    columns, rows = _axes(cloud, SIDE)
    places = (np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2) - cloud.centre) / cloud.scale
    real = torch.tensor(cloud.train, device=rng.device)
    arrays = {"surface": _numbers(model.surface(torch.tensor(places, dtype=torch.float32, device=rng.device), real))}
    # Yielding nowhere, so that switching gradients on for a moment touches nobody else.
    with torch.enable_grad():
        x = made[:_NEEDLES].detach().requires_grad_()
        loss = generator_loss(model.config.loss, model.discriminator(x)) * (len(x) // model.config.packing)
        (slope,) = torch.autograd.grad(loss, x)
    arrays["needles"] = -_numbers(slope) * cloud.scale
    if cloud.truth is not None and model.config.loss in PROBABILITIES:
        more = _within(make_points_of(model, cloud, _DENSITY, rng))
        # Told that real points are real with 1 - a, the best D is never surer than that.
        arrays["ideal"] = (1 - model.config.smoothing) * best_discriminator(cloud, cloud.own(_numbers(more)))
    return arrays


def _axes(cloud: Cloud, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the columns and the rows of the surface lie."""
    left, right, low, high = cloud.box
    return np.linspace(left, right, side), np.linspace(low, high, side)


def _codes(d: int) -> Tensor:
    """A square of codes in the first two directions, row by row, the others being 0; a line of them for D = 1."""
    if d == 1:
        return torch.linspace(-MESH - 0.5, MESH + 0.5, LINE).unsqueeze(1)
    line = torch.linspace(-MESH, MESH, NET)
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    square = torch.stack([columns.reshape(-1), rows.reshape(-1)], 1)
    return torch.cat([square, torch.zeros(len(square), d - 2)], 1)


def _components(model: PlaneMixture, cloud: Cloud) -> NDArray[np.float64]:
    covariances = model.covariances.double().cpu().numpy() * np.outer(cloud.scale, cloud.scale)
    parts = [covariances[:, 0, 0], covariances[:, 0, 1], covariances[:, 1, 1]]
    return np.column_stack([_numbers(model.weights), cloud.own(_numbers(model.means)), *parts])


def _flat(codes: Tensor) -> NDArray[np.float64]:
    """The first two numbers of codes, (N, 2)."""
    numbers = _numbers(codes)
    return numbers[:, :2] if numbers.shape[1] > 1 else np.column_stack([numbers, np.zeros(len(numbers))])


def _within(x: Tensor) -> Tensor:
    """Points of a run that is breaking, as far as they can be drawn."""
    return x.nan_to_num(0.0, _FARTHEST, -_FARTHEST).clamp(-_FARTHEST, _FARTHEST)


def _numbers(x: Tensor) -> NDArray[np.float64]:
    return x.detach().double().cpu().numpy()
