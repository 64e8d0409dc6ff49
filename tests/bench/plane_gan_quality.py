"""What presets of the GAN in the plane make of the ring of eight, over seeds: modes found, and the share of good ones.

    python -m tests.bench.plane_gan_quality [--presets gan2d ...] [--seeds 0 1 2 ...] [--json FILE]

By 2,000 points of each run at its end: a mode is found if one of them lies within three standard deviations of it, and
points so near to any are of high quality. Of points of the ring itself 98.9 % are. For a plain GAN Lin et al. (2018),
PacGAN, table 1, tell 6.3 modes and 98.2 %.
"""

import sys

from genlib.data.learnt import load_data
from genlib.device import set_threads
from genlib.presets import PLANE_PRESETS
from genlib.settings import RunSettings
from genlib.training import Run
from genlib.training.loop import train
from genlib.training.plane import figures as judge
from tests.bench.figures import begun

PRESETS = ("gan2d", "gan2d-collapse", "gan2d-oscillation", "gan2d-packing", "gan2d-wasserstein")


def judged(name, seed):
    """Modes and high-quality share at the end, and updates made."""
    values = PLANE_PRESETS[name].settings.to_json()
    values["train"] |= {"seed": seed, "device": "cpu"}
    settings = RunSettings.from_json(values)
    cloud, run = load_data(settings), Run.new(settings.family, settings.model, settings.train)
    for _ in train(run, cloud):
        pass
    found = judge(run, cloud)
    return found["modes"], 100 * found["high_quality"], run.step


def main():
    asked, figures = begun(__doc__, presets=PRESETS, seeds=tuple(range(10)))
    set_threads(1)
    for name in asked.presets:
        modes, quality = [], []
        for seed in asked.seeds:
            found, share, steps = judged(name, seed)
            modes, quality = [*modes, found], [*quality, share]
            figures.tell(f"{name}, seed {seed}: {found:.0f} modes, {share:.1f} % good, {steps:,} steps")
        figures.row(f"{name} on the ring of eight, groups found", modes, "of 8", headline=name == "gan2d")
        figures.row(f"{name} on the ring of eight, points that lie in one", quality, "%", headline=name == "gan2d")
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
