"""How near the default GAN comes in a fifth of the time to what the fully connected GAN of many textbooks reaches.

Both on the same loop, one thread each, one after the other; the distance is the Fréchet distance between 5,000 samples
and the 10,000 test images in the 128 features of the bundled classifier. Run:
python -m tests.bench.gan_quality [--seeds 0 1 2] [--json FILE]
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from genlib.data import assets
from genlib.data.images import load_images
from genlib.evaluation import classifier
from genlib.seeding import torch_rng
from genlib.settings import GANConfig, TrainConfig
from genlib.training import Run, train
from tests.bench.figures import begun

LONG, SEEDS = 300, (0, 1, 2)
TEXTBOOK = GANConfig(network="dense", latent_dim=100, average=0.0, d_rate=1.0)
TEXTBOOK_TRAINING = TrainConfig(learning_rate=2e-4, batch_size=64, budget="seconds", seconds=LONG)
OURS_TRAINING = TrainConfig(learning_rate=0.004, batch_size=64, budget="seconds", seconds=LONG // 5)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Between Gaussians fitted to two sets of features, (N, F) each (Dowson & Landau, 1982)."""
    mean = a.mean(0) - b.mean(0)
    one, other = np.cov(a.T), np.cov(b.T)
    # With R the root of A, the trace of (AB)^(1/2) is that of (RBR)^(1/2): symmetric, so still features do no harm.
    values, axes = np.linalg.eigh(one)
    root = axes * np.sqrt(values.clip(0)) @ axes.T
    crossed = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(0)).sum()
    return float(mean @ mean + np.trace(one) + np.trace(other) - 2 * crossed)


@torch.no_grad()
def features(x: torch.Tensor) -> np.ndarray:
    """What the bundled classifier sees in images, (N, 128)."""
    judge = classifier(assets() / "models" / "classifier")
    return torch.cat([judge.features(part) for part in x.split(1000)]).double().numpy()


def distance(config: GANConfig, training: TrainConfig, seed: int, real: np.ndarray) -> tuple[float, int]:
    images = load_images()
    run = Run.new("gan", config, TrainConfig(**{**training.to_json(), "seed": seed, "device": "cpu"}))
    for _ in train(run, images):
        pass
    drawn = run.model.sample(5000, torch_rng(1, "distance"))
    return frechet(features(drawn), real), run.step


def main() -> int:
    asked, figures = begun(__doc__, seeds=SEEDS)
    torch.set_num_threads(1)
    images = load_images()
    real = features(torch.tensor(images.test).unsqueeze(1) / 255)
    held = features(torch.tensor(images.train[:5000]).unsqueeze(1) / 255)
    figures.row("Fréchet distance of 5,000 training images", frechet(held, real))
    mine, others = [], []
    for seed in asked.seeds:
        (found, steps), (other, more) = (
            distance(*each, seed, real) for each in ((GANConfig(), OURS_TRAINING), (TEXTBOOK, TEXTBOOK_TRAINING))
        )
        mine, others = [*mine, found], [*others, other]
        figures.tell(f"seed {seed}: {found:.1f} after {steps:,} steps, against {other:.1f} after {more:,}")
    figures.row(f"Fréchet distance of the default GAN after {LONG // 5} s", mine)
    figures.row(f"Fréchet distance of the fully connected GAN of textbooks after {LONG} s", others)
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
