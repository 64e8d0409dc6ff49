"""What is done to a table before a model sees it: scaling, and what to put where values are missing."""

from genlib.preprocess.bench import COMPLETE, Bench, Outcome, Tried, prepare, try_scalings, try_ways, unequal
from genlib.preprocess.ways import WAYS, Way

__all__ = [
    "COMPLETE",
    "WAYS",
    "Bench",
    "Outcome",
    "Tried",
    "Way",
    "prepare",
    "try_scalings",
    "try_ways",
    "unequal",
]
