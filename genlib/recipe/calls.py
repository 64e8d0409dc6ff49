"""How values are written in Python."""

from __future__ import annotations

from genlib.knobs import Config

__all__ = ["call"]


def call(config: Config) -> str:
    """A configuration as it is made, with what was chosen alone."""
    chosen = ", ".join(f"{name}={getattr(config, name)!r}" for name in config.to_text())
    return f"{type(config).__name__}({chosen})"
