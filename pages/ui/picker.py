"""An image from the visitor: a test digit, a drawing, or a picture that was uploaded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from genlib.data.digits import MAX_BYTES, centred, read_picture
from genlib.data.images import load_images
from genlib.data.own import small, small_picture
from genlib.knobs import InputError
from genlib.sampling import png
from genlib.settings import MNIST
from pages.ui.address import choose, count
from pages.ui.brush import brush
from pages.ui.words import unlinked

__all__ = ["Picked", "inline", "large", "pick"]

TEST, DRAW, UPLOAD = "Test image", "Draw", "Upload"
_SCALE = 5


@dataclass(frozen=True)
class Picked:
    """An image as models know it.

    Arguments:
        pixels: 28 x 28 bytes, white on black.
        label: Its digit or other class, where that is known.
        own: Whether it is the visitor's, who alone has it: no address can tell it.
        number: Its place among test images; None for the visitor's.
    """

    pixels: bytes
    label: int | None
    own: bool
    number: int | None = None

    @property
    def image(self) -> np.ndarray:
        return np.frombuffer(self.pixels, np.uint8).reshape(28, 28)


def pick(key: str, first: int, data: str = MNIST) -> Picked | None:
    """Widgets for one image; None until there is one.

    Arguments:
        key: Of the widgets, and of the test image in the address.
        first: The test image to begin with, if there are so many.
        data: Whose test images: "mnist", or the hash of a visitor's data set.
    """
    try:
        images = load_images(data)
    except InputError as error:
        st.warning(unlinked(str(error)))
        return None
    source = choose(st.segmented_control, "Where from", [TEST, DRAW, UPLOAD], f"{key}_from", TEST, key=f"{key}_source",
                    required=True)  # fmt: skip
    if source == TEST:
        last = len(images.test) - 1
        number = count(
            "Number", last, key, min(first, last), key=key,
            help=f"One of the {last + 1:,} images that no model learned from; + and − go to the next and the last.",
        )  # fmt: skip
        return Picked(images.test[number].tobytes(), int(images.test_labels[number]), False, int(number))
    try:
        if source == DRAW:
            drawn = brush(key=f"{key}_brush", label="Draw something" if images.own else "Draw a digit")
            if drawn is None:
                return None
            return Picked((small(drawn, "square") if images.own else centred(drawn)).tobytes(), None, own=True)
        what = "A picture" if images.own else "A picture of a digit"
        file = st.file_uploader(
            f"{what}, at most {MAX_BYTES // 2**20} MB", ["png", "jpg", "jpeg", "webp", "bmp", "gif"], key=f"{key}_file"
        )
        if file is None:
            return None
        if not images.own:
            return Picked(read_picture(file.getvalue()).tobytes(), None, own=True)
        image = small_picture(file.getvalue(), "square")
        if st.toggle("Turn it light on dark", key=f"{key}_turned", help="As your other images may have been turned."):
            image = 255 - image
        return Picked(image.tobytes(), None, own=True)
    except InputError as error:
        st.warning(unlinked(str(error)))
        return None


def inline(image: np.ndarray, alt: str, width: int | None = None) -> str:
    """A picture as HTML within the page: as a file it would be gone before a slow browser asks for it."""
    data = base64.b64encode(png(image)).decode()
    size = f' width="{width}"' if width else ""
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}"{size}>'


def large(image: np.ndarray) -> np.ndarray:
    """An image whose pixels can be seen, five wide each; (28, 28) or (28, 28, 3)."""
    return image.repeat(_SCALE, axis=0).repeat(_SCALE, axis=1)
