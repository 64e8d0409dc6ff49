"""What a preset is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genlib.settings import RunSettings

__all__ = ["Preset"]


@dataclass(frozen=True)
class Preset:
    """Settings worth a name.

    Arguments:
        title: What to call them.
        aim: What is to be seen, in a sentence.
        settings: What is trained.
        kind: Whether they work, or fail on purpose.
        cure: Of a failure, the name of the preset that mends it.
    """

    title: str
    aim: str
    settings: RunSettings
    kind: Literal["good", "failure"] = "good"
    cure: str = ""
