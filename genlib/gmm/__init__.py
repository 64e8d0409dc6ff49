r"""Mixtures of Gaussians, and the EM algorithm with every iteration kept.

References:
    Maximum Likelihood from Incomplete Data via the EM Algorithm (Dempster, Laird & Rubin, 1977)
    Estimating the Dimension of a Model (Schwarz, 1978): BIC
    A New Look at the Statistical Model Identification (Akaike, 1974): AIC
"""

from genlib.gmm.em import EMStep, check_points, fit_em, several_starts
from genlib.gmm.missing import fill, fit_incomplete
from genlib.gmm.mixture import Mixture
from genlib.gmm.selection import Selection, parameter_count, select, select_components

__all__ = [
    "EMStep",
    "Mixture",
    "Selection",
    "check_points",
    "fill",
    "fit_em",
    "fit_incomplete",
    "parameter_count",
    "select",
    "select_components",
    "several_starts",
]
