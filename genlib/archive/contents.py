"""What the small files and the film of an archive may say; what they should not is refused or left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from genlib.changes import read_changes
from genlib.film import FORMS, MOST_FRAMES
from genlib.knobs import InputError
from genlib.settings import RunSettings

__all__ = ["MOST_STEPS", "changes", "frames", "metrics", "parse_object", "plain", "words"]

MOST_STEPS = 2**31
_MOST_LINES, _MOST_CHANGES, _LONGEST_LINE = 200_000, 10_000, 400
_SPLITS = ("train", "validation")
_REPORTED = {
    *("step", "seconds", "split", "loss", "reconstruction", "kl", "squared_error", "accuracy"),
    *("loss_d", "loss_g", "real", "fake", "gradient_d", "gradient_g", "spread"),
    *("energy", "missing", "missing_error", "invented", "invented_error", "modes", "high_quality"),
}
# How many there may be of each.
_FRAME = {"samples": 256, "reconstructions": 64, "codes": 5000, "real_scores": 5000, "new_scores": 5000}
_CONSTANTS = {"originals": 64, "labels": 5000}
# The same of points.
_FRAME |= dict.fromkeys(("made", "grid", "deviations", "rebuilt", "needles", "surface", "ideal"), 5000)
_FRAME |= {"components": 30}
_CONSTANTS |= {"points": 5000, "coded": 5000, "box": 4}
_ALIKE = (
    *(("originals", "reconstructions"), ("labels", "codes"), ("coded", "codes")),
    *(("coded", "rebuilt"), ("codes", "deviations"), ("surface", "ideal")),
)
_FRAMES_ALTERED = "The pictures in the archive are not as genlib draws them: download the run again and upload that."


def parse_object(files: Mapping[str, bytes], name: str, *, missing: bool = False) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no such file and it may be ``missing``.

    Raises:
        InputError: If the file is no JSON object, or is not there.
    """
    if missing and name not in files:
        return {}
    try:
        values = json.loads(files[name])
    except (KeyError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        short = name.split("/")[-1]
        raise InputError(f"The archive's {short} is missing or was altered: download the run again and upload that.")
    return values


def words(value: Any, longest: int) -> str:
    """A text on one line, without what cannot be printed; empty if ``value`` is none."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:longest].strip()


def plain(value: Any, depth: int = 3) -> Any:
    """Numbers, short texts, and objects of them; anything else becomes None."""
    if isinstance(value, dict) and depth:
        return {words(name, 40): plain(item, depth - 1) for name, item in list(value.items())[:50]}
    if isinstance(value, str):
        return words(value, 200)
    return value if isinstance(value, bool) or _is_number(value) else None


def metrics(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The reports that a trainer could have written, with what it tells in them; other lines are left out.

    Raises:
        InputError: If there are too many.
    """
    lines = _lines(files, "metrics.jsonl", _MOST_LINES)
    known = ({name: value for name, value in line.items() if name in _REPORTED} for line in lines)
    return [line for line in known if _is_report(line)]


def changes(files: Mapping[str, bytes], settings: RunSettings) -> list[dict[str, Any]]:
    """The changes that could have been made to a run with these settings; other lines are left out.

    Raises:
        InputError: If there are too many.
    """
    lines = list(_lines(files, "changes.jsonl", _MOST_CHANGES))
    return [change.to_json() for change in read_changes(lines, settings)]


def frames(files: Mapping[str, bytes]) -> Iterator[tuple[int | None, dict[str, np.ndarray]]]:
    """The arrays of each frame with its step, and those that all share with None.

    Raises:
        InputError: If there are too many, or any is not as a trainer draws it.
    """
    names = [name for name in files if name.startswith("frames/")]
    stems = {name: name.removeprefix("frames/").removesuffix(".safetensors") for name in names}
    steps = {name: None if stem == "constants" else int(stem) for name, stem in stems.items()}
    if sum(step is not None for step in steps.values()) > MOST_FRAMES:
        raise InputError(f"The archive holds too many pictures: a run keeps at most {MOST_FRAMES} frames.")
    shapes: dict[str, tuple[int, ...]] = {}
    for name, step in steps.items():
        arrays = _arrays(files[name], _CONSTANTS if step is None else _FRAME)
        # All frames show the same number of the same things.
        alike = all(shapes.setdefault(kind, array.shape) == array.shape for kind, array in arrays.items())
        if not alike or not _is_step(step or 0):
            raise InputError(_FRAMES_ALTERED)
        yield step, arrays
    for one, other in _ALIKE:
        if one in shapes and other in shapes and shapes[one][0] != shapes[other][0]:
            raise InputError(_FRAMES_ALTERED)


def _arrays(content: bytes, most: Mapping[str, int]) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise InputError(_FRAMES_ALTERED) from None
    for name, array in arrays.items():
        good = array.ndim > 0 and 1 <= len(array) <= most.get(name, 0)
        good = good and (array.shape[1:], str(array.dtype)) == FORMS[name]
        good = good and (name != "labels" or array.max() <= 9) and bool(np.isfinite(array).all())
        if not good:
            raise InputError(_FRAMES_ALTERED)
    if not arrays:
        raise InputError(_FRAMES_ALTERED)
    return arrays


def _lines(files: Mapping[str, bytes], name: str, most: int) -> Iterator[dict[str, Any]]:
    content = files.get(name, b"")
    if content.count(b"\n") > most:
        raise InputError(f"The archive's {name} is too long: a run has at most {most:,} lines of it.")
    for line in content.split(b"\n"):
        try:
            values = json.loads(line) if len(line) <= _LONGEST_LINE else None
        except (ValueError, RecursionError):
            continue
        if isinstance(values, dict):
            yield values


def _is_report(line: Mapping[str, Any]) -> bool:
    numbers = {name: value for name, value in line.items() if name != "split"}
    complete = line.get("split") in _SPLITS and _is_step(line.get("step")) and "seconds" in line
    return complete and all(map(_is_number, numbers.values()))


def _is_step(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_STEPS


def _is_number(value: Any) -> bool:
    # The comparison is false for what is not a number, and exact for whole numbers that no float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300
