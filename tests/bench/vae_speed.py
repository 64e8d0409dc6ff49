"""How fast a VAE trains, against the idiomatic loop and against bare matrix products, in turn within one process.

    python -m tests.bench.vae_speed [--rounds 5] [--seconds 10] [--threads 1 2] [--json FILE]

A VAE 784-400-20 on MNIST in batches of 128. The reference neither evaluates nor draws, so ours is the time that `train`
spends on training; with everything that `train` does (validation, frames) is printed beside it. Prints medians of the
ratios within a round, and their range. With something else on the machine two threads wait for each other, and
figures for two threads say nothing: look at the load.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from genlib.settings import TrainConfig, VAEConfig
from genlib.training import Run
from tests.bench.idiom import ALL, LOOP, OURS, Digits, main, our_rates, rate, tell

BATCH, HIDDEN, LATENT = 128, 400, 20
BARE = "bare matrix products"


class PlainVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, HIDDEN), nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.fc3, self.fc4 = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, 784)

    def forward(self, x):
        h = F.relu(self.fc1(x.view(-1, 784)))
        mean, log_variance = self.fc21(h), self.fc22(h)
        std = torch.exp(0.5 * log_variance)
        z = mean + torch.randn_like(std) * std
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, log_variance


def reference(images):
    """The idiomatic loop: yields after each step."""
    torch.manual_seed(0)
    loader = DataLoader(Digits(images), BATCH, shuffle=True, num_workers=0)
    model = PlainVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    total = 0.0
    while True:
        for x, _ in loader:
            optimizer.zero_grad()
            decoded, mean, log_variance = model(x)
            bce = F.binary_cross_entropy(decoded, x.view(-1, 784), reduction="sum")
            kld = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
            loss = bce + kld
            loss.backward()
            total += loss.item()
            optimizer.step()
            yield


def products():
    """One forward and two backward products of every layer: yields after each batch."""
    shapes = ((784, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, 784))
    layers = [(torch.randn(BATCH, i), torch.randn(i, o), torch.randn(BATCH, o)) for i, o in shapes]
    while True:
        for x, weight, gradient in layers:
            x @ weight
            gradient @ weight.T
            x.T @ gradient
        yield


def compare(figures, threads, rounds, seconds, images):
    run = Run.new("vae", VAEConfig(latent_dim=LATENT, hidden_dim=HIDDEN), TrainConfig(epochs=1000, device="cpu"))
    plain, bare = reference(images), products()
    rates = {OURS: [], ALL: [], LOOP: [], BARE: []}
    for _ in range(rounds):
        for name, value in zip(list(rates)[:2], our_rates(run, images, seconds), strict=True):
            rates[name].append(value)
        rates[LOOP].append(rate(plain, BATCH, seconds))
        rates[BARE].append(rate(bare, BATCH, seconds / 3))
    targets = {LOOP: {1: 2.8, 2: 4.0}.get(threads), BARE: 0.7}
    pairs = [(mine, other, target, (mine, other) == (OURS, LOOP) and threads == 1)
             for mine in (OURS, ALL) for other, target in targets.items()]  # fmt: skip
    tell(figures, threads, "speed of training a VAE", rates, pairs)


if __name__ == "__main__":
    sys.exit(main(compare, __doc__, (1, 2)))
