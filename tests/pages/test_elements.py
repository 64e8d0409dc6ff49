"""What comes back from the browser, and what goes there."""

import ast
import base64
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from genlib.gmm import EMStep, Mixture, fit_em
from genlib.knobs import InputError
from genlib.models.base import Model
from genlib.models.nets import Linear
from genlib.models.vae import VAE, gaussian_kl
from genlib.settings import MixtureConfig
from pages.ui.element import unheard
from pages.ui.explain import as_markdown, look_up
from pages.ui.flipbook import MOST_ADDED, added_points, mixture_panel, points_from_text, points_text
from pages.ui.owner import checked_key
from tests.borders.junk import JSONS

pytestmark = pytest.mark.fast


COORDINATES = st.floats(-1e9, 1e9).map(lambda value: float(f"{value:g}"))


@given(st.lists(st.tuples(COORDINATES, COORDINATES), max_size=MOST_ADDED))
def test_points_in_an_address_round_trip(points):
    assert points_from_text(points_text(points)) == points


def test_points_of_an_earlier_epoch_are_not_taken():
    assert added_points({"epoch": 1, "points": [[0, 0]]}, 2) is None


def test_too_many_points_are_refused():
    with pytest.raises(InputError, match="At most 200"):
        added_points({"epoch": 0, "points": [[0, 0]] * (MOST_ADDED + 1)}, 0)


@pytest.mark.parametrize("key", [None, 5, "", "g" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n", {"key": "0" * 32}])
def test_only_keys_of_our_own_make_are_taken(key):
    assert checked_key(key) is None


def test_a_key_of_our_own_make_is_taken():
    assert checked_key("0123456789abcdef" * 2) == "0123456789abcdef" * 2


def test_a_panel_carries_every_parameter_of_every_iteration():
    x = np.random.default_rng(0).normal(size=(200, 2))
    steps = list(fit_em(x, MixtureConfig(components=3)))
    panel = mixture_panel("title", steps)
    sent = np.frombuffer(base64.b64decode(panel["parameters"]), np.float32).reshape(len(steps), 3, 6)
    for step, rows in zip(steps, sent, strict=True):
        mixture = step.mixture
        np.testing.assert_allclose(rows[:, 0], mixture.weights, rtol=1e-6)
        np.testing.assert_allclose(rows[:, 1:3], mixture.means, rtol=1e-6)
        np.testing.assert_allclose(rows[:, 3], mixture.covariances[:, 0, 0], rtol=1e-6)
        np.testing.assert_allclose(rows[:, 4], mixture.covariances[:, 1, 0], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(rows[:, 5], mixture.covariances[:, 1, 1], rtol=1e-6)


@pytest.mark.parametrize("thing", [Mixture, fit_em, EMStep, VAE, gaussian_kl])
def test_a_docstring_keeps_all_its_words_as_markdown(thing):
    docstring = inspect.getdoc(thing)
    shown = as_markdown(docstring)
    kept = shown.replace("**", "").replace("`", "").replace("- ", "")
    for word in docstring.replace("- ", "").split():
        assert word.rstrip(":") in kept
    assert "Arguments:\n" not in shown


def test_a_formula_stands_on_one_line_and_a_name_without_its_role():
    shown = as_markdown("See :meth:`fit`.\n\n$$a +\n    b$$\n\nand $c$.")
    assert shown == "See `fit`.\n\n$$a + b$$\n\nand $c$."


THINGS = [Mixture, Mixture.sample, fit_em, EMStep, Model, Model.training_step, Model.metrics, VAE, gaussian_kl, Linear]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.__qualname__)
def test_what_is_read_is_what_runs(thing):
    docstring, source = look_up(f"{thing.__module__}:{thing.__qualname__}")
    assert docstring == inspect.getdoc(thing)
    assert source == inspect.getsource(thing)


@pytest.mark.parametrize(
    "reference",
    ["", "VAE", "genlib:VAE", "genlib.models:VAE", "genlib.models.vae", "genlib.models.vae:VAE.nothing", "os.path:join"]
    + ["genlib.nowhere:VAE", "genlib.models.vae:_LOWEST", "genlib.models.vae:VAE.", "genlib.models.vae:VAE.losses.q"],
)
def test_what_is_nowhere_is_not_found(reference):
    with pytest.raises(LookupError, match="There is no"):
        look_up(reference)


def test_every_name_that_a_page_explains_is_there():
    calls = [
        node
        for path in (Path(__file__).parents[2] / "pages").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("method")
    ]
    assert calls
    for argument in [argument for call in calls for argument in call.args if isinstance(argument, ast.Constant)]:
        assert look_up(argument.value)[0]


PAGE = '''
import sys
from streamlit.testing.v1 import AppTest

page = """from pages.ui.explain import method
method("genlib.models.vae:VAE", "genlib.models.base:Descent.training_step")"""
test = AppTest.from_string(page).run()
assert not test.exception, test.exception
assert "torch" not in sys.modules
print(test.markdown[0].value, test.markdown[1].value, test.code[0].value, test.code[1].value, sep="\\0")
'''


def test_a_network_is_explained_without_torch():
    done = subprocess.run(
        [sys.executable, "-c", PAGE], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    words, more, code, step = done.stdout.split("\0")
    assert words.startswith("### VAE\n\nA variational autoencoder with a Gaussian posterior.")
    assert "squared_error" in words
    assert more.startswith("### training_step\n\nUpdate the weights once")
    assert code == inspect.getsource(VAE).strip()
    assert step.startswith("def training_step(\n    self,")


def test_an_element_is_told_since_when_its_data_is_as_it_is():
    def page():
        import streamlit as st

        from pages.ui.element import element

        element("told", "share.js")(key="told", data={"text": st.text_input("text", key="text")})

    def since():
        return json.loads(test.get("bidi_component")[0].proto.json)["since"]

    test = AppTest.from_function(page).run()
    first = since()
    test.run()
    assert since() == first
    test.text_input(key="text").set_value("other").run()
    assert since() > first


def test_of_what_a_browser_tells_the_newest_of_each_kind_is_heard_once():
    told = {"layers": [5.0, "data"], "seat": [7, {"at": 1}]}
    news, last = unheard(told, 0.0)
    assert (news, last) == ({"layers": "data", "seat": {"at": 1}}, 7)
    assert unheard(told, last) == ({}, 7)
    assert unheard(told | {"layers": [8.5, "grid"]}, last) == ({"layers": "grid"}, 8.5)


@given(JSONS)
def test_junk_that_a_browser_tells_is_heard_as_nothing(told):
    news, last = unheard(told, 3.0)
    assert 3 <= last < 1e14
    assert set(news) <= set(told if isinstance(told, dict) else ())
