"""All that comes with genlib about portraits: the model, the codes of the photographs, directions, and figures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.export import Decoder, Operation, evaluate
from genlib.export.contents import described_decoder
from genlib.export.packing import packed
from genlib.knobs import InputError
from genlib.portraits.grid import REACH, spline_basis
from genlib.portraits.photographs import SIDE, load_photographs
from genlib.portraits.readings import READINGS
from genlib.portraits.steering import Directions
from genlib.settings.portraits import PortraitConfig

if TYPE_CHECKING:
    from genlib.portraits.model import Portraits

__all__ = ["Gallery", "decoder_of", "load_gallery", "load_portraits", "pack_gallery", "write_gallery"]

_ARRAYS, _TOLD = "portraits.safetensors", "portraits.json"
_MODEL = "model."
_PLAIN = ("codes", "mean", "factor", "centre", "unit", "pca_mean", "pca_axes", "pca_variances")
_Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Gallery:
    """What :func:`load_gallery` reads.

    Arguments:
        config: What the model was asked to be.
        weights: Its weights by name, float32.
        codes: Codes of all 400 photographs, person by person, found by search, (400, D).
        mean: Of the codes of those that were learnt from, (D,).
        factor: Lower triangle L of their covariance L L^T, (D, D).
        centre: Mean of each reading among those, (R,).
        unit: Standard deviation of each, (R,).
        plain: Directions where everything else comes along.
        untangled: Directions where other readings stay.
        pca_mean: The mean photograph, (64 * 64,).
        pca_axes: The main axes of the photographs, (64 * 64, D).
        pca_variances: Variance along each, (D,).
        sheets: 36 faces of each model, drawn with one seed, bytes (36, 64, 64), by the model's name.
        told: How it was made, and how good it is.
    """

    config: PortraitConfig
    weights: dict[str, NDArray[np.float32]]
    codes: _Floats
    mean: _Floats
    factor: _Floats
    centre: _Floats
    unit: _Floats
    plain: Directions
    untangled: Directions
    pca_mean: _Floats
    pca_axes: _Floats
    pca_variances: _Floats
    sheets: dict[str, NDArray[np.uint8]]
    told: dict[str, Any]

    @property
    def sigma(self) -> float:
        """What a pixel of somebody the model has never seen is off by, root mean squared, in [0, 1]'s unit."""
        return float(np.sqrt(self.told["models"]["bent"]["best"]["validation"]))

    def decode(self, z: _Floats) -> NDArray[np.float32]:
        """Faces of codes, (n, D) to (n, 64, 64) in [0, 1]."""
        return evaluate(decoder_of(self.weights).operations, np.asarray(z))[:, 0]


def decoder_of(weights: dict[str, NDArray[np.float32]]) -> Decoder:
    """The decoder as plain operations: one product for the drawing and its handles, then the bending."""
    drawing, bias = weights["decoder.drawing.weight"], weights["decoder.drawing.bias"]
    last = [Operation("reshape", (1, SIDE, SIDE), {})]
    if "decoder.handles.weight" in weights:
        drawing = np.concatenate([drawing, weights["decoder.handles.weight"]])
        bias = np.concatenate([bias, weights["decoder.handles.bias"]])
        basis = spline_basis(SIDE, round((len(weights["decoder.handles.bias"]) / 2) ** 0.5)).astype(np.float32)
        last = [Operation("bend", (1, SIDE, SIDE), {"basis": basis, "reach": np.array([REACH], np.float32)})]
    first = Operation("linear", (len(bias),), {"weight": drawing, "bias": bias})
    return Decoder("portraits", drawing.shape[1], [first, *last, Operation("sigmoid", (1, SIDE, SIDE), {})])


def write_gallery(gallery: Gallery, folder: Path) -> None:
    """Write it into two files of ``folder``; weights in half precision."""
    from safetensors.numpy import save

    arrays: dict[str, Any] = {_MODEL + name: weight.astype(np.float16) for name, weight in gallery.weights.items()}
    arrays |= {name: getattr(gallery, name).astype(np.float32) for name in _PLAIN}
    arrays["pca_axes"] = gallery.pca_axes.astype(np.float16)
    for kind in ("plain", "untangled"):
        found = getattr(gallery, kind)
        for part in ("rows", "matrix", "spread"):
            arrays[f"{kind}.{part}"] = getattr(found, part).astype(np.float32)
    arrays |= {f"sheet.{name}": images for name, images in gallery.sheets.items()}
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    told = {"config": gallery.config.to_json(), "sha256": hashlib.sha256(content).hexdigest(), **gallery.told}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ARRAYS).write_bytes(content)
    (folder / _TOLD).write_text(json.dumps(told, indent=1) + "\n", "utf-8")


@cache
def load_gallery(folder: Path | None = None) -> Gallery:
    """The gallery that comes with genlib, held once per process, or that of another folder.

    Raises:
        InputError: If its files are missing or were altered.
    """
    from safetensors.numpy import load

    folder = folder or assets() / "portraits"
    try:
        told, content = json.loads((folder / _TOLD).read_text("utf-8")), (folder / _ARRAYS).read_bytes()
    except (OSError, ValueError):
        raise InputError("The portraits are missing: restore them from the project.") from None
    if not isinstance(told, dict) or told.pop("sha256", None) != hashlib.sha256(content).hexdigest():
        raise InputError("The portraits were altered: restore them from the project.")
    arrays: dict[str, Any] = {
        name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in load(content).items()
    }
    return Gallery(
        config=PortraitConfig.from_json(told.pop("config")),
        weights={name.removeprefix(_MODEL): array for name, array in arrays.items() if name.startswith(_MODEL)},
        **{name: arrays[name] for name in _PLAIN},
        plain=_directions(arrays, "plain"),
        untangled=_directions(arrays, "untangled"),
        sheets={name.removeprefix("sheet."): array for name, array in arrays.items() if name.startswith("sheet.")},
        told=told,
    )


def _directions(arrays: dict[str, Any], kind: str) -> Directions:
    return Directions(*(arrays[f"{kind}.{part}"] for part in ("rows", "matrix", "spread")))


@cache
def load_portraits(folder: Path | None = None) -> Portraits:
    """The model of the gallery, to encode and to search with.

    Raises:
        InputError: As :func:`load_gallery`.
    """
    import torch

    from genlib.portraits.model import Portraits

    gallery = load_gallery(folder)
    model = Portraits(gallery.config).eval()
    model.load_state_dict({name: torch.tensor(weight) for name, weight in gallery.weights.items()})
    return model


def pack_gallery() -> bytes:
    """What a browser needs of the gallery, in the form of :func:`genlib.export.pack_decoder`.

    The JSON tells of the operations, and of the readings by "readings"; beside the arrays of the operations stand
    "codes", "mean", "factor", "centre", "unit", "plain", "untangled", the maps of weights of the readings "weights",
    and all "photographs", bytes (400, 64, 64).
    """
    from safetensors.numpy import save

    gallery, photographs = load_gallery(), load_photographs()
    decoder = decoder_of(gallery.weights)
    arrays: dict[str, Any] = {
        f"{i}.{name}": array.astype(np.float16) if array.ndim == 2 and len(array) > SIDE else array
        for i, each in enumerate(decoder.operations)
        for name, array in each.arrays.items()
    }
    arrays |= {name: getattr(gallery, name) for name in ("codes", "mean", "factor", "centre", "unit")}
    arrays |= {"plain": gallery.plain.rows, "untangled": gallery.untangled.rows}
    arrays["weights"] = np.stack([each.weights for each in READINGS.values()])
    arrays = {name: a if a.dtype == np.float16 else a.astype(np.float32) for name, a in arrays.items()}
    arrays["photographs"] = np.concatenate([photographs.train, photographs.validation, photographs.test])
    told = described_decoder(decoder) | {
        "readings": [{"name": each.name, "more": each.more, "kind": each.kind} for each in READINGS.values()],
        "learnt": len(photographs.train),
        "copy": gallery.told["copies"]["threshold"],
    }
    return packed(told, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
