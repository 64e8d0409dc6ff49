import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from genlib.runs import RunFolder, Status
from genlib.settings import RunSettings, TrainConfig, VAEConfig
from genlib.worker import LONG, QUICK, executor, forget
from pages.ui import notices
from pages.ui.server import begin, dispatcher

ROOT = Path(__file__).parents[2]
KEY = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def read_at_once(monkeypatch):
    """Whatever a page says was read before it runs again."""
    monkeypatch.setattr(notices, "_READ", 0)


@pytest.fixture
def app():
    """Opens a page of the app, as a visitor with these query parameters would."""

    def open_page(page: str, **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "pages" / "site.py"), default_timeout=60)
        test.run()
        for name, value in query.items():
            test.query_params[name] = value
        return test.switch_page(page).run()

    yield open_page
    # The next test has a home of its own, which is not this dispatcher's.
    begin.clear()
    dispatcher.clear()


@pytest.fixture
def worker():
    """Worker processes that know this test's home."""

    def end():
        for lane in (QUICK, LONG):
            old = executor(lane)
            forget(lane)
            old.shutdown(kill_workers=True)

    end()
    yield
    end()


@pytest.fixture
def run():
    """A run of ours that was stopped; nothing trains it."""
    made = RunFolder.create(RunSettings("vae", VAEConfig(latent_dim=7), TrainConfig(epochs=3)).to_json(), KEY)
    made.write_status(Status("stopped", step=40, epoch=40 / 429, seconds=2.0, progress=0.5))
    made.append_metrics(
        {"step": 10, "seconds": 1.0, "split": "train", "loss": 300.0, "reconstruction": 290.0, "kl": 10.0}
    )
    return made


def own(test: AppTest, key: str = KEY) -> AppTest:
    """The page as the browser of whoever has this key shows it, by default that of the owner."""
    test.session_state["owner"] = {"key": key}
    return test.run()


def told(test: AppTest) -> list[dict]:
    """What the training room was told of each run."""
    element = next(item for item in test.get("bidi_component") if "training_room" in item.proto.component_name)
    return json.loads(element.proto.json)["runs"]


def labels(test: AppTest) -> list[str]:
    """The buttons of the page itself, without those that every page has, and the place of a link."""
    shared = ("present_on", "lead_", "explore_")
    return [button.label for button in test.button if not (button.key or "").startswith(shared)]
