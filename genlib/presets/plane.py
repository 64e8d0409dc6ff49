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

# 15 batches an epoch: 15,000 steps, of which a processor makes a thousand a second.
_GAME = TrainConfig(epochs=1000, learning_rate=0.005, schedule="cosine")
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
        "G bends a square of codes over all eight groups, and tears it thin between them.",
        RunSettings("gan2d", PlaneGANConfig(), _GAME),
    ),
    "gan2d-wasserstein": Preset(
        "Wasserstein with gradient penalty",
        "D estimates how far the points have to be moved, so that no group is forgotten.",
        RunSettings("gan2d", PlaneGANConfig(loss="wasserstein"), _SHORT),
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
