r"""Beat the discriminator: images to be sorted into real and made, and a network that learned to do it.

References:
    Generative Adversarial Nets (Goodfellow et al., 2014), arXiv:1406.2661: what the network learns is their D
    HYPE: A Benchmark for Human eYe Perceptual Evaluation of Generative Models (Zhou et al., 2019), NeurIPS
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genlib.data.images import images_of
from genlib.knobs import InputError
from genlib.runs import RunFolder
from genlib.scoring.figures import spread
from genlib.scoring.scoring import draw
from genlib.seeding import numpy_rng, torch_rng

__all__ = ["HAND", "Deck", "Taught", "deal", "deck", "teach"]

HAND = 20  # images a round
_EACH = 1000  # images of either kind in a deck
_LESSONS, _EPOCHS, _BATCH, _RATE = 3000, 6, 64, 1e-3  # images of either kind that the network learns from, and how
_LONGEST = 30  # epochs, of few images


@dataclass(frozen=True, eq=False)
class Deck:
    """Test images and drawings of one model, mixed.

    Arguments:
        images: (n, 28, 28), one byte a pixel.
        made: Which of them were drawn, (n,).
    """

    images: NDArray[np.uint8]
    made: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Taught:
    """How far the network is.

    Arguments:
        done: Share of its lessons, 0 to 1.
        called: In the end, which images of the deck it calls made, (n,).
        lessons: Images of either kind that it learns from.
    """

    done: float
    called: NDArray[np.bool_] | None = None
    lessons: int = _LESSONS


def deck(run: RunFolder, seed: int = 0) -> Deck:
    """Images to be sorted: half of them test images, half drawn with the last saved state of a run or bundled model.

    Raises:
        InputError: If the model is missing, draws nothing that could be looked at, or learned from too few images.
    """
    from genlib.checkpoint import load_model

    known = images_of(run.path)
    n = min(_EACH, len(known.test))
    if n < HAND:
        raise InputError(
            f"A round needs {HAND} test images, and these data keep {n} back: bring {7 * HAND} images or more."
        )
    drawn = draw(load_model(run.path), n, seed, "deck", known)
    images = np.concatenate([known.test[spread(n, len(known.test))], drawn])
    order = numpy_rng(seed, "deck").permutation(len(images))
    return Deck(images[order], order >= n)


def deal(whole: Deck, number: int, seed: int = 0) -> NDArray[np.int64]:
    """The images of one round, by their place in the deck, (20,): of each a coin decided whether it is made.

    So who knows eleven cannot tell the others by counting.
    """
    rng = numpy_rng(seed, "round", number)
    heads = int(rng.binomial(HAND, 0.5))
    kinds = (np.flatnonzero(whole.made), heads), (np.flatnonzero(~whole.made), HAND - heads)
    return rng.permutation(np.concatenate([rng.choice(places, n, replace=False) for places, n in kinds]))


def teach(run: RunFolder, seed: int = 0) -> Iterator[Taught]:
    r"""Teach a small network to tell drawings of a model from real images, neither of which are in the deck.

    It is the discriminator of a small convolutional GAN (Goodfellow et al., 2014), which here learns against drawings
    that no longer change, by the cross-entropy of its answer. The best answer possible is
    $D(x) = p(x) / (p(x) + p_G(x))$; its accuracy is one half only if the model is perfect.

    Raises:
        InputError: As :func:`deck`.
    """
    import torch
    import torch.nn.functional as F

    from genlib.checkpoint import load_model
    from genlib.models import build
    from genlib.settings import GANConfig

    yield Taught(0.0)
    whole = deck(run, seed)
    known = images_of(run.path)
    n = min(_LESSONS, len(known.train))
    real = known.train[numpy_rng(seed, "lessons").choice(len(known.train), n, replace=False)]
    drawn = draw(load_model(run.path), n, seed, "lessons", known)
    x, made = torch.tensor(np.concatenate([real, drawn])), torch.tensor([0.0, 1.0]).repeat_interleave(n)
    network = build("gan", GANConfig(network="conv", channels=16), seed).get_submodule("discriminator")
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    epochs = min(_LONGEST, _EPOCHS * _LESSONS // n)
    for epoch in range(epochs):
        for batch in torch.randperm(len(x), generator=torch_rng(seed, "lessons", epoch)).split(_BATCH):
            optimizer.zero_grad()
            answer = network(x[batch].unsqueeze(1) / 255)
            F.binary_cross_entropy_with_logits(answer, made[batch]).backward()
            optimizer.step()
        if epoch < epochs - 1:
            yield Taught((epoch + 1) / epochs, lessons=n)
    with torch.no_grad():
        called = network(torch.tensor(whole.images).unsqueeze(1) / 255) > 0
    yield Taught(1.0, called.numpy(), n)
