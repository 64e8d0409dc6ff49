r"""Whether made portraits are new, and how well people are drawn whom a model has never seen.

Distances are root mean squared differences of a pixel, in grey levels of 255.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.metrics import nearest_of
from genlib.portraits.photographs import load_photographs

__all__ = ["apart", "copies", "threshold"]

_Bytes = NDArray[np.uint8]


def apart(images: _Bytes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest photograph that was learnt from, and how far it is, of each image (n, 64, 64): (n,) each."""
    found = nearest_of(images, load_photographs().train)
    return found.which, _grey_levels(found.squared, images[0].size)


def threshold() -> float:
    """Below this distance a made face is called a copy: half of the photographs that were learnt from have another one
    of the same person as near as that.
    """
    photographs = load_photographs()
    nearest = []
    for person in np.unique(photographs.train_labels):
        own = photographs.train[photographs.train_labels == person]
        for i, image in enumerate(own):
            squared = nearest_of(image[None], np.delete(own, i, axis=0)).squared
            nearest.append(_grey_levels(squared, image.size)[0])
    return float(np.median(nearest))


def copies(made: dict[str, _Bytes]) -> dict[str, Any]:
    """The memorisation test.

    Arguments:
        made: Faces of each model, (n, 64, 64), by its name.

    Returns:
        "threshold", and of each model and of the "unseen" photographs, those of people who were not learnt from, the
        "share" that is nearer to a photograph than that, and the "nearest", "median" and "farthest" distance.
    """
    photographs, limit = load_photographs(), threshold()
    found: dict[str, Any] = {"threshold": limit}
    unseen = np.concatenate([photographs.validation, photographs.test])
    for name, images in {"unseen": unseen, **made}.items():
        _, distances = apart(images)
        found[name] = {
            "n": len(images),
            "share": float(np.mean(distances < limit)),
            "nearest": float(distances.min()),
            "median": float(np.median(distances)),
            "farthest": float(distances.max()),
        }
    return found


def _grey_levels(squared: NDArray[np.float64], pixels: int) -> NDArray[np.float64]:
    levels: NDArray[np.float64] = 255 * np.sqrt(squared / pixels)
    return levels
