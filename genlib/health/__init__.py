"""A look at a run: what is seen of it, why that is, and what to change."""

from genlib.health.verdict import Health, look

__all__ = ["Health", "look"]
