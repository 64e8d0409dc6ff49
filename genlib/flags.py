"""Knobs as flags of the command line."""

from __future__ import annotations

import argparse

from genlib.knobs import Config
from genlib.settings import FAMILY_NAMES, MODEL_CONFIGS, TrainConfig

__all__ = ["add_flags", "asked_for"]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """A flag for the family, and for each knob of training and of the models."""
    parser.add_argument("--family", choices=MODEL_CONFIGS, default=None, help="kind of model (default vae)")
    flags: dict[str, dict[str, str]] = {}
    configs: dict[str, type[Config]] = {"": TrainConfig, **MODEL_CONFIGS}
    for family, config in configs.items():
        for knob in config.knobs():
            text = f"{knob.help} ({knob.allowed}; default {knob.text(knob.default)})".replace("%", "%%")
            flags.setdefault(knob.name, {}).setdefault(text, family)
    for name, texts in flags.items():
        # One that means something else to each family is told of each.
        told = texts if len(texts) == 1 else [f"{FAMILY_NAMES[family]}: {text}" for text, family in texts.items()]
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, dest=f"knob_{name}", metavar=name.upper(), help=" ".join(told))


def asked_for(options: argparse.Namespace) -> dict[str, str]:
    """The settings given as flags, as texts by name."""
    given = {name[5:]: value for name, value in vars(options).items() if name.startswith("knob_") and value is not None}
    return given | ({"family": options.family} if options.family else {})
