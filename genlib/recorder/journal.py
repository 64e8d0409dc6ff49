"""What stays of training: its reports and frames, each once, and of a long run no more than can be looked at."""

from __future__ import annotations

import numpy as np

from genlib.data.learnt import Data
from genlib.film import Film
from genlib.runs import RunFolder
from genlib.training import Event, Frame, Report, Run, draw

__all__ = ["Journal"]

# Training reports ten times a second. They are written so for five minutes; later the gaps grow with the time, so that
# each further doubling of it costs as many lines.
_DENSE, _GAP = 300.0, 1 / 3000  # seconds, share of the training time


class Journal:
    """The metrics and the film of one run, from the step on where it is taken up."""

    def __init__(self, folder: RunFolder, step: int) -> None:
        """Forget what comes after ``step``.

        Raises:
            OSError: If the disk refuses.
        """
        self.folder, self.film = folder, Film(folder.path / "frames")
        folder.cut_metrics(step)
        self.film.cut(step)
        self._told: dict[str, int] = {}  # the last step of each split
        self._written = 0.0  # seconds of the last report of training
        for line in folder.metrics()[0]:
            if line.get("split") in ("train", "validation"):
                self._told[line["split"]] = line["step"]

    def picture(self, run: Run, images: Data) -> None:
        """Keep a frame of where the run rests, unless there is one.

        Raises:
            OSError: If the disk refuses.
        """
        if self.film.steps()[-1:] != [run.step]:
            self._film(run.step, draw(run, images))

    def keep(self, event: Event) -> None:
        """Write a report or a frame down.

        Raises:
            OSError: If the disk refuses.
        """
        if isinstance(event, Frame):
            self._film(event.step, event.arrays)
        elif isinstance(event, Report) and self._is_news(event):
            line = {"step": event.step, "seconds": round(event.seconds, 4), "split": event.split, **event.metrics}
            self.folder.append_metrics(line)
            self._told[event.split] = event.step
            self._written = event.seconds if event.split == "train" else self._written

    def _film(self, step: int, arrays: dict[str, np.ndarray]) -> None:
        if arrays:  # a model that makes no images has none to show
            self.film.add(step, arrays)

    def _is_news(self, report: Report) -> bool:
        # A loop that is entered again tells the step where it stands once more.
        if report.step <= self._told.get(report.split, -1):
            return False
        gap = report.seconds - self._written
        return report.split == "validation" or report.seconds <= _DENSE or gap >= report.seconds * _GAP
