"""The views that lessons set, and the answers that they show: each address is one that its page understands."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from genlib.data import assets
from genlib.lessons import find_lesson, parse_lesson
from tests.test_bundled_lessons import says

PAGES = {
    "": "start/home.py",
    "mixture": "two_d/mixture.py",
    "lab": "two_d/lab.py",
    "bench": "two_d/bench.py",
    "train": "images/train.py",
    "latent": "images/latent.py",
    "repair": "images/repair.py",
    "scores": "images/scores.py",
    "beat": "images/beat.py",
    "portraits": "images/portraits.py",
    "labels": "images/labels.py",
    "compare": "images/compare.py",
}
# What an address may say besides knobs: see the pages. A page passes over any other name without a word.
NAMES = {
    "mixture": {"more"},
    "lab": {"run", "family"},
    "train": {"run"},
    "latent": {"view", "model", "z", "digit"},
    "repair": {"image", "closer"},
    "scores": {"n", "features", "model"},
    "beat": {"model"},
    "labels": {"family"},
    "compare": {"runs"},
}
EVERYWHERE = {"hide", "play"}
SLOW = ("/repair", "/labels", "/beat", "more=How+many")  # each takes as long as a test in a browser


def addresses() -> list[str]:
    """Each once, whether it plays by itself or not."""
    files = sorted((assets() / "lessons").glob("*.md"))  # whose home holds others tests only these
    steps = [step for file in files for step in parse_lesson(file.read_text("utf-8"), file.stem).steps]
    found = [address for step in steps for address in (step.view, step.check) if address]
    return list(dict.fromkeys(address.removesuffix("?play=true").removesuffix("&play=true") for address in found))


def marked(address: str) -> object:
    slow = any(part in address for part in SLOW)
    return pytest.param(address, marks=pytest.mark.e2e if slow else pytest.mark.fast, id=address)


def opens(app, address: str):
    """The page of an address, which must understand all that it says."""
    parts = urlsplit(address)
    page, query = parts.path.strip("/"), dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    test = app(PAGES[page], **query)
    assert not test.exception
    assert not [each.value for each in (*test.warning, *test.error)]
    known = test.session_state["presenting_known"] | NAMES.get(page, set()) | EVERYWHERE
    assert query.keys() <= known, f"{page} passes over {query.keys() - known}"
    told = {name: value if isinstance(value, str) else value[0] for name, value in test.query_params.items()}
    usual = {name for name in query if name not in told}  # a knob or a tab at its default goes from the address
    assert usual <= test.session_state["presenting_known"] | {"more"}
    assert query.get("more") in {None, *(tab.label for tab in test.tabs)}
    assert {name: told[name] for name in query.keys() - usual} == {name: query[name] for name in query.keys() - usual}
    return test


@pytest.mark.parametrize("address", list(map(marked, addresses())))
def test_each_is_understood(app, address):
    test = opens(app, address)
    if address.startswith("/repair?image=18&hole=right"):
        repairs = {row["Method"]: row for row in test.dataframe[0].value.to_dict("records")}
        decibels = {name: row["PSNR (dB)"] for name, row in repairs.items()}
        assert sorted(decibels, key=decibels.__getitem__)[-1] == "AE trained on holes"
        says("psnr", *(f"{decibels[name]:.1f}" for name in ("Pixel mean", "GAN, best code", "AE trained on holes")))
        says("psnr", f"{decibels['VAE, pseudo-Gibbs']:.1f}", f"{decibels['AE by projection']:.1f}")
        right = [name for name, row in repairs.items() if row["Reads"].startswith("3")]
        assert right == ["AE by projection"]
        if "gibbs" in address:
            assert any("has 13.3 dB on average" in each.value and "has 14.5 dB" in each.value for each in test.markdown)
    if address == "/labels?family=gan":
        obeyed, reads = (each.value for each in test.dataframe)
        says("labels", *(share.replace(".0", "") for share in obeyed["all"]))
        says("labels", *(text.split("±")[0].strip() for text in reads["Read right"][:2]))


@pytest.mark.fast
def test_what_a_page_passes_over_is_found(app):
    with pytest.raises(AssertionError, match="passes over"):
        opens(app, "/mixture?component=3")
    with pytest.raises(AssertionError):
        opens(app, "/mixture?more=How+many")
    with pytest.raises(AssertionError, match="In the address"):
        opens(app, "/scores?features=pcb")


@pytest.mark.fast
def test_lessons_use_the_pages_that_they_are_about():
    pages = {name: {step.page for step in find_lesson(name).steps} for name in ("em", "gan", "psnr", "scoreboard")}
    assert pages == {"em": {"mixture"}, "gan": {"lab"}, "psnr": {"repair", ""}, "scoreboard": {"scores"}}
