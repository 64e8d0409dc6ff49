"""Knobs as flags of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from genlib.knobs import Knob
from genlib.settings import (
    DATA_HELP,
    FAMILY_NAMES,
    MNIST,
    MODEL_CONFIGS,
    PLANE_CONFIGS,
    POINTS_HELP,
    PlanePoints,
    TrainConfig,
)

__all__ = ["add_flags", "asked_for"]

_CONFIGS = MODEL_CONFIGS | PLANE_CONFIGS


def add_flags(parser: argparse.ArgumentParser) -> None:
    """A flag for the family, those for the data, and each knob of training and of the models."""
    parser.add_argument("--family", choices=_CONFIGS, default=None, help="kind of model (default vae)")
    parser.add_argument("--data", metavar="DATA", help=f"{DATA_HELP} (default {MNIST})")
    parser.add_argument("--points", dest="knob_points", metavar="POINTS", help=POINTS_HELP)
    # The knobs of training go with every family, those of points with every one of the plane.
    flags = {knob.name: dict.fromkeys(_CONFIGS, knob) for knob in TrainConfig.knobs()}
    flags |= {name: dict.fromkeys(PLANE_CONFIGS, knob) for name, knob in PlanePoints.addressed().items()}
    for family, config in _CONFIGS.items():
        for knob in config.knobs():
            flags.setdefault(knob.name, {})[family] = knob
    for name, knobs in flags.items():
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, dest=f"knob_{name}", metavar=name.upper(), help=_told(knobs).replace("%", "%%"))


def asked_for(options: argparse.Namespace) -> dict[str, str]:
    """The settings given as flags, as texts by name."""
    given = {name[5:]: value for name, value in vars(options).items() if name.startswith("knob_") and value is not None}
    return given | {name: value for name in ("family", "data") if (value := getattr(options, name))}


def _told(knobs: Mapping[str, Knob]) -> str:
    """What a flag means, by family where it is not the same to all: "VAE: What it does. (its range; its default)"."""
    texts: dict[str, dict[str, list[str]]] = {}
    for family, knob in knobs.items():
        ends = f"{knob.allowed}; default {knob.text(knob.default)}"
        texts.setdefault(knob.help, {}).setdefault(ends, []).append(family)
    told = []
    for text, ranges in texts.items():
        if len(ranges) > 1:
            told.append(f"{text} ({' | '.join(f'{_names(families)}: {ends}' for ends, families in ranges.items())})")
        else:
            ((ends, families),) = ranges.items()
            told.append(
                f"{text} ({ends})" if len(families) == len(_CONFIGS) else f"{_names(families)}: {text} ({ends})"
            )
    return " ".join(told)


def _names(families: Iterable[str]) -> str:
    return ", ".join(FAMILY_NAMES[family] for family in families)
