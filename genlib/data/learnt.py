"""What a run learns from: images, or points in the plane."""

from __future__ import annotations

from genlib.data.cloud import Cloud, load_cloud
from genlib.data.images import Images, load_images
from genlib.settings import RunSettings

__all__ = ["Data", "load_data"]

Data = Images | Cloud


def load_data(settings: RunSettings) -> Data:
    """What a run with these settings learns from.

    Raises:
        InputError: If it is not here any more, or cannot be learnt from.
    """
    return load_images(settings.data) if settings.points is None else load_cloud(settings.points)
