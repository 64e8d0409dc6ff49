"""What the scale of pixels does to a VAE's likelihood and to a GAN's training: small models, measured once."""

from genlib.pixel_study.making import make_study
from genlib.pixel_study.study import (
    EPOCHS,
    GANS,
    PIXELS,
    UNBOUNDED,
    VAES,
    Contest,
    Fit,
    Study,
    grey_share,
    load_study,
    three_ways,
)

__all__ = [
    "EPOCHS",
    "GANS",
    "PIXELS",
    "UNBOUNDED",
    "VAES",
    "Contest",
    "Fit",
    "Study",
    "grey_share",
    "load_study",
    "make_study",
    "three_ways",
]
