"""The codes of images: how they are spread, what moving them does, and how one is found.

What needs PyTorch is imported when it is first asked for, so that a page that only looks at codes does without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genlib.latent.atlas import Atlas, atlas_bytes, atlas_images, parse_atlas, read_atlas, write_atlas
from genlib.latent.capacity import Width, widths
from genlib.latent.directions import circle, class_difference, difference, line
from genlib.latent.inversion import Found, Search, search
from genlib.latent.neighbours import nearest

if TYPE_CHECKING:
    from genlib.latent.codes import draw_codes, draw_images, fit_codes, training_codes
    from genlib.latent.mapping import survey

__all__ = [
    "Atlas",
    "Found",
    "Search",
    "Width",
    "atlas_bytes",
    "atlas_images",
    "circle",
    "class_difference",
    "difference",
    "draw_codes",
    "draw_images",
    "fit_codes",
    "line",
    "nearest",
    "parse_atlas",
    "read_atlas",
    "search",
    "survey",
    "training_codes",
    "widths",
    "write_atlas",
]
_CODES = ("draw_codes", "draw_images", "fit_codes", "training_codes")
_LATER = dict.fromkeys(_CODES, "codes") | {"survey": "mapping"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
