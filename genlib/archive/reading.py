"""The files in a ZIP from outside: names from a short list only, and never more bytes than allowed."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib

from genlib.knobs import InputError, shown

__all__ = ["read_archive"]

_MB = 1024**2
_PACKED, _UNPACKED, _ENTRIES = 50 * _MB, 200 * _MB, 400
_ALLOWED = {
    r"(manifest|run|status|build|name)\.json": _MB // 16,
    r"changes\.jsonl": _MB,
    r"metrics\.jsonl": 8 * _MB,
    r"frames/(constants|0|[1-9][0-9]{0,9})\.safetensors": _MB // 2,
    r"checkpoint/checkpoint\.json": 2 * _MB,
    r"checkpoint/tensors\.safetensors": 100 * _MB,
}
_PICKLES = re.compile(r".*\.(pkl|pickle|p|pt|pth|ckpt|bin|dill|joblib)", re.IGNORECASE | re.DOTALL)
# All that the standard library raises on a ZIP that is damaged, or of a kind that it cannot read.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_AGAIN = "upload the file as genlib gave it to you"


def read_archive(data: bytes) -> dict[str, bytes]:
    """The files in the ZIP of a run, by name; what is in them is not looked at.

    Raises:
        InputError: If it is no ZIP, no run, too large, damaged, or holds anything that no run has.
    """
    if len(data) > _PACKED:
        raise InputError(f"The file is too large: an archive of a run has at most {_PACKED // _MB} MB.")
    # Each entry of the table of contents begins so: counted before zipfile makes an object of every one.
    if data.count(b"PK\x01\x02") > _ENTRIES:
        raise InputError(f"The archive holds too many files: a run has at most {_ENTRIES}; {_AGAIN}.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_names(entries)
            return _read_all(archive, entries)
    except InputError:
        raise
    except _DAMAGED:
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise InputError(f"The file is no ZIP, or not the whole of one: {_AGAIN}.") from None
        raise InputError("The archive is damaged: download the run again and upload that.") from None


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    # The name as it was written: zipfile's own ends at a zero byte.
    names = [entry.orig_filename for entry in entries]
    for name in names:
        if _PICKLES.fullmatch(name):
            raise InputError(f"The archive holds {_short(name)}, and genlib never reads pickles: {_AGAIN}.")
    if "manifest.json" not in names:
        raise InputError(f"The ZIP holds no genlib run: {_AGAIN}.")
    for entry, name in zip(entries, names, strict=True):
        if name.startswith("/") or "\\" in name or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
            raise InputError(f"The archive holds a file that would lie outside the run, which is refused: {_AGAIN}.")
        if _limit(name) is None:
            raise InputError(f"The archive holds {_short(name)}, which no run has: {_AGAIN}.")
        if entry.flag_bits & 0x41:
            raise InputError("The archive is encrypted: upload it without a password.")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise InputError(f"The archive holds {_short(name)} as a link, not as a file: {_AGAIN}.")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"The archive holds {_short(name)} twice: {_AGAIN}.")


def _read_all(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = _UNPACKED
    for entry in entries:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile
        # What an entry says of its size may be a lie, so reading ends at the limit whatever it says.
        limit = min(_limit(entry.filename) or 0, left)
        content = io.BytesIO()
        if entry.file_size <= limit:
            with archive.open(entry) as file:
                while content.tell() <= limit and (part := file.read(_MB)):
                    content.write(part)
        if max(entry.file_size, content.tell()) > limit:
            raise InputError(f"The file {_short(entry.filename)} in the archive is larger than in any run: {_AGAIN}.")
        files[entry.filename] = content.getvalue()
        left -= content.tell()
    return files


def _limit(name: str) -> int | None:
    """Bytes that a file of this name may have; None if no run has one."""
    return next((limit for pattern, limit in _ALLOWED.items() if re.fullmatch(pattern, name)), None)


def _short(name: str) -> str:
    """The last part of a name, as it may stand in a sentence."""
    return shown(re.split(r"[/\\]", name.rstrip("/\\"))[-1])
