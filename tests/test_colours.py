"""The colours: told apart by all eyes, and seen on both grounds."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from genlib.colours import CLASSES, FAMILIES, PLAIN

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[1]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
GROUNDS = [THEME[scheme]["backgroundColor"] for scheme in ("light", "dark")]
# Machado, Oliveira & Fernandes (2009), table 1, severity 1: from linear RGB to what such eyes see of it.
EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def seen(colour, eyes):
    """In CIELAB, as such eyes see it."""
    values = np.clip(np.asarray(EYES[eyes]) @ linear(colour), 0, 1)
    return rgb2lab(np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055))


def contrast(one, other):
    """As WCAG 2.1 has it, from 1 to 21."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05 for colour in (one, other))
    return high / low


def below(found, least):
    return {what: round(value, 2) for what, value in found.items() if value < least}


def test_contrast_is_that_of_the_norm():
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize(
    ("colours", "least"), [(CLASSES, 7), (tuple(FAMILIES.values()), 14)], ids=["classes", "families"]
)
def test_all_eyes_tell_them_apart(colours, least, eyes):
    """A difference of 2.3 is just noticed by whoever compares two patches; marks are small, and far from each other."""
    pairs = combinations(colours, 2)
    assert below({pair: deltaE_ciede2000(*(seen(each, eyes) for each in pair)) for pair in pairs}, least) == {}


@pytest.mark.parametrize("ground", GROUNDS)
def test_marks_stand_out_from_the_ground(ground):
    assert below({colour: contrast(colour, ground) for colour in (*CLASSES, *FAMILIES.values(), PLAIN)}, 3) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_read_on_all_grounds(scheme):
    theme = THEME[scheme]
    names = ("backgroundColor", "secondaryBackgroundColor")
    grounds = {part[name] for part in (theme, theme["sidebar"]) for name in names}
    assert below({ground: contrast(theme["textColor"], ground) for ground in grounds}, 7) == {}
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) > 4.5


def test_the_palette_stands_in_one_place():
    pattern = re.compile("|".join({*CLASSES, PLAIN}), re.IGNORECASE)
    files = [path for folder in ("genlib", "pages") for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in files if path.suffix in (".py", ".js", ".css", ".html")]
    assert [path.name for path in texts if pattern.search(path.read_text("utf-8"))] == ["colours.py"]
