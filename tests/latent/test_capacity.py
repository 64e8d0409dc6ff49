"""Error against latent size, as runs report it."""

import json
import math

import pytest

from genlib.data import assets
from genlib.latent import Width, widths
from genlib.library import bundled
from genlib.pca import load_pca_errors
from genlib.runs import RunFolder
from genlib.settings import AutoencoderConfig, GANConfig, RunSettings, TrainConfig

pytestmark = pytest.mark.fast


def made(lines, family="ae", config=AutoencoderConfig):
    run = RunFolder.create(RunSettings(family, config(latent_dim=3), TrainConfig()).to_json())
    for line in lines:
        run.append_metrics(line)
    return run


def test_the_bundled_models_have_points_and_larger_codes_hold_more():
    points = {point.name: point for point in widths(bundled())}
    assert points.keys() == {"ae-2d", "ae-denoising", "vae-2d", "vae-20d", "vae-50d", "vae-labels"}
    last = (assets() / "models" / "vae-20d" / "metrics.jsonl").read_text().splitlines()[-1]
    assert points["vae-20d"] == Width("vae-20d", "vae", 20, False, json.loads(last)["squared_error"])
    assert points["vae-labels"].labels
    assert points["vae-20d"].squared_error < points["vae-2d"].squared_error < load_pca_errors()[1]


def test_the_last_look_at_validation_images_counts():
    lines = [{"step": i, "split": "validation", "squared_error": 50.0 - i} for i in range(3)]
    (point,) = widths([made([*lines, {"step": 3, "split": "train", "loss": 1.0}])])
    assert (point.family, point.latent_dim, point.labels, point.squared_error) == ("ae", 3, False, 48.0)


@pytest.mark.parametrize("error", [None, "much", math.nan, math.inf, [1.0]])
def test_what_is_no_error_makes_no_point(error):
    line = {"step": 1, "split": "validation"} | ({} if error is None else {"squared_error": error})
    assert list(widths([made([]), made([line]), made([line], "gan", GANConfig)])) == []


def test_an_altered_run_is_left_out():
    run = made([{"step": 1, "split": "validation", "squared_error": 1.0}])
    assert len(list(widths([run]))) == 1
    (run.path / "run.json").write_text("{")
    assert list(widths([RunFolder(run.path)])) == []
