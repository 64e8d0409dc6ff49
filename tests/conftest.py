"""What all tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test, so that no run of one is seen by another."""
    monkeypatch.setenv("GENLIB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Scheduling(LoadScopeScheduling):
    """Browser tests come first and follow each other in one process; all others run beside them."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if "/e2e/" in nodeid else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)
