"""The verdict on a run: the gravest finding of all rules.

Every rule is a function of what a page knows anyway, the reports and the newest frame, and states its own threshold.
Of recorded runs (``tests/health``), looked at eight times each, it gave a false alarm at
0 of 171 looks at 25 good runs, and saw in the end what was wrong with 12 of 12 bad ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from genlib.health.games import collapsed, d_wins, faint, g_wins
from genlib.health.networks import alike, broken, leapt, no_sampler, silent_code
from genlib.health.plane import bridges, empty_code, groups_lost
from genlib.health.seen import Curves, Health, Seen
from genlib.settings import RunSettings

__all__ = ["Health", "look"]

_ENOUGH, _ENOUGH_OF = (
    300,
    {"gan": 500, "mixture": 20, "gan2d": 1500, "mixture2d": 20},
)  # updates before which nothing is said, and by family
_RULES: dict[str, tuple[Callable[[Seen], Health | None], ...]] = {
    "ae": (leapt, alike, no_sampler),
    "vae": (leapt, silent_code, alike),
    "gan": (d_wins, g_wins, collapsed, faint),
    "mixture": (),
    "classifier": (leapt,),
    "masked": (leapt,),
    "ae2d": (leapt, no_sampler),
    "vae2d": (leapt, empty_code, bridges),
    "gan2d": (d_wins, g_wins, groups_lost, faint),
    "mixture2d": (bridges,),
}


def look(settings: RunSettings, curves: Curves, frame: Mapping[str, np.ndarray], broke: bool = False) -> Health:
    """How a run does.

    Arguments:
        settings: What it trains with now.
        curves: By split ("train", "validation") and by metric, the values of all reports, as
            :class:`genlib.runs.Watcher` has them: not a number where a report left one out.
        frame: The newest frame of its film; empty if there is none.
        broke: Whether training ended because a number was no longer finite.
    """
    seen = Seen(settings, curves, frame)
    if broke:
        return broken(seen)
    if seen.step < _ENOUGH_OF.get(settings.family, _ENOUGH):
        return Health("early", "Too early to say.")
    found = [health for rule in _RULES[settings.family] if (health := rule(seen))]
    grave = [health for health in found if health.level == "bad"]
    return (grave or found or [Health("good", "Nothing is wrong.", "Its curves show none of the known failures.")])[0]
