"""The flipbook: frames played, stepped and scrubbed in the browser, without a trip to the server."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from genlib.colours import CLASSES
from genlib.gmm import EMStep
from genlib.knobs import InputError
from genlib.sampling import png, sheet
from pages.ui.address import number, plays, told, words, write
from pages.ui.element import element, encode, markup
from pages.ui.figure import take

__all__ = ["MOST_ADDED", "added_points", "film_panel", "flipbook", "mixture_panel", "points_from_text", "points_text"]

MOST_ADDED = 200
LAYERS = ("points", "ellipses", "density")  # of a mixture; at first the first two
_PER = {"mixture": 2, "film": 1}  # positions of the player for each number in the address
_MOST = 1_000_000  # positions
_REACH = 1e9
_DRAWN = 5000

_flipbook = element(
    "flipbook", "draw.js", "player.js", "mixture.js", "adding.js", "flipbook.js", html=markup("flipbook.html")
)


def mixture_panel(title: str, steps: Sequence[EMStep]) -> dict[str, Any]:
    """A panel that shows a mixture at every iteration of EM; the parameters travel, the rest is computed there."""
    rows = []
    for step in steps:
        mixture = step.mixture
        for weight, mean, covariance in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
            rows.append([weight, *mean, covariance[0, 0], covariance[0, 1], covariance[1, 1]])
    last = steps[-1]
    return {
        "kind": "mixture",
        "title": title,
        "components": len(last.mixture.weights),
        "parameters": encode(np.array(rows)),
        "curve": [step.log_likelihood for step in steps],
    }


def film_panel(title: str, images: np.ndarray, labels: Sequence[str], columns: int) -> dict[str, Any]:
    """A panel that shows one sheet of images a frame.

    Arguments:
        title: What is seen.
        images: (frames, images a frame, side, side), uint8.
        labels: What to say of each frame.
        columns: Images in a row.
    """
    return {
        "kind": "film",
        "title": title,
        "images": encode(images, np.uint8),
        "side": images.shape[-1],
        "count": images.shape[1],
        "columns": columns,
        "labels": list(labels),
    }


def flipbook(
    panels: Sequence[Mapping[str, Any]],
    *,
    key: str,
    points: np.ndarray | None = None,
    added: Sequence[tuple[float, float]] = (),
    epoch: int = 0,
    clickable: bool = False,
    ratio: float = 0.56,
    least: int = 280,
    autoplay: bool = False,
    plain: bool = False,
    prefix: str | None = None,
) -> list[tuple[float, float]] | None:
    """Show panels that share one clock; returns the points a visitor has put, or None while there is no news.

    Arguments:
        panels: From :func:`mixture_panel` or :func:`film_panel`, all of one kind.
        key: Name of the element on its page.
        points: (N, 2), the data behind mixtures; of more than 5,000 every n-th is drawn.
        added: The points that were put by hand: the first rows of ``points``, drawn larger.
        epoch: Counts how often the added points were cleared, so that a stale answer is told apart.
        clickable: Whether points may be put.
        ratio: Height of a panel over its width.
        least: Least width of a panel, in pixels.
        autoplay: Play once as soon as it is seen, unless the visitor's system asks for less motion.
        plain: Leave out the curve and the switches.
        prefix: Begins the names by which the address tells where it stands; None if it does not.
    """
    data: dict[str, Any] = {"panels": list(panels), "palette": CLASSES, "added": [list(point) for point in added]}
    data |= {"epoch": epoch, "clickable": clickable, "ratio": ratio, "least": least}
    data |= {"autoplay": autoplay, "plain": plain}
    if points is not None:
        data |= {"points": encode(_thinned(points, len(added))), "box": _box(points[len(added) :])}
    data["version"] = hashlib.blake2b(json.dumps(data).encode(), digest_size=8).hexdigest()
    version = str(data["version"])
    if prefix is not None:
        data |= {"addressed": True, "play": plays(), **_asked(panels[0], prefix, version)}
    result = _flipbook(key=key, data=data, on_added_change=lambda: None)
    if prefix is not None:
        _told(result.get("seen"), panels[0], prefix, version)
    if panels[0]["kind"] == "film":
        take({f"{i}.png": partial(_sheet, panel) for i, panel in enumerate(panels, 1)}, key, "Pictures (PNG)")
    else:
        drawn = {} if points is None else {"points.csv": partial(_points_csv, points)}
        take({"components.csv": partial(_components_csv, list(panels)), **drawn}, key)
    return added_points(result["added"], epoch) if clickable and result["added"] is not None else None


def _asked(panel: Mapping[str, Any], prefix: str, version: str) -> dict[str, Any]:
    """Where the address has it begin, and what is drawn there."""
    per = _PER[panel["kind"]]
    at = number(f"{prefix}at", 0, len(panel.get("curve") or panel["labels"]) - 1, version)
    drawn = words(f"{prefix}drawn", LAYERS) if panel["kind"] == "mixture" else None
    return {"at": None if at is None else at * per, "drawn": drawn}


def _told(seen: Any, panel: Mapping[str, Any], prefix: str, version: str) -> None:
    """Have the address tell what the visitor came to, if that is news."""
    if (texts := seen_texts(seen, panel["kind"], version)) is None:
        return
    for name, text in texts.items():
        told(prefix + name, text, version if name == "at" else "")
    write("play", None)


def seen_texts(seen: Any, kind: str, version: str) -> dict[str, str] | None:
    """Where a flipbook is, as an address has it, each empty if it is as usual; None if it is said of another."""
    if not isinstance(seen, dict) or seen.get("of") != version:
        return None
    at, drawn = seen.get("at"), seen.get("drawn")
    texts = {"at": f"{at / _PER[kind]:g}" if type(at) is int and 0 <= at <= _MOST else ""}
    if kind == "mixture" and isinstance(drawn, list):
        shown = [name for name in LAYERS if name in drawn]
        texts["drawn"] = "" if shown == [*LAYERS[:2]] else ",".join(shown) or "none"
    return texts


def added_points(answer: Any, epoch: int) -> list[tuple[float, float]] | None:
    """Read what the browser says of the points that were put; None if it speaks of an earlier epoch.

    Raises:
        InputError: If it is no list of at most 200 finite points within reach.
    """
    try:
        if answer["epoch"] != epoch:
            return None
        points = [(float(x), float(y)) for x, y in answer["points"]]
    except (TypeError, KeyError, ValueError, OverflowError):
        raise InputError("The added points cannot be read: they must be pairs of numbers; put them again.") from None
    if len(points) > MOST_ADDED or not all(abs(value) <= _REACH for point in points for value in point):
        raise InputError(
            f"At most {MOST_ADDED} points can be put, each within ±{_REACH:,.0f}: remove some and try again."
        )
    return points


def points_text(points: Sequence[tuple[float, float]]) -> str:
    """Added points as they stand in an address."""
    return ";".join(f"{x:g},{y:g}" for x, y in points)


def points_from_text(text: str) -> list[tuple[float, float]]:
    """Read :func:`points_text`.

    Raises:
        InputError: If it is no such list.
    """
    pairs = [pair.split(",") for pair in text.split(";")] if text else []
    return added_points({"epoch": 0, "points": pairs}, 0) or []


def _sheet(panel: Mapping[str, Any]) -> bytes:
    """All frames of a film below each other, each in a row; pixel by pixel."""
    side = panel["side"]
    images = np.frombuffer(base64.b64decode(panel["images"]), np.uint8).reshape(-1, side, side)
    return png(sheet(images, panel["count"]), 1)


def _components_csv(panels: Sequence[Mapping[str, Any]]) -> bytes:
    """The components of each mixture at each iteration."""
    rows = ["panel,iteration,log-likelihood,component,weight,mean x,mean y,var x,cov xy,var y"]
    for i, panel in enumerate(panels, 1):
        values = np.frombuffer(base64.b64decode(panel["parameters"]), np.float32)
        for t, parts in enumerate(values.reshape(len(panel["curve"]), -1, 6)):
            head = f"{i},{t},{panel['curve'][t]:.6g}"
            rows += [f"{head},{k},{','.join(f'{value:.6g}' for value in part)}" for k, part in enumerate(parts, 1)]
    return "\n".join([*rows, ""]).encode()


def _points_csv(points: np.ndarray) -> bytes:
    return "\n".join(["x,y", *(f"{x:.6g},{y:.6g}" for x, y in points), ""]).encode()


def _thinned(points: np.ndarray, first: int) -> np.ndarray:
    if len(points) <= _DRAWN:
        return points
    return np.concatenate([points[:first], points[first :: -(-len(points) // _DRAWN)]])


def _box(points: np.ndarray) -> list[float]:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.06 * (high - low)
    return [low[0] - margin[0], high[0] + margin[0], low[1] - margin[1], high[1] + margin[1]]
