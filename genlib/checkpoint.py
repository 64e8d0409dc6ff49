"""Checkpoints: a run on disk, to be taken up again bit for bit.

A checkpoint is a folder of two files: the weights and the state of the optimisers as safetensors, and a description
as JSON, each with its checksum. It is written aside and renamed, and the one before is kept. Nothing is ever
unpickled, so a checkpoint from a stranger can be wrong but cannot run code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

import genlib
from genlib import device as devices
from genlib.changes import read_changes
from genlib.knobs import InputError
from genlib.models import build, model_class
from genlib.models.base import Model
from genlib.runs.files import bounded
from genlib.settings import TrainConfig
from genlib.training import Run

__all__ = ["load", "load_model", "save", "save_model"]

_FORMAT = 1
_NEWEST, _PREVIOUS, _ASIDE = "checkpoint", "checkpoint.previous", "checkpoint.new"
_TENSORS, _DESCRIPTION = "tensors.safetensors", "checkpoint.json"
_AVERAGES = "model.averages."
_LARGEST = 2 * 1024**3  # bytes of a file that is read at all
_T = TypeVar("_T")
# All that a damaged or foreign file can set off, from reading the disk to fitting weights into a model.
_UNUSABLE = (
    InputError,
    OSError,
    SafetensorError,
    ArithmeticError,
    AttributeError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)


def save(run: Run, folder: Path) -> bool:
    """Write ``run`` to ``folder/checkpoint``; the checkpoint before stays as ``folder/checkpoint.previous``.

    Returns:
        Whether it was written: not if any number of the state is no longer finite.

    Raises:
        InputError: If the disk refuses.
    """
    tensors = _tensors(run)
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        return False
    content = safetensors.torch.save(tensors)
    description = {
        "format": _FORMAT,
        "family": run.family,
        "model_config": run.model_config.to_json(),
        "train_config": run.train_config.to_json(),
        "changes": [change.to_json() for change in run.changes],
        "step": run.step,
        "seconds": run.seconds,
        "device": run.device.type,
        "threads": torch.get_num_threads(),
        "versions": {"genlib": genlib.__version__, "torch": torch.__version__, "python": platform.python_version()},
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    _write_checked(folder, content, description)
    return True


def save_model(folder: Path, target: Path) -> None:
    """Write the newest checkpoint of ``folder`` to ``target`` without the state of its optimisers: a third of the size.

    What it holds can be sampled from, not trained on.

    Raises:
        InputError: If there is no checkpoint that can be read, or the disk refuses.
    """
    description, tensors = _first_usable(folder, _read)
    content = safetensors.torch.save(_alone(model_class(description["family"]), tensors))
    _write_checked(target, content, description | {"sha256": hashlib.sha256(content).hexdigest()})


def load(folder: Path, device: str = "auto", *, trainable: bool = True) -> Run:
    """The run that was saved in ``folder``, bitwise; the checkpoint before, if the newest is damaged or missing.

    Arguments:
        folder: What :func:`save` was given.
        device: Where to go on: "auto", "cpu", "cuda" or "mps".
        trainable: Refuse a model that was saved alone; else its run comes with optimisers that know nothing of it.

    Raises:
        InputError: If neither checkpoint can be used, or the machine has no such device.
    """
    target = torch.device(devices.choose(device).kind)
    run = _first_usable(folder, lambda path: _load_run(path, trainable))
    run.model.to(target)
    for optimizer in run.optimizers.values():
        optimizer.load_state_dict(optimizer.state_dict())  # follows its weights to their device
    run.device = target
    return run


def load_model(folder: Path) -> Model:
    """Only the model, on the processor and in evaluation mode.

    Raises:
        InputError: If neither checkpoint can be used.
    """
    return _first_usable(folder, lambda path: _load_model(*_read(path)).eval())


def _tensors(run: Run) -> dict[str, Tensor]:
    """Every tensor of the state under one name, on the processor."""
    tensors = {f"model.{name}": tensor for name, tensor in run.model.state_dict().items()}
    for name, optimizer in run.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{index}.{key}": tensor for key, tensor in state.items()}
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _alone(family: type[Model], tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The model as it is shown, small: averages in the place of what they are of, in half precision where it does."""
    kept = {name: tensor for name, tensor in tensors.items() if name.startswith("model.")}
    for name in [name for name in kept if name.startswith(_AVERAGES)]:
        kept["model." + name.removeprefix(_AVERAGES)] = kept.pop(name)
    if not family.halves:
        return kept
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in kept.items()}


def _load_run(path: Path, trainable: bool) -> Run:
    description, tensors = _read(path)
    model = _load_model(description, tensors)
    train_config = TrainConfig.from_json(description["train_config"])
    optimizers = model.configure_optimizers(train_config)
    for name, optimizer in optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in _under(f"optimizer.{name}.", tensors).items():
            index, _, part = key.partition(".")
            state.setdefault(int(index), {})[part] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    step, seconds = description["step"], float(description["seconds"])
    if type(step) is not int or step < 0 or not 0 <= seconds < math.inf:
        raise InputError("The checkpoint does not say how far the run had come.")
    # One of several optimisers may not have had its turn yet.
    if trainable and step > 0 and optimizers and not any(optimizer.state for optimizer in optimizers.values()):
        raise InputError("The checkpoint holds the model alone, which cannot be trained on.")
    run = Run(description["family"], model, model.config, train_config, optimizers, step, seconds, torch.device("cpu"))
    run.changes = read_changes(description.get("changes", []), run.settings)
    return run


def _load_model(description: dict[str, Any], tensors: dict[str, Tensor]) -> Model:
    family = description["family"]
    config = model_class(family).config_class.from_json(description["model_config"])
    model = build(family, config, seed=0)
    own = _under("model.", tensors)
    for name in model.state_dict().keys() - own.keys():
        # Of a model that was saved alone, the averages are all there is.
        own[name] = own[name.removeprefix(_AVERAGES.removeprefix("model."))]
    model.load_state_dict(own)
    return model


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _first_usable(folder: Path, read: Callable[[Path], _T]) -> _T:
    for name in (_NEWEST, _PREVIOUS):
        with suppress(*_UNUSABLE):
            return read(folder / name)
    raise InputError("This run has no checkpoint that can be read, neither the newest nor the one before: start anew.")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The description and the tensors of a checkpoint whose checksums are right."""
    description = json.loads(_bounded(path / _DESCRIPTION))
    if description.pop("own_sha256") != _digest(description) or description["format"] != _FORMAT:
        raise InputError("The description of the checkpoint was altered, or is of another version.")
    content = _bounded(path / _TENSORS)
    if hashlib.sha256(content).hexdigest() != description["sha256"]:
        raise InputError("The tensors of the checkpoint are incomplete or were altered.")
    return description, safetensors.torch.load(content)


def _bounded(path: Path) -> bytes:
    content = bounded(path, _LARGEST)
    if len(content) > _LARGEST:
        raise InputError(f"The file {path.name} is too large for a checkpoint.")
    return content


def _digest(description: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def _write_checked(folder: Path, tensors: bytes, description: dict[str, Any]) -> None:
    text = json.dumps(description | {"own_sha256": _digest(description)}, indent=1)
    try:
        _write(folder, tensors, text.encode())
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise InputError(f"The checkpoint could not be written ({reason}): make room and resume the run.") from None


def _write(folder: Path, tensors: bytes, description: bytes) -> None:
    """Write both files aside, then move them in: at any moment one whole checkpoint stands in the folder."""
    newest, previous, aside = folder / _NEWEST, folder / _PREVIOUS, folder / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        for name, content in ((_TENSORS, tensors), (_DESCRIPTION, description)):
            with (aside / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if newest.exists():
            shutil.rmtree(previous, ignore_errors=True)
            _rename(newest, previous)
        _rename(aside, newest)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _rename(source: Path, target: Path) -> None:
    # Windows refuses while somebody reads a file inside; readers are quick.
    for _ in range(20):
        with suppress(PermissionError):
            source.rename(target)
            return
        time.sleep(0.05)
    source.rename(target)
