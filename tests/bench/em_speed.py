"""EM with every iteration kept against a plain scikit-learn fit, in turn.

Run: python -m tests.bench.em_speed [--rounds 7] [--json FILE]
"""

import sys
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture

from genlib.data.toy2d import make_points
from genlib.device import set_threads
from genlib.gmm import fit_em
from genlib.settings import MixtureConfig, PointsConfig
from tests.bench.figures import begun

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
    asked, figures = begun(__doc__, rounds=7)
    set_threads()  # as in the worker of the app
    for n, target in CASES.items():
        x = points(n)
        ratios, references = [], []
        for turn in range(asked.rounds + 1):
            ours, steps = seconds(lambda x: list(fit_em(x, CONFIG)), x)
            reference, fit = seconds(plain, x)
            assert len(steps) == fit.n_iter_ + 1
            if turn:  # the first turn warms up
                ratios.append(ours / reference)
                references.append(reference)
        figures.row(f"time of EM with every iteration kept, {n:,} points", ratios, "times", f"<= {target}",
                    against="scikit-learn's fit", headline=n == 20_000)  # fmt: skip
        figures.row(f"time of scikit-learn's fit to {n:,} points, {fit.n_iter_} iterations", references, "s")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
