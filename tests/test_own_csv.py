"""Tables that are kept for whoever brought them."""

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genlib.data.own import csv
from genlib.data.own.csv import MOST_TABLES, keep_table, list_tables, remove_table, table_of
from genlib.knobs import InputError
from tests.brought import KEY

pytestmark = pytest.mark.fast
OTHER = "f" * 32


def test_the_same_bytes_are_kept_once_and_for_each_owner(home):
    mine, theirs = keep_table(b"a,b\n1,2\n", "mine.csv", KEY), keep_table(b"a,b\n1,2\n", "theirs.csv", OTHER)
    assert mine.id == theirs.id
    assert [each.name for each in list_tables(KEY)] == ["mine.csv"]
    assert table_of(mine.id, KEY) == b"a,b\n1,2\n"
    assert KEY not in (home / "tables" / mine.id / "data.json").read_text()
    remove_table(mine.id, KEY)
    assert list_tables(KEY) == []
    with pytest.raises(InputError, match="not here"):
        table_of(mine.id, KEY)
    assert table_of(mine.id, OTHER)
    remove_table(mine.id, KEY)
    assert table_of(mine.id, OTHER), "who does not have it cannot remove it"
    remove_table(mine.id, OTHER)
    assert not list((home / "tables").iterdir())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_no_name_opens_what_is_not_ones_own(name):
    keep_table(b"x", "x", OTHER)
    assert list_tables(None) == []
    for key in (KEY, None):
        with pytest.raises(InputError, match="not here"):
            table_of(name, key)
        remove_table(name, key)
    assert list_tables(OTHER)


def test_bounds_of_a_visitor_and_of_all(monkeypatch):
    for i in range(MOST_TABLES):
        keep_table(bytes([i]), f"{i}.csv", KEY)
    with pytest.raises(InputError, match="no more are allowed"):
        keep_table(b"one more", "x.csv", KEY)
    keep_table(bytes([3]), "again.csv", KEY)
    monkeypatch.setattr(csv, "_MOST_BYTES", 25)
    with pytest.raises(InputError, match="All the room"):
        keep_table(b"too many bytes", "x.csv", OTHER)


def test_what_is_old_goes(home):
    old = keep_table(b"old", "old.csv", KEY)
    long_ago = time.time() - 31 * 86_400
    os.utime(home / "tables" / old.id / "data.json", (long_ago, long_ago))
    keep_table(b"new", "new.csv", KEY)
    assert [each.name for each in list_tables(KEY)] == ["new.csv"]


def test_altered_files_are_no_tables(home):
    kept = keep_table(b"x", "x.csv", KEY)
    told = home / "tables" / kept.id / "data.json"
    for content in ("", "[]", '{"owners": 3}', '{"owners": {"a": 3}}'):
        told.write_text(content)
        assert list_tables(KEY) == []
    (home / "tables" / "strange").mkdir()
    assert list_tables(KEY) == []


def test_a_table_that_a_full_disk_left_without_an_owner_goes_in_time(home):
    kept = keep_table(b"a,b\n1,2\n3,4\n", "first.csv", KEY)
    left = home / "tables" / ("0" * 16)
    left.mkdir()
    (left / "table.csv").write_bytes(b"a,b\n1,2\n")
    keep_table(b"a,b\n5,6\n", "second.csv", KEY)
    assert left.exists()  # it may be that of somebody who brings one just now
    os.utime(left, (0, 0))
    keep_table(b"a,b\n7,8\n", "third.csv", KEY)
    assert not left.exists()
    assert table_of(kept.id, KEY)
