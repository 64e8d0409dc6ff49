"""Reading images: the bundled MNIST, other folders, and every way in which a file can be wrong."""

import gzip
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from genlib.data import assets, images
from genlib.data.images import load_images
from genlib.knobs import InputError

pytestmark = pytest.mark.fast

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def pictures(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def small():
    """The contents of a good folder: 36 images to train, of which 3 to validate, and 20 to test."""
    arrays = pictures(36), np.arange(36) % 10, pictures(20, seed=1), np.arange(20) % 7
    return dict(zip(NAMES, map(idx, arrays), strict=True))


def write(folder, contents, packed=True):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(content, 1) if packed else content)
    return folder


def refusal(folder):
    with pytest.raises(InputError) as caught:
        load_images(folder)
    text = str(caught.value)
    assert text.endswith(".")
    assert "/" not in text
    return text


def test_bundled_mnist_is_split_in_file_order():
    mnist = load_images()
    with gzip.open(assets() / "mnist" / f"{NAMES[0]}.gz") as file:
        pixels = np.frombuffer(file.read()[16:], np.uint8).reshape(60_000, 28, 28)
    assert np.array_equal(mnist.train, pixels[:55_000])
    assert np.array_equal(mnist.validation, pixels[55_000:])
    assert mnist.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = np.bincount(mnist.train_labels, minlength=10) + np.bincount(mnist.validation_labels, minlength=10)
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert len(mnist.test) == len(mnist.test_labels) == 10_000


def test_bundled_mnist_is_held_once_and_cannot_be_changed():
    assert load_images() is load_images()
    with pytest.raises(ValueError, match="read-only"):
        load_images().train[0, 0, 0] = 1


def test_reading_images_needs_no_torch():
    code = "import sys, genlib.data.images; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("packed", [True, False])
def test_another_folder_is_read_and_its_last_twelfth_validates(tmp_path, packed):
    data = load_images(write(tmp_path / "mine", small(), packed))
    assert data.name == "mine"
    assert np.array_equal(np.concatenate([data.train, data.validation]), pictures(36))
    assert np.concatenate([data.train_labels, data.validation_labels]).tolist() == [i % 10 for i in range(36)]
    assert len(data.validation) == 3
    assert np.array_equal(data.test, pictures(20, seed=1))


@pytest.mark.parametrize("name", NAMES)
def test_missing_file_is_named(tmp_path, name):
    folder = write(tmp_path, small())
    (folder / f"{name}.gz").unlink()
    assert f"{name}.gz is missing" in refusal(folder)


BAD = {
    "images of another size": (NAMES[0], idx(np.zeros((36, 20, 30))), "20 x 30"),
    "too few images": (NAMES[2], idx(pictures(19)), "19 images: give at least 20"),
    "more images than labels": (NAMES[0], idx(pictures(37)), "37 images but .* 36 labels"),
    "a label of ten": (NAMES[1], idx(np.full(36, 10)), "a label 10"),
    "labels where images belong": (NAMES[0], idx(np.zeros(36)), "begin with 00 00 08 03"),
    "signed bytes": (NAMES[3], b"\0\0\x09\x01" + idx(np.zeros(20))[4:], "begin with 00 00 08 01"),
    "huge declared sizes": (NAMES[0], b"\0\0\x08\x03" + b"\xff" * 12 + b"\0" * 784, "but holds 784"),
    "no images declared": (NAMES[0], idx(np.zeros((0, 28, 28))), "0 images"),
    "an empty file": (NAMES[1], b"", "no IDX file"),
    "one byte too many": (NAMES[1], small()[NAMES[1]] + b"\0", "but holds 37"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_refused_with_its_reason(tmp_path, case):
    name, content, reason = BAD[case]
    text = refusal(write(tmp_path, small() | {name: content}))
    assert name in text
    with pytest.raises(InputError, match=reason):
        load_images(tmp_path)


@pytest.mark.parametrize("kept", [3, 10, 100, -8, -1])
def test_truncated_gzip_is_refused(tmp_path, kept):
    path = write(tmp_path, small()) / f"{NAMES[0]}.gz"
    path.write_bytes(path.read_bytes()[:kept])
    assert f"{NAMES[0]}.gz is incomplete or damaged" in refusal(tmp_path)


def test_size_is_bounded_whatever_the_header_or_gzip_claims(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "_LARGEST", 100_000)
    write(tmp_path, small() | {NAMES[0]: bytes(10_000_000)})
    tracemalloc.start()
    assert "more than" in refusal(tmp_path)
    write(tmp_path, small() | {NAMES[0]: BAD["huge declared sizes"][1]})
    assert "declares" in refusal(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000  # the 10 MB that this test itself packed, and no more of it


def test_altered_bundled_file_is_refused_with_both_checksums(tmp_path, monkeypatch):
    write(tmp_path / "mnist", small())
    monkeypatch.setattr(images, "assets", lambda: tmp_path)
    images._bundled.cache_clear()
    try:
        text = refusal(None)
    finally:
        images._bundled.cache_clear()
    assert "expected ba891046e650" in text
    assert "restore it from the project" in text
