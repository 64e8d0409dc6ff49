"""Few images in place of MNIST and small models in place of the usual ones, for tests that train."""

from dataclasses import replace

from genlib.data.images import Images, load_images
from genlib.settings import MODEL_CONFIGS, ModelConfig


def few_images(train: int = 96, validation: int = 10, test: int = 20) -> Images:
    """The first images of each part of MNIST."""
    mnist = load_images()
    return replace(
        mnist,
        train=mnist.train[:train],
        train_labels=mnist.train_labels[:train],
        validation=mnist.validation[:validation],
        validation_labels=mnist.validation_labels[:validation],
        test=mnist.test[:test],
        test_labels=mnist.test_labels[:test],
    )


def small(family: str, **values) -> ModelConfig:
    """Settings of a family that are quick to train; values that it cannot have are left aside."""
    config = MODEL_CONFIGS[family]
    sizes = {
        "latent_dim": 8 if family == "classifier" else 2,
        "hidden_dim": 16,
        "channels": 4,
        "components": 2,
    }
    known = {knob.name for knob in config.knobs()} - ({"network"} if family == "masked" else set())
    return config(**{name: value for name, value in (sizes | values).items() if name in known})


def write_folder(folder, train: int = 96, test: int = 20):
    """Four IDX files of the first images; the last twelfth of the training file is for validation."""
    mnist = load_images()
    folder.mkdir()
    parts = {
        "train": (mnist.train[:train], mnist.train_labels[:train]),
        "t10k": (mnist.test[:test], mnist.test_labels[:test]),
    }
    for part, arrays in parts.items():
        for array, kind in zip(arrays, ("images-idx3", "labels-idx1"), strict=True):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())
    return folder
