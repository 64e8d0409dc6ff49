"""Presets of the families that make images; the first of each family is the one to begin with."""

from __future__ import annotations

from genlib.presets.preset import Preset
from genlib.settings import (
    AutoencoderConfig,
    GANConfig,
    PixelMixtureConfig,
    RunSettings,
    TrainConfig,
    VAEConfig,
)

__all__ = ["PRESETS"]

_MINUTE = TrainConfig(budget="seconds", seconds=60)
_HALF = TrainConfig(budget="seconds", seconds=30)
# Small batches and long steps: a GAN learns most from many steps.
_GAME = TrainConfig(budget="seconds", seconds=60, learning_rate=0.004, batch_size=64)
_TEXTBOOK = TrainConfig(budget="seconds", seconds=300, learning_rate=2e-4, batch_size=64)

PRESETS: dict[str, Preset] = {
    "ae-2d": Preset(
        "Two numbers",
        "All of an image in two numbers, which fit on a map. Classes part, but nobody says where codes are to lie.",
        RunSettings("ae", AutoencoderConfig(latent_dim=2), TrainConfig()),
    ),
    "ae-sharp": Preset(
        "Sharp",
        "With 32 numbers images are rebuilt almost as they were: far better than PCA of the same width.",
        RunSettings("ae", AutoencoderConfig(latent_dim=32), _MINUTE),
    ),
    "ae-conv": Preset(
        "Convolutional",
        "Small windows that slide over the image instead of units that see every pixel: a tenth of the weights.",
        RunSettings("ae", AutoencoderConfig(latent_dim=16, network="conv"), _MINUTE),
    ),
    "ae-denoising": Preset(
        "Denoising",
        "It is shown noisy images and asked for the clean ones, so it learns what belongs to an image.",
        RunSettings("ae", AutoencoderConfig(latent_dim=32, noise=0.5), _MINUTE),
    ),
    "ae-holes": Preset(
        "Fails: holes between the codes",
        "Codes spread as they like: one picked between them decodes to nothing. See the upper half of the new ones.",
        RunSettings("ae", AutoencoderConfig(latent_dim=8), _HALF),
        "failure",
        cure="vae-sharp",
    ),
    "vae-2d": Preset(
        "Two numbers",
        "A map on which every point decodes to something like those it saw.",
        RunSettings("vae", VAEConfig(latent_dim=2), TrainConfig()),
    ),
    "vae-sharp": Preset(
        "Sharp",
        "Twenty numbers an image: sharper than two, and new images can still be drawn.",
        RunSettings("vae", VAEConfig(latent_dim=20), _MINUTE),
    ),
    "vae-conv": Preset(
        "Convolutional",
        "Small windows that slide over the image, there and back.",
        RunSettings("vae", VAEConfig(latent_dim=16, network="conv"), _MINUTE),
    ),
    "vae-tight": Preset(
        "Tighter bound",
        "Five codes an image, weighted by how well they explain it: nearer to the true likelihood, for more time.",
        RunSettings("vae", VAEConfig(latent_dim=20, importance=5, binarise=True), _MINUTE),
    ),
    "vae-labels": Preset(
        "With labels",
        "Told what each image shows, it can be asked for one; the codes are left to say how it is written.",
        RunSettings("vae", VAEConfig(latent_dim=20, layers=3, average=0.99, labels=True), _MINUTE),
    ),
    "vae-collapse": Preset(
        "Fails: posterior collapse",
        "β = 20 makes every word of the code so dear that it says nothing: all images come out as the mean image.",
        RunSettings("vae", VAEConfig(latent_dim=10, beta=20.0), _HALF),
        "failure",
        cure="vae-sharp",
    ),
    "vae-fast": Preset(
        "Fails: too large a learning rate",
        "Steps so long that they jump over every valley: within a few, the loss is no number any more.",
        RunSettings("vae", VAEConfig(latent_dim=2), TrainConfig(learning_rate=0.1, budget="seconds", seconds=30)),
        "failure",
        cure="vae-2d",
    ),
    "gan": Preset(
        "First minute",
        "Two networks, one minute: G draws, D judges, and neither is ever shown a right answer.",
        RunSettings("gan", GANConfig(), _GAME),
    ),
    "gan-dense": Preset(
        "Fully connected",
        "The GAN of many textbooks: five times the weights, and after five minutes not yet where windows are in one.",
        RunSettings("gan", GANConfig(network="dense", latent_dim=100, average=0.0, d_rate=1.0), _TEXTBOOK),
    ),
    "gan-hinge": Preset(
        "Hinge and spectral norm",
        "D may not stretch distances, and stops caring about images that it is sure of.",
        RunSettings("gan", GANConfig(loss="hinge", spectral=True), _GAME),
    ),
    "gan-wasserstein": Preset(
        "Wasserstein with gradient penalty",
        "D estimates how far apart the two heaps of images are. Slower, and it hardly ever collapses.",
        RunSettings("gan", GANConfig(loss="wasserstein"), _GAME),
    ),
    "gan-labels": Preset(
        "With labels",
        "Both are told what an image shows, so that G can be asked for one.",
        RunSettings("gan", GANConfig(labels=True), _GAME),
    ),
    "gan-collapse": Preset(
        "Fails: mode collapse",
        "D learns a hundred times slower than G, which finds one picture that pleases it and draws nothing else.",
        RunSettings("gan", GANConfig(network="dense", latent_dim=32, d_rate=0.01), _GAME),
        "failure",
        cure="gan",
    ),
    "gan-d-wins": Preset(
        "Fails: D wins",
        "D learns five times faster than G and is always sure, so what it tells G is next to nothing.",
        RunSettings("gan", GANConfig(loss="minimax", d_rate=5.0), _GAME),
        "failure",
        cure="gan",
    ),
    "mixture": Preset(
        "Thirty components",
        "No network at all: thirty bell curves in fifty directions, fitted in seconds.",
        RunSettings("mixture", PixelMixtureConfig(), TrainConfig(batch_size=1024, epochs=10)),
    ),
    "mixture-labels": Preset(
        "With labels",
        "A mixture for each digit or class. By Bayes' rule it can read them, too.",
        RunSettings("mixture", PixelMixtureConfig(components=10, labels=True), TrainConfig(batch_size=1024, epochs=10)),
    ),
}
