"""How much a code of a given size can hold: the reconstruction error of the models at hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from genlib.knobs import InputError
from genlib.runs import RunFolder
from genlib.settings import MNIST, RunSettings

__all__ = ["Width", "widths"]

_FAMILIES = ("ae", "vae")


@dataclass(frozen=True)
class Width:
    """A point of the plot of error against latent size.

    Arguments:
        name: Of the run.
        family: "ae" or "vae".
        latent_dim: Numbers of a code.
        labels: Whether the model is told the digit beside the code.
        squared_error: Of validation images rebuilt from their codes, summed over pixels, when last looked at.
    """

    name: str
    family: str
    latent_dim: int
    labels: bool
    squared_error: float


def widths(runs: Iterable[RunFolder], data: str = MNIST) -> Iterator[Width]:
    """The autoencoders and VAEs among runs that learned from these data, as far as they have been looked at.

    The line to beat is in ``genlib.pca``.
    Runs that were altered or are being deleted are left out.
    """
    for run in runs:
        with suppress(InputError, OSError):
            settings = RunSettings.from_json(run.settings)
            if settings.family not in _FAMILIES or settings.data != data:
                continue
            errors = [line.get("squared_error") for line in run.metrics()[0] if line.get("split") == "validation"]
            error = errors[-1] if errors else None
            if isinstance(error, int | float) and math.isfinite(error):
                yield Width(run.id, settings.family, settings.model.latent_dim, settings.model.labels, float(error))
