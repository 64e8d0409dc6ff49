"""Images as a visitor would bring them, for tests."""

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

from genlib.data.own import collect, keep

KEY = "0123456789abcdef" * 2


def drawings(n=60, seed=0, side=28):
    """Bright blobs on black, no two alike, (n, side, side)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    middles, widths = rng.uniform(0.3, 0.7, (n, 2)) * side, rng.uniform(0.1, 0.25, n) * side
    apart = np.hypot(y - middles[:, :1, None], x - middles[:, 1:, None]) / widths[:, None, None]
    return np.round(255 * np.exp(-(apart**2))).astype(np.uint8)


def png(image, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    """A ZIP of files by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def raw_zip(entries):
    """A ZIP written by hand, for what zipfile would not write: dicts with a name, and what else is not as usual."""
    out, table = bytearray(), bytearray()
    for entry in entries:
        content = entry.get("content", b"")
        name, packed = entry["name"].encode(), entry.get("packed", content)
        size, crc = entry.get("size", len(content)), entry.get("crc", zlib.crc32(content))
        extra = struct.pack("<HHQ", 1, 8, size) if size >= 2**32 else b""
        field = min(size, 2**32 - 1)
        common = struct.pack(
            "<HHHHHIII", 20, entry.get("flags", 0), entry.get("method", 0), 0, 33, crc, len(packed), field
        )
        common += struct.pack("<HH", len(name), len(extra))
        table += b"PK\x01\x02" + struct.pack("<H", 0x314) + common
        table += struct.pack("<HHHII", 0, 0, 0, entry.get("mode", 0o100644) << 16, len(out)) + name + extra
        out += b"PK\x03\x04" + common + name + extra + packed
    count = min(len(entries), 65535)
    return out + table + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(table), len(out), 0)


def folders(n=60, classes=("cats", "dogs"), **more):
    """A ZIP of pictures in folders by turns, and of other files."""
    images = drawings(n)
    return zipped({f"{classes[i % len(classes)]}/{i}.png": png(image) for i, image in enumerate(images)} | more)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def collected(data, name="mine.zip", crop="square"):
    *_, last = collect([(name, data)] if isinstance(data, bytes) else data, crop)
    return last.found


def kept(n=60, classes=("cats", "dogs"), key=KEY, name="Pets"):
    """A data set that is kept."""
    return keep(collected(folders(n, classes)), name, key)
