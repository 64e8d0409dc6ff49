"""How fast a VAE trains, against the idiomatic loop and against bare matrix products, in turn within one process.

    python tests/bench/vae_speed.py [--rounds 5] [--seconds 10] [--threads 1 2]

A VAE 784-400-20 on MNIST in batches of 128. The reference neither evaluates nor draws, so ours is the time that `train`
spends on training; with everything that `train` does (validation, frames) is printed beside it. Prints medians of the
ratios within a round, and their range. With something else on the machine two threads wait for each other, and
figures for two threads say nothing: look at the load.
"""

import argparse
import os
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from genlib.data.images import load_images
from genlib.settings import TrainConfig, VAEConfig
from genlib.training import Run, train

BATCH, HIDDEN, LATENT = 128, 400, 20


class Digits(Dataset):
    """MNIST as torchvision gives it: a PIL image a time, through `ToTensor`."""

    def __init__(self, images, labels):
        self.images, self.labels = torch.tensor(images), torch.tensor(labels)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = Image.fromarray(self.images[i].numpy())
        return to_tensor(image), int(self.labels[i])


def to_tensor(image):
    pixels = torch.from_numpy(np.array(image, np.uint8, copy=True)).view(image.size[1], image.size[0], 1)
    return pixels.permute(2, 0, 1).contiguous().to(torch.get_default_dtype()).div(255)


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
    loader = DataLoader(Digits(images.train, images.train_labels), BATCH, shuffle=True, num_workers=0)
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


def rate(steps, seconds):
    """Images a second over about that long."""
    next(steps)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        next(steps)
        count += 1
    return count * BATCH / (time.perf_counter() - started)


def our_rates(run, images, seconds):
    """Images per second of training, and per second of the whole loop."""
    events = train(run, images)
    next(events)  # the data is on the device
    started, first, spent = time.perf_counter(), run.step, run.seconds
    for _ in events:
        if time.perf_counter() - started >= seconds:
            break
    made = (run.step - first) * BATCH
    return made / (run.seconds - spent), made / (time.perf_counter() - started)


def compare(threads, rounds, seconds, images):
    torch.set_num_threads(threads)
    run = Run.new("vae", VAEConfig(latent_dim=LATENT, hidden_dim=HIDDEN), TrainConfig(epochs=1000, device="cpu"))
    plain, bare = reference(images), products()
    rates = {"ours": [], "ours with everything": [], "reference": [], "bare products": []}
    for _ in range(rounds):
        for name, value in zip(list(rates)[:2], our_rates(run, images, seconds), strict=True):
            rates[name].append(value)
        rates["reference"].append(rate(plain, seconds))
        rates["bare products"].append(rate(bare, seconds / 3))
    for name, values in rates.items():
        print(f"threads {threads}: {name}: {statistics.median(values):,.0f} images/s")
    for mine in list(rates)[:2]:
        for name, target in (("reference", {1: 2.8, 2: 4.0}.get(threads)), ("bare products", 0.7)):
            ratios = [ours / other for ours, other in zip(rates[mine], rates[name], strict=True)]
            print(
                f"threads {threads}: {mine} / {name}: {statistics.median(ratios):.2f} "
                f"(range {min(ratios):.2f} to {max(ratios):.2f}, target {target})"
            )
    print(f"threads {threads}: load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    images = load_images()
    for threads in arguments.threads:
        compare(threads, arguments.rounds, arguments.seconds, images)


if __name__ == "__main__":
    main()
