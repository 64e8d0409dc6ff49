"""What a score holds, and the table of those that come with genlib."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from genlib.data import assets
from genlib.knobs import InputError

__all__ = ["Score", "stored"]


@dataclass(frozen=True)
class Score:
    """What was measured of one model, and of two that show the ends of the scale.

    Arguments:
        model: Name of the model.
        family: Its family.
        n: Images drawn, and test images they are compared with.
        seed: Of all draws.
        features: What images were compared by: "classifier" or "pca".
        step: Updates after which the model was saved.
        training: Whether it was still being trained then.
        metrics: Figures by name.
        stderr: Standard errors of some of them.
        histogram: Share of each digit, as the classifier reads the images, (10,); empty where it was not asked.
        real_vs_real: The same figures, where training images take the place of drawn ones.
        bad: And where noise around the mean of each pixel does.
        cost: Seconds of training, number of weights, and bytes of the file.
    """

    model: str
    family: str
    n: int
    seed: int
    features: str
    step: int
    training: bool
    metrics: Mapping[str, float]
    stderr: Mapping[str, float]
    histogram: list[float]
    real_vs_real: Mapping[str, float]
    bad: Mapping[str, float]
    cost: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def stored() -> list[Score]:
    """The scores that come with genlib, as ``genlib evaluate --json`` wrote them.

    Raises:
        InputError: If they are missing or were altered.
    """
    try:
        return [Score(**each) for each in json.loads((assets() / "scores.json").read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        raise InputError("The stored scores are missing or were altered: restore them from the project.") from None
