"""Seconds of the data bench: python -m tests.bench.data_bench [rounds].

Target: all ways and all scalings of 10,000 rows in at most 1 s, on one thread. Taken in turn with plain fits of
scikit-learn's mixture to as many rows, which tell how busy the machine is.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from sklearn.mixture import GaussianMixture

from genlib.data.toy2d import make_points
from genlib.device import set_threads
from genlib.preprocess import try_scalings, try_ways
from genlib.settings import BenchConfig, MixtureConfig, PointsConfig


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    set_threads()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    config, mixture = BenchConfig(), MixtureConfig(components=3)
    for n, columns in ((2_000, 2), (10_000, 2), (10_000, 10)):
        x = make_points(PointsConfig(dataset="stretched", n=n)).x
        rng = np.random.default_rng(0)
        x = np.concatenate([x, rng.normal(size=(n, columns - 2)) + x[:, :1]], axis=1)
        bench, plain = [], []
        for turn in range(rounds + 1):
            once = seconds(lambda x=x: [*try_ways(x, config, mixture), *try_scalings(x, config, mixture)])
            reference = seconds(lambda x=x: GaussianMixture(3, random_state=0).fit(x))
            if turn:  # the first turn warms up
                bench.append(once)
                plain.append(reference)
        print(
            f"{n:,} rows of {columns} columns: {statistics.median(bench):.2f} s (range {min(bench):.2f} to "
            f"{max(bench):.2f}; target 1 for 10,000 rows), plain fit {1000 * statistics.median(plain):.0f} ms "
            f"({1000 * min(plain):.0f} to {1000 * max(plain):.0f})"
        )


if __name__ == "__main__":
    main()
