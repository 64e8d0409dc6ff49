"""The idiomatic loop that ours is timed against: how it reads MNIST, and how both are timed and reported."""

import argparse
import os
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from genlib.data.images import load_images
from genlib.training import train


class Digits(Dataset):
    """MNIST as torchvision gives it: a PIL image a time, through `ToTensor` and, if asked, `Normalize`."""

    def __init__(self, images, normalised=False):
        self.images, self.labels = torch.tensor(images.train), torch.tensor(images.train_labels)
        self.normalised = normalised

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = to_tensor(Image.fromarray(self.images[i].numpy()))
        return normalise(image) if self.normalised else image, int(self.labels[i])


def to_tensor(image):
    pixels = torch.from_numpy(np.array(image, np.uint8, copy=True)).view(image.size[1], image.size[0], 1)
    return pixels.permute(2, 0, 1).contiguous().to(torch.get_default_dtype()).div(255)


def normalise(image, mean=0.5, std=0.5):
    image = image.clone()
    mean, std = torch.as_tensor([mean]).view(-1, 1, 1), torch.as_tensor([std]).view(-1, 1, 1)
    return image.sub_(mean).div_(std)


def rate(steps, batch, seconds):
    """Images a second over about that long."""
    next(steps)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        next(steps)
        count += 1
    return count * batch / (time.perf_counter() - started)


def our_rates(run, images, seconds):
    """Images per second of training, and per second of the whole loop."""
    events = train(run, images)
    next(events)  # the data is on the device
    started, first, spent = time.perf_counter(), run.step, run.seconds
    for _ in events:
        if time.perf_counter() - started >= seconds:
            break
    made = (run.step - first) * run.train_config.batch_size
    return made / (run.seconds - spent), made / (time.perf_counter() - started)


def tell(threads, rates, pairs, unit="images/s"):
    """Print the median of each rate, and of the ratios of each pair (mine, other, target) within a round."""
    for name, values in rates.items():
        print(f"threads {threads}: {name}: {statistics.median(values):,.0f} {unit}")
    for mine, other, target in pairs:
        ratios = [a / b for a, b in zip(rates[mine], rates[other], strict=True)]
        print(
            f"threads {threads}: {mine} / {other}: {statistics.median(ratios):.2f} "
            f"(range {min(ratios):.2f} to {max(ratios):.2f}, target {target})"
        )
    print(f"threads {threads}: load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main(compare, words, threads, load=load_images):
    """Call ``compare(threads, rounds, seconds, data)`` as the command line says."""
    parser = argparse.ArgumentParser(description=words.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--threads", type=int, nargs="+", default=threads)
    arguments = parser.parse_args()
    data = load()
    for count in arguments.threads:
        torch.set_num_threads(count)
        compare(count, arguments.rounds, arguments.seconds, data)
