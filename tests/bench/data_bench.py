"""Seconds of the data bench: python -m tests.bench.data_bench [--rounds 7] [--json FILE].

Target: all ways and all scalings of 10,000 rows in at most 1 s, on one thread. Taken in turn with plain fits of
scikit-learn's mixture to as many rows, which tell how busy the machine is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from sklearn.mixture import GaussianMixture

from genlib.data.toy2d import make_points
from genlib.device import set_threads
from genlib.preprocess import try_scalings, try_ways
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig
from tests.bench.figures import begun


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> int:
    asked, figures = begun(__doc__, rounds=7)
    set_threads()
    config, mixture = BenchConfig(), MixtureConfig(components=3)
    for n, columns in ((2_000, 2), (10_000, 2), (10_000, 10)):
        x = make_points(PointsConfig(dataset="stretched", n=n)).x
        rng = np.random.default_rng(0)
        x = np.concatenate([x, rng.normal(size=(n, columns - 2)) + x[:, :1]], axis=1)
        bench, plain = [], []
        for turn in range(asked.rounds + 1):
            once = seconds(lambda x=x: [*try_ways(x, config, mixture), *try_scalings(x, config, mixture)])
            reference = seconds(lambda x=x: GaussianMixture(3, random_state=0).fit(x))
            if turn:  # the first turn warms up
                bench.append(once)
                plain.append(reference)
        words = f"{n:,} rows of {columns} columns"
        figures.row(f"data bench, all ways and scalings of {words}", bench, "s", "<= 1" if n == 10_000 else "")
        figures.row(f"a plain fit of scikit-learn to {words}", plain, "s")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
