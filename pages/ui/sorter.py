"""The sorter: images to be marked as made, and what comes back from it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genlib.knobs import InputError
from pages.ui.element import element, encode

__all__ = ["marked", "sorter"]

_sorter = element("sorter", "draw.js", "sorter.js", html='<div class="sorter"></div>')


def sorter(
    images: NDArray[np.uint8], *, key: str, deal: str, truth: Mapping[str, NDArray[np.bool_]] | None = None
) -> NDArray[np.bool_] | None:
    """Images to be sorted; the page runs again when the visitor is done.

    Arguments:
        images: (n, 28, 28), one byte a pixel.
        key: Name of the element on its page.
        deal: Names these images.
        truth: Once they were sorted, which are ``made``, which were ``marked``, and which a network called made, the
            ``rival``, if it has learned already; each (n,).

    Returns:
        Which of them the visitor says are made, (n,); None before that is told.

    Raises:
        InputError: If what the browser sends is no answer.
    """
    shown = None if truth is None else {name: each.tolist() for name, each in truth.items()}
    told = {"images": encode(images, np.uint8), "deal": deal, "truth": shown}
    return marked(_sorter(key=key, data=told, on_answer_change=lambda: None)["answer"], deal, len(images))


def marked(answer: Any, deal: str, n: int) -> NDArray[np.bool_] | None:
    """Which of n images the browser says are made; None if it says nothing of this deal.

    Raises:
        InputError: If it is no answer.
    """
    if answer is None:
        return None
    places = answer.get("marked") if isinstance(answer, dict) else None
    if not isinstance(places, list) or not all(type(place) is int and 0 <= place < n for place in places):
        raise InputError("The answer cannot be read: mark the images again.")
    if answer.get("deal") != deal:
        return None
    found = np.zeros(n, bool)
    found[places] = True
    return found
