"""What presets of the GAN in the plane make of the ring of eight, over seeds: modes found, and the share of good ones.

    python -m tests.bench.plane_gan_quality [--presets gan2d ...] [--seeds 0 1 2 ...]

By 2,000 points of each run at its end: a mode is found if one of them lies within three standard deviations of it, and
points so near to any are of high quality. Of points of the ring itself 98.9 % are. For a plain GAN Lin et al. (2018),
PacGAN, table 1, tell 6.3 modes and 98.2 %.
"""

import argparse
import statistics
import sys

from genlib.data.learnt import load_data
from genlib.device import set_threads
from genlib.presets import PLANE_PRESETS
from genlib.settings import RunSettings
from genlib.training import Run
from genlib.training.loop import train
from genlib.training.plane import figures

PRESETS = ["gan2d", "gan2d-collapse", "gan2d-oscillation", "gan2d-packing", "gan2d-wasserstein"]


def judged(name, seed):
    """Modes and high-quality share at the end, and updates made."""
    values = PLANE_PRESETS[name].settings.to_json()
    values["train"] |= {"seed": seed, "device": "cpu"}
    settings = RunSettings.from_json(values)
    cloud, run = load_data(settings), Run.new(settings.family, settings.model, settings.train)
    for _ in train(run, cloud):
        pass
    found = figures(run, cloud)
    return found["modes"], 100 * found["high_quality"], run.step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=PRESETS, choices=list(PLANE_PRESETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    arguments = parser.parse_args()
    set_threads(1)
    for name in arguments.presets:
        modes, quality = [], []
        for seed in arguments.seeds:
            found, share, steps = judged(name, seed)
            modes, quality = [*modes, found], [*quality, share]
            sys.stdout.write(f"{name}, seed {seed}: {found:.0f} modes, {share:.1f} % good, {steps:,} steps\n")
            sys.stdout.flush()
        told = [f"{statistics.mean(x):.2f} ({min(x):.1f} to {max(x):.1f})" for x in (modes, quality)]
        sys.stdout.write(f"{name}: modes {told[0]}, good {told[1]} % over {len(modes)} seeds\n")


if __name__ == "__main__":
    main()
