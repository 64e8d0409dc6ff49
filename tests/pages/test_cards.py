"""What every page shares: what to try, and the cards below, in one order, each at an address of its own."""

import pytest

from pages.ui.cards import COMMAND, PYTHON, SEE, WORKS

pytestmark = pytest.mark.fast

ORDER = [SEE, WORKS, PYTHON, COMMAND]
# The pages, and a few views of them; light settings, since only what stands around the pictures is looked at.
PAGES = [
    ("two_d/mixture.py", {"data_n": "100"}),
    ("two_d/lab.py", {}),
    ("two_d/bench.py", {"data_n": "100"}),
    ("two_d/bench.py", {"of": "images"}),
    ("images/own.py", {}),
    ("images/train.py", {}),
    ("images/train.py", {"family": "all"}),
    ("images/latent.py", {}),
    ("images/latent.py", {"view": "numbers"}),
    ("images/repair.py", {}),
    ("images/scores.py", {"n": "1000"}),
    ("images/beat.py", {}),
    ("images/portraits.py", {}),
    ("images/portraits.py", {"view": "tangle"}),
    ("images/labels.py", {"family": "mixture"}),
    ("images/compare.py", {}),
    ("images/runs.py", {}),
]


def tabs(test):
    return [tab.label for tab in test.tabs]


@pytest.mark.parametrize(("page", "query"), PAGES, ids=lambda value: str(value).replace("/", "_"))
def test_every_page_says_what_to_try_and_has_the_cards_in_their_order(app, page, query):
    test = app(page, **query)
    assert not test.exception
    tried = [text.value for text in test.markdown if "**Try this:**" in text.value]
    assert len(tried) >= 1
    assert "**Predict:**" in tried[0] or page == "images/runs.py"
    found = tabs(test)
    assert found[0] == SEE
    assert found[-2:] == [WORKS, PYTHON] or found[-3:] == [WORKS, PYTHON, COMMAND]
    assert [name for name in found if name in ORDER] == [name for name in ORDER if name in found]
    for name in found:
        if name not in ORDER:
            continue  # the page's own have tests of their own
        test.session_state["more"] = name
        test.run()
        assert not test.exception, name
        shown = found_in(test, name)
        assert len(shown) >= 1, name
        if name == PYTHON:
            for each in shown:
                compile(each.value, name, "exec")


def found_in(test, name):
    """What a card shows: text, or code."""
    tab = next(tab for tab in test.tabs if tab.label == name)
    return tab.code if name in (PYTHON, COMMAND) else tab.markdown


@pytest.mark.parametrize("name", [SEE, WORKS, PYTHON, COMMAND])
def test_an_address_opens_its_card(app, name):
    test = app("images/train.py", more=name)
    assert not test.exception
    assert test.session_state["more"] == name
    opened = {SEE: "in short", WORKS: "### VAE", PYTHON: "run = Run.new", COMMAND: "genlib train"}[name]
    assert any(opened in each.value for each in [*test.markdown, *test.code])
