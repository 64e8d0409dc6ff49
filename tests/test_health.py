"""The health light: what it says of recorded runs, good and bad, at eight moments of each."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genlib.data.images import load_images
from genlib.health import Health, look
from genlib.health.seen import next_neighbour, variety
from genlib.settings import FAMILIES, MODEL_CONFIGS, GANConfig, RunSettings, VAEConfig
from tests.health.record import FOLDER, RUNS, settings_of, unpacked

pytestmark = pytest.mark.fast

MAY = {"good": {"early", "good"}, "watch": {"early", "good", "watch"}, "bad": {"early", "good", "watch", "bad"}}


def verdicts(name):
    """What is said at eight moments of a run, each with the newest pictures that were kept; the last one in the end."""
    run = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    asked, found = RunSettings.from_json(run["settings"]), []
    pictures = {int(step): packed for step, packed in run["frames"].items()}
    end = max(lines["step"][-1] for lines in run["curves"].values() if lines)
    for moment in range(1, 9):
        step = end * moment // 8
        newest = max((each for each in pictures if each <= step), default=None)
        frame = {key: unpacked(text) for key, text in pictures.get(newest, {}).items()}
        found.append(look(asked, until(run["curves"], step), frame, broke=run["broke"] and moment == 8))
    return found


def until(curves, step):
    """The reports up to a step, as a watcher has them."""
    cut = {}
    for split, lines in curves.items():
        count = sum(each <= step for each in lines.get("step", ()))
        cut[split] = {name: [math.nan if v is None else v for v in line[:count]] for name, line in lines.items()}
    return cut


def with_curves(family, model, count=200, **lines):
    steps = {"step": list(range(5, 5 * count + 5, 5)), "seconds": [0.1 * i for i in range(count)]}
    values = {name: np.broadcast_to(value, count).tolist() for name, value in lines.items()}
    return RunSettings(family, model), {"train": steps | values}


# --- Recorded runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_recorded_runs_are_judged_as_they_went(name):
    _, _, _, level, words = RUNS[name]
    found = verdicts(name)
    assert found[-1].level == level
    assert words in found[-1].saw
    # On the way nothing worse is said than in the end.
    assert {health.level for health in found} <= MAY[level]


def test_recorded_settings_are_those_of_the_table():
    for name in RUNS:
        run = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert RunSettings.from_json(run["settings"]).used() == settings_of(name).used()
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RUNS)


def test_rate_of_false_alarms_is_the_stated_one():
    good = [name for name, run in RUNS.items() if run[3] != "bad"]
    judged = [health for name in good for health in verdicts(name) if health.level != "early"]
    alarms = sum(health.level == "bad" for health in judged)
    bad = [name for name, run in RUNS.items() if run[3] == "bad"]
    caught = sum(verdicts(name)[-1].level == "bad" for name in bad)
    import genlib.health.verdict

    stated = f"{alarms} of {len(judged)} looks at {len(good)} good runs"
    assert stated in genlib.health.verdict.__doc__
    assert f"{caught} of {len(bad)} bad ones" in genlib.health.verdict.__doc__


def test_every_failure_names_a_cause_and_a_change():
    for name in RUNS:
        for health in verdicts(name):
            assert health.saw.endswith(".")
            if health.level in ("watch", "bad"):
                assert health.why.endswith(".")
                assert health.change.endswith(".")


# --- Each rule by itself --------------------------------------------------------------------------------------------


def test_nothing_is_said_too_early():
    for family in FAMILIES:
        assert look(RunSettings(family, MODEL_CONFIGS[family]()), {}, {}).level == "early"
    asked, curves = with_curves("vae", VAEConfig(beta=20.0), 40, kl=0.1, reconstruction=206.0, loss=208.0)
    assert look(asked, curves, {}).level == "early"
    assert look(asked, curves, {}, broke=True).level == "bad"


@pytest.mark.parametrize(
    ("beta", "kl", "level", "change"),
    [(1, 6.0, "good", ""), (1, 1.9, "bad", "KL term"), (4, 4.0, "watch", "Lower β"), (20, 0.5, "bad", "Lower β")],
)
def test_posterior_collapse_is_told_by_the_nats_of_the_code(beta, kl, level, change):
    falling = 200 * np.exp(-np.arange(200) / 20)
    asked, curves = with_curves("vae", VAEConfig(beta=float(beta)), kl=kl, reconstruction=150 + falling, loss=0.0)
    health = look(asked, curves, {})
    assert health.level == level
    assert change in health.change


def test_a_loss_that_leaps_is_told_from_one_that_wavers():
    falling = 200 + 300 * np.exp(-np.arange(200) / 20)
    wavering = falling + np.random.default_rng(0).normal(size=200) * 5
    for loss, level in ((wavering, "good"), (wavering + np.repeat([0, 150], 100), "bad"), (np.full(200, 53.0), "bad")):
        asked, curves = with_curves("classifier", MODEL_CONFIGS["classifier"](), loss=loss)
        assert look(asked, curves, {}).level == level


def test_a_change_of_beta_is_no_leap():
    falling = 150 + 350 * np.exp(-np.arange(200) / 20)
    changed = np.repeat([0, 1], 100)
    asked, curves = with_curves(
        "vae", VAEConfig(beta=4.0), kl=20 - 8 * changed, reconstruction=falling + 25 * changed, loss=0.0
    )
    curves["train"]["loss"] = (falling + 100 * changed).tolist()
    assert look(asked, curves, {}).level == "good"


GAME = {"loss_d": 1.2, "loss_g": 1.0, "real": 0.6, "fake": 0.4, "gradient_d": 2.0, "gradient_g": 1.0}


@pytest.mark.parametrize(
    ("config", "changes", "words"),
    [
        ({}, {}, "Nothing"),
        ({}, {"real": 0.99, "fake": 0.01, "loss_d": 0.02}, "D wins"),
        ({"smoothing": 0.2}, {"real": 0.79, "fake": 0.01, "loss_d": 0.55}, "D wins"),
        ({"loss": "hinge"}, {"real": 3.0, "fake": -3.0, "loss_d": 0.01}, "D wins"),
        ({"loss": "hinge"}, {"real": 0.5, "fake": -0.4, "loss_d": 1.2}, "Nothing"),
        ({"loss": "wasserstein"}, {"real": 30.0, "fake": -3.0, "loss_d": -33.0}, "Nothing"),
        ({}, {"real": 0.6, "fake": 0.99, "loss_d": 5.0}, "G wins"),
        ({}, {"gradient_g": 1e-5}, "G hardly learns"),
    ],
)
def test_each_state_of_the_game_has_its_words(config, changes, words):
    asked, curves = with_curves("gan", GANConfig(**config), **(GAME | changes))
    assert look(asked, curves, {}).saw.startswith(words)


def test_who_waits_is_let_learn():
    asked, curves = with_curves("gan", GANConfig(turns=2), **(GAME | {"loss_d": 5.0}))
    assert look(asked, curves, {}).change == "Let both learn."


def test_same_pictures_are_a_collapse_and_real_ones_are_not():
    asked, curves = with_curves("gan", GANConfig(), **GAME)
    digits = load_images().train[:64]
    noise = np.random.default_rng(0).integers(0, 30, (64, 28, 28), dtype=np.uint8)
    few = np.maximum(np.tile(digits[:4], (16, 1, 1)), noise)
    assert look(asked, curves, {"samples": digits}).level == "good"
    assert "collapse" in look(asked, curves, {"samples": few}).saw
    assert look(asked, curves, {"samples": few[:9]}).level == "good"  # too few to tell
    curves["validation"] = {"step": [0, 800], "seconds": [0, 9], "spread": [0.01, 0.2]}
    assert "collapse" in look(asked, curves, {}).saw
    curves["validation"] = {"step": [0], "seconds": [0], "spread": [0.01]}
    assert look(asked, curves, {}).level == "good"


def test_measures_of_pictures_are_what_they_say():
    x = np.array([[0.0, 2.0], [0.0, 0.0], [3.0, 0.0]])
    # Squared lengths 4, 0, 9; next neighbours at 4, 4, 9.
    assert next_neighbour(x) == pytest.approx((17 / 3) / (13 / 3))
    assert variety(x) == pytest.approx((np.var([0, 0, 3]) + np.var([2, 0, 0])) / (13 / 3))
    assert variety(np.ones((5, 4))) == 0


numbers = st.floats(allow_nan=True, allow_infinity=True)
lines = st.dictionaries(
    st.sampled_from(["step", "loss", "kl", "reconstruction", "real", "fake", "loss_d", "gradient_g", "spread"]),
    st.lists(numbers, max_size=40),
)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(MODEL_CONFIGS)),
    st.dictionaries(st.sampled_from(["train", "validation", "x"]), lines),
    hnp.arrays(np.uint8, st.tuples(st.integers(0, 30), st.just(28), st.just(28)), elements=st.integers(0, 255)),
    st.booleans(),
)
def test_whatever_was_reported_a_verdict_is_given(family, curves, images, far):
    if far:
        curves = {split: found | {"step": [1e6]} for split, found in curves.items()}
    health = look(RunSettings(family, MODEL_CONFIGS[family]()), curves, {"samples": images, "reconstructions": images})
    assert isinstance(health, Health)
    assert replace(health).level in ("early", "good", "watch", "bad")
