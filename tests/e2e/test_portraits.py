"""The portraits page in a real browser."""

import base64
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from genlib.portraits import READINGS, SIDE, load_gallery, pack_gallery, photograph, read
from genlib.portraits.judging import apart
from genlib.seeding import numpy_rng
from tests.e2e.test_decoder import OPEN

pytestmark = pytest.mark.e2e
SCRIPTS = ("tensors.js", "draw.js", "decoder.js", "latent.js", "portraits.js")
WHOLE = ".portraits[data-state=whole]"
DRAWN = """([z]) => {
  const all = z.map((each) => Array.from(decoder.decode(each)));
  const { told, arrays } = kept;
  return [all, all.map((face) => told.readings.map(({ kind }, i) => reading(kind, arrays.weights, i * 4096, face)))];
}"""
PIXELS = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).filter((_, i) => i % 4 === 0)"


def shown(page):
    return np.array(page.locator(".portraits .image").evaluate(PIXELS)).reshape(SIDE, SIDE)


def near(url, face):
    """Whether the code of an address decodes to that face."""
    text = parse_qs(urlsplit(url).query).get("z", [""])[0]
    drawn = (
        load_gallery().decode(np.array([[float(x) for x in text.split(",")]])) if text else np.zeros((1, SIDE, SIDE))
    )
    return bool(np.abs(255 * drawn[0] - face).max() <= 2)


def test_the_browser_draws_and_reads_what_python_does(page):
    gallery = load_gallery()
    text = base64.b64encode(pack_gallery()).decode()
    page.evaluate(OPEN, [text])
    page.evaluate(
        "([text]) => { window.kept = unpack(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer); }", [text]
    )
    z = gallery.mean + 2 * numpy_rng(0, "z").normal(size=(30, 40)) @ gallery.factor.T
    faces, readings = page.evaluate(DRAWN, [z.tolist()])
    expected = gallery.decode(z)
    drawn = np.array(faces).reshape(expected.shape)
    assert np.abs(drawn - expected).max() < 1 / 255
    assert expected.std(0).max() > 0.1, "or there is nothing to compare"
    assert np.array(readings) == pytest.approx(read(drawn), abs=1e-4)


def test_a_slider_moves_the_face_and_what_it_names(visit):
    page = visit().go("/portraits", WHOLE)
    before = shown(page)
    beard = page.get_by_role("slider", name="Beard")
    for _ in range(4):
        beard.press("PageUp")
    expect(page.locator(".portraits .slider output:not(.read)").nth(4)).to_have_text("2.0")
    page.locator(WHOLE).wait_for()
    after = shown(page)
    unit = load_gallery().unit
    change = dict(zip(READINGS, ((read(after[None] / 255) - read(before[None] / 255)) / unit)[0], strict=True))
    assert change["beard"] > 1
    assert max(abs(value) for name, value in change.items() if name != "beard") < 0.5 * change["beard"]
    told = float(page.locator(".portraits .read").nth(4).inner_text().replace("−", "-"))
    mean = load_gallery().centre[4]
    assert told == pytest.approx((read(after[None] / 255)[0, 4] - mean) / unit[4], abs=0.11)
    page.wait_for_url(lambda url: near(url, after))
    page.reload()
    page.locator(WHOLE).wait_for()
    assert np.abs(shown(page) - after).max() <= 2, "the address keeps the face"
    page.get_by_role("radio", name="How good is it?").click()
    page.get_by_text("Drawn once with seed 0").wait_for()
    page.get_by_role("radio", name="Explore").click()
    page.locator(WHOLE).wait_for()
    assert np.abs(shown(page) - after).max() <= 2, "and so it is when one comes back"


def test_an_address_that_cannot_be_is_told(visit):
    page = visit().go("/portraits?z=nan", WHOLE)
    page.get_by_text("z has 1 number, this model's codes have 40").wait_for()
    page.locator(".portraits[data-near]").wait_for()
    page.wait_for_timeout(500)
    expect(page.get_by_text("z has 1 number")).to_have_count(1)


def test_the_nearest_photograph_is_the_nearest(visit):
    page = visit().go("/portraits", WHOLE)
    page.locator(".portraits[data-near]").wait_for()
    which, distances = apart(shown(page)[None].astype(np.uint8))
    told, distance = page.locator(".portraits").get_attribute("data-near").split()
    assert int(told) == which[0]
    assert float(distance) == pytest.approx(distances[0], abs=0.2)
    page.get_by_role("button", name="A photograph").click()
    page.get_by_text("The model's own drawing of person").wait_for()


def test_the_way_between_two_people_begins_and_ends_at_them(visit):
    page = visit().go("/portraits?view=between&a_person=2&b_person=39", ".blend[data-state=whole]")
    codes, pixels = page.locator(".blend .image").all()
    expect(page.locator(".blend")).to_have_attribute("data-at", "30")
    for key, number in (("First", 10), ("Last", 384)):
        page.get_by_role("button", name=key, exact=True).click()
        expect(page.locator(".blend")).to_have_attribute("data-at", "0" if key == "First" else "60")
        found = np.array(codes.evaluate(PIXELS)).reshape(SIDE, SIDE)
        assert np.abs(found - 255 * load_gallery().decode(load_gallery().codes[[number]])[0]).max() <= 2
        assert np.abs(np.array(pixels.evaluate(PIXELS)).reshape(SIDE, SIDE) - photograph(number)).max() <= 1


def test_a_hole_is_painted_and_mended(visit):
    page = visit().go("/portraits?view=repair&hole=own", ".brush canvas")
    box = page.locator(".brush canvas").last.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.4 * box["height"], steps=5)
    page.mouse.up()
    page.get_by_text("As it was").wait_for()
    expect(page.get_by_alt_text("Answer 5")).to_have_count(1)
