"""A visitor's table: what is read, what is refused, and in which words."""

import csv
import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genlib.data.tables import MAX_BYTES, MAX_ROWS, Table, read_table, write_table
from genlib.knobs import InputError

pytestmark = pytest.mark.fast


def refused(data):
    """The sentence with which ``data`` is refused."""
    with pytest.raises(InputError) as caught:
        read_table(data)
    return str(caught.value)


def outcome(data):
    """The table, or the sentence of its refusal."""
    try:
        return read_table(data)
    except InputError as error:
        return str(error)


def is_one_sentence(text):
    quoted_away = re.sub(r"'.*'", "it", text, flags=re.DOTALL)  # a cell or a name may hold anything
    quoted_away = quoted_away.replace("1.5", "")
    quoted_away = re.sub(r"[0-9]\.[0-9]", "", quoted_away)
    return (
        text[0].isupper()
        and quoted_away.endswith(".")
        and quoted_away.count(".") == 1
        and not set("\n/\\") & set(quoted_away)
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_line_ends(separator, encoding, line_end):
    lines = [separator.join(row) for row in (("Größe", "x"), ("1.5", "-2e3"), ("3", "4"))]
    table = read_table(line_end.join(lines).encode(encoding))
    assert table.names == ("Größe", "x")
    assert table.values.tolist() == [[1.5, -2000.0], [3.0, 4.0]]


def test_big_endian_utf_16():
    assert read_table(b"\xfe\xff" + "a,b\n1,2".encode("utf-16-be")).values.tolist() == [[1, 2]]


numbers = st.floats(-1e9, 1e9)
names = st.text(st.characters(codec="latin-1", categories=["L", "Nd"]), min_size=1, max_size=10).map("x".__add__)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(2, 6).flatmap(
        lambda c: st.tuples(
            st.none() | st.lists(names, min_size=c, max_size=c, unique=True),
            st.lists(st.lists(numbers, min_size=c, max_size=c), min_size=1, max_size=12),
        )
    ),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), (" ", ".")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    st.booleans(),
)
def test_what_is_written_is_read_back_exactly(content, marks, encoding, quoted):
    header, rows = content
    separator, decimal = marks
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows(([header] if header else []) + [[repr(v).replace(".", decimal) for v in row] for row in rows])
    table = read_table(stream.getvalue().encode(encoding))
    assert table.names == (tuple(header) if header else tuple(f"column {i + 1}" for i in range(len(rows[0]))))
    assert np.array_equal(table.values, np.array(rows))


def test_columns_without_numbers_are_left_out_and_named():
    table = read_table(b"name,x,date,y,\nann,1,2024-01-31,2,\nbob,3,2024-02-01,4,\n")
    assert table.names == ("x", "y")
    assert table.left_out == ("name", "date", "column 5")
    assert table.values.tolist() == [[1, 2], [3, 4]]


def test_names_are_made_unlike():
    assert read_table(b"a,a,a 2,a,\n1,2,3,4,5").names == ("a", "a 2", "a 2 2", "a 3", "column 5")


def test_empty_rows_and_spaces_around_cells_do_not_count():
    table = read_table(b"\n  \n x , y \n\n 1 , 2 \n,\n3,4\n\n")
    assert table.names == ("x", "y")
    assert table.values.tolist() == [[1, 2], [3, 4]]


def test_a_separator_inside_a_name_does_not_decide():
    assert read_table(b"time; s,x\n1,2\n3,4\n").names == ("time; s", "x")
    assert read_table(b'"a,b";c\n1,5;2\n').values.tolist() == [[1.5, 2]]


REFUSALS = {
    "text in numbers": (b"a,b\n1,2\n3,x\n", ["Row 3", "'b'", "'x'"]),
    "text without header": (b"1,2\n3,x\n", ["Row 2", "'column 2'", "'x'"]),
    "row number after an empty row": (b"a,b\n\n1,2\n3,x\n", ["Row 4"]),
    "row number after a name on two lines": (b'a,"b\nc"\n1,2\n3,x\n', ["Row 4", "'b c'"]),
    "thousands": (b"a;b\n1;1.234,5\n2;3", ["Row 2", "'b'", "'1.234,5'"]),
    "underscore": (b"a,b\n1_000,2\n3,4", ["Row 2", "'1_000'"]),
    "decimal comma between spaces": (b"a b\n1,5 2\n3 4", ["Row 2", "'a'", "1.5"]),
    "not a number": (b"a,b\n1,2\n3,NaN\n", ["Row 3", "'b'", "'NaN'", "finite"]),
    "empty cell": (b"a,b\n1,2\n,4\n", ["Row 3", "'a'", "empty"]),
    "infinity": (b"a,b\n1,-inf\n3,4\n", ["Row 2", "'b'", "'-inf'", "finite"]),
    "overflow": (b"a,b\n1,1e999\n3,4\n", ["Row 2", "'b'", "finite"]),
    "huge": (b"a,b\n1,-1000000001\n3,4\n", ["Row 2", "'b'", "1,000,000,000"]),
    "first bad cell": (b"a,b\n1,\nx,4\n", ["Row 2", "'b'"]),
    "one column": (b"a\n1\n2\n", ["1 column ", "at least 2"]),
    "one numeric column": (b"a,b\n1,x\n2,y\n", ["1 column ", "at least 2"]),
    "no numeric column": (b"a,b\nx,y\n", ["0 columns", "at least 2"]),
    "nothing": (b"", ["no rows"]),
    "blank": (b" \n\t\n;;\n", ["no rows"]),
    "header only": (b"a,b\n", ["no rows below"]),
    "rows": (b"1,2\n" * (MAX_ROWS + 1), ["20,000 rows"]),
    "empty rows": (b"\n" * 10 * MAX_ROWS + b"1,2\n", ["20,000 rows"]),
    "columns": (b",".join([b"1"] * 101), ["101 columns", "100"]),
    "bytes": (b"1," * MAX_BYTES, ["20.0 MB", "10 MB"]),
    "NUL": (b"a,b\n1,\0002\n", ["plain text", "CSV"]),
    "image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["plain text", "CSV"]),
    "cut UTF-16": (b"\xff\xfea\0,", ["plain text", "CSV"]),
    "UTF-32": ("a,b\n1,2".encode("utf-32"), ["plain text", "CSV"]),
    "broken UTF-8 after a mark": (b"\xef\xbb\xbfa,b\n\xff,2", ["plain text", "CSV"]),
    "short row": (b"a,b\n1,2\n3\n", ["Row 3", "1 cell ", "has 2"]),
    "long row": (b"1;2\n3;4;5\n", ["Row 2", "3 cells", "has 2"]),
    "open quote": (b'a,b\n1,2\n3,"4\n5,6\n', ["Row 3", "quotation marks"]),
    "endless cell": (b"a,b\n1," + b"2" * 200_000, ["Row 2", "131,072 characters"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_each_refusal_says_what_and_where_in_one_sentence(case):
    data, parts = REFUSALS[case]
    sentence = refused(data)
    assert [part for part in parts if part not in sentence] == []
    assert is_one_sentence(sentence)
    assert len(sentence) < 200


def test_the_limits_themselves_are_allowed():
    assert len(read_table(b"1,2\n" * MAX_ROWS).values) == MAX_ROWS
    assert read_table(b",".join([b"1000000000"] * 100)).values.tolist() == [[1e9] * 100]


def test_an_open_quote_never_swallows_rows_silently():
    assert "quotation" in refused(b'1,2,"abc\n3,4,def\n')


@given(arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(2, 5)), elements=st.floats(-1e9, 1e9)))
def test_a_written_table_is_read_back_exactly(values):
    table = Table(tuple(f"name {i}" for i in range(values.shape[1])), values)
    again = read_table(write_table(table))
    assert again.names == table.names
    np.testing.assert_array_equal(again.values, values)


@pytest.mark.parametrize("gap", ["", "NA", "n/a", "NaN", "null", "None", "?", "-"])
def test_values_may_be_missing_where_that_is_asked_for(gap):
    data = f"a,b,c,d\n1,{gap},3,{gap}\n{gap},5,6,{gap}\n7,8,{gap},{gap}\n".encode()
    table = read_table(data, gaps=True)
    assert table.names == ("a", "b", "c")
    assert table.left_out == ("d",)
    expected = [[1, np.nan, 3], [np.nan, 5, 6], [7, 8, np.nan]]
    assert np.array_equal(table.values, expected, equal_nan=True)
    if gap.lower() != "nan":
        assert "column" in refused(data), "and nowhere else"


@pytest.mark.parametrize("cell", ["x", "1e99", "inf", "1_000"])
def test_what_is_no_number_is_no_gap(cell):
    with pytest.raises(InputError, match="Row 2, column 'b'"):
        read_table(f"a,b\n1,{cell}\n2,3\n".encode(), gaps=True)
