"""Seconds and memory of scoring one model, start of the command included.

    python -m tests.bench.scoring [--models NAME ...] [--rounds 3] [--json FILE]

Targets: n = 1,000 in at most 6 s, n = 10,000 in at most 60 s and 1.5 GiB. Each is run as often in turn with a loop
of matrix products of one size, whose time tells how busy the machine is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np

from tests.bench.figures import begun

TARGETS = {1_000: 6.0, 10_000: 60.0}
WATCH = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20)
sys.exit(code)
"""


def scored(model: str, n: int) -> tuple[float, float]:
    """Seconds, and the most memory in GiB, of one command on one thread."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "genlib", "evaluate", model, "--n", str(n), "--json"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", WATCH, *command], env=environment, capture_output=True, check=True)
    return time.perf_counter() - began, float(done.stdout)


def products() -> float:
    x = np.random.default_rng(0).normal(size=(1500, 1500))
    began = time.perf_counter()
    for _ in range(5):
        x @ x
    return time.perf_counter() - began


def main() -> int:
    asked, figures = begun(__doc__, models=("gan", "vae-50d", "mixture"), rounds=3)
    for model in asked.models:
        for n, target in TARGETS.items():
            seconds, memory, idle = zip(*((*scored(model, n), products()) for _ in range(asked.rounds)), strict=True)
            name = f"genlib evaluate {model} --n {n}"
            figures.row(name, seconds, "s", f"<= {target:g}", headline=model == "gan")
            figures.row(f"{name}, memory", max(memory), "GiB", "<= 1.5")
            figures.tell(f"products {1000 * min(idle):.0f} to {1000 * max(idle):.0f} ms")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
