"""What a run should have become: trained anew from its settings and its changes, with no interruption."""

from __future__ import annotations

from functools import lru_cache

import torch

from genlib import checkpoint
from genlib.changes import Change, read_changes
from genlib.data.images import Images, load_images
from genlib.runs import RunFolder
from genlib.settings import RunSettings
from genlib.training import Run, train

__all__ = ["as_unbroken", "told_once"]


def as_unbroken(run: RunFolder, images: Images | None = None) -> bool:
    """Whether the saved weights of a run are bitwise those of an unbroken one after as many steps."""
    settings, saved = RunSettings.from_json(run.settings), checkpoint.load(run.path, "cpu")
    changes = tuple(read_changes(run.changes(), settings))
    weights, expected = saved.model.state_dict(), _unbroken(settings, changes, saved.step, images or load_images())
    return weights.keys() == expected.keys() and all(torch.equal(weights[name], expected[name]) for name in weights)


@lru_cache(maxsize=4)
def _unbroken(settings: RunSettings, changes: tuple[Change, ...], step: int, images: Images) -> dict[str, torch.Tensor]:
    run = Run.new(settings.family, settings.model, settings.train)
    run.changes = list(changes)
    for _ in train(run, images, until_step=step):
        pass
    return run.model.state_dict()


def told_once(run: RunFolder, last: int, per_epoch: int) -> bool:
    """Whether a run that has come to a step reported no step twice, and each epoch."""
    lines = run.metrics()[0]
    steps = [line["step"] for line in lines if line["split"] == "train"]
    validated = [line["step"] for line in lines if line["split"] == "validation"]
    ordered = steps == sorted(set(steps)) and validated == sorted(set(validated))
    return ordered and steps[-1:] == [last] and set(validated) >= set(range(0, last + 1, per_epoch))
