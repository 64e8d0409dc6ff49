"""How many steps a GAN in the plane makes, against the idiomatic loop, in turn within one process.

    python -m tests.bench.plane_gan_speed [--rounds 5] [--seconds 10] [--threads 1] [--json FILE]

Two hidden layers of 64 in G and in D on the ring of eight, in batches of 128. The reference keeps no average of G,
neither evaluates nor draws, so ours is the time that `train` spends on training, without an average; beside it stand
our default, which keeps one, and the same with everything that `train` does. Prints medians of the ratios within a
round, and their range.
"""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from genlib.data.cloud import load_cloud
from genlib.settings import PlaneGANConfig, PlanePoints, TrainConfig
from genlib.training import Run
from tests.bench.idiom import ALL, LOOP, OURS, main, our_rates, rate, tell

BATCH, WIDTH = 128, 64
DEFAULT = "with an average of G"


def network(into, out):
    layers = [nn.Linear(into, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, out)]
    return nn.Sequential(*layers)


def reference(cloud):
    """The idiomatic loop: yields after each step."""
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(torch.tensor(cloud.train)), batch_size=BATCH, shuffle=True)
    g, d = network(2, 2), network(2, 1)
    loss = nn.BCEWithLogitsLoss()
    for_g, for_d = (torch.optim.Adam(side.parameters()) for side in (g, d))
    total_g = total_d = 0.0
    while True:
        for (x,) in loader:
            valid, fake = torch.ones(len(x), 1), torch.zeros(len(x), 1)
            drawn = g(torch.randn(len(x), 2))
            for_d.zero_grad()
            loss_d = loss(d(x), valid) + loss(d(drawn.detach()), fake)
            loss_d.backward()
            for_d.step()
            for_g.zero_grad()
            loss_g = loss(d(drawn), valid)
            loss_g.backward()
            for_g.step()
            total_g, total_d = total_g + loss_g.item(), total_d + loss_d.item()
            yield


def compare(figures, threads, rounds, seconds, cloud):
    training = TrainConfig(epochs=1000, batch_size=BATCH, device="cpu")
    plain = reference(cloud)
    rates = {OURS: [], DEFAULT: [], ALL: [], LOOP: []}
    for _ in range(rounds):
        # Begun anew each time, for the longest training allowed is over in the seconds of a few rounds.
        bare, kept = (Run.new("gan2d", PlaneGANConfig(average=average), training) for average in (0.0, 0.995))
        found = [our_rates(bare, cloud, seconds)[0], *our_rates(kept, cloud, seconds)]
        for name, value in zip(rates, [*found, rate(plain, BATCH, seconds)], strict=True):
            rates[name].append(value / BATCH)
    pairs = [(mine, LOOP, 3, mine == OURS) for mine in (OURS, DEFAULT, ALL)]
    tell(figures, threads, "speed of training a GAN of points", rates, pairs, "steps/s")


if __name__ == "__main__":
    sys.exit(main(compare, __doc__, (1,), lambda: load_cloud(PlanePoints())))
