"""Codes in Python: decoded, found for an image, moved, and on the way from one to another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

__all__ = ["code_recipe", "coordinates_recipe", "image_recipe", "picture", "way_recipe"]


def code_recipe(name: str, z: Sequence[float], label: int | None = None) -> str:
    """Python that decodes the same code by the same model.

    Arguments:
        name: Of a bundled model, or the id of a run.
        z: The code, (D,).
        label: The digit that a conditional model is asked for.
    """
    told = "" if label is None else f", torch.tensor([{label}])"
    return f"""import torch

from genlib.checkpoint import load_model
from genlib.library import find_model

model = load_model(find_model({json.dumps(name)}).path)
z = torch.tensor([[{", ".join(repr(float(value)) for value in z)}]])
with torch.no_grad():
    image = model.decode(z{told})[0, 0]  # 28 x 28, from 0 to 1
"""


def picture(data: str, number: int | None) -> tuple[list[str], str]:
    """Lines that import, and an expression that is one image, (28, 28) bytes.

    Arguments:
        data: "mnist", or the hash of a visitor's data set.
        number: Of the test image; None for a picture that the visitor drew or brought, which no recipe knows.
    """
    if number is None:
        imports = ["from pathlib import Path", "", "from genlib.data.digits import read_picture"]
        return imports, 'read_picture(Path("digit.png").read_bytes())'
    given = "" if data == "mnist" else json.dumps(data)
    return ["from genlib.data.images import load_images"], f"load_images({given}).test[{number}]"


def image_recipe(name: str, number: int | None, label: int | None, data: str = "mnist", encodes: bool = True) -> str:
    """Python that finds the code of the same image, by the encoder or by a search.

    Arguments:
        name: Of a bundled model, or the id of a run.
        number: Of a test image; None for one of the visitor's own.
        label: What a conditional model is told.
        data: Whose test image.
        encodes: Whether the model has an encoder.
    """
    imports, image = picture(data, number)
    told = "" if label is None else f", {label}"
    asked = "" if label is None else f", label={label}"
    found = (
        f"found = infer(folder, image{told})\nprint(found.z, found.spread, found.squared_error)"
        if encodes
        else f"found = seek(folder, image{asked})\nwhile found.search.step < found.search.steps:\n"
        f"    found = seek(folder, image{asked}, search=found.search)\nprint(found.z, found.squared_error)"
    )
    return "\n".join(
        [
            *imports,
            "from genlib.library import find_model",
            f"from genlib.studio import {'infer' if encodes else 'seek'}",
            "",
            f"folder = find_model({json.dumps(name)}).path",
            f"image = {image}",
            found,
            "",
        ]
    )


def way_recipe(
    ends: Mapping[str, tuple[Sequence[float], Sequence[float], tuple[int, int]]], route: str, turn: str
) -> str:
    """Python that draws the same ways from one image to another.

    Arguments:
        ends: By the name of a model, or the id of a run: the codes of both images, and their digits.
        route: "line" or "circle".
        turn: What changes: "both", "style" or "class".
    """
    how = "".join(
        f", {name}={json.dumps(value)}" for name, value, usual in (("route", route, "line"), ("turn", turn, "both"))
        if value != usual
    )  # fmt: skip
    lines = ["from genlib.library import find_model", "from genlib.morph import Way, morph", ""]
    for name, (a, b, digits) in ends.items():
        lines += [f"folder = find_model({json.dumps(name)}).path"]
        lines += [f"{letter} = ({', '.join(map(repr, map(float, z)))},)" for letter, z in (("a", a), ("b", b))]
        lines += [f"images = morph(Way(folder, a, b, {digits!r}){how})  # (40, 28, 28), from A to B", ""]
    return "\n".join(lines)


def coordinates_recipe(name: str, label: int | None, prior: bool) -> str:
    """Python that moves each coordinate of a model's code, all others in the middle.

    Arguments:
        name: Of a bundled model, or the id of a run.
        label: The digit that a conditional model is asked for.
        prior: Whether its codes have the prior N(0, I), or are measured to know what is usual.
    """
    told = "" if label is None else f", np.full(11, {label})"
    middle = "np.zeros(len(atlas.mean)), np.ones(len(atlas.mean))" if prior else "atlas.mean, atlas.deviation"
    return f"""import numpy as np

from genlib.library import find_model
from genlib.studio import decode, make_atlas

folder = find_model({json.dumps(name)}).path
atlas = make_atlas(folder)
middle, deviation = {middle}
rows = []
for i in range(len(middle)):
    z = np.tile(middle, (11, 1))
    z[:, i] += np.linspace(-3, 3, 11) * deviation[i]
    rows.append(decode(folder, z{told}))  # (11, 28, 28), one byte a pixel
print(atlas.kl if len(atlas.kl) else atlas.coordinate_effects)
"""
