"""Sentences that are told once, and long enough to be read."""

import pytest

from pages.ui import notices
from tests.pages.conftest import own

pytestmark = pytest.mark.fast


def test_a_sentence_outlives_the_runs_that_nobody_asked_for(app, monkeypatch):
    monkeypatch.setattr(notices, "_READ", 60)
    test = own(app("images/latent.py", digit="x"))
    told = [each.value for each in test.run().warning]
    assert len(told) == 1
    assert "digit" in told[0]
    assert [each.value for each in test.run().warning] == told, "an element reports, and the page runs again"
    monkeypatch.setattr(notices, "_READ", 0)
    assert not test.run().warning, "it was read"
