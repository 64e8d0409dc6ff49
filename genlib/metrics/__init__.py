"""How near two samples are to each other, as distributions: what is true of any features, of any images."""

from genlib.metrics.balls import Manifolds, manifolds
from genlib.metrics.copying import Nearest, nearest_of
from genlib.metrics.divergence import divergence
from genlib.metrics.errors import jackknife
from genlib.metrics.gaussians import frechet, frechet_of
from genlib.metrics.modes import Modes, modes
from genlib.metrics.shares import Share, Verdict, verdict
from genlib.metrics.two_samples import Told, energy_distance, tell_apart

__all__ = [
    "Manifolds",
    "Modes",
    "Nearest",
    "Share",
    "Told",
    "Verdict",
    "divergence",
    "energy_distance",
    "frechet",
    "frechet_of",
    "jackknife",
    "manifolds",
    "modes",
    "nearest_of",
    "tell_apart",
    "verdict",
]
