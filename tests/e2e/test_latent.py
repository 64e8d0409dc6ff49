"""The latent studio in a real browser: dragged, drawn in, and taken away."""

import io
import json
import struct
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
import torch
from PIL import Image

from genlib.checkpoint import load_model
from genlib.data import assets
from genlib.latent import read_atlas

pytestmark = pytest.mark.e2e

WHOLE = ".studio[data-state=whole]"
PIXELS = """canvas => {
  const data = canvas.getContext("2d").getImageData(0, 0, 28, 28).data;
  return Array.from({ length: 784 }, (_, i) => data[4 * i]);
}"""
Z = "host => host.dataset.z.split(' ').map(Number)"


def decoded(name, z, digit=None):
    model = load_model(assets() / "models" / name)
    with torch.no_grad():
        x = model.decode(torch.tensor([z]), None if digit is None else torch.tensor([digit]))
    return (x[0, 0] * 255).round().numpy().ravel()


def shown(page):
    """The code and the pixels of one and the same animation frame."""
    return page.locator(".studio").evaluate(f"host => [({Z})(host), ({PIXELS})(host.querySelector('canvas.image'))]")


def same(pixels, expected):
    return np.abs(np.array(pixels) - expected).max() <= 1.5  # the code is told to four digits


def address(page, z):
    """The code in the address, once it is this one."""
    for _ in range(100):
        told = [float(x) for x in parse_qs(urlparse(page.url).query).get("z", ["nan"])[0].split(",")]
        if told == pytest.approx(z, abs=1e-3):
            return told
        page.wait_for_timeout(50)
    raise AssertionError(f"the address tells {told}, not {z}")


def moved(page, z):
    """Wait until the studio has left a code."""
    there = "(host, z) => host.dataset.z.split(' ').some((x, i) => Math.abs(Number(x) - z[i]) > 1e-3)"
    for _ in range(100):
        if page.locator(".studio").evaluate(there, list(z)):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the code did not move")


def test_the_digit_follows_a_drag_on_the_map(visit):
    page = visit().go("/latent?model=vae-2d", WHOLE)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    box = page.locator(".over").bounding_box()
    begun, _ = shown(page)
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    seen = []
    for i in range(12):
        page.mouse.move(box["x"] + (0.7 - 0.03 * i) * box["width"], box["y"] + (0.3 + 0.03 * i) * box["height"])
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seen.append(shown(page))
    assert all(address.endswith("/nearest") for address in asked), "where the hand rests, and for nothing else"
    page.mouse.up()
    assert len({tuple(z) for z, _ in seen}) == 12
    assert all(same(pixels, decoded("vae-2d", z)) for z, pixels in seen)
    assert begun != seen[-1][0]
    told = address(page, seen[-1][0])
    page.reload()
    page.wait_for_selector(WHOLE)
    assert shown(page)[0] == pytest.approx(told, abs=1e-3)


def test_the_keyboard_moves_sliders_and_map(visit):
    page = visit().go("/latent?model=vae-20d&z=" + ",".join(["0"] * 20), WHOLE)
    atlas = read_atlas(assets() / "models" / "vae-20d")
    slider = page.locator(".slider input").nth(1)
    slider.focus()
    stood = float(page.locator(".slider output").nth(1).inner_text().replace("−", "-"))
    page.keyboard.press("ArrowRight")
    moved(page, [0.0] * 8)
    z, _ = shown(page)
    row = atlas.directions[1, :8]
    assert np.array(z) == pytest.approx(0.1 * row, abs=6e-4), "a sixtieth of the way from -3 to 3"
    assert float(page.locator(".slider output").nth(1).inner_text().replace("−", "-")) == pytest.approx(
        stood + 0.1, abs=0.011
    )
    page.locator(".over").focus()
    page.keyboard.press("ArrowUp")
    moved(page, z)
    step = np.array(shown(page)[0]) - z
    assert abs(step @ row) / (np.linalg.norm(step) * np.linalg.norm(row)) == pytest.approx(
        1, abs=0.02
    )  # codes rest at three decimals


def test_random_codes_come_from_a_seed_and_stay_within_bounds(visit):
    drawn = []
    for _ in range(2):
        page = visit().go("/latent?model=vae-2d", WHOLE)
        page.locator(".truncation select").select_option("0.5")
        codes = []
        for _ in range(5):
            before = shown(page)[0]
            page.get_by_role("button", name="Random z").click()
            moved(page, before)
            codes.append(shown(page)[0])
        drawn.append(codes)
        page.get_by_role("button", name="Middle").click()
        page.wait_for_selector(".studio[data-z='0.0000 0.0000']")
    np.testing.assert_allclose(drawn[0], drawn[1], atol=6e-4)  # at rest a code has three decimals
    assert np.abs(drawn[0]).max() <= 0.5


def test_a_conditional_model_draws_the_digit_that_is_asked_for(visit):
    page = visit().go("/latent?model=gan-labels", WHOLE)
    page.locator(".asked button").nth(7).click()
    page.wait_for_url("**digit=7*")
    z = [float(x) for x in parse_qs(urlparse(page.url).query)["z"][0].split(",")]
    _, pixels = shown(page)
    assert np.abs(np.array(pixels) - decoded("gan-labels", z, 7)).max() <= 3  # three decimals of 32 numbers


def test_a_direction_from_one_class_to_another_is_a_slider(visit):
    page = visit().go("/latent?model=ae-2d", WHOLE)
    atlas = read_atlas(assets() / "models" / "ae-2d")
    page.locator(".arithmetic summary").click()
    page.locator("[data-of=plus]").select_option("3")
    page.locator("[data-of=minus]").select_option("8")
    page.locator("[data-act=classes]").click()
    before, _ = shown(page)
    page.get_by_role("slider", name="3 − 8").press("PageUp")
    moved(page, before)
    step = np.array(shown(page)[0]) - before
    assert step == pytest.approx((atlas.class_means[3] - atlas.class_means[8]) * 0.25, abs=2e-3)


def test_a_direction_between_two_groups_that_were_picked(visit):
    page = visit().go("/latent?model=vae-2d", WHOLE)
    atlas = read_atlas(assets() / "models" / "vae-2d")
    page.locator(".arithmetic summary").click()
    add = page.locator("[data-act=groups]")
    page.locator(".pick").nth(5).wait_for()
    assert add.is_disabled()
    page.locator(".pick").nth(0).click()
    for _ in range(2):
        page.locator(".pick").nth(1).click()
    add.click()
    before, _ = shown(page)
    page.get_by_role("slider", name="my groups").press("ArrowUp")
    moved(page, before)
    step = np.array(shown(page)[0]) - before
    assert step == pytest.approx((atlas.codes[0] - atlas.codes[1]) * 3 / 60, abs=2e-3)


def test_sheet_and_neighbours_show_the_model(visit):
    page = visit().go("/latent?model=vae-2d&z=0,0", WHOLE)
    with page.expect_download() as download:
        page.locator("[data-act=png]").click()
    picture = np.asarray(Image.open(download.value.path()).convert("L"))
    assert picture.shape == (2 * 28 * 12, 2 * 28 * 12)
    # The middle of an even grid lies half a step from 0: the inverse of the normal distribution at 13/24.
    from scipy.stats import norm

    at = float(norm.ppf(13 / 24))
    tile = picture[::2, ::2][28 * 5 : 28 * 6, 28 * 6 : 28 * 7]
    assert same(tile.ravel(), decoded("vae-2d", [at, at]))
    page.locator(".neighbours figure").nth(11).wait_for()
    distances = [float(text) for text in page.locator(".neighbours figcaption").all_inner_texts()]
    assert distances == sorted(distances)


def test_a_decoder_that_only_the_server_can_evaluate(visit):
    visitor = visit()
    told = {"family": "vae", "latent_dim": 2, "labels": False, "step": 1, "error": "It cannot.", "fallback": True}
    text = json.dumps(told).encode()
    body = struct.pack("<I", len(text)) + text
    visitor.page.route("**/vae-2d/decoder", lambda route: route.fulfill(body=body))
    page = visitor.go("/latent?model=vae-2d&z=0.5,0.5", ".studio[data-afar]")
    assert "cannot run in the browser" in page.locator(".studio .now").inner_text()
    z, pixels = shown(page)
    assert same(pixels, decoded("vae-2d", z))


def test_a_drawn_digit_turns_into_another_and_becomes_a_film(visit):
    page = visit().go("/latent?view=between&model=vae-2d", ".morph canvas.image")
    page.locator(".st-key-a_source").get_by_text("Draw").click()
    field = page.locator(".brush canvas")
    box = field.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.15)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.85, steps=12)
    page.mouse.up()
    page.wait_for_selector(".morph[data-state=whole]", timeout=90_000)
    lanes = page.locator(".morph .lane")
    assert lanes.count() == 3
    slider = page.locator(".morph input[type=range]")
    slider.press("Home")
    page.wait_for_selector(".morph[data-at='0']")
    first = lanes.nth(0).locator("canvas.image").evaluate(PIXELS)
    slider.press("End")
    page.wait_for_selector(".morph[data-at='60']")
    assert np.abs(np.array(first) - lanes.nth(0).locator("canvas.image").evaluate(PIXELS)).max() > 100
    with page.expect_download(timeout=90_000) as download:
        page.get_by_role("button", name="Save as GIF").click()
    film = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert (film.format, film.size) == ("GIF", (3 * 28 * 6, 28 * 6))
    assert film.n_frames > 30
    assert "1" not in parse_qs(urlparse(page.url).query).get("image", []), "a drawing is in no address"


def test_a_model_that_cannot_be_opened_gets_one_sentence(visit):
    visitor = visit()
    sentence = "The decoder of this model is damaged: export the model again."
    visitor.page.route("**/gan/decoder", lambda route: route.fulfill(status=422, json={"error": sentence}))
    page = visitor.go("/latent?model=gan", ".studio[data-state=failed]")
    assert page.locator(".studio .now").inner_text() == sentence
    assert not page.locator(".studio .stage").is_visible()
    page.unroute("**/gan/decoder")
    page.locator(".st-key-studio_model input").click()
    page.get_by_role("option", name="VAE, latent size 2 (vae-2d)").click()
    page.wait_for_selector(WHOLE)
    visitor.faults.clear()  # the answer 422 is one, in the console
