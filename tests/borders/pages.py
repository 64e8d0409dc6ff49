"""Whole pages under addresses that somebody made up."""

from __future__ import annotations

from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from genlib.library import bundled
from pages.ui.server import begin, dispatcher
from tests.borders import ROOT, Border, check_private
from tests.borders.asked import KNOBS
from tests.borders.junk import TEXTS

_PAGES = [
    "two_d/mixture",
    "two_d/lab",
    "two_d/bench",
    "images/train",
    "images/latent",
    "images/repair",
    "images/scores",
    "images/beat",
    "images/portraits",
    "images/labels",
    "images/runs",
    "images/compare",
    "images/own",
]
_OTHERS = [
    "model",
    "z",
    "view",
    "digit",
    "runs",
    "run",
    "n",
    "features",
    "points",
    "table",
    "of",
    "a",
    "b",
    "image",
    "models",
    "closer",
    "a_person",
    "a_shot",
    "data_dataset",
    "data_n",
    "data_seed",
    "data_noise",
    "at",
    "axes",
    "axis",
    "bare",
    "drawn",
    "hide",
    "moved",
    "painted",
    "play",
    "sheet",
    "slow",
    "told",
    "way",
    "wipe",
    "lang",
    "x",
]
_VALUES = TEXTS | st.sampled_from(
    [
        *(run.id for run in bundled()),
        "0" * 16,
        "1,2;3,4",
        "nan,1",
        "0,0",
        "-1",
        "3",
        "1e3",
        "10000",
        "all",
        "vae-2d,ae-2d,gan",
        "centre",
        "noise",
        "mnist",
        "Explore",
        "vae-2d," * 99,
    ]
)


def page(asked: tuple[str, dict[str, str]]) -> bool:
    """A page is drawn whatever its address says, and what it cannot use is told in sentences."""
    name, query = asked
    try:
        test = AppTest.from_file(str(ROOT / "pages" / "site.py"), default_timeout=120).run()
        for key, value in query.items():
            test.query_params[key] = value.encode("utf-8", "replace").decode()
        test.switch_page(f"{name}.py").run()
        assert not test.exception, test.exception
        told = [each.value for each in (*test.warning, *test.error)]
    finally:
        begin.clear()
        dispatcher.clear()
    for text in told:
        assert text.endswith((".", "\\.")), text
        check_private(text)
    return not told


BORDERS = [
    Border(
        "addresses of pages",
        st.tuples(
            st.sampled_from(_PAGES),
            st.dictionaries(st.sampled_from([*_OTHERS, *_OTHERS, *KNOBS]), _VALUES, min_size=1, max_size=4),
        ),
        page,
        r"home/(data|runs|tables)/.*",
        weight=0.1,
        caches=True,
    ),
]
