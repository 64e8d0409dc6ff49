"""A few dozen inputs over every border; ``python -m tests.load.borders`` tries a thousand over each."""

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.borders import meet
from tests.borders.table import BORDERS

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
EACH = 20
NEVER = "codes for a device"  # since none was lent
CASES = [
    # Whole pages take seconds each.
    pytest.param(border, id=border.name, marks=pytest.mark.slow if border.caches else pytest.mark.fast)
    for border in BORDERS
]


@pytest.mark.parametrize("border", CASES)
def test_what_comes_is_taken_or_refused_in_a_sentence(border, home, monkeypatch):
    home.mkdir(parents=True)
    monkeypatch.chdir(home.parent)

    taken = []

    @settings(max_examples=max(1, round(EACH * border.weight)), deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(border.inputs)
    def check(value):
        taken.append(meet(border, value))

    for value in border.examples:
        check = example(value)(check)
    check()
    assert any(taken) == (border.name != NEVER), "a border that refuses everything lets nothing amiss through, either"
