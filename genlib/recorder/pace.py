"""How fast a run trains, how far it has come, and how long it will take."""

from __future__ import annotations

from collections import deque
from typing import Any

from genlib.training import Run

__all__ = ["Pace"]

_RATE_OVER = 3.0  # seconds over which images a second are averaged


class Pace:
    """The pace of one run, from what it was asked lately."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._rate: float | None = None

    def told(self, run: Run, n_train: int, until_step: int | None) -> dict[str, Any]:
        """Step, epoch, seconds, rate, time left to ``until_step`` or the end of the budget, and progress of it all."""
        config, recent, budget = run.train_config, self._recent, run.total_steps(n_train)
        target = budget if until_step is None else until_step
        recent.append((run.seconds, run.step))
        while len(recent) > 2 and run.seconds - recent[0][0] > _RATE_OVER:
            recent.popleft()
        seconds, steps = run.seconds - recent[0][0], run.step - recent[0][1]
        self._rate = steps * config.batch_size / seconds if seconds > 0 else self._rate
        if target is None:
            left: float | None = max(0.0, config.seconds - run.seconds)
        else:
            left = max(0, target - run.step) * config.batch_size / self._rate if self._rate else None
        # A single step is not the whole of a run: its progress is that of the budget, unless it was lengthened.
        share = run.seconds / config.seconds if budget is None else run.step / max(budget, until_step or 0)
        progress = min(1.0, share)
        told: dict[str, Any] = {"step": run.step, "epoch": run.step / run.steps_per_epoch(n_train)}
        return told | {"seconds": run.seconds, "rate": self._rate, "left": left, "progress": progress}
