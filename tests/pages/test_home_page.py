"""Home without a browser."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genlib.device import processor
from genlib.facts import LABELS, READ, STORY, TASKS, formula_html
from genlib.film import Film
from genlib.library import find_model
from genlib.reading import read_images
from genlib.studio import decode

pytestmark = pytest.mark.fast


def sent(test, name):
    """What an element was told."""
    return next(json.loads(item.proto.json) for item in test.get("bidi_component") if name in item.proto.component_name)


def test_home_begins_with_true_digits_of_all_families(app):
    test = app("start/home.py")
    assert not test.exception
    families = sent(test, "hero")["families"]
    assert [each["name"] for each in families] == [fact.model for fact in STORY.values()]
    asked = sent(test, "demand")["model"]
    for told in [*families, asked]:
        still = np.frombuffer(base64.b64decode(told["first"]), np.uint8).reshape(28, 28)
        labels = None if told["label"] is None else np.array([told["label"]])
        made = decode(find_model(told["name"]).path, np.array(told["stops"][:1]), labels)[0]
        assert np.abs(still.astype(int) - made).max() <= 1
        assert still.max() > 128


def test_home_tells_the_families_the_tasks_and_the_device(app):
    test = app("start/home.py")
    text = " ".join(item.proto.body for item in test.get("html"))
    for fact in STORY.values():
        assert formula_html(fact.formula) in text
        assert fact.bad in text
    for task in TASKS:
        assert task.says in text
        assert formula_html(task.formula) in text
    assert any(LABELS in item.value for item in test.markdown)
    assert len(test.caption) == 1
    assert re.search(r"\d+ cores?|GiB|graphics", test.caption[0].value)


def test_the_classifier_reads_what_home_says_that_it_reads():
    shown = Film(find_model(STORY["vae"].model).path / "frames").constants()["originals"]
    assert tuple(digit for digit, _ in read_images(shown[: len(READ)])) == READ


def test_doors_lead_to_pages_of_the_app(app):
    doors = [item.proto for item in app("start/home.py").get("page_link")]
    assert [door.label.split("**")[1] for door in doors[:3]] == ["Show me in five minutes", "Teach a class", "Play"]
    assert doors[2].page == "train"
    assert doors[-1].page == "labels"
    assert all(door.page for door in doors)


def test_the_processor_is_told_without_torch():
    code = "import sys; from genlib.device import processor; print(processor().words, 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{processor().words} False"
