"""How fast a fully connected GAN trains, against the idiomatic loop, in turn within one process.

    python tests/bench/gan_speed.py [--rounds 5] [--seconds 10] [--threads 1]

The networks 100-128-256-512-1024-784 and 784-512-256-1 on MNIST in batches of 64. The reference neither evaluates nor
draws, so ours is the time that `train` spends on training; with everything that `train` does (validation, frames) is
printed beside it, and so is our convolutional default, for which there is no reference. Prints medians of the ratios
within a round, and their range.
"""

import argparse
import os
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from genlib.data.images import load_images
from genlib.settings import GANConfig, TrainConfig
from genlib.training import Run, train

BATCH, LATENT = 64, 100


class Digits(Dataset):
    """MNIST as torchvision gives it: a PIL image a time, through `ToTensor` and `Normalize`."""

    def __init__(self, images, labels):
        self.images, self.labels = torch.tensor(images), torch.tensor(labels)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = Image.fromarray(self.images[i].numpy())
        return normalise(to_tensor(image)), int(self.labels[i])


def to_tensor(image):
    pixels = torch.from_numpy(np.array(image, np.uint8, copy=True)).view(image.size[1], image.size[0], 1)
    return pixels.permute(2, 0, 1).contiguous().to(torch.get_default_dtype()).div(255)


def normalise(image, mean=0.5, std=0.5):
    image = image.clone()
    mean, std = torch.as_tensor([mean]).view(-1, 1, 1), torch.as_tensor([std]).view(-1, 1, 1)
    return image.sub_(mean).div_(std)


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
    loader = DataLoader(Digits(images.train, images.train_labels), BATCH, shuffle=True, num_workers=0)
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
    training = TrainConfig(epochs=1000, batch_size=BATCH, learning_rate=2e-4, device="cpu")
    dense = Run.new("gan", GANConfig(network="dense", latent_dim=LATENT, average=0.0), training)
    conv = Run.new("gan", GANConfig(), training)
    plain = reference(images)
    rates = {"ours": [], "ours with everything": [], "reference": [], "our default": []}
    for _ in range(rounds):
        for name, value in zip(list(rates)[:2], our_rates(dense, images, seconds), strict=True):
            rates[name].append(value)
        rates["reference"].append(rate(plain, seconds))
        rates["our default"].append(our_rates(conv, images, seconds)[0])
    for name, values in rates.items():
        print(f"threads {threads}: {name}: {statistics.median(values):,.0f} images/s")
    for mine in list(rates)[:2]:
        ratios = [ours / other for ours, other in zip(rates[mine], rates["reference"], strict=True)]
        print(
            f"threads {threads}: {mine} / reference: {statistics.median(ratios):.2f} "
            f"(range {min(ratios):.2f} to {max(ratios):.2f}, target 1.7)"
        )
    print(f"threads {threads}: load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    images = load_images()
    for threads in arguments.threads:
        compare(threads, arguments.rounds, arguments.seconds, images)


if __name__ == "__main__":
    main()
