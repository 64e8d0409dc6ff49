"""The mixture page in a real browser."""

import os
import re
import signal

import numpy as np
import pytest

from genlib.colours import CLASSES
from genlib.data.toy2d import make_points
from genlib.gmm import fit_em
from genlib.settings import MixtureConfig, PointsConfig
from tests.served import bring

pytestmark = pytest.mark.e2e
MAIN = ".st-key-em "
CANVAS = MAIN + ".panel canvas"


def press(page, name):
    page.locator(MAIN + f"[data-do={name}]").click()


def note(page):
    return page.locator(MAIN + "header span").inner_text().replace("−", "-")


def weights(page):
    titles = page.locator(MAIN + ".weights i").evaluate_all("bars => bars.map(bar => bar.title)")
    return [float(title.rsplit(" ", 1)[1]) for title in titles]


def scrub(page, position):
    page.locator(MAIN + "input[type=range]").evaluate(
        "(range, at) => { range.value = at; range.dispatchEvent(new Event('input')) }", position
    )
    page.wait_for_function(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )


def pixels(page):
    return page.locator(CANVAS).evaluate("canvas => canvas.toDataURL()")


def test_scrubbing_shows_every_iteration_without_the_server(visit, server):
    page = visit().go("/mixture?more=Several+starts", CANVAS)
    page.wait_for_selector(".st-key-starts .panel canvas")
    steps = list(fit_em(make_points(PointsConfig()).x, MixtureConfig()))
    assert f"after {steps[-1].iteration} iterations" in note(page)
    pictures = set()
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        for step in steps:
            scrub(page, 2 * step.iteration)
            assert note(page) == f"after {step.iteration} iterations · log-likelihood {step.log_likelihood:.4f}"
            assert weights(page) == pytest.approx(step.mixture.weights, abs=6e-4)
            pictures.add(pixels(page))
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert len(pictures) == len(steps)


def test_the_two_half_steps_are_told_apart(visit):
    page = visit().go("/mixture?data_dataset=stretched&components=3", CANVAS)
    steps = list(fit_em(make_points(PointsConfig(dataset="stretched")).x, MixtureConfig(components=3)))
    scrub(page, 2)
    assert "Iteration 2, E-step" in page.locator(MAIN + ".now").inner_text()
    assert weights(page) == pytest.approx(steps[1].mixture.weights, abs=6e-4)
    press(page, "next")
    page.wait_for_selector(MAIN + ".now:has-text('Iteration 2, M-step')")
    assert note(page).startswith("after 2 iterations")
    assert weights(page) == pytest.approx(steps[2].mixture.weights, abs=6e-4)


def test_a_point_has_the_colours_of_its_components(visit):
    """The colour of a lone point is the palette weighted by responsibilities that NumPy computes."""
    lone = (-1.0, -1.0)
    page = visit().go("/mixture?data_dataset=blobs&components=3&initialisation=random_from_data&points=-1,-1", CANVAS)
    page.locator(MAIN + "button:has-text('Ellipses')").click()
    x = np.concatenate([[lone], make_points(PointsConfig(dataset="blobs")).x])
    steps = list(fit_em(x, MixtureConfig(components=3, initialisation="random_from_data")))
    box = page.locator(CANVAS).bounding_box()
    low, high = x[1:].min(axis=0), x[1:].max(axis=0)
    middle = (low + high) / 2
    scale = min([box["width"], box["height"]] / (1.12 * (high - low)))
    at = [box["width"] / 2 + (lone[0] - middle[0]) * scale, box["height"] / 2 - (lone[1] - middle[1]) * scale]
    palette = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in CLASSES[:3]])
    seen = []
    for t in (0, 1, 2, len(steps) - 1):
        scrub(page, 2 * t)
        colour = page.locator(CANVAS).evaluate(
            "(canvas, [x, y]) => Array.from(canvas.getContext('2d').getImageData(x, y, 1, 1).data)", at
        )
        expected = steps[t].mixture.responsibilities(np.array([lone]))[0] @ palette
        np.testing.assert_allclose(colour[:3], expected, atol=4)
        seen.append(tuple(colour))
    assert len(set(seen)) >= 3


def test_play_reaches_the_end_and_pauses_on_demand(visit):
    page = visit().go("/mixture?data_dataset=blobs&components=4&initialisation=random_from_data", CANVAS)
    last = int(page.locator(MAIN + "input[type=range]").get_attribute("max"))
    page.locator(MAIN + "select").select_option("15")
    press(page, "play")
    page.wait_for_selector(MAIN + "[data-do=play]:has-text('Pause')")
    press(page, "play")
    page.wait_for_selector(MAIN + "[data-do=play]:has-text('Play')")
    paused = page.locator(MAIN + "input[type=range]").input_value()
    page.wait_for_timeout(400)
    assert page.locator(MAIN + "input[type=range]").input_value() == paused
    press(page, "play")
    page.wait_for_selector(MAIN + "[data-do=play]:has-text('Play')")
    assert page.locator(MAIN + "input[type=range]").input_value() == str(last)


def test_the_keyboard_is_enough(visit):
    page = visit().go("/mixture", CANVAS)
    page.locator(MAIN + "[data-do=first]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(MAIN + "header span:has-text('after 0 iterations')")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(MAIN + "header span:has-text('after 2 iterations')")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    page.wait_for_selector(MAIN + "header span:has-text('after 1 iterations')")
    page.keyboard.press("End")
    page.wait_for_selector(MAIN + "header span:has-text('after 28 iterations')")


def test_points_are_put_by_click_and_by_key_and_survive_a_refresh(visit):
    page = visit().go("/mixture?data_dataset=blobs&components=4", CANVAS)
    page.locator(MAIN + "button:has-text('Add points')").click()
    for x in (40, 60, 80):  # faster than the page runs
        page.locator(CANVAS).click(position={"x": x, "y": 50})
    page.wait_for_selector("button:has-text('Remove the 3 points')")
    page.locator(CANVAS).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("button:has-text('Remove the 4 points')")
    page.wait_for_url(re.compile("points="))
    page.reload()
    page.wait_for_selector("button:has-text('Remove the 4 points')")
    page.locator("button:has-text('Remove the 4 points')").click()
    page.wait_for_selector("button:has-text('Remove the')", state="detached")
    assert "points=" not in page.url


def test_layers_can_be_switched(visit):
    page = visit().go("/mixture?data_dataset=stretched&components=3", CANVAS)
    seen = {pixels(page)}
    for name in ("Density", "Ellipses (1σ, 2σ)", "Points"):
        page.locator(MAIN + f".switches button:text-is('{name}')").click()
        page.wait_for_timeout(150)
        seen.add(pixels(page))
    assert len(seen) == 4


def test_new_points_and_criteria_are_drawn(visit):
    page = visit().go("/mixture?data_dataset=blobs&components=4&data_n=200", CANVAS)
    page.get_by_role("tab", name="How many components?").click()
    page.wait_for_selector(".st-key-held_out .js-plotly-plot .main-svg")
    page.get_by_role("tab", name="New points").click()
    page.wait_for_selector(".st-key-samples .js-plotly-plot .main-svg")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the new points").click()
    rows = np.loadtxt(download.value.path(), delimiter=",", skiprows=1)
    assert rows.shape == (100, 3)


def test_own_points_of_any_scale_can_be_clicked(visit, tmp_path):
    x = np.random.default_rng(0).normal(size=(80, 2)) * [10, 20_000] + [40, 60_000]
    file = tmp_path / "people.csv"
    file.write_text("age,income\n" + "\n".join(f"{a:.2f},{b:.2f}" for a, b in x))
    page = visit().go("/mixture", CANVAS)
    page.get_by_text("Own points from a file").click()
    bring(page, file)
    page.wait_for_selector("text=Your own table")
    page.locator(MAIN + "button:has-text('Add points')").click()
    page.wait_for_timeout(500)
    box = page.locator(CANVAS).bounding_box()
    page.locator(CANVAS).click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    page.wait_for_selector("button:has-text('Remove the 1 points')")
    age, income = page.url.split("points=")[1].split("&")[0].replace("%2C", ",").split(",")
    assert float(age) == pytest.approx((x[:, 0].min() + x[:, 0].max()) / 2, abs=1)
    assert float(income) == pytest.approx((x[:, 1].min() + x[:, 1].max()) / 2, abs=2000)
