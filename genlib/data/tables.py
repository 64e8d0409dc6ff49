"""A visitor's table of numbers, read from the bytes of a CSV file.

What a spreadsheet writes is read as it is: any of the usual separators, decimal commas where they cannot be mistaken,
any of the usual encodings, with a row of names or without. What cannot be used is refused with one sentence that says
where it stands. The work is bounded by the size of the file, whatever is in it.
"""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from genlib.knobs import InputError

__all__ = ["MAX_BYTES", "MAX_COLUMNS", "MAX_ROWS", "Table", "read_table", "write_table"]

MAX_BYTES = 10 * 2**20
MAX_COLUMNS = 100
MAX_ROWS = 20_000
LARGEST = 1e9

_SEPARATORS = "\t;, "  # in the order of preference: whoever uses a rarer one means it
_NOTHING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}

Record = tuple[int, list[str]]  # row number as an editor shows it, and the cells of that row


@dataclass(frozen=True, eq=False)
class Table:
    """The numeric columns of a table.

    Attributes:
        names: Name of each column, no two alike; "column 1" and so on where the file has none.
        values: Finite numbers, shape (N, C) with C >= 2; NaN where one is missing, if the file was read so.
        left_out: Names of the columns without any number.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    left_out: tuple[str, ...] = ()


def read_table(data: bytes, gaps: bool = False) -> Table:
    """Read a table from the bytes of a CSV file.

    Columns are separated by commas, semicolons, tabs or spaces. Between semicolons or tabs a decimal comma is
    understood as well as a point. The encoding is UTF-8, UTF-16 with a byte order mark, or else Latin-1. The first row
    gives the names if it holds no number. Empty rows are skipped, columns without any number are left out.

    Arguments:
        data: The file.
        gaps: Whether values may be missing: then an empty cell, or one with NA, NaN, null, none, ? or -, is NaN.

    Raises:
        InputError: If fewer than two columns of numbers can be read, a cell of them is no finite number up to a
            billion in size, or the file is too large.
    """
    text = _decode(data)
    separator = _separator(text)
    records = _records(text, separator)
    first = next(records, None)
    if first is None:
        raise InputError("The file has no rows: give it at least one row of two numbers.")
    if len(first[1]) > MAX_COLUMNS:
        raise InputError(
            f"The table has {len(first[1]):,} columns where {MAX_COLUMNS} are allowed: remove those you do not need."
        )
    decimal_comma = separator in "\t;"
    names = [f"column {i}" for i in range(1, len(first[1]) + 1)]
    if any(_number(cell, decimal_comma) is not None for cell in first[1]):
        return _numeric_columns(names, chain([first], records), decimal_comma, gaps)
    names = _unlike([_readable(cell, 40) or name for cell, name in zip(first[1], names, strict=True)])
    first = next(records, None)
    if first is None:
        raise InputError("The file has names but no rows below them: add at least one row of two numbers.")
    return _numeric_columns(names, chain([first], records), decimal_comma, gaps)


def write_table(table: Table) -> bytes:
    """A table as the bytes of a CSV file, exactly: :func:`read_table` gives the same numbers back."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(table.names)
    rows.writerows(table.values.tolist())
    return text.getvalue().encode()


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise InputError(
            f"The file is {len(data) / 2**20:.1f} MB large where {MAX_BYTES // 2**20} MB are allowed: "
            "keep fewer rows or columns."
        )
    mark, encoding = next(((m, e) for m, e in _BYTE_ORDER_MARKS.items() if data.startswith(m)), (b"", ""))
    try:
        # Every byte is a Latin-1 character, so without a mark something always comes back.
        text = data.removeprefix(mark).decode(encoding or "utf-8")
    except UnicodeDecodeError:
        text = "\0" if mark else data.decode("latin-1")
    if _CONTROL.search(text):
        raise InputError("The file is not a table in plain text: save it as CSV with UTF-8 encoding.")
    if text.count("\n") + text.count("\r") > 10 * MAX_ROWS:  # empty rows cost time too
        raise InputError(f"The file has far more than {MAX_ROWS:,} rows: keep a random part and no empty rows.")
    return text


def _separator(text: str) -> str:
    """The separator under which most of the first rows are as wide as the very first one."""

    beginning = text.lstrip().partition("\n")[0]

    def agreement(separator: str) -> tuple[int, bool]:
        widths = []
        with suppress(InputError):  # raised again, and then for good, if this is the separator
            for _, cells in islice(_records(text, separator), 20):
                widths.append(len(cells))
        return (widths.count(widths[0]) if widths and widths[0] > 1 else 0), separator in beginning

    return max(_SEPARATORS, key=agreement)  # the first of equals


def _records(text: str, separator: str) -> Iterator[Record]:
    """The rows that are not empty. Text in quotation marks may hold separators and line ends."""
    lines: Iterator[str] = io.StringIO(text, newline=None)  # all three kinds of line end
    if separator == " ":
        lines = (line.strip() + "\n" for line in lines)
    # strict: otherwise a quotation mark that is never closed would silently swallow the rows below it.
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        row = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            raise InputError(
                f"Row {row} cannot be split into cells: a cell may hold at most {csv.field_size_limit():,} characters "
                "and quotation marks must come in pairs, so correct that row."
            ) from None
        if any(cells):
            yield row, cells


def _number(cell: str, decimal_comma: bool) -> float | None:
    """The number in a cell, or None if it holds none."""
    if "_" in cell:  # float() would read 1_000
        return None
    if decimal_comma and "." not in cell:
        cell = cell.replace(",", ".")
    try:
        return float(cell)
    except ValueError:
        return None


def _unlike(names: list[str]) -> list[str]:
    """The names, counted where several are alike: "x", "x 2", "x 3"."""
    unlike: list[str] = []
    for name in names:
        candidate, count = name, 1
        while candidate in unlike:
            count += 1
            candidate = f"{name} {count}"
        unlike.append(candidate)
    return unlike


def _numeric_columns(names: list[str], records: Iterator[Record], decimal_comma: bool, gaps: bool) -> Table:
    values = array("d")  # compact: two million numbers in a list would take 64 MB
    numeric = [False] * len(names)
    problems: dict[int, tuple[int, str]] = {}  # by column: row and text of the first cell that is no usable number
    for count, (row, cells) in enumerate(records, start=1):
        if count > MAX_ROWS:
            raise InputError(f"The table has more than {MAX_ROWS:,} rows: keep a random part of them.")
        if len(cells) != len(names):
            raise InputError(
                f"Row {row} has {_counted(len(cells), 'cell')} where the first row has {len(names)}: "
                "give each row the same number of cells."
            )
        for column, cell in enumerate(cells):
            if gaps and cell.lower() in _NOTHING:
                values.append(math.nan)
                continue
            number = _number(cell, decimal_comma)
            numeric[column] |= number is not None
            if number is None or not abs(number) <= LARGEST:  # the comparison is also false for NaN
                problems.setdefault(column, (row, cell))
            values.append(math.nan if number is None else number)
    kept = [column for column, any_number in enumerate(numeric) if any_number]
    if len(kept) < 2:
        raise InputError(
            f"The table has {_counted(len(kept), 'column')} of numbers and needs at least 2: "
            "add numbers, and separate the columns by commas, semicolons, tabs or spaces."
        )
    # The first bad cell in reading order. A column without any number is left out, so nothing in it is bad.
    for (row, cell), column in sorted((problems[column], column) for column in kept if column in problems)[:1]:
        raise _refusal(row, names[column], cell, decimal_comma)
    left_out = tuple(name for name, any_number in zip(names, numeric, strict=True) if not any_number)
    return Table(tuple(names[c] for c in kept), np.array(values).reshape(-1, len(names))[:, kept], left_out)


def _refusal(row: int, name: str, cell: str, decimal_comma: bool) -> InputError:
    where = f"Row {row}, column '{name}'"
    number = _number(cell, decimal_comma)
    if not cell:
        return InputError(
            f"{where} is empty: a column of numbers needs one in every row, so fill it in or remove the row."
        )
    if number is None:
        return InputError(
            f"{where} holds '{_readable(cell, 20)}' where the column holds numbers: "
            "write a plain number such as 1.5 there, or remove the row."
        )
    if not math.isfinite(number):
        return InputError(
            f"{where} holds '{_readable(cell, 20)}', which is no finite number: write one there, or remove the row."
        )
    return InputError(
        f"{where} holds '{_readable(cell, 20)}' where at most {LARGEST:,.0f} in size is allowed: "
        "give the column in a larger unit."
    )


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _readable(text: str, length: int) -> str:
    text = "".join(character if character.isprintable() else " " for character in text).strip()
    return text if len(text) <= length else text[: length - 3] + "..."
