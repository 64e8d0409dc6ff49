"""Knobs as flags of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from genlib.knobs import Knob
from genlib.settings import DATA_HELP, FAMILY_NAMES, MNIST, MODEL_CONFIGS, TrainConfig

__all__ = ["add_flags", "asked_for"]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """A flag for the family, one for the data, and each knob of training and of the models."""
    parser.add_argument("--family", choices=MODEL_CONFIGS, default=None, help="kind of model (default vae)")
    parser.add_argument("--data", metavar="DATA", help=f"{DATA_HELP} (default {MNIST})")
    # The knobs of training go with every family.
    flags = {knob.name: dict.fromkeys(MODEL_CONFIGS, knob) for knob in TrainConfig.knobs()}
    for family, config in MODEL_CONFIGS.items():
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
                f"{text} ({ends})" if len(families) == len(MODEL_CONFIGS) else f"{_names(families)}: {text} ({ends})"
            )
    return " ".join(told)


def _names(families: Iterable[str]) -> str:
    return ", ".join(FAMILY_NAMES[family] for family in families)
