"""The README and docs/: what they promise runs, their tables are those of the files, and their links lead somewhere."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from genlib.cli import _parser
from tests.bench.figures import Row
from tests.tables import TABLES, TEXTS, filled

pytestmark = pytest.mark.fast
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands():
    """Each line that calls genlib, without what stands around the command."""
    for path in TEXTS:
        for block in blocks(path.read_text("utf-8"), "bash"):
            for line in re.split(r"\n| && ", block):
                words = shlex.split(line, comments=True)
                places = [i for i, word in enumerate(words) if word.endswith("genlib") and "=" not in word]
                if places and words[places[0] - 1] != "-m":
                    yield " ".join(words[places[0] + 1 :])


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_the_tables_are_those_of_the_files(path):
    text = path.read_text("utf-8")
    assert filled(text) == text, "python -m tests.tables writes them anew"


def test_every_table_stands_somewhere():
    text = "".join(path.read_text("utf-8") for path in TEXTS)
    assert set(re.findall(r"<!-- table (\w+) -->", text)) == set(TABLES)
    assert text.count("<!-- table ") == text.count("<!-- end -->")


def test_a_figure_is_held_to_its_target():
    assert [Row("", 2, 1, 3, target=target).good for target in ("<= 2", "<= 1.9", ">= 2", ">= 3", "")] == [
        *(True, False, True, False, None)
    ]


def test_the_library_in_ten_lines_does_what_it_says(capsys):
    (block,) = blocks(README, "python")
    assert len([line for line in block.splitlines() if line and not line.startswith(("from ", "import "))]) <= 10
    shorter = block.replace("epochs=5", "epochs=1, batch_size=4096, device='cpu'")
    assert shorter != block
    names = {}
    exec(compile(shorter, "README.md", "exec"), names)
    assert names["run"].step == 55_000 // 4096
    assert (names["samples"].shape, names["samples"].dtype) == ((64, 28, 28), np.uint8)
    told = capsys.readouterr().out.splitlines()
    assert any("validation" in line and "kl" in line for line in told)


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_every_command_is_one(command):
    assert callable(_parser().parse_args(shlex.split(command)).command)


def test_there_are_commands_to_try():
    assert len(set(commands())) >= 9


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    text = path.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href|srcset)="([^"]+)"', text)
    for link in links:
        place, _, part = link.partition("#")
        if not link.startswith("http"):
            found = (path.parent / place).resolve() if place else path
            assert found.exists(), link
            assert not part or part in anchors(found.read_text("utf-8")), link


def anchors(text):
    """As GitHub makes them from headings."""
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_picture_is_shown_and_none_is_large():
    for picture in (ROOT / "assets" / "pictures").iterdir():
        assert f"assets/pictures/{picture.name}" in README, picture.name
        assert picture.stat().st_size <= 3_000_000, picture.name
