"""The portraits page without a browser."""

import base64
import re

import pytest

from genlib.portraits import HOLES, METHODS, hole, load_gallery, mend, photograph
from genlib.sampling import png

pytestmark = pytest.mark.fast
PAGE = "images/portraits.py"


def told(test):
    return [item.value for item in [*test.error, *test.warning]]


def pictures(test):
    return "".join(each.body for each in test.get("html"))


@pytest.mark.parametrize("view", ["explore", "between", "repair", "tangle", "good", "about"])
def test_every_view_opens(app, view):
    test = app(PAGE, view=view)
    assert not test.exception
    assert told(test) == []
    assert test.query_params.get("view", "explore") in (view, [view])


def test_an_address_is_checked(app):
    test = app(PAGE, view="nose", z="1,2,3")
    assert not test.exception
    first, second = told(test)
    assert first.startswith("In the address: view cannot be")
    assert "this model's codes have 40" in second
    assert "z" not in test.query_params


def test_the_table_is_that_of_the_gallery(app):
    models, copies = load_gallery().told["models"], load_gallery().told["copies"]
    table = app(PAGE, view="good").table[0].value
    assert list(table["unseen, kept"])[:3] == [
        f"{255 * models[name]['best']['test'] ** 0.5:.1f}" for name in ("bent", "straight", "pca")
    ]
    assert list(table["Copies"])[-1] == f"{100 * copies['unseen']['share']:.1f} %"


def test_a_repair_is_that_of_the_library(app):
    test = app(PAGE, view="repair", of_person="35", of_shot="4", hole="mouth")
    found = mend(photograph(343), hole("mouth"))
    shown = " ".join(each.value for each in test.markdown)
    for name, (title, _) in METHODS.items():
        assert f"**{title}**  \n{found.psnr[name]:.1f} dB" in shown
    assert base64.b64encode(png(found.repairs["bent"])).decode() in pictures(test)
    for kind in HOLES:
        assert not test.pills(key="portraits_hole").set_value(kind).run().exception


def test_whoever_was_learnt_from_cannot_be_repaired(app):
    """An answer would only be remembered."""
    people = app(PAGE, view="repair").selectbox(key="of_person").options
    assert [int(re.match(r"\d+", each)[0]) for each in people] == list(range(33, 41))
    assert all(each.endswith("unseen") for each in people)


def test_an_own_hole_waits_for_the_brush(app):
    test = app(PAGE, view="repair", hole="own")
    assert not test.exception
    assert "As it was" not in " ".join(each.value for each in test.markdown)
