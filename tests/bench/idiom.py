"""The idiomatic loop that ours is timed against: how it reads MNIST, and how both are timed and reported."""

import time

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from genlib.data.images import load_images
from genlib.training import train
from tests.bench.figures import begun

OURS, ALL, LOOP = "steps alone", "with pictures and validation", "the loop of textbooks"


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


def tell(figures, threads, what, rates, pairs, unit="images/s"):
    """Tell each rate, and the ratios of each pair (mine, other, target, headline) within a round."""
    on = f"{threads} thread{'s' * (threads > 1)}"
    for name, values in rates.items():
        figures.row(f"{what}, {name}, {on}", values, unit)
    for mine, other, target, headline in pairs:
        ratios = [a / b for a, b in zip(rates[mine], rates[other], strict=True)]
        target = f">= {target}" if target else ""
        figures.row(f"{what}, {mine}, {on}", ratios, "times", target, against=other, headline=headline)


def main(compare, words, threads, load=load_images):
    """Call ``compare(figures, threads, rounds, seconds, data)`` as the command line says."""
    asked, figures = begun(words, rounds=5, seconds=10.0, threads=threads)
    data = load()
    for count in asked.threads:
        torch.set_num_threads(count)
        compare(figures, count, asked.rounds, asked.seconds, data)
    return figures.end()
