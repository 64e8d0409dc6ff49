"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, so that no run of one is seen by another."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests, which mostly wait, come first."""
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))
