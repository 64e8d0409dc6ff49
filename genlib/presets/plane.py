"""Presets of the families that make points, all on the ring of eight; the first of each is the one to begin with."""

from __future__ import annotations

from dataclasses import replace

from genlib.presets.preset import Preset
from genlib.settings import (
    PlaneAutoencoderConfig,
    PlaneGANConfig,
    PlaneMixtureConfig,
    PlaneVAEConfig,
    RunSettings,
    TrainConfig,
)

__all__ = ["PLANE_PRESETS", "SIDE_BY_SIDE"]

# 31 batches an epoch: 31,000 steps, of which a processor makes a thousand a second. Half as many, of twice as many
# points, leave twice as much between the groups, and so do networks of half the width.
_GAME = TrainConfig(epochs=1000, learning_rate=0.003, schedule="cosine", batch_size=64)
_SHORT = TrainConfig(epochs=400, learning_rate=0.003)
_FITTED = TrainConfig(epochs=20)
_TOGETHER = 20  # seconds of each, where all families learn the same points

PLANE_PRESETS: dict[str, Preset] = {
    "mixture2d": Preset(
        "One bell curve for each group",
        "Eight components find the eight groups, and each number of the result can be read.",
        RunSettings("mixture2d", PlaneMixtureConfig(components=8), _FITTED),
    ),
    "mixture2d-few": Preset(
        "Fails: too few components",
        "Four bell curves for eight groups: each stretches over two, and half of all new points fall between.",
        RunSettings("mixture2d", PlaneMixtureConfig(components=4), _FITTED),
        "failure",
        cure="mixture2d",
    ),
    "ae2d": Preset(
        "A curve",
        "With one number for a point, all that it can rebuild lies on a curve, which bends through the groups.",
        RunSettings("ae2d", PlaneAutoencoderConfig(latent_dim=1), _SHORT),
    ),
    "vae2d": Preset(
        "A square bent to a ring",
        "Every point of a bell curve of codes decodes to a point; between the groups a few are left.",
        RunSettings("vae2d", PlaneVAEConfig(latent_dim=2), _SHORT),
    ),
    "vae2d-collapse": Preset(
        "Fails: posterior collapse",
        "β = 20 makes every word of the code so dear that it says nothing: all points decode to the middle.",
        RunSettings("vae2d", PlaneVAEConfig(latent_dim=2, beta=20.0), _SHORT),
        "failure",
        cure="vae2d",
    ),
    "gan2d": Preset(
        "Ring of eight",
        "G bends a square of codes over all eight groups, and learns to leave little between them.",
        RunSettings("gan2d", PlaneGANConfig(hidden_dim=128, average=0.999, d_rate=0.5, smoothing=0.2), _GAME),
    ),
    "gan2d-packing": Preset(
        "Packing",
        "D sees two points at once, and whether they are alike: where G makes the same over and over, it is found out.",
        RunSettings("gan2d", PlaneGANConfig(packing=2, d_rate=0.2), _SHORT),
    ),
    "gan2d-wasserstein": Preset(
        "Wasserstein with gradient penalty",
        "D estimates how far the points have to be moved, so that no group is forgotten.",
        RunSettings(
            "gan2d",
            PlaneGANConfig(loss="wasserstein", penalty=0.1, d_rate=3.0, d_steps=3),
            TrainConfig(epochs=600, learning_rate=0.001),
        ),
    ),
    "gan2d-collapse": Preset(
        "Fails: mode collapse",
        "D learns at a fifth of G's pace: G crowds all its points where D is weakest, and most groups stay empty.",
        RunSettings("gan2d", PlaneGANConfig(average=0.0, d_rate=0.2), _SHORT),
        "failure",
        cure="gan2d-packing",
    ),
    "gan2d-oscillation": Preset(
        "Fails: oscillation",
        "At a tenth of G's pace D is always late: G sits on one group, is found out, and jumps to the next.",
        RunSettings("gan2d", PlaneGANConfig(average=0.0, d_rate=0.1), _SHORT),
        "failure",
        cure="gan2d",
    ),
    "gan2d-d-wins": Preset(
        "Fails: D wins",
        "Ten steps of D for each of G, and of the game as first written: D is sure, and G is told next to nothing.",
        RunSettings(
            "gan2d",
            PlaneGANConfig(loss="minimax", d_rate=10.0, d_steps=10),
            replace(_SHORT, learning_rate=3e-5),
        ),
        "failure",
        cure="gan2d",
    ),
}

# The same seconds for each, to be compared on one data set.
SIDE_BY_SIDE: dict[str, RunSettings] = {
    name: replace(
        PLANE_PRESETS[name].settings,
        train=replace(PLANE_PRESETS[name].settings.train, budget="seconds", seconds=_TOGETHER, schedule="constant"),
    )
    for name in ("mixture2d", "ae2d", "vae2d", "gan2d")
}
