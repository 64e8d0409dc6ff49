"""What is typed, or stands in an address: knobs, codes, points, names, changes, wishes, and words of a page."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from genlib import settings as declared
from genlib.changes import Change
from genlib.data.images import load_images
from genlib.data.own.csv import keep_table, remove_table, table_of
from genlib.knobs import Config, InputError, shown
from genlib.library import bundled, find_model
from genlib.runs import RunFolder, find, home
from genlib.runs.limits import Limits
from genlib.runs.naming import checked_name
from genlib.settings import RunSettings
from pages.ui import owner
from pages.ui.flipbook import MOST_ADDED, points_from_text, points_text
from pages.ui.models import MOST_CODES, codes_from_text
from pages.ui.opened import opened
from pages.ui.studio import code_from_text, code_text
from pages.ui.words import plain, unlinked
from tests.borders import Border, check_sentence
from tests.borders.junk import JSONS, NUMBERS, TEXTS, altered
from tests.brought import KEY

CONFIGS = [
    Limits,
    *(each for each in vars(declared).values() if isinstance(each, type) and issubclass(each, Config) and each.knobs()),
]
KNOBS = sorted({knob.name for config in CONFIGS for knob in config.knobs()} | {"family", "data"})
_VALUES = (
    TEXTS
    | NUMBERS.map(lambda value: repr(value)[:5000])
    | st.sampled_from(sorted({choice for config in CONFIGS for knob in config.knobs() for choice in knob.choices}))
)


def knobs(asked: dict[str, str]) -> bool:
    """Every configuration from one address: what is taken is in range, and is read back as it is written."""
    refused = 0
    for config in (*CONFIGS, RunSettings):
        try:
            made = config.from_text(asked)
        except InputError as error:
            check_sentence(str(error))
            refused += 1
            continue
        for part in (made.model, made.train) if isinstance(made, RunSettings) else (made,):
            assert type(part).from_json(part.to_json()) == part
            assert type(part).from_text(part.to_text()) == part
            numbers = [value for value in part.to_json().values() if isinstance(value, float)]
            assert all(map(math.isfinite, numbers))
    return not refused


def settings(values: object) -> None:
    made = RunSettings.from_json(values)
    assert RunSettings.from_json(made.to_json()) == made


def codes(asked: tuple[str, int]) -> None:
    text, size = asked
    try:
        z = code_from_text(text, size)
        assert len(z) == size
        assert np.abs(z).max() <= 1e4
        assert np.allclose(code_from_text(code_text(z), size), z, atol=1e-3)
    finally:
        found = codes_from_text(text, size)
        assert found.dtype == np.float32
        assert found.shape[1:] == (size,)
        assert 1 <= len(found) <= MOST_CODES
        assert np.isfinite(found).all()


def points(text: str) -> None:
    found = points_from_text(text)
    assert len(found) <= MOST_ADDED
    assert all(abs(value) <= 1e9 for point in found for value in point)
    assert len(points_from_text(points_text(found))) == len(found)


def names_of_runs(name: str) -> bool:
    """No name opens anything but a run that is there by this name."""
    taken = False
    for look in (find, find_model, opened, load_images):
        try:
            look(name)
        except InputError as error:
            check_sentence(str(error))
        else:
            taken = True
            assert name in ("mnist", *(run.id for run in bundled()))
    return taken


def names(name: str) -> None:
    """What a visitor calls a run, which is kept and shown."""
    run = RunFolder.create({}, KEY)
    try:
        run.rename(name, KEY)
        assert run.name == checked_name(name) == " ".join(name.split())
        assert run.name.isprintable()
        assert len(run.name) <= 60
    finally:
        _remove(run)


def _remove(run: RunFolder) -> None:
    run.write_status(type(run.status)("stopped"))
    run.delete(KEY)


def files(name: str) -> None:
    """What a visitor's file is called: it is told, and names nothing on the disk."""
    try:
        kept = keep_table(b"1,2\n3,4\n", name, KEY)
        assert table_of(kept.id, KEY)
        assert kept.name.isprintable()
        assert len(kept.name) <= 60
        remove_table(kept.id, KEY)
    finally:
        assert not list((home() / "tables").glob("*")), "nobody would ever remove it"


def devices(code: str) -> bool:
    """No code is known but those that were lent."""
    owner.take(code)
    raise AssertionError(code)


def changes(text: str) -> None:
    made = Change.parse(text)
    assert Change.parse(made.text) == made
    assert math.isfinite(made.value)


def wishes(asked: dict[str, object]) -> None:
    """What a page asks of a run; the numbers come from widgets."""
    run = RunFolder.create({}, KEY)
    try:
        run.steer(KEY, **asked)  # type: ignore[arg-type]
        assert run.wish.want in ("run", "pause", "stop")
        assert all(map(math.isfinite, run.wish.knobs.values()))
    finally:
        _remove(run)


def words(text: str) -> None:
    """What somebody wrote, as it stands in a sentence and in Markdown."""
    for told in (unlinked(shown(text)), unlinked(text), plain(text)):
        bare = _unescaped(told)
        assert not set(bare) & set("[]<`$"), told
        assert not any(link in bare.lower() for link in ("://", "www.")), told
    assert not set(_unescaped(plain(text))) & set("*_~#|:"), text


def _unescaped(markdown: str) -> str:
    """What is left of Markdown without its escaped characters."""
    kept, escaped = [], False
    for character in markdown:
        if not escaped and character != "\\":
            kept.append(character)
        escaped = character == "\\" and not escaped
    return "".join(kept)


def _list_of(separators: str) -> st.SearchStrategy[str]:
    numbers = st.floats(-2e4, 2e4, width=32).map(str) | st.sampled_from(["1e9", "-1e400", "nan", "", " 3 ", "1_0", "٣"])
    return st.lists(numbers | numbers | TEXTS.filter(lambda text: len(text) < 9), min_size=1, max_size=4).flatmap(
        lambda parts: st.lists(st.sampled_from(separators), min_size=4, max_size=4).map(
            lambda marks: "".join(part + mark for part, mark in zip(parts, marks, strict=False))[:-1]
        )
    )


_LIKE_AN_ID = st.text("0123456789abcdef/. \n\0", min_size=3, max_size=17) | st.builds(
    str.__add__, st.sampled_from(["", "../", "models/", " ", "%2f"]), st.sampled_from([run.id for run in bundled()])
)
_FAMILY = st.sampled_from(["ae", "vae", "gan", "mixture", "classifier", "masked"])
_SETTINGS = _FAMILY.map(lambda family: RunSettings.from_text({"family": family}).to_json())
_WISHES = st.fixed_dictionaries(
    {},
    optional={
        "want": TEXTS | st.sampled_from(["run", "pause", "stop"]),
        "until_step": st.none() | NUMBERS | TEXTS,
        "knobs": st.dictionaries(TEXTS, NUMBERS | TEXTS, max_size=3),
        "keep": st.booleans(),
    },
)
_RUNS = r"home/runs/[0-9a-f]{16}(/.*)?"

BORDERS = [
    Border(
        "knobs in an address",
        st.dictionaries(st.sampled_from(KNOBS), _VALUES, min_size=1, max_size=5),
        knobs,
        examples=({"seed": "3"},),
    ),
    Border("settings as JSON", altered(_SETTINGS) | JSONS, settings, examples=(RunSettings().to_json(),)),
    Border(
        "codes in an address",
        st.tuples(_list_of(",,,;") | TEXTS, st.integers(1, 4)),
        codes,
        examples=(("0.5,-1", 2),),
    ),
    Border("points in an address", _list_of(",;") | TEXTS, points, examples=("0.5,-1;2,3",)),
    Border("names of runs and data", _LIKE_AN_ID | TEXTS, names_of_runs, examples=("mnist",)),
    Border("names for runs", TEXTS, names, _RUNS, examples=("Pets",)),
    Border("names of files", TEXTS, files, r"home/tables/[0-9a-f]{16}(/.*)?", examples=("mine.csv", "\x01.csv")),
    Border("codes for a device", st.text("ABCDEFGH23456789- ", max_size=12) | TEXTS, devices),
    Border(
        "changes",
        st.builds(
            "{}:{}={}".format,
            NUMBERS.map(lambda value: repr(value)[:5000]) | TEXTS,
            st.sampled_from(["beta", "learning-rate"]) | TEXTS,
            TEXTS,
        ),
        changes,
        examples=("100:beta=2",),
    ),
    Border("wishes of a page", _WISHES, wishes, _RUNS, examples=({"want": "pause"},)),
    Border(
        "words on a page",
        TEXTS | st.text("\\[](){}<>`$*_:/.@w#|~ax", max_size=20),
        words,
        examples=("my best", "\\[x\\](//evil.example)", "http://evil.example", "www.evil.example", "a@evil.example"),
    ),
]
