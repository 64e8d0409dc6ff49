from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.server import begin, dispatcher

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app():
    """Opens a page of the app, as a visitor with these query parameters would."""

    def open_page(page: str, **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        test.run()
        for name, value in query.items():
            test.query_params[name] = value
        return test.switch_page(page).run()

    yield open_page
    # The next test has a home of its own, which is not this dispatcher's.
    begin.clear()
    dispatcher.clear()
