"""What can be wrong between the two sides of a GAN."""

from __future__ import annotations

from genlib.health.seen import Health, Seen, next_neighbour
from genlib.settings import GANConfig

__all__ = ["collapsed", "d_wins", "faint", "g_wins"]

_PROBABILITIES = ("minimax", "non-saturating")
_GUESSING = {"minimax": 1.39, "non-saturating": 1.39, "hinge": 2.0}  # D's loss where it can only guess


def d_wins(seen: Seen) -> Health | None:
    """D is sure: real images above 0.85 of what it is taught and new ones below 0.1; of hinge, a loss below 0.05."""
    config = _config(seen)
    if config.loss in _PROBABILITIES:
        sure = seen.now("real") > 0.85 * (1 - config.smoothing) and seen.now("fake") < 0.1
    else:
        sure = config.loss == "hinge" and seen.now("loss_d") < 0.05
    if not sure:
        return None
    change = "Let both learn." if config.turns else "Lower D's pace."
    return Health(
        "bad",
        "D wins: it tells everything new from what is real.",
        "Where D is sure its answer hardly changes with what it sees, so G is told next to nothing.",
        f"{change} Or choose the non-saturating loss, which does not fade." if config.loss == "minimax" else change,
    )


def g_wins(seen: Seen) -> Health | None:
    """D's loss is twice that of guessing."""
    config = _config(seen)
    if config.loss not in _GUESSING or not seen.now("loss_d") > 2 * _GUESSING[config.loss]:
        return None
    return Health(
        "bad",
        "G wins: D takes what is new for real.",
        "A D that is fooled teaches nothing: G draws what pleases it, be it real or not.",
        "Let both learn." if config.turns else "Raise D's pace, or let it make more steps for one of G.",
    )


def collapsed(seen: Seen) -> Health | None:
    """New images lie within 0.2 of their squared length of the next one (real digits: 0.6), or spread less than 0.3 of
    what real ones do; 0.35 and 0.6 are worth a word.
    """
    images = seen.images("samples", 20)
    apart = 1.0 if images is None else next_neighbour(images)
    spread = (seen.line("spread", "validation")[1:].tolist() or [1.0])[-1]  # before the first step it says nothing
    if apart >= 0.35 and spread >= 0.6:
        return None
    grave = apart < 0.2 or spread < 0.3
    many = "nearly all the same" if spread < 0.3 else "copies of a few"
    return Health(
        "bad" if grave else "watch",
        f"Mode collapse: new images are {many}." if grave else "New images repeat themselves.",
        "G found a few images that D takes for real, and draws nothing else.",
        "Raise D's pace, or choose Wasserstein with gradient penalty.",
    )


def faint(seen: Seen) -> Health | None:
    """G's gradient is shorter than a thousandth."""
    length = seen.now("gradient_g")
    if not length < 1e-3:
        return None
    return Health(
        "bad",
        f"G hardly learns: its gradient is only {length:.1g} long.",
        "D's answer does not change with what it sees, so G cannot tell what would be better.",
        "Lower D's pace, or choose the non-saturating loss.",
    )


def _config(seen: Seen) -> GANConfig:
    config = seen.settings.model
    assert isinstance(config, GANConfig)
    return config
