"""How near two samples are to each other, as distributions: what is true of any features, of any images."""

from genlib.metrics.balls import Manifolds, manifolds
from genlib.metrics.copying import Nearest, nearest_of
from genlib.metrics.gaussians import frechet, frechet_of, jackknife

__all__ = ["Manifolds", "Nearest", "frechet", "frechet_of", "jackknife", "manifolds", "nearest_of"]
