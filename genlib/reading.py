"""Whether models draw the digits they are asked for, and how well each kind of model reads digits itself.

References:
    Nearest Neighbor Pattern Classification (Cover & Hart, 1967), IEEE Transactions on Information Theory 13, 21-27
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import Images, load_images
from genlib.metrics import nearest_of
from genlib.seeding import torch_rng
from genlib.settings import MNIST

__all__ = ["Obedience", "Reader", "obedience", "read_classes", "read_images", "reader"]

_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Obedience:
    """How often a classifier reads the digit that was asked for.

    Arguments:
        shares: Of the drawings of each digit, the share that is read so, (10,).
        n: Drawings of each digit.
        misread: Some that were read as another digit, (m, 28, 28), one byte a pixel.
        asked: What these were to be, (m,).
        read: What they were taken for, (m,).
    """

    shares: NDArray[np.float64]
    n: int
    misread: NDArray[np.uint8]
    asked: NDArray[np.int64]
    read: NDArray[np.int64]


def obedience(folder: Path, n: int = 100, seed: int = 0) -> Obedience:
    """Ask the model saved in ``folder`` for ``n`` drawings of each digit, and have the bundled classifier read them.

    A model without labels cannot be told; its drawings are counted as if it had been, and one in ten fits by chance.

    Raises:
        InputError: If the folder holds no usable model, or the classifier is missing or another one.
    """
    import torch

    from genlib.checkpoint import load_model
    from genlib.evaluation import read_digits
    from genlib.latent import draw_images
    from genlib.models.base import digits

    wanted = digits(10 * n)
    x = draw_images(load_model(folder), load_images(), 10 * n, torch_rng(seed, "asked for"), wanted)
    drawn, asked = (x[:, 0] * 255).round().to(torch.uint8).numpy(), wanted.numpy()
    read, _ = read_digits(drawn)
    fits = read == asked
    wrong = np.flatnonzero(~fits)[:_SHOWN]
    shares = np.array([fits[asked == digit].mean() for digit in range(10)])
    return Obedience(shares, n, drawn[wrong], asked[wrong], read[wrong])


def read_classes(images: NDArray[np.uint8], data: Images) -> NDArray[np.int64]:
    """The classes of images, (N, 28, 28), one byte a pixel: (N,).

    Digits are read by the bundled classifier. Of images of a visitor's own no classifier knows; there each has the
    class of the training image that is most like it (Cover & Hart, 1967).

    Raises:
        InputError: If the classifier is missing or another one.
    """
    if data.own:
        return data.train_labels[nearest_of(images, data.train).which].astype(np.int64)
    from genlib.evaluation import read_digits

    return read_digits(images)[0]


def read_images(images: NDArray[np.uint8], data: str = MNIST) -> list[tuple[int, float | None]]:
    """What :func:`read_classes` reads in each image, and how probable the classifier finds it, where that reads.

    Arguments:
        images: (N, 28, 28), one byte a pixel.
        data: "mnist", or the hash of a visitor's data set.

    Raises:
        InputError: If the classifier is missing or another one, or the data set is.
    """
    if data != MNIST:
        return [(int(label), None) for label in read_classes(images, load_images(data))]
    from genlib.evaluation import read_digits

    digits, probable = read_digits(images)
    return list(zip(digits.tolist(), probable.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Reader:
    """How well a model reads test images.

    Arguments:
        right: Share of the images that it read right.
        stderr: Standard error of that share.
        n: Images.
        seconds: For all of them, on one thread.
        parameters: Numbers that the model has learnt.
        misread: Some that it got wrong, (m, 28, 28), one byte a pixel.
        truth: What these are, (m,).
        read: What it took them for, (m,).
    """

    right: float
    stderr: float
    n: int
    seconds: float
    parameters: int
    misread: NDArray[np.uint8]
    truth: NDArray[np.int64]
    read: NDArray[np.int64]


def reader(folder: Path, n: int = 1000) -> Reader:
    """Have the model saved in ``folder`` read ``n`` test images, by Bayes' rule unless it is a classifier.

    Raises:
        InputError: If the folder holds no usable model, or one that cannot read digits.
    """
    import torch

    from genlib.checkpoint import load_model
    from genlib.evaluation import bayes_classify
    from genlib.models import Classifier

    model, images = load_model(folder), load_images()
    chosen = np.arange(n) * len(images.test) // n
    test, truth = images.test[chosen], images.test_labels[chosen].astype(np.int64)
    x = torch.tensor(test).unsqueeze(1) / 255
    started = time.perf_counter()
    with torch.no_grad():
        scores = model.logits(x) if isinstance(model, Classifier) else bayes_classify(model, x)
    seconds = time.perf_counter() - started
    read = scores.argmax(1).numpy()
    right = float(np.mean(read == truth))
    wrong = np.flatnonzero(read != truth)[:_SHOWN]
    parameters = sum(tensor.numel() for name, tensor in model.state_dict().items() if not name.startswith("averages."))
    stderr = math.sqrt(right * (1 - right) / n)
    return Reader(right, stderr, n, seconds, parameters, test[wrong], truth[wrong], read[wrong])
