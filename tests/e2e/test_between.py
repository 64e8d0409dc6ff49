"""Between two images, in a real browser, where a model does not do what the others do."""

import json
import struct

import pytest

pytestmark = pytest.mark.e2e

SAYS = "Squared error at A and B"


def packed(told):
    """A decoder as the server sends it, without arrays."""
    text = json.dumps(told).encode()
    text += b" " * (-(len(text) + 4) % 8)
    return struct.pack("<I", len(text)) + text


def test_a_model_that_cannot_be_played_says_why_and_the_others_go_on(visit):
    visitor = visit()
    told = {"family": "vae", "latent_dim": 2, "labels": False, "step": 1, "error": "It cannot.", "fallback": True}
    visitor.page.route("**/vae-2d/decoder", lambda route: route.fulfill(body=packed(told)))
    page = visitor.go("/latent?view=between", ".morph[data-state=whole]")
    notes = page.locator(".morph .note").all_inner_texts()
    assert [note if note == "It cannot." else note[: len(SAYS)] for note in notes] == [SAYS, "It cannot.", SAYS]
    page.locator(".morph input[type=range]").press("End")
    page.wait_for_selector(".morph[data-at='60']")
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, 28, 28).data.some((x, i) => i % 4 < 3 && x > 100)"
    lanes = page.locator(".morph canvas.image")
    assert [lanes.nth(i).evaluate(drawn) for i in range(3)] == [True, False, True]
    assert page.locator(".morph .now").inner_text() == "At B."
