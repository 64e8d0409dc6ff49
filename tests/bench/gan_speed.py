"""How fast a fully connected GAN trains, against the idiomatic loop, in turn within one process.

    python -m tests.bench.gan_speed [--rounds 5] [--seconds 10] [--threads 1] [--json FILE]

The networks 100-128-256-512-1024-784 and 784-512-256-1 on MNIST in batches of 64. The reference neither evaluates nor
draws, so ours is the time that `train` spends on training; with everything that `train` does (validation, frames) is
printed beside it, and so is our convolutional default, for which there is no reference. Prints medians of the ratios
within a round, and their range.
"""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader

from genlib.settings import GANConfig, TrainConfig
from genlib.training import Run
from tests.bench.idiom import ALL, LOOP, OURS, Digits, main, our_rates, rate, tell

BATCH, LATENT = 64, 100
DEFAULT = "convolutional by default"


def plain_networks():
    def block(a, b, normalised=True):
        return [nn.Linear(a, b), *([nn.BatchNorm1d(b)] if normalised else []), nn.LeakyReLU(0.2, inplace=True)]

    g = nn.Sequential(
        *block(LATENT, 128, normalised=False),
        *(*block(128, 256), *block(256, 512), *block(512, 1024)),
        *(nn.Linear(1024, 784), nn.Tanh()),
    )
    d = nn.Sequential(
        *(nn.Linear(784, 512), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Linear(512, 256), nn.LeakyReLU(0.2, inplace=True)),
        *(nn.Linear(256, 1), nn.Sigmoid()),
    )
    return g, d


def reference(images):
    """The idiomatic loop: yields after each step."""
    torch.manual_seed(0)
    loader = DataLoader(Digits(images, normalised=True), BATCH, shuffle=True, num_workers=0)
    g, d = plain_networks()
    loss = nn.BCELoss()
    for_g, for_d = (torch.optim.Adam(side.parameters(), lr=2e-4, betas=(0.5, 0.999)) for side in (g, d))
    total_g = total_d = 0.0
    while True:
        for x, _ in loader:
            x = x.view(len(x), -1)
            valid, fake = torch.ones(len(x), 1), torch.zeros(len(x), 1)
            for_g.zero_grad()
            drawn = g(torch.randn(len(x), LATENT))
            loss_g = loss(d(drawn), valid)
            loss_g.backward()
            for_g.step()
            for_d.zero_grad()
            loss_d = (loss(d(x), valid) + loss(d(drawn.detach()), fake)) / 2
            loss_d.backward()
            for_d.step()
            total_g, total_d = total_g + loss_g.item(), total_d + loss_d.item()
            yield


def compare(figures, threads, rounds, seconds, images):
    training = TrainConfig(epochs=1000, batch_size=BATCH, learning_rate=2e-4, device="cpu")
    dense = Run.new("gan", GANConfig(network="dense", latent_dim=LATENT, average=0.0), training)
    conv = Run.new("gan", GANConfig(), training)
    plain = reference(images)
    rates = {OURS: [], ALL: [], LOOP: [], DEFAULT: []}
    for _ in range(rounds):
        for name, value in zip(list(rates)[:2], our_rates(dense, images, seconds), strict=True):
            rates[name].append(value)
        rates[LOOP].append(rate(plain, BATCH, seconds))
        rates[DEFAULT].append(our_rates(conv, images, seconds)[0])
    pairs = [(mine, LOOP, 1.7, mine == OURS) for mine in (OURS, ALL)]
    tell(figures, threads, "speed of training a GAN", rates, pairs)


if __name__ == "__main__":
    sys.exit(main(compare, __doc__, (1,)))
