"""Data: points in the plane with a known truth, and images."""

from pathlib import Path

import genlib

__all__ = ["assets"]


def assets() -> Path:
    """The folder of bundled files: ``assets`` of a checkout, or what the wheel carries in ``genlib/_app``."""
    package = Path(genlib.__file__).resolve().parent
    installed = package / "_app" / "assets"
    return installed if installed.is_dir() else package.parent / "assets"
