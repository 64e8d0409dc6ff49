"""Samples of a saved model, and sheets of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genlib.knobs import InputError

__all__ = ["sample_images", "save_sheet", "sheet"]


def sample_images(folder: Path, n: int, seed: int) -> np.ndarray:
    """Draw ``n`` images of the model saved in ``folder``.

    Returns:
        Shape (n, 28, 28), uint8; the same seed gives the same images.

    Raises:
        InputError: If the folder holds no usable model, or one that cannot sample.
    """
    import torch

    from genlib.checkpoint import load_model
    from genlib.seeding import torch_rng

    x = load_model(folder).sample(n, torch_rng(seed, "sample"))
    return (x[:, 0] * 255).round().to(torch.uint8).numpy()


def sheet(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lay (n, H, W) images out as one picture, row by row, as square as can be."""
    n, height, width = images.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    padded = np.zeros((rows * columns, height, width), images.dtype)
    padded[:n] = images
    return padded.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)


def save_sheet(images: np.ndarray, path: Path) -> None:
    """Write images as one PNG.

    Raises:
        InputError: If the file cannot be written.
    """
    from PIL import Image

    try:
        Image.fromarray(sheet(images)).save(path, "PNG")
    except OSError as error:
        raise InputError(
            f"The picture {path.name} cannot be written ({error.strerror}): choose another place with --out."
        ) from None
