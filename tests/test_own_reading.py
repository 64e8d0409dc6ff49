"""What a visitor brings: every form it may have, and every way in which it may be wrong."""

import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from genlib.data.images import load_images
from genlib.data.own import pictures, reading, zips
from genlib.data.own.arrays import blocks
from genlib.data.own.parts import split
from genlib.data.own.pictures import small
from genlib.knobs import InputError
from tests.brought import collected, drawings, folders, idx, npz, png, zipped

pytestmark = pytest.mark.fast


def refusal(data, name="mine.zip"):
    with pytest.raises(InputError) as caught:
        collected(data, name)
    text = str(caught.value)
    assert text.endswith(".")
    return text


def test_a_zip_of_folders_is_labelled_by_them_and_comes_back_pixel_by_pixel():
    found = collected(folders(60, ("dogs", "cats", "10", "9")))
    assert found.classes == ("9", "10", "cats", "dogs")
    images = drawings(60)
    assert np.array_equal(found.images, images)
    assert [found.classes[label] for label in found.labels[:4]] == ["dogs", "cats", "10", "9"]
    assert (found.left_out, found.alike, found.note, found.bright) == (0, 0, "", False)


def test_folders_within_folders_count_by_the_innermost():
    files = {f"all/{part}/{'ab'[i % 2]}/{i}.png": png(image) for part in ("train", "test")
             for i, image in enumerate(drawings(30, seed=len(part)))}  # fmt: skip
    found = collected(zipped(files))
    assert found.classes == ("a", "b")
    assert np.bincount(found.labels).tolist() == [30, 30]


def test_more_than_ten_folders_are_one_class():
    found = collected(folders(60, tuple(map(str, range(12)))))
    assert found.classes == ("all",)
    assert "12 folders" in found.note


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_of_all_kinds_are_scaled_by_the_mean_of_what_they_stand_for(kind):
    large = drawings(60, side=112)
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    found = collected(zipped({f"{i}.{kind.lower()}": png(image, kind, **options) for i, image in enumerate(large)}))
    means = large.reshape(60, 28, 4, 28, 4).mean((2, 4))
    assert np.abs(found.images - means).max() < (4 if kind == "JPEG" else 1.01)
    assert found.classes == ("all",)


def test_the_middle_square_and_what_stands_out():
    wide = np.zeros((28, 60), np.uint8)
    wide[:, 16:44] = drawings(1)[0]
    assert np.array_equal(small(wide, "square"), drawings(1)[0])
    field = np.full((200, 300), 240, np.uint8)
    field[20:60, 200:220] = 10  # 40 x 20, far from the middle
    found = small(field, "content")
    rows, columns = np.flatnonzero((found < 128).any(1)), np.flatnonzero((found < 128).any(0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (4, 23, 9, 18)
    assert found[0, 0] == 240
    plain = np.full((50, 40), 7, np.uint8)
    assert np.array_equal(small(plain, "content"), small(plain, "square"))


def test_a_camera_held_upright_and_a_clear_ground():
    lying = np.zeros((56, 84, 3), np.uint8)
    lying[:, 14:42] = 255  # after turning the upper third or the lower
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    upright = small_of(png(lying, "JPEG", exif=exif, quality=100))
    turned = small(np.rot90(lying[:, :, 0], -1), "square")
    assert np.abs(upright.astype(int) - turned).max() < 8
    clear = np.zeros((28, 28, 4), np.uint8)
    clear[10:18, 10:18] = (0, 0, 0, 255)  # black ink on glass
    assert small_of(png(clear))[0, 0] == 255
    clear[..., :3] = 255
    assert small_of(png(clear))[0, 0] == 0


def small_of(data):
    return pictures.small_picture(data, "square")


def test_what_is_dark_on_light_is_told_and_turned():
    bright = {f"{i}.png": png(255 - image) for i, image in enumerate(drawings(60))}
    found = collected(zipped(bright))
    assert found.bright
    assert not found.inverted().bright
    assert np.array_equal(found.inverted().images, drawings(60))


def test_images_that_are_alike_count_once():
    images = np.concatenate([drawings(60), drawings(60)[:7]])
    found = collected(npz(x=images), "mine.npz")
    assert np.array_equal(found.images, drawings(60))
    assert found.alike == 7


@pytest.mark.parametrize(
    "form",
    ["bytes", "floats", "ones", "rows", "colours", "channels first", "one channel", "fortran", "larger"],
)
def test_arrays_of_all_usual_forms(form):
    images = drawings(60)
    array = {
        "bytes": images,
        "floats": images.astype(np.float32),
        "ones": images / 255,
        "rows": images.reshape(60, 784),
        "colours": np.repeat(images[..., None], 3, 3),
        "channels first": np.repeat(images[:, None], 3, 1),
        "one channel": images[..., None].astype(np.int64),
        "fortran": np.asfortranarray(images),
        "larger": images.repeat(2, 1).repeat(2, 2),
    }[form]
    found = collected(npz(data=array, labels=np.arange(60) % 3 + 5), "mine.npz")
    assert np.abs(found.images.astype(int) - images).max() <= 1
    assert found.classes == ("5", "6", "7")
    assert np.array_equal(found.labels, np.arange(60) % 3)


def test_training_and_test_files_of_idx_belong_together_by_their_numbers():
    images, labels = drawings(80), np.arange(80) % 4
    files = [
        ("train-images-idx3-ubyte.gz", gzip.compress(idx(images[:60]))),
        ("t10k-labels-idx1-ubyte", idx(labels[60:])),
        ("t10k-images-idx3-ubyte", idx(images[60:])),
        ("train-labels-idx1-ubyte", idx(labels[:60])),
    ]
    for brought in (files, zipped(dict(files))):
        found = collected(brought)
        order = [found.images.tolist().index(image.tolist()) for image in images]
        assert np.array_equal(found.images[order], images)
        assert np.array_equal(found.labels[order], labels)


def test_bad_files_among_good_ones_are_named_and_left_out():
    inner = zipped({"a.png": b""})
    bad = {
        "broken.png": b"\x89PNG\r\n\x1a\nnothing",
        "torn.jpg": png(drawings(1)[0], "JPEG")[:200],
        "../climbs.png": png(drawings(1)[0]),
        "/etc/root.png": png(drawings(1)[0]),
        "C:/win.png": png(drawings(1)[0]),
        "more.zip": inner,
        "notes.txt": b"hello",
        "huge.png": bytes(6 * 2**20),
        "wide.png": wide_png(),
    }
    hidden = {"__MACOSX/cats/._1.png": b"x", ".DS_Store": b"x", "cats/Thumbs.db": b"x", "cats/": b""}
    found = collected(folders(60, **bad, **hidden))
    assert len(found.images) == 60
    whys = {each.name: each.why for each in found.skipped}
    assert set(whys) == set(bad)
    assert found.left_out == len(bad)
    assert all(why.endswith(".") for why in whys.values())
    assert "out of the ZIP" in whys["../climbs.png"]
    assert "once more" in whys["more.zip"]
    assert "5 MB" in whys["huge.png"]
    assert "million pixels" in whys["wide.png"]


def wide_png():
    """A picture of 30,000 x 30,000 pixels in a few bytes, of which nothing is there."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b""))]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_link_and_an_encrypted_file_are_left_out():
    file = io.BytesIO(folders(60))
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert [each.name for each in collected(file.getvalue()).skipped] == ["link.png"]
    data = bytearray(folders(60))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # says that it is encrypted
    assert "password" in collected(bytes(data)).skipped[0].why


def test_ten_thousand_files_are_refused_before_any_is_read():
    text = refusal(zipped({f"{i}.png": b"" for i in range(10_000)}, zipfile.ZIP_STORED))
    assert "5,000 files" in text


def test_a_bomb_is_let_off_within_bounds(monkeypatch):
    monkeypatch.setattr(zips, "MOST_UNPACKED", 20 * 2**20)
    bomb = zipped({f"{i}.png": bytes(5 * 2**20) for i in range(8)})
    assert len(bomb) < 100_000
    tracemalloc.start()
    text = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "once unpacked" in text
    assert peak < 40 * 2**20
    assert "once unpacked" in refusal(gzip.compress(bytes(61 * 2**20), 1), "a.idx.gz")


def test_many_large_pictures_are_refused_by_their_pixels(monkeypatch):
    monkeypatch.setattr(reading, "_MOST_PIXELS", 50 * 28 * 28)
    assert "million pixels together" in refusal(folders(60))


def test_arrays_that_lie_or_hold_objects_are_refused():
    assert "reads pickles" in refusal(npz(x=np.array([{}, []], object)), "mine.npz")
    assert "reads pickles" in refusal(npz(x=np.zeros(3, [("a", object)])), "mine.npz")
    lying = idx(drawings(60))
    for shape in ((2**31, 28, 28), (59, 28, 28), (0, 0, 0)):
        head = bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in shape)
        assert "declares" in refusal(head + lying[16:], "x-idx3-ubyte")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (10**12, 28, 28)})
        archive.writestr("x.npy", head.getvalue() + bytes(100))
    assert "another size" in refusal(file.getvalue(), "mine.npz")
    for array in (
        np.full((60, 28, 28), np.nan),
        drawings(60).astype(int) - 300,
        np.zeros((60, 2, 2)),
        drawings(60) * 1j,
    ):
        assert "holds no images" in refusal(npz(x=array), "mine.npz")
    assert "no images in it" in refusal(npz(x=np.arange(60)), "mine.npz")


def test_labels_that_fit_no_images_or_are_too_many_are_left_aside():
    assert collected(npz(x=drawings(60), y=np.arange(59)), "a.npz").classes == ("all",)
    found = collected(npz(x=drawings(60), y=np.arange(60)), "a.npz")
    assert found.classes == ("all",)
    assert "60 different labels" in found.note
    names = collected(npz(x=drawings(60), y=np.array(["b\n" + "x" * 99, "a"])[np.arange(60) % 2]), "a.npz").classes
    assert names == ("a", "b " + "x" * 25 + "...")


def test_too_few_and_too_much_are_refused():
    text = refusal(folders(30, **{"bad.png": b""}))
    assert "30 different images" in text
    assert "bad.png" in text
    assert "MB are allowed" in refusal([("a.zip", bytes(51 * 2**20))], "")
    assert "no images in it" in refusal(b"hello", "notes.txt")
    assert "damaged" in refusal(b"PK\x03\x04 nothing")


def test_parts_share_nothing_and_have_every_class():
    labels = np.repeat(np.arange(4), [100, 40, 7, 2]).astype(np.uint8)
    _, validation, test = parts = split(labels)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(149))
    assert np.bincount(labels[test], minlength=4).tolist() == [14, 6, 1, 1]
    assert np.bincount(labels[validation], minlength=4).tolist() == [7, 3, 1, 0]
    assert all(np.array_equal(one, other) for one, other in zip(split(labels), parts, strict=True))
    assert not np.array_equal(split(labels, seed=1)[2], test)


def test_digits_of_mnist_come_back_as_they_are():
    images = load_images().test[:60]
    found = collected(npz(images=images, labels=load_images().test_labels[:60]), "mine.npz")
    assert np.array_equal(found.images, images)
    assert np.array_equal(np.array(found.classes)[found.labels], load_images().test_labels[:60].astype(str))


def test_all_arrays_together_are_bounded(monkeypatch):
    """Small files that unpack to much: each is within its bound, and together they are not."""
    monkeypatch.setattr("genlib.data.own.reading.MOST_UNPACKED", 200_000)
    packed = gzip.compress(idx(np.zeros((100, 28, 28))))
    images = gzip.compress(idx(drawings(60)))
    found = collected(zipped({"a.idx3.gz": images} | {f"{i}.idx3.gz": packed for i in range(9)}))
    assert found.left_out == 8
    assert "once unpacked" in found.skipped[0].why
    with pytest.raises(InputError, match="once unpacked"):
        collected([("a.npz", npz(x=drawings(100))), ("b.npz", npz(x=np.zeros((300, 28, 28), np.uint8)))])


def test_a_table_of_contents_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr("zipfile.ZipFile", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(InputError, match="more than 5,000 files"):
        collected(b"PK\x03\x04" + b"PK\x01\x02" * 10_100)


def test_large_images_are_looked_at_some_at_a_time():
    arrays = [("x", np.zeros((20, 1024, 1024), bool)), ("y", np.arange(20) % 2)]
    parts = list(blocks(arrays))
    assert max(images.size for images, _ in parts) <= 4_000_000
    assert np.concatenate([labels for _, labels in parts]).tolist() == [0, 1] * 10


def test_a_folder_called_other_is_not_what_lies_in_none():
    images = drawings(60)
    files = {f"{'other/' if i % 2 else ''}{i}.png": png(image) for i, image in enumerate(images)}
    found = collected(zipped(files))
    assert found.classes == ("no folder", "other")


def test_labels_as_bytes_are_texts():
    found = collected(npz(x=drawings(60), y=np.array([b"cat", b"d\xf6g"] * 30)))
    assert found.classes == ("cat", "d\xf6g")
