"""The latent studio, as a visitor's clicks run it."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from genlib.data import assets
from genlib.data.digits import read_picture
from genlib.data.images import load_images
from genlib.device import set_threads
from genlib.latent import read_atlas
from pages.ui import cached
from pages.ui.models import codes_csv
from pages.ui.opened import opened
from pages.ui.studio import Code, checked_code, code_from_text, code_text, usable
from tests.pages.conftest import ROOT, own

pytestmark = pytest.mark.fast

PAGE = "images/latent.py"


def element(test, name):
    """What the page told an element."""
    found = next(item for item in test.get("bidi_component") if name in item.proto.component_name)
    return json.loads(found.proto.json)


def elements(test):
    return {item.proto.component_name for item in test.get("bidi_component")}


def warnings(test):
    return [each.value for each in test.warning]


def test_it_opens_on_a_model_that_came_with_genlib(app):
    test = app(PAGE)
    assert not test.exception
    assert element(test, "latent_studio")["model"]["name"] == "vae-2d"
    assert element(test, "latent_studio")["z"] is None, "the element chooses where to begin"
    assert not {"view", "model"} & set(test.query_params), "what is usual is not told"
    assert "classifier" not in test.selectbox(key="studio_model").options[0]


def test_a_link_opens_at_its_code(app):
    test = app(PAGE, model="gan-labels", z=",".join(["0.5"] * 32), digit="7")
    told = element(test, "latent_studio")
    assert (told["z"], told["label"]) == ([0.5] * 32, 7)
    assert not warnings(test)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"z": "1"}, "z has 1 number, this model's codes have 2"),
        ({"z": "1,2,3"}, "z has 3 numbers"),
        ({"z": "1,nan"}, "between -10,000 and 10,000"),
        ({"z": "1,1e9"}, "between -10,000 and 10,000"),
        ({"z": "a,b"}, "must be 2 numbers"),
        ({"model": "nothing"}, "There is no run nothing here"),
        ({"model": "classifier"}, "draws images"),
        ({"view": "<b>"}, "view cannot be"),
        ({"z": "1,2", "digit": "12"}, "digit cannot be"),
    ],
)
def test_a_wrong_link_gets_one_sentence_and_a_picture(app, query, words):
    test = app(PAGE, **query)
    assert not test.exception
    assert [words in each for each in warnings(test)] == [True], warnings(test)
    assert element(test, "latent_studio")


def test_a_model_whose_files_are_gone_is_not_offered(app, run):
    assert usable(opened(run.id)) is None, "it has saved nothing"
    test = own(app(PAGE))
    assert all(run.id[:6] not in option for option in test.selectbox(key="studio_model").options)
    test = app(PAGE, model=run.id)
    assert not test.exception
    assert "no saved model" in warnings(test)[0]


def test_a_test_digit_is_encoded_rebuilt_and_shown_on_the_map(app):
    test = app(PAGE, view="image")
    assert not test.exception
    told = element(test, "latent_studio")
    images = load_images()
    from genlib.studio import infer

    found = infer(assets() / "models" / "vae-2d", images.test[17])
    np.testing.assert_allclose(told["z"], found.z, rtol=1e-5)
    np.testing.assert_allclose(told["seen"]["spread"], found.spread, rtol=1e-5)
    assert f"Squared error {found.squared_error:.1f}" in test.caption[-1].value
    before = told["sent"]
    test.number_input(key="a").set_value(3).run()
    assert element(test, "latent_studio")["sent"] == before + 1
    again = element(test.run(), "latent_studio")
    assert again["sent"] == before + 1, "the studio is not pulled back while the visitor moves on"


def test_a_link_has_the_last_word_over_the_image(app):
    test = app(PAGE, view="image", z="0.25,0.5")
    assert element(test, "latent_studio")["z"] == [0.25, 0.5]
    next(button for button in test.button if button.label == "Go to its code").click().run()
    assert element(test, "latent_studio")["z"] != [0.25, 0.5]


def uploaded(test, content, name="digit.png", key="a"):
    """The page after a visitor gave it this file."""
    test.segmented_control(key=f"{key}_source").set_value("Upload").run()
    return test.file_uploader(key=f"{key}_file").set_value((name, content, "image/png")).run()


def photograph(i):
    """A test image, dark on light and five times as large, as the bytes of a PNG."""
    picture = 255 - load_images().test[i].repeat(5, 0).repeat(5, 1)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"junk", b"\x89PNG\r\n\x1a\n" + bytes(60), photograph(3)[:200]])
def test_a_file_that_is_no_picture_gets_one_sentence(app, content):
    test = uploaded(app(PAGE, view="image"), content)
    assert not test.exception
    assert ["no picture that can be read" in each for each in warnings(test)] == [True]
    assert element(test, "latent_studio"), "the studio stays"
    assert not any("Squared error" in each.value for each in test.caption)


def test_a_picture_is_encoded_and_stays_with_its_owner(app):
    test = uploaded(app(PAGE, view="image"), photograph(3))
    assert not test.exception
    assert not warnings(test)
    from genlib.studio import infer

    found = infer(assets() / "models" / "vae-2d", read_picture(photograph(3)))
    np.testing.assert_allclose(element(test, "latent_studio")["z"], found.z, rtol=1e-5)
    assert "The image stays with you" in test.caption[-1].value
    assert set(test.query_params) == {"view", "a_from", "z"}, "its code is in the address, and it is in none"
    test.segmented_control(key="a_source").set_value("Test image").run()
    assert "stays with you" not in test.caption[-1].value


def test_a_drawing_that_is_empty_is_waited_for(app):
    test = app(PAGE, view="image")
    test.segmented_control(key="a_source").set_value("Draw").run()
    assert not test.exception
    assert not warnings(test)
    assert "brush" in " ".join(elements(test))


def sought(name, image, label=None):
    """The code that a whole search finds."""
    from genlib.studio import seek

    found = seek(assets() / "models" / name, image, label)
    while not found.done:
        found = seek(assets() / "models" / name, image, label, search=found.search)
    return found


def test_a_gan_has_its_code_searched_for_once_it_is_asked_to(app):
    test = app(PAGE, view="image", model="gan")
    assert any("no encoder" in each.value for each in test.markdown)
    assert element(test, "latent_studio")["z"] is None
    test.button(key="seek_gan").click().run()
    assert not test.exception
    found = sought("gan", load_images().test[17])
    np.testing.assert_allclose(element(test, "latent_studio")["z"], found.z, rtol=1e-5)
    assert f"Squared error {found.squared_error:.1f}" in test.caption[-1].value
    again = app(PAGE, view="image", model="gan")
    assert "seek_gan" not in {button.key for button in again.button}, "it is kept for all"
    np.testing.assert_array_equal(element(again, "latent_studio")["z"], element(test, "latent_studio")["z"])


def test_a_conditional_gan_asks_for_the_digit_that_was_read(app):
    """Where the visitor leaves open which digit it is, the studio goes to the digit that the search was told."""
    content = photograph(4)
    test = uploaded(app(PAGE, view="image", model="gan-labels"), content)
    test.button(key="seek_gan-labels").click().run()
    assert not test.exception
    from genlib.evaluation import read_digits

    read = int(read_digits(read_picture(content)[None])[0][0])
    assert read == int(load_images().test_labels[4]) != 0
    assert element(test, "latent_studio")["label"] == read


def test_a_search_tells_how_far_it_is_and_is_kept():
    model, pixels = assets() / "models" / "gan-labels", load_images().test[5].tobytes()
    told = [int(load_images().test_labels[5])] * 2
    assert cached.sought(model, 7, pixels, told[0]) is None
    found = list(cached.seeking(model, 7, pixels, told[0]))
    assert [each.step for each in found] == [*range(0, 121, 20)]
    assert found[-1].squared_error < 0.8 * found[0].squared_error
    set_threads(1)  # as the worker has
    expected = sought("gan-labels", load_images().test[5], told[0])
    kept = cached.sought(model, 7, pixels, told[0])
    assert kept is not None
    for z in (found[-1].z, kept.z):
        np.testing.assert_array_equal(z, expected.z)
    np.testing.assert_array_equal(kept.reconstruction, expected.image)
    assert (kept.label, kept.squared_error, kept.spread.any()) == (told[0], expected.squared_error, False)
    others = [(8, pixels, told[0]), (7, bytes(784), told[0]), (7, pixels, 9 - told[0])]
    assert [cached.sought(model, *each) for each in others] == [None] * 3, "of another state, image or digit"


def test_a_search_that_is_left_keeps_nothing():
    model, pixels = assets() / "models" / "gan", load_images().test[6].tobytes()
    for found in cached.seeking(model, 7, pixels, None):
        if found.step == 20:
            break
    assert cached.sought(model, 7, pixels, None) is None


def test_codes_of_both_images_go_to_the_morph(app):
    test = app(PAGE, view="between")
    test.multiselect(key="models").set_value(["ae-2d", "vae-labels"]).run()
    assert not test.exception
    lanes = element(test, "morph")["lanes"]
    images = load_images()
    assert [lane["name"] for lane in lanes] == ["ae-2d", "vae-labels"]
    assert lanes[1]["digits"] == [int(images.test_labels[i]) for i in (17, 15)]
    assert elements(test) == {name for name in elements(test) if "latent_studio" not in name}
    test.segmented_control(key="turn").set_value("class").run()
    assert element(test, "morph")["what"] == "class"
    test.multiselect(key="models").set_value([]).run()
    assert any("Choose two images" in text.value for text in test.markdown)


def test_coordinates_and_what_to_take_away(app):
    test = app(PAGE, view="numbers", model="vae-20d")
    assert not test.exception
    assert element(test, "traversal")["model"]["name"] == "vae-20d"
    test.session_state["more"] = "Take away"
    test.run()
    assert not test.exception
    assert [button.proto.label for button in test.get("download_button")] == ["Data (CSV)", "Codes as CSV"]


def test_the_code_on_the_page_runs(app):
    test = app(PAGE, more="The same in Python", model="gan-labels", z=",".join(["0.5"] * 32), digit="7")
    found: dict = {}
    exec(test.code[0].value, found)
    assert found["image"].shape == (28, 28)
    from genlib.studio import decode

    drawn = decode(assets() / "models" / "gan-labels", np.full((1, 32), 0.5), np.array([7]))[0]
    np.testing.assert_array_equal((found["image"] * 255).round().detach().numpy(), drawn)


def test_codes_as_a_table():
    shown = opened("vae-2d")
    lines = codes_csv(shown).decode().splitlines()
    atlas = read_atlas(shown.run.path)
    table = np.loadtxt(lines, delimiter=",", skiprows=1)
    assert lines[0] == "digit,z1,z2"
    np.testing.assert_array_equal(table[:, 0], atlas.labels)
    np.testing.assert_allclose(table[:, 1:], atlas.codes, rtol=1e-3, atol=1e-4)


# --- The border -----------------------------------------------------------------------------------------------------


def model(name):
    found = usable(opened(name))
    assert found is not None
    return found


NUMBERS = st.floats(-1e4, 1e4).map(lambda x: round(x, 3))


@given(st.lists(NUMBERS, min_size=1, max_size=64))
def test_a_code_in_an_address_round_trips(z):
    assert code_from_text(code_text(z), len(z)) == pytest.approx(z, abs=1e-9)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "z", "label"]), inner),
    max_leaves=8,
)


@given(JUNK, JUNK, JUNK)
def test_junk_from_the_element_is_no_code(answer, z, label):
    vae = model("vae-2d")
    for each in (answer, {"model": "vae-2d", "z": z, "label": label, "sent": 1}):
        code = checked_code(each, vae, 1)
        assert code is None or (len(code.z) == 2 and all(abs(x) <= 1e4 for x in code.z) and code.label in range(10))
    said = {"model": "vae-2d", "z": [1, 2.5], "label": 3, "sent": 1}
    assert checked_code(said, vae, 1) == Code((1.0, 2.5), 3)
    assert checked_code(said, vae, 2) is None, "it was told before the studio was sent elsewhere"
    for number in (10**400, -(10**400), float("nan"), float("inf"), 1e5, True):
        assert checked_code({"model": "vae-2d", "z": [1, number], "label": 3, "sent": 1}, vae, 1) is None


PAGE_ALONE = """
import sys
from streamlit.testing.v1 import AppTest

test = AppTest.from_file("pages/site.py", default_timeout=60).run()
test = test.switch_page("images/latent.py").run()
assert not test.exception, test.exception
from pages.ui import models
from pages.ui.opened import opened

shown = opened("vae-2d")
assert models.decoder(shown) and models.atlas(shown) and models.tests(shown)
assert len(models.neighbours(shown, bytes(784))["labels"]) == models.MOST_NEIGHBOURS
assert not {"torch", "sklearn"} & set(sys.modules)
"""


def test_the_server_needs_no_torch_to_drag_a_latent():
    done = subprocess.run([sys.executable, "-c", PAGE_ALONE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
