"""Portraits in Python: drawn, mended, on the way from one to another, and how they were measured."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["face_recipe", "faces_recipe", "hole_recipe", "tangle_recipe"]


def face_recipe(z: Sequence[float]) -> str:
    """Python that draws the same face, and measures it.

    Arguments:
        z: Its code, (D,).
    """
    return f"""from genlib.portraits import READINGS, load_gallery, read

z = [[{", ".join(f"{value:g}" for value in z)}]]
face = load_gallery().decode(z)  # (1, 64, 64), from 0 to 1
print(dict(zip(READINGS, read(face)[0])))
"""


def faces_recipe(a: int, b: int) -> str:
    """Python that draws the faces between two photographs, by their numbers from 0."""
    return f"""import numpy as np

from genlib.portraits import load_gallery

gallery, t = load_gallery(), np.linspace(0, 1, 40)[:, None]
faces = gallery.decode((1 - t) * gallery.codes[{a}] + t * gallery.codes[{b}])  # (40, 64, 64), from 0 to 1
"""


def hole_recipe(number: int, kind: str | None) -> str:
    """Python that mends the same hole in a photograph.

    Arguments:
        number: Of the photograph, from 0.
        kind: Name of the hole; None for a painted one, which is read from a picture.
    """
    names = "mend, photograph" if kind is None else "hole, mend, photograph"
    imports = ["import numpy as np", "from PIL import Image", ""] if kind is None else []
    seen = (
        f'hole("{kind}")'
        if kind
        else 'np.array(Image.open("hole.png").convert("L")) > 127  # 64 x 64, black is missing'
    )
    return "\n".join(
        [
            *imports,
            f"from genlib.portraits import {names}",
            "",
            f"found = mend(photograph({number}), {seen})"
            if kind
            else f"seen = {seen}\nfound = mend(photograph({number}), seen)",
            "print(found.psnr)  # dB inside the hole, by method",
            "",
        ]
    )


def tangle_recipe() -> str:
    """Python that tells how far each slider moves each reading, and how good the models are."""
    return """from genlib.portraits import READINGS, load_gallery

gallery = load_gallery()
print(list(READINGS))
print(gallery.plain.matrix.round(2))  # a row is a slider, a column a reading
print(gallery.untangled.matrix.round(2))
print(gallery.told["models"], gallery.told["copies"])
"""
