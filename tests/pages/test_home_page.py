"""Home without a browser."""

import base64
import json

import numpy as np
import pytest

from genlib.film import Film
from genlib.library import example

pytestmark = pytest.mark.fast


def test_home_shows_the_recorded_film_and_a_finished_mixture(app):
    test = app("start/home.py")
    assert not test.exception
    books = [json.loads(item.proto.json)["panels"][0] for item in test.get("bidi_component")]
    film, mixture = books
    reel = Film(example("vae").path / "frames")
    sent = np.frombuffer(base64.b64decode(film["images"]), np.uint8).reshape(len(film["labels"]), film["count"], 28, 28)
    np.testing.assert_array_equal(sent[-1], reel.frame(reel.steps()[-1])["samples"][: film["count"]])
    assert mixture["components"] == 5
    assert np.all(np.diff(mixture["curve"]) > -1e-6)
