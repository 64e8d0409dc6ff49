"""The test before a class."""

import json

import pytest

from genlib import check
from genlib.check import checks
from genlib.cli import main
from genlib.knobs import InputError
from genlib.runs.workers import Cluster

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


@pytest.mark.parametrize(
    ("cluster", "slots", "good", "told"),
    [
        (Cluster(3, 6, 0, ()), "4", True, "all share the folder of runs. 4 runs at once: if 30 people"),
        (
            Cluster(3, 6, 0, ()),
            "9",
            True,
            "6 runs at once: if 30 people start a minute each, the last waits 4 minutes.",
        ),
        (Cluster(0, 0, 0, ()), "", False, "0 workers, 0 runs at once, 0 with a graphics card: start some."),
        (Cluster(1, 1, 0, ("tcp://x:1",)), "", False, "do not write to the folder of runs here"),
    ],
)
def test_a_cluster_is_asked_once(monkeypatch, cluster, slots, good, told):
    asked = []
    monkeypatch.setenv("GENLIB_SCHEDULER", "tcp://10.0.0.1:8786")
    monkeypatch.setenv("GENLIB_SLOTS", slots)
    monkeypatch.setattr(check, "look", lambda address: asked.append(address) or cluster)
    monkeypatch.setattr(check, "_LOOKS", {"memory": check._memory, "queue": check._queue})
    found = list(checks())[-1]
    assert (found.good, asked) == (good, ["tcp://10.0.0.1:8786"])
    assert told in found.words


def test_the_wait_of_a_class(monkeypatch):
    monkeypatch.setenv("GENLIB_SLOTS", "4")
    good, words = check._queue()
    assert good
    assert words == "4 runs at once: if 30 people start a minute each, the last waits 7 minutes."
