"""The test before a class."""

import json

import pytest

from genlib import check
from genlib.check import checks
from genlib.cli import main
from genlib.knobs import InputError

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(check, "_SECONDS", 1)


def test_here_all_is_good(capsys, home):
    assert main(["info", "--check", "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert list(found) == ["data", "models", "shown", "disk", "memory", "training", "queue"]
    assert "55,000 images" in found["data"]["words"]
    assert "bundled models draw" in found["models"]["words"]
    assert not list(home.glob(".probe*"))


def test_what_is_missing_is_told_and_the_rest_is_looked_at(monkeypatch, capsys):
    def gone():
        raise InputError("It is gone: restore it.")

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(check, "_LOOKS", {"models": gone, "disk": full, "queue": check._queue})
    assert [each.good for each in checks()] == [False, False, True]
    assert main(["info", "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "BAD   models    It is gone: restore it."
    assert "No space left on device" in lines[1]
    assert lines[2].startswith("good")


def test_the_wait_of_a_class(monkeypatch):
    monkeypatch.setenv("GENLIB_SLOTS", "4")
    good, words = check._queue()
    assert good
    assert words == "4 runs at once: if 30 people start a minute each, the last waits 7 minutes."
