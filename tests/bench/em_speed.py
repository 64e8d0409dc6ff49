"""EM with every iteration kept against a plain scikit-learn fit, in turn: python tests/bench/em_speed.py [rounds]."""

import statistics
import sys
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture

from genlib.data.toy2d import make_points
from genlib.gmm import fit_em
from genlib.settings import MixtureConfig, PointsConfig

CASES = {2_000: 1.8, 20_000: 1.8, 100_000: 1.15}
CONFIG = MixtureConfig(components=8, tolerance=1e-8, max_iterations=60)  # a fixed amount of work: 60 iterations


def points(n):
    parts = [
        make_points(PointsConfig(dataset="pinwheel", n=min(n, 20_000), seed=seed)).x for seed in range(-(-n // 20_000))
    ]
    return np.concatenate(parts)


def plain(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMixture(
            CONFIG.components,
            tol=CONFIG.tolerance,
            reg_covar=CONFIG.regularisation,
            max_iter=CONFIG.max_iterations,
            init_params=CONFIG.initialisation,
            random_state=CONFIG.seed,
        ).fit(x)


def seconds(work, x):
    start = time.perf_counter()
    result = work(x)
    return time.perf_counter() - start, result


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for n, target in CASES.items():
        x = points(n)
        ratios, references = [], []
        for turn in range(rounds + 1):
            ours, steps = seconds(lambda x: list(fit_em(x, CONFIG)), x)
            reference, fit = seconds(plain, x)
            assert len(steps) == fit.n_iter_ + 1
            if turn:  # the first turn warms up
                ratios.append(ours / reference)
                references.append(reference)
        print(
            f"EM, {n:,} points: {statistics.median(ratios):.2f} times a plain fit "
            f"(range {min(ratios):.2f} to {max(ratios):.2f}, {rounds} rounds of {fit.n_iter_} iterations, "
            f"plain {1000 * statistics.median(references):.0f} ms; target at most {target})"
        )


if __name__ == "__main__":
    main()
