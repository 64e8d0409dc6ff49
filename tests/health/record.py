"""Recorded runs for the rules of the health light: ``python -m tests.health.record NAME`` trains one.

Of each is kept what the rules look at, small: at most 120 reports, and the pictures of two moments in 16 greys.
"""

import base64
import json
import math
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from genlib.presets import PLANE_PRESETS, PRESETS
from genlib.settings import RunSettings

FOLDER = Path(__file__).parent
_PICTURES, _REPORTS = 2, 120
_KEPT = {"samples": ("gan",), "reconstructions": ("ae", "vae")}  # by the families whose rules look at them
_GAN = {"learning_rate": 4e-3, "batch_size": 64}
# By name: preset, updates, what is changed of it, and what is to be found in the end: a level and words of the finding.
RUNS = {
    "ae-2d": ("ae-2d", 4000, {}, "watch", "no sampler"),
    "ae-2d-seed1": ("ae-2d", 3000, {"seed": 1}, "watch", "no sampler"),
    "ae-sharp": ("ae-sharp", 4000, {}, "watch", "no sampler"),
    "ae-denoising": ("ae-denoising", 3000, {}, "watch", "no sampler"),
    "ae-holes": ("ae-holes", 2700, {}, "watch", "no sampler"),
    "ae-holes-seed1": ("ae-holes", 2700, {"seed": 1}, "watch", "no sampler"),
    "ae-fast": ("ae-2d", 800, {"learning_rate": 0.1}, "bad", "same"),
    "vae-2d": ("vae-2d", 4000, {}, "good", ""),
    "vae-2d-seed1": ("vae-2d", 3000, {"seed": 1}, "good", ""),
    "vae-sharp": ("vae-sharp", 4000, {}, "good", ""),
    "vae-labels": ("vae-labels", 3000, {}, "good", ""),
    "vae-gaussian": ("vae-sharp", 2500, {"likelihood": "gaussian"}, "good", ""),
    "vae-beta4": ("vae-sharp", 2500, {"beta": 4.0}, "good", ""),
    "vae-warmup": ("vae-sharp", 2500, {"warmup": 2000}, "good", ""),
    "vae-collapse": ("vae-collapse", 2700, {}, "bad", "collapse"),
    "vae-collapse-seed1": ("vae-collapse", 2700, {"seed": 1}, "bad", "collapse"),
    "vae-fast": ("vae-fast", 1000, {}, "bad", "finite"),
    "vae-hasty": ("vae-2d", 1500, {"learning_rate": 0.015}, "good", ""),
    "gan": ("gan", 1500, _GAN, "good", ""),
    "gan-seed1": ("gan", 1000, _GAN | {"seed": 1}, "good", ""),
    "gan-labels": ("gan-labels", 1000, _GAN, "good", ""),
    "gan-hinge": ("gan-hinge", 1000, _GAN, "good", ""),
    "gan-wasserstein": ("gan-wasserstein", 700, _GAN, "good", ""),
    "gan-d-wins": ("gan-d-wins", 800, _GAN | {"d_rate": 5.0}, "bad", "D wins"),
    "gan-collapse": ("gan-collapse", 1200, {}, "bad", "collapse"),
    "gan-dense": ("gan-dense", 2500, {}, "bad", "copies of a few"),
    "mixture": ("mixture", 265, {}, "good", ""),
    "mixture2d": ("mixture2d", 300, {}, "good", ""),
    "mixture2d-few": ("mixture2d-few", 300, {}, "bad", "between the groups"),
    "ae2d": ("ae2d", 2000, {}, "watch", "no sampler"),
    "vae2d": ("vae2d", 3000, {}, "watch", "between the groups"),
    "vae2d-collapse": ("vae2d-collapse", 1500, {}, "bad", "Posterior collapse"),
    "gan2d": ("gan2d", 6000, {}, "good", ""),
    "gan2d-packing": ("gan2d-packing", 6000, {}, "good", ""),
    "gan2d-collapse": ("gan2d-collapse", 6000, {}, "bad", "group"),
    "gan2d-oscillation": ("gan2d-oscillation", 6000, {}, "bad", "group"),
    "gan2d-d-wins": ("gan2d-d-wins", 3000, {}, "bad", "D wins"),
}


def settings_of(name: str) -> RunSettings:
    preset, _, changes, _, _ = RUNS[name]
    found = (PRESETS | PLANE_PRESETS)[preset].settings
    model, train = found.model, replace(found.train, budget="epochs", epochs=1000, device="cpu")
    for knob, value in changes.items():
        if hasattr(model, knob):
            model = replace(model, **{knob: value})
        else:
            train = replace(train, **{knob: value})
    return RunSettings(found.family, model, train)


def record(name: str) -> dict:
    """Train a run and keep of it what the rules look at."""
    import torch

    from genlib.data.learnt import load_data
    from genlib.training import Diverged, Frame, Report, Run, train

    torch.set_num_threads(1)
    settings, steps = settings_of(name), RUNS[name][1]
    lines, frames, broke = {"train": [], "validation": []}, {}, False
    moments = [steps * (i + 1) // _PICTURES for i in range(_PICTURES)]
    try:
        for event in train(
            Run.new(settings.family, settings.model, settings.train), load_data(settings), until_step=steps
        ):
            if isinstance(event, Report):
                lines[event.split].append({"step": event.step, "seconds": event.seconds, **event.metrics})
            elif isinstance(event, Frame):
                # Of the frames before each moment the last one stays.
                moment = next((moment for moment in moments if event.step <= moment), steps)
                frames[moment] = (event.step, event.arrays)
    except Diverged:
        broke = True
    kept = {
        str(step): {key: _packed(arrays[key]) for key, families in _KEPT.items() if settings.family in families}
        for step, arrays in frames.values()
        if step or len(frames) == 1
    }
    curves = {split: _columns(found) for split, found in lines.items()}
    return {"settings": settings.to_json(), "broke": broke, "curves": curves, "frames": kept}


def _columns(lines: list[dict[str, float]]) -> dict[str, list[float | None]]:
    stride = math.ceil(len(lines) / _REPORTS)
    lines = lines[::-1][::stride][::-1] if stride else lines
    names = dict.fromkeys(name for line in lines for name in line)
    return {name: [float(f"{line[name]:.4g}") if name in line else None for line in lines] for name in names}


def _packed(images: np.ndarray) -> str:
    return base64.b85encode(zlib.compress((images // 16).tobytes(), 9)).decode()


def unpacked(text: str) -> np.ndarray:
    """Images (n, 28, 28) uint8, as they were packed."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), np.uint8).reshape(-1, 28, 28) * 17


if __name__ == "__main__":
    for name in sys.argv[1:] or RUNS:
        (FOLDER / f"{name}.json").write_text(json.dumps(record(name)) + "\n", "utf-8")
