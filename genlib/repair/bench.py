"""How well each method repairs test images, and how long it takes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.data import assets
from genlib.data.images import load_images
from genlib.knobs import InputError, shown
from genlib.repair.mending import check_mask, mend_whole
from genlib.repair.names import METHODS
from genlib.repair.score import psnr, ssim
from genlib.seeding import numpy_rng
from genlib.settings import TrainConfig

__all__ = ["Row", "bench", "check_bench", "growing", "stored"]

_AT_ONCE = 64
_SAMPLES = 20
_BEST = 60.0  # dB that a perfect repair counts as: infinity has no mean
_LOW, _HIGH = 0.05, 0.95
_Masks = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Row:
    """How well one method repairs one hole.

    Arguments:
        hole: Name of the hole.
        method: Name of the method.
        n: Images.
        psnr_db: Mean over the images of the peak signal-to-noise ratio inside the hole, each counted as at most 60 dB.
        stderr: Standard error of ``psnr_db``: the spread over the images, divided by the root of their number.
        seconds_per_image: In batches of 64, with 20 samples of methods that have several answers; what is loaded once
            is not counted.
        ssim: Mean structural similarity around the missing pixels.
        reads: Share of the repairs that the bundled classifier reads as the digit that they show.
        calibration: Share of the missing pixels whose original lies between the 5 % and 95 % quantiles of the samples;
            None for methods with one answer.
    """

    hole: str
    method: str
    n: int
    psnr_db: float
    stderr: float
    seconds_per_image: float
    ssim: float
    reads: float
    calibration: float | None

    def to_json(self) -> dict[str, str | float | None]:
        return asdict(self)


def bench(methods: Sequence[str], holes: _Masks, n: int = 2000, start: int = 0, seed: int = 0) -> Iterator[Row]:
    """Compare methods on the same test images.

    Arguments:
        methods: Names in ``METHODS``.
        holes: Masks by name, (28, 28) each, true where a pixel is seen.
        n: How many test images.
        start: The first of them.
        seed: Of the noise.

    Yields:
        A row for each hole and method.

    Raises:
        InputError: If any of these cannot be.
    """
    return (row for row in growing(methods, holes, n, start, seed) if row.n == n)


def stored() -> list[Row]:
    """The comparison that comes with genlib, as ``genlib bench-repair --json`` wrote it.

    Raises:
        InputError: If it is missing or was altered.
    """
    try:
        return [Row(**row) for row in json.loads((assets() / "repair.json").read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        raise InputError("The stored comparison of repairs is missing or was altered: restore it.") from None


def growing(methods: Sequence[str], holes: _Masks, n: int = 2000, start: int = 0, seed: int = 0) -> Iterator[Row]:
    """The same as :func:`bench`, with the rows of the images so far: each is whole once its ``n`` is the one given."""
    check_bench(methods, n, start, seed)
    for mask in holes.values():
        check_mask(mask)
    first = load_images().test[start : start + 1]
    for hole, mask in holes.items():
        for method in methods:
            mend_whole(first, mask, method, 1)  # loads what is kept
            yield from _rows(hole, method, mask, n, start, seed)


def check_bench(methods: Sequence[str], n: int, start: int, seed: int) -> None:
    """Refuse what :func:`bench` cannot do, before anything slow is imported.

    Raises:
        InputError: If it cannot.
    """
    most = len(load_images().test)
    if unknown := [name for name in methods if name not in METHODS]:
        raise InputError(f"There is no repair called {shown(unknown[0])}: choose of {', '.join(METHODS)}.")
    if not 1 <= n <= most:
        raise InputError(f"The number of test images cannot be {n}: choose a whole number from 1 to {most}.")
    if not 0 <= start <= most - n:
        raise InputError(
            f"The first test image cannot be number {start}: for {n} of {most} choose a whole number from 0 to "
            f"{most - n}."
        )
    TrainConfig.knob("seed").check(seed)


def _rows(hole: str, method: str, mask: NDArray[np.bool_], n: int, start: int, seed: int) -> Iterator[Row]:
    from genlib.evaluation import read_digits

    images = load_images()
    near, alike, right, held = (np.empty(0) for _ in range(4))  # one number of each image
    seconds = 0.0
    for first in range(start, start + n, _AT_ONCE):
        part = slice(first, min(first + _AT_ONCE, start + n))
        originals = images.test[part]
        noise = int(numpy_rng(seed, "bench", first).integers(2**32))  # of its own for each batch
        began = time.perf_counter()
        mended = mend_whole(originals, mask, method, _SAMPLES, noise)
        seconds += time.perf_counter() - began
        a, b = mended.images / 255, originals / 255
        near = np.append(near, np.minimum(psnr(a, b, mask), _BEST))
        alike = np.append(alike, ssim(a, b, mask))
        right = np.append(right, read_digits(mended.images)[0] == images.test_labels[part])
        if METHODS[method].samples:
            held = np.append(held, _held(mended.samples[:, :, ~mask], originals[:, ~mask]))
        done = len(near)
        stderr = float(near.std(ddof=1)) / math.sqrt(done) if done > 1 else 0.0
        calibration = float(held.mean()) if len(held) else None
        means = float(near.mean()), stderr, seconds / done, float(alike.mean()), float(right.mean())
        yield Row(hole, method, done, *means, calibration)


def _held(samples: NDArray[np.uint8], originals: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of the pixels of each image, (B, M), that lie between the quantiles of their samples, (n, B, M): (B,)."""
    low, high = np.quantile(samples, (_LOW, _HIGH), axis=0)
    return np.asarray(((low <= originals) & (originals <= high)).mean(axis=1))
