"""Files that visitors bring: tables, pictures, masks, IDX, NPZ and ZIP."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from functools import cache

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from genlib.data.digits import read_picture
from genlib.data.images import load_images
from genlib.data.masks import read_mask
from genlib.data.own import small_picture
from genlib.data.tables import read_table
from genlib.knobs import InputError
from genlib.runs import home
from tests.borders import Border, check_sentence
from tests.borders.junk import TEXTS, damaged
from tests.brought import collected, drawings, idx, npz, png, raw_zip, zipped
from tests.few import write_folder


def table(data: bytes) -> None:
    """A CSV file, as both pages with tables read it."""
    refusal = None
    for gaps in (True, False):
        try:
            found = read_table(data, gaps)
        except InputError as error:
            refusal = error
            continue
        values = found.values[~np.isnan(found.values)] if gaps else found.values
        assert (~np.isnan(found.values)).any(axis=0).all()
        assert np.isfinite(values).all()
        assert np.abs(values).max() <= 1e9
        assert found.values.shape[1] == len(found.names) >= 2
        assert len({*found.names, *found.left_out}) == len(found.names) + len(found.left_out)
        assert all(name and name.isprintable() for name in (*found.names, *found.left_out))
    if refusal:
        raise refusal


def picture(data: bytes) -> None:
    """A picture, read as a digit and as an image of one's own."""
    for crop in ("square", "content"):
        found = small_picture(data, crop)
        assert (found.shape, found.dtype) == ((28, 28), np.uint8)
    digit = read_picture(data)
    assert (digit.shape, digit.dtype) == ((28, 28), np.uint8)
    assert digit.any()


def mask(data: bytes) -> None:
    found = read_mask(data)
    assert (found.shape, found.dtype) == ((28, 28), bool)


def images(brought: tuple[str, bytes]) -> None:
    """Files of images of one's own, in a ZIP or not."""
    found = collected([brought])
    assert found.images.shape[1:] == (28, 28)
    assert found.images.dtype == np.uint8
    assert len(found.images) == len(found.labels) >= 50
    assert found.labels.max() < len(found.classes) <= 10
    assert all(name and name.isprintable() and len(name) <= 30 for name in found.classes)
    assert len({*found.classes}) == len(found.classes)
    for each in found.skipped:
        assert each.name.isprintable()
        assert len(each.name) <= 60
        check_sentence(each.why)


def folder(brought: tuple[str, bytes]) -> None:
    """Four IDX files, of which one is another."""
    for part, content in _four().items():
        (home() / "idx").mkdir(parents=True, exist_ok=True)
        (home() / "idx" / part).write_bytes(content)
    name, content = brought
    (home() / "idx" / name).write_bytes(content)
    found = load_images(home() / "idx")
    assert found.train.shape[1:] == (28, 28)
    assert len(found.train) == len(found.train_labels)
    assert found.train_labels.max() <= 9


@cache
def _four() -> dict[str, bytes]:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as made:
        return {path.name: path.read_bytes() for path in write_folder(Path(made) / "idx").iterdir()}


# Tables ---------------------------------------------------------------------------------------------------------------

_CELLS = st.sampled_from(["1", "2.5", "-3e4", "1,5", "nan", "inf", "1e400", "", "x", "a b", '"q"', '"a;b"', "1_0", "٣"])
_NUMBERS = st.floats(-1e9, 1e9).map(str) | st.sampled_from(["1", "2.5", "-3e4"])
_ROWS = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(_NUMBERS | _CELLS, min_size=width, max_size=width), max_size=6)
) | st.lists(st.lists(_CELLS | TEXTS, max_size=4), max_size=6)
_TABLES = st.builds(
    lambda rows, mark, end, code: end.join(mark.join(row) for row in rows).encode(code, "replace"),
    _ROWS,
    st.sampled_from([",", ";", "\t", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
) | st.sampled_from(
    [b"x,y,what\n1,2,a\n3,4,b\n", b"1;2,5\n3;4,5\n", b'"a\nb",c\n1,2\n', b",\n" * 9, b'1,2\n"' + b"a" * 200_000]
)

# Pictures -------------------------------------------------------------------------------------------------------------


def _made(mode: str, kind: str, **options: object) -> bytes:
    image = Image.fromarray(drawings(1, side=40)[0]).convert("L")
    content = io.BytesIO()
    image.convert(mode).save(content, kind, **options)
    return content.getvalue()


def _chunks(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG by hand, of which the header may lie."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(bytes(5000))), (b"IEND", b"")]
    packed = [struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


_EXIF = Image.Exif()
_EXIF[0x0112] = 6
_SHEET = [Image.fromarray(each) for each in drawings(3)]
_PICTURES = st.sampled_from(
    [
        *(_made(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *(_made(mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
        _made("RGB", "JPEG", exif=_EXIF, progressive=True),
        _made("RGB", "WEBP"),
        _made("RGBA", "WEBP", lossless=True),
        _made("RGB", "BMP"),
        _made("P", "BMP"),
        _made("L", "GIF"),
        _made("L", "GIF", save_all=True, append_images=_SHEET),
        _made("L", "PNG", save_all=True, append_images=_SHEET),
        _made("L", "TIFF"),
        _made("L", "ICO"),
        _made("RGB", "PPM"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        _chunks(30_000, 30_000),
        _chunks(4000, 3000),
        _chunks(100_000, 1),
        _chunks(1, 1),
        _chunks(0, 0),
        _chunks(200, 200, (b"zTXt", b"k\0\0" + zlib.compress(bytes(3_000_000)))),
        _chunks(200, 200, (b"iCCP", b"k\0\0" + zlib.compress(bytes(3_000_000)))),
        _chunks(200, 200, (b"tRNS", b"\0" * 7), (b"eXIf", b"MM\0*\xff\xff\xff\xff")),
    ]
)
_MASK = np.where(np.arange(784).reshape(28, 28) % 5, 255, 0).astype(np.uint8)
_MASKS = st.sampled_from(
    [
        *(png(np.asarray(Image.fromarray(_MASK).convert(mode))) for mode in ("L", "RGB", "RGBA")),
        png(_MASK[:27]),
        _chunks(28, 28),
        _chunks(30_000, 30_000),
    ]
)

# Arrays ---------------------------------------------------------------------------------------------------------------

_IDX, _LABELS = idx(drawings(55)), idx(np.arange(55) % 3)
_IDX_NAMES = (
    st.sampled_from(["x-idx3-ubyte", "x.idx", "x-idx3-ubyte.gz", "x", "../x.idx", "/x-idx1-ubyte\0.png"]) | TEXTS
)
_IDXS = damaged(st.sampled_from([_IDX, _LABELS])) | st.sampled_from([_IDX, _LABELS])
_ZIPPED_IDXS = _IDXS.map(lambda content: gzip.compress(content, 1)) | damaged(st.just(gzip.compress(_IDX, 1)))
_BOMB = gzip.compress(bytes(61 * 2**20), 9)


def _npy(descr: object, shape: object, content: bytes, version: int = 1, order: object = False) -> bytes:
    """The file of an array, whose header says what it is told to."""
    head = f"{{'descr': {descr!r}, 'fortran_order': {order!r}, 'shape': {shape!r}}}".encode("utf-8", "replace") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(head) % (2**16 if version == 1 else 2**32))
    return b"\x93NUMPY" + bytes([version, 0]) + length + head + content


_TYPES = ["|u1", "<f4", ">f4", "<f8", ">i8", "<f2", "|b1", "|O", "<c8", "<U4", "|S3", "<M8[s]", "|V8", "f16", "i3", "x"]
_DESCRS = st.sampled_from([*_TYPES, [("a", "|u1")], [("a", "|O")], [], 3, None]) | TEXTS
_SIZES = st.integers(0, 60) | st.sampled_from([-1, 2**31, 2**63, 10**400, 1.5, "55"])
_SHAPES = st.sampled_from([(55, 28, 28), (55, 784), (55, 28, 28, 3), (55,), ()]) | st.lists(_SIZES, max_size=5).map(
    tuple
)
_CONTENTS = st.sampled_from(
    [drawings(55).tobytes(), drawings(55).astype(">f4").tobytes(), b"", bytes(55), b"\xff" * 220]
)
_NPYS = st.builds(_npy, _DESCRS, _SHAPES, _CONTENTS, st.sampled_from([1, 1, 1, 2, 3, 9]), st.booleans() | TEXTS)
_ARRAYS = st.sampled_from(
    [
        drawings(55),
        drawings(55) / 255,
        np.full((55, 28, 28), np.nan),
        np.full((55, 28, 28), np.inf, np.float16),
        drawings(55).astype(">u2"),
        drawings(55).astype("<M8[s]"),
        np.asfortranarray(drawings(55)),
        drawings(55) * 1j,
        drawings(55)[:, None],
        np.zeros((55, 3, 2000), bool),
        np.zeros((0, 28, 28)),
        np.float64(3),
        np.array(None),
        np.array([{}, print], object),
        drawings(55).astype(np.longdouble),
        drawings(55).astype(str).reshape(55, 784),
    ]
)
_NAMED = st.sampled_from(["x", "y", "file", "../x", "/etc/x", "x\n", "<b>", ""]) | TEXTS.filter(
    lambda text: "\0" not in text and "\ud800" not in text
)
_LABELLED = st.sampled_from(
    [
        np.arange(55) % 3,
        np.array(["a", "<b>x</b>", "\x00b", "é" * 90])[np.arange(55) % 4],
        np.array([b"a", b"\xff"])[np.arange(55) % 2],
        np.arange(55),
        np.arange(54),
        np.arange(55) / 7,
    ]
)
_NPZS = st.builds(lambda x, y: npz(x=x, y=y), _ARRAYS, _LABELLED) | st.dictionaries(
    _NAMED.map(lambda name: f"{name}.npy"), _NPYS | damaged(_NPYS), min_size=1, max_size=2
).map(lambda files: raw_zip([{"name": name, "content": content} for name, content in files.items()]))

# ZIPs -----------------------------------------------------------------------------------------------------------------

_PNGS = [png(image) for image in drawings(60)]
_SOUND = zipped({f"{'ab'[i % 2]}/{i}.png": content for i, content in enumerate(_PNGS)})
_PARTS = [{"name": f"{'ab'[i % 2]}/{i}.png", "content": content} for i, content in enumerate(_PNGS[:52])]
_INNER = st.sampled_from([_PNGS[55], _IDX, _SOUND, b"", bytes(3_000_000), _BOMB[:2000]]) | st.binary(max_size=60)
_ENTRIES = st.fixed_dictionaries(
    {
        "name": TEXTS.map(lambda text: text.encode("utf-8", "replace").decode())
        | st.sampled_from(
            [
                "a/x.png",
                "../x.png",
                "/x.png",
                "a\\x.png",
                "C:x.png",
                "x.idx",
                "x.png\0.exe",
                "__MACOSX/a.png",
                "<b>/x.png",
                "\u202e/x.png",
                "a/" * 300 + "x.png",
                "x.zip",
                "x.npy",
            ]
        ),
        "content": _INNER,
    },
    optional={
        "size": st.sampled_from([0, 10, 2**31, 2**40]),
        "crc": st.just(7),
        "flags": st.sampled_from([1, 0x40, 8, 0x800]),
        "method": st.sampled_from([8, 9, 12, 14, 93, 99]),
        "mode": st.sampled_from([0, 0o120777, 0o40755, 0o20666]),
        "packed": st.just(zlib.compress(bytes(9_000_000), 9)[2:-4]) | st.binary(max_size=20),
    },
)
_ZIPS = (
    damaged(st.just(_SOUND))
    | st.lists(_ENTRIES, min_size=1, max_size=3).map(lambda more: raw_zip([*_PARTS, *more]))
    | st.lists(_ENTRIES, min_size=1, max_size=3).map(raw_zip)
    | st.just(zipped({f"{i}.png": bytes(5 * 2**20) for i in range(8)}))
    | st.just(zipped({f"{i}.png": b"" for i in range(6000)}, zipfile.ZIP_STORED))
)

BORDERS = [
    Border(
        "CSV",
        damaged(_TABLES) | _TABLES | st.binary(max_size=200),
        table,
        examples=(b"x,y\n1,2\n3,4\n", b'\xff\xfe"\0', b"\xe2\x80\x8b,\xe2\x80\x8b\n1,2"),
    ),
    Border(
        "pictures",
        damaged(_PICTURES) | _PICTURES | st.binary(max_size=200),
        picture,
        examples=(_made("L", "PNG"),),
    ),
    Border("masks", damaged(_MASKS) | _MASKS | st.binary(max_size=200), mask, examples=(png(_MASK),)),
    Border(
        "IDX",
        st.tuples(_IDX_NAMES, _IDXS | _ZIPPED_IDXS | st.just(_BOMB) | st.binary(max_size=99)),
        images,
        examples=(("x-idx3-ubyte", _IDX),),
    ),
    Border(
        "folders of IDX",
        st.tuples(
            st.sampled_from(["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz"]),
            _IDXS | _ZIPPED_IDXS | st.sampled_from([b"", idx(np.zeros((0, 28, 28))), idx(np.zeros(20))]),
        ),
        folder,
        "home/idx/.*",
        examples=(("t10k-labels-idx1-ubyte", idx(np.arange(20) % 10)),),
    ),
    Border(
        "NPZ",
        st.tuples(st.just("mine.npz"), _NPZS | damaged(_NPZS)),
        images,
        examples=(("mine.npz", npz(x=drawings(55))),),
    ),
    Border(
        "ZIP",
        st.tuples(TEXTS | st.just("mine.zip"), _ZIPS),
        images,
        examples=(
            ("mine.zip", _SOUND),
            ("mine.zip", raw_zip([*_PARTS, {"name": ""}])),
        ),
    ),
]
