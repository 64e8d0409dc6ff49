"""What can be wrong with a network that goes down a loss: autoencoder, VAE, classifier."""

from __future__ import annotations

import numpy as np

from genlib.health.seen import FEWEST, Health, Seen, variety
from genlib.settings import VAEConfig

__all__ = ["alike", "broken", "leapt", "no_sampler", "silent_code"]


def broken(seen: Seen) -> Health:
    """A loss that is no finite number ended the run."""
    return Health(
        "bad",
        "The loss is no longer a finite number.",
        f"At a learning rate of {seen.settings.train.learning_rate:g} each step leaps over the valley, "
        "and lands higher than it began.",
        "Begin anew with a tenth of that rate.",
    )


def leapt(seen: Seen) -> Health | None:
    """The loss stands above its lowest by 0.3 of all it had come down, or never came down by a tenth of where it began.

    Of a VAE the bound without weights is looked at, for a change of beta moves the loss by itself.
    """
    reconstruction, kl = seen.line("reconstruction"), seen.line("kl")
    loss = reconstruction + kl if 0 < len(reconstruction) == len(kl) else seen.line("loss")
    if len(loss) < 4 * FEWEST:
        return None
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(loss, FEWEST), axis=1)
    came_down = loss[:FEWEST].max() - smooth.min()
    rise = smooth[-max(1, len(smooth) // 20) :].min() - smooth.min()
    if rise <= 0.3 * came_down and came_down > 0.1 * abs(loss[0]):
        return None
    return Health(
        "bad",
        "The loss has leapt up." if rise > 0.3 * came_down else "The loss does not fall.",
        f"Steps at a learning rate of {seen.settings.train.learning_rate:g} are too long: they jump over the valley.",
        "Lower the learning rate tenfold.",
    )


def silent_code(seen: Seen) -> Health | None:
    """A VAE whose codes carry less than 2 nats; with beta above 1, less than 5 is worth a word."""
    config, kl = seen.settings.model, seen.now("kl")
    if not isinstance(config, VAEConfig) or not kl < (5 if config.beta > 1 else 2):
        return None
    if config.beta > 1:
        why = f"With β = {config.beta:g} each nat of the code must save as many nats of the picture, and few can."
        change = "Lower β to 1."
    else:
        why = "The decoder learnt to do without the code, before the encoder had anything to say."
        change = "Let the KL term grow over some thousand steps, or lower the learning rate."
    if kl < 2:
        return Health("bad", f"Posterior collapse: a code says only {kl:.1f} nats about its image.", why, change)
    return Health("watch", f"A code says little about its image: {kl:.1f} nats.", why, change)


def alike(seen: Seen) -> Health | None:
    """All images are rebuilt as one: they vary by less than 2 % of their squared length."""
    images = seen.images("reconstructions", 8)
    if images is None or variety(images) >= 0.02:
        return None
    return Health(
        "bad",
        "Every image is rebuilt as the same one.",
        "The decoder does not listen to the code: its units are stuck, as after steps that were too long.",
        "Begin anew with a lower learning rate.",
    )


def no_sampler(seen: Seen) -> Health | None:
    """A plain autoencoder that works: always worth a word, whatever its pictures look like.

    How empty the space between its codes is cannot be told from a sheet of samples: on recorded runs no measure of
    their ink told holes from none.
    """
    return Health(
        "watch",
        "It rebuilds, but it is no sampler: there are holes between its codes.",
        "An autoencoder puts codes wherever it likes, for nothing in its loss says how they are to lie.",
        "To draw new images take a VAE.",
    )
