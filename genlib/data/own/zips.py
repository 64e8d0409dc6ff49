"""The files in a ZIP from outside, of which each is bounded and none is written anywhere."""

from __future__ import annotations

import gzip
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

from genlib.data.digits import MAX_BYTES
from genlib.knobs import InputError

__all__ = ["MOST_FILES", "MOST_UNPACKED", "check_table", "is_array", "is_npz", "is_picture", "ungzipped", "unzipped"]

MOST_FILES = 5_000
MOST_UNPACKED = 200 * 2**20
_LARGEST_ARRAY = 60 * 2**20
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
_PACKED = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_ENTRY = b"PK\x01\x02"  # begins each entry of the table of contents
# All that the standard library raises on a ZIP that is damaged, or of a kind that it cannot read.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, IndexError, NotImplementedError, OSError, OverflowError,
    RuntimeError, ValueError,
)  # fmt: skip


def is_picture(name: str) -> bool:
    return name.lower().endswith(_PICTURES)


def is_array(name: str) -> bool:
    """Whether it is called as an IDX file is."""
    return bool(re.search(r"(ubyte|\.idx\d?)(\.gz)?$", name.lower()))


def check_table(data: bytes) -> None:
    """Refuse a ZIP that lists far too many files, before its list is read.

    Raises:
        InputError: If it does.
    """
    _check_count(data.count(_ENTRY) // 2)  # folders are entries, too


def is_npz(data: bytes) -> bool:
    """Whether all files in a ZIP are arrays of NumPy."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            return bool(names) and all(name.endswith(".npy") for name in names)
    except _DAMAGED:
        return False


def unzipped(data: bytes) -> Iterator[tuple[str, bytes | str]]:
    """Name and bytes of each file in a ZIP, or name and a sentence why it is left out.

    Folders and what systems hide in archives are passed over in silence. Nothing is unpacked beyond a bound, whatever
    the archive says of its sizes.

    Raises:
        InputError: If it is no ZIP, or holds too many files or too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED:
        raise InputError("The ZIP is damaged, or not whole: pack your images once more.") from None
    with archive:
        entries = [
            entry for entry in archive.infolist() if not entry.filename.endswith("/") and not _hidden(entry.filename)
        ]
        _check_count(len(entries))
        left = MOST_UNPACKED
        for entry in entries:
            found = _read(archive, entry, left)
            left -= len(found) if isinstance(found, bytes) else 0
            yield entry.filename, found


def ungzipped(data: bytes, left: int) -> bytes:
    """The bytes of a file that may be gzip-compressed, at most ``left``.

    Raises:
        InputError: If it is damaged or holds too much.
    """
    most, content = min(left, _LARGEST_ARRAY), data
    try:
        if data[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                content = file.read(most + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError):
        raise InputError("It is damaged, or not whole: pack it once more.") from None
    if len(content) > most:
        whole = f"{_LARGEST_ARRAY // 2**20} MB, or {MOST_UNPACKED // 2**20} MB with the files before it"
        raise InputError(f"It holds more than {whole}, once unpacked: give fewer images.")
    return content


def _check_count(count: int) -> None:
    if count > MOST_FILES:
        raise InputError(
            f"The ZIP holds more than {MOST_FILES:,} files: pack fewer, or give all images as one NPZ or IDX file."
        )


def _hidden(name: str) -> bool:
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1].lower() in ("thumbs.db", "desktop.ini")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes | str:
    """The bytes of a file, or why it is left out."""
    name = entry.orig_filename
    if name.startswith("/") or "\\" in name or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
        return "Its path leads out of the ZIP."
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "It is a link, not a file."
    if not is_picture(name) and not is_array(name):
        packed = name.lower().endswith(_PACKED)
        return "It is packed once more: unpack it first." if packed else "It is no PNG, JPEG or WebP."
    if entry.flag_bits & 0x41:
        return "It is encrypted: pack it without a password."
    limit = MAX_BYTES if is_picture(name) else _LARGEST_ARRAY
    try:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError
        with archive.open(entry) as file:
            content = file.read(limit + 1)  # what an entry says of its size may be a lie
    except _DAMAGED:
        return "It is damaged: pack it once more."
    if len(content) > left:
        raise InputError(
            f"The ZIP holds more than {MOST_UNPACKED // 2**20} MB once unpacked: make the pictures smaller or fewer."
        )
    return content if len(content) <= limit else f"It is larger than {limit // 2**20} MB once unpacked."
