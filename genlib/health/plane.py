"""What can be wrong with points that a model makes: rules on the figures that come with each frame."""

from __future__ import annotations

import numpy as np

from genlib.data.toy2d import known_gaussians
from genlib.health.seen import Health, Seen

__all__ = ["bridges", "empty_code", "groups_lost"]

_LAST = 5  # judgements that are called now
_FEW_NATS = 0.5  # a code of the plane that says less says nothing


def groups_lost(seen: Seen) -> Health | None:
    """Of the known groups less than three quarters are found, or all that is missing comes to more than 2 nats.

    Where what is found changes from one judgement to the next, so that the high-quality share swings by more than a
    tenth either way, G jumps.
    """
    found, share = _now(seen, "modes"), _now(seen, "high_quality")
    points = seen.settings.points
    known = known_gaussians(points.drawn) if points is not None and points.drawn is not None else None
    if len(found) and known is not None:
        there = len(known[0])
        lost = float(np.median(found)) < 0.75 * there
        saw = f"Mode collapse: {np.median(found):.0f} of {there} groups are made."
    else:
        missing = _now(seen, "missing")
        lost, saw = (
            bool(len(missing)) and float(np.median(missing)) > 2,
            "Mode collapse: a part of the data is not made.",
        )
    if not lost:
        return None
    if len(share) == _LAST and share.std() > 0.1:
        return Health(
            "bad",
            "G jumps from group to group.",
            "D is slow: it has hardly learnt to see through one group when G makes another, and forgets the first.",
            "Raise D's pace.",
        )
    return Health(
        "bad",
        saw,
        "G found points that D takes for real, and makes few others.",
        "Raise D's pace, let it judge several points together, or choose Wasserstein with gradient penalty.",
    )


def bridges(seen: Seen) -> Health | None:
    """Of points made less than 0.6 are near to a known group; 0.8 is worth a word."""
    share = _now(seen, "high_quality")
    if not len(share) or float(np.median(share)) >= 0.8:
        return None
    near, mixture = float(np.median(share)), seen.settings.family == "mixture2d"
    return Health(
        "bad" if near < 0.6 and mixture else "watch",
        f"{1 - near:.0%} of new points fall between the groups.",
        "There are fewer components than groups, so that some stretch over two."
        if mixture
        else "A network bends one piece of codes over all groups and cannot tear it between them.",
        "Take more components." if mixture else "Train longer, or take a mixture, which is made of pieces.",
    )


def empty_code(seen: Seen) -> Health | None:
    """A VAE whose codes carry less than half a nat about a point."""
    kl = seen.now("kl")
    if not kl < _FEW_NATS:
        return None
    return Health(
        "bad",
        f"Posterior collapse: a code says only {kl:.1f} nats about its point.",
        "Each nat of the code costs more than it saves, so the decoder makes one point of them all.",
        "Lower β to 1.",
    )


def _now(seen: Seen, name: str) -> np.ndarray:
    """The values of the last judgements; fewer than five if there were no more."""
    return seen.line(name, "validation")[1:][-_LAST:]  # before the first step it says nothing
