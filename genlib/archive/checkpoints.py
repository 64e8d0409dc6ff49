"""The checkpoint of an archive: loaded once, and compared with what the run says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genlib.archive.contents import MOST_STEPS, parse_object
from genlib.knobs import Config, InputError
from genlib.settings import RunSettings

if TYPE_CHECKING:
    from genlib.training import Run

__all__ = ["check_checkpoint"]

_FILES = ("checkpoint/checkpoint.json", "checkpoint/tensors.safetensors")
_LONGEST_HEADER = 2**20  # bytes
_STATE = ("step", "exp_avg", "exp_avg_sq")  # what Adam keeps for each weight
_DAMAGED = "The checkpoint in the archive is damaged: download the run again and upload that."
_FOREIGN = "The checkpoint in the archive belongs to a run with other settings: download the run again and upload that."


def check_checkpoint(folder: Path, files: Mapping[str, bytes], settings: RunSettings) -> bool:
    """Write the checkpoint of an archive into ``folder``.

    Returns:
        Whether it can be trained on: not if it is a model alone, or there is none.

    Raises:
        InputError: If it is incomplete, altered, or not of a run with these settings; what was written stays.
        OSError: If the disk refuses.
    """
    if not any(name in files for name in _FILES):
        return False
    description = parse_object(files, _FILES[0])
    content = files.get(_FILES[1], b"")
    step, seconds = description.get("step"), description.get("seconds")
    # Asked here, since what reads a checkpoint expects one that genlib wrote.
    good = type(step) is int and 0 <= step <= MOST_STEPS and isinstance(seconds, int | float) and 0 <= seconds < 1e15
    if not good or int.from_bytes(content[:8], "little") > _LONGEST_HEADER:
        raise InputError(_DAMAGED)
    arrays = _arrays(content)
    (folder / "checkpoint").mkdir()
    for name in _FILES:
        (folder / name).write_bytes(files[name])
    run = _load(folder)
    same = run.family == settings.family and _alike(run.model_config, settings.model)
    if not same or not _alike(run.train_config, settings.train):
        raise InputError(_FOREIGN)
    return _trainable(run, {name: (array.shape, f"torch.{array.dtype}") for name, array in arrays.items()})


def _arrays(content: bytes) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise InputError(_DAMAGED) from None
    if not all(array.dtype.kind in "fi" and np.isfinite(array).all() for array in arrays.values()):
        raise InputError(_DAMAGED)
    return arrays


def _load(folder: Path) -> Run:
    from genlib import checkpoint

    try:
        return checkpoint.load(folder, "cpu", trainable=False)
    except InputError:
        raise InputError(_DAMAGED) from None


def _alike(one: Config, other: Config) -> bool:
    """Whether they differ at most in what may be changed while a run trains."""
    return type(one) is type(other) and all(
        knob.live or getattr(one, knob.name) == getattr(other, knob.name) for knob in one.knobs()
    )


def _trainable(run: Run, found: Mapping[str, tuple[tuple[int, ...], str]]) -> bool:
    """Whether these are all tensors that a run needs to go on.

    Raises:
        InputError: If no run saves tensors of these shapes and types: PyTorch takes the state of an optimiser in any.
    """
    model = {f"model.{name}": (tuple(t.shape), str(t.dtype)) for name, t in run.model.state_dict().items()}
    whole = dict(model)
    for name, optimizer in run.optimizers.items():
        if not any(key.startswith(f"optimizer.{name}.") for key in found):
            continue  # before its first turn it keeps nothing
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        for index, weight in enumerate(weights):
            for part in _STATE:
                shape = () if part == "step" else tuple(weight.shape)
                whole[f"optimizer.{name}.{index}.{part}"] = (shape, "torch.float32")
    if found == whole:
        return whole != model or run.step == 0 or not run.optimizers
    # A model that comes with genlib has neither that state nor more than half of the precision, to save space.
    alone = {name: form for name, form in model.items() if not name.startswith("model.averages.")}
    halved = {name: (shape, "torch.float16" if "float" in kind else kind) for name, (shape, kind) in alone.items()}
    if found not in (alone, halved):
        raise InputError(_DAMAGED)
    return False
