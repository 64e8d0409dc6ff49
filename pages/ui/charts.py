"""The curves that a run has, as data for the element that draws them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genlib.colours import CLASSES
from genlib.data.cloud import known_groups
from genlib.pca import load_pca_errors
from genlib.settings import MNIST, AutoencoderConfig, GANConfig, RunSettings, VAEConfig
from pages.ui.words import of_points

__all__ = ["METRICS", "charts", "renamed"]

_NATS, _D = "nats per image", CLASSES[0]
_CHARTS: dict[str, dict[str, Any]] = {
    "reconstruction": {
        "title": "Reconstruction",
        "unit": _NATS,
        "gloss": "How surprising an image is once it was rebuilt from its code. Lower is better.",
    },
    "kl": {
        "title": "KL divergence",
        "unit": _NATS,
        "gloss": "How much a code says: how far it lies from the prior, of which new images are drawn.",
    },
    "bound": {
        "title": "Negative bound",
        "unit": _NATS,
        "gloss": "An image is at most so surprising: a bound from several codes, tighter than that of one.",
    },
    "error": {
        "title": "Squared error",
        "unit": "per image",
        "gloss": "Difference between an image and its reconstruction, squared and summed over the pixels.",
        "empty": "first told after an epoch",
    },
    "surprise": {
        "title": "Surprise",
        "unit": _NATS,
        "gloss": "How improbable the mixture finds an image. A density may exceed 1, so this can fall below 0.",
    },
    "game": {
        "title": "Loss of D and of G",
        "unit": "",
        "gloss": "What each tries to make small. They play against each other, so neither falls to the ground.",
        "lines": [("loss_d", "D", _D), ("loss_g", "G", "")],
    },
    "belief": {
        "title": "What D answers",
        "unit": "",
        "gloss": "To real images, D(x), and to new ones, D(G(z)), on average. The closer, the harder they are to tell.",
        "lines": [("real", "D(x)", _D), ("fake", "D(G(z))", "")],
    },
    "gradients": {
        "title": "Length of the gradients",
        "unit": "",
        "gloss": "How hard a step pushes each of them. Near 0 it learns nothing more.",
        "lines": [("gradient_d", "D", _D), ("gradient_g", "G", "")],
    },
    "spread": {
        "title": "Variety",
        "unit": "that of real images is 1",
        "gloss": "How much new images differ from one another. Near 0 all are alike: the modes have collapsed.",
        "level": {"y": 1.0, "text": "real images"},
        "empty": "first told after an epoch",
        "judged": True,
    },
    "modes": {
        "title": "Modes found",
        "unit": "",
        "from": 0,
        "gloss": "Of the true groups, those within three deviations of which at least one of 2,000 samples lies.",
        "judged": True,
    },
    "divergence": {
        "title": "Missing and invented",
        "unit": "nats",
        "gloss": "Missing: part of the data is never made. Invented: what is made is no data. At 0 both are alike.",
        "lines": [("missing", "missing", _D), ("invented", "invented", "")],
        "judged": True,
    },
}
_READ = ("energy", "high_quality", "missing_error", "invented_error")  # that are told and not drawn
METRICS = tuple(
    dict.fromkeys(
        [*(metric for name, chart in _CHARTS.items() for metric, *_ in chart.get("lines", [(name,)])), *_READ]
    )
)


def charts(settings: RunSettings) -> list[dict[str, Any]]:
    """What is drawn of a run with these settings, each with its name, words, and the metrics that are its lines."""
    drawn = [_chart(name, settings) for name in _names(settings)]
    if settings.points is not None:
        for chart in drawn:
            chart |= {part: of_points(chart[part]) for part in ("unit", "gloss", "empty")}
    return drawn


def renamed(settings: RunSettings, values: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """The metrics of a run by what is drawn of them: what one family calls its loss is another thing in each."""
    own = dict(values)
    if "loss" in own and (name := _loss(settings)):
        own[name] = own["loss"]
    if "squared_error" in own:
        own["error"] = own["squared_error"]
    return own


def _loss(settings: RunSettings) -> str:
    """What "loss" is the loss of; empty if it is a sum whose parts are drawn."""
    model = settings.model
    if isinstance(model, AutoencoderConfig):
        return "error" if model.likelihood == "gaussian" else "reconstruction"
    if isinstance(model, VAEConfig):
        return "bound" if model.importance > 1 else ""
    return "surprise" if settings.family in ("mixture", "mixture2d") else ""


def _names(settings: RunSettings) -> list[str]:
    if settings.points is not None:
        first = {"gan2d": ["game", "belief"], "vae2d": ["reconstruction", "kl"]}.get(settings.family)
        return [*(first or [_loss(settings)]), *(["modes"] if known_groups(settings.points) else []), "divergence"]
    if settings.family == "gan":
        return ["game", "belief", "gradients", "spread"]
    own = _loss(settings)
    return list(dict.fromkeys([own, "error"])) if own else ["reconstruction", "kl", "error"]


def _chart(name: str, settings: RunSettings) -> dict[str, Any]:
    chart = {"name": name, "lines": [(name, "", "")], "empty": "not begun", **_CHARTS[name]}
    if name == "error" and settings.points is None and settings.data == MNIST:
        d = settings.model.latent_dim
        errors = load_pca_errors()
        if d <= len(errors):
            chart["level"] = {"y": float(errors[d - 1]), "text": f"PCA, D = {d}"}
    if name == "belief" and isinstance(settings.model, GANConfig):
        if settings.model.loss in ("hinge", "wasserstein"):
            chart["unit"] = "score, no probability"
        else:
            chart["unit"] = "probability of real"
    if name == "modes" and settings.points is not None:
        k = known_groups(settings.points)
        chart["level"] = {"y": k, "text": "all"}
    chart["lines"] = [{"metric": metric, "label": label, "colour": colour} for metric, label, colour in chart["lines"]]
    return chart
