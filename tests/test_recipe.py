"""The same in Python and on the command line: run as they stand, they give what the page gave."""

import contextlib
import io
import json
import re
import shlex
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from few import small, write_folder
from safetensors.numpy import load

from genlib import archive, checkpoint, cli
from genlib.changes import Change
from genlib.data.cloud import load_cloud
from genlib.data.images import load_images
from genlib.data.tables import read_table
from genlib.data.toy2d import make_points
from genlib.flags import asked_for
from genlib.gmm import fit_em
from genlib.models import MODELS
from genlib.preprocess import try_ways
from genlib.recipe import bench_recipe, code_recipe, command_recipe, mixture_recipe, of_run, run_recipe
from genlib.recorder import record, recording
from genlib.runs import RunFolder, Status, list_runs
from genlib.seeding import numpy_rng
from genlib.settings import (
    PLANE_CONFIGS,
    PLANE_FAMILIES,
    AutoencoderConfig,
    BenchConfig,
    ClassifierConfig,
    GANConfig,
    MixtureConfig,
    PixelMixtureConfig,
    PlanePoints,
    PointsConfig,
    RunSettings,
    TrainConfig,
    VAEConfig,
)
from genlib.training import Run, train

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

KEY = "k" * 32


def execute(code):
    """The names that the code leaves behind, and what it printed."""
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "recipe", "exec"), names)
    return names, printed.getvalue()


def check_mixture(code, x, config):
    names, printed = execute(code)
    steps = list(fit_em(x, config))
    last, again = steps[-1].mixture, names["step"].mixture
    for name in ("weights", "means", "covariances"):
        assert np.array_equal(getattr(again, name), getattr(last, name)), name
    assert printed.splitlines() == [f"{step.iteration} {step.log_likelihood}" for step in steps]
    points, components = last.sample(100, numpy_rng(config.seed, "sample"))
    assert np.array_equal(names["new_points"], points)
    assert np.array_equal(names["components"], components)


@pytest.mark.parametrize(
    ("points", "mixture"),
    [
        (PointsConfig(), MixtureConfig()),
        (PointsConfig(dataset="ring", n=300, noise=0.7, seed=5), MixtureConfig(components=8, seed=4)),
        (PointsConfig(dataset="moons", n=200), MixtureConfig(components=3, covariance="tied", initialisation="random")),
        (PointsConfig(n=100), MixtureConfig(tolerance=1e-3, regularisation=1e-3, max_iterations=5)),
    ],
)
def test_the_recipe_of_a_mixture_gives_it_bit_for_bit(points, mixture):
    check_mixture(mixture_recipe(points, mixture), make_points(points).x, mixture)


def test_points_put_by_hand_are_in_the_recipe():
    points, mixture = PointsConfig(n=60), MixtureConfig(components=3)
    added = [(1.25, -0.1), (0.1 + 0.2, 1e-17)]
    x = np.concatenate([np.array(added), make_points(points).x])
    check_mixture(mixture_recipe(points, mixture, added), x, mixture)


def test_the_recipe_of_a_file_reads_its_two_columns(tmp_path, monkeypatch):
    values = numpy_rng(0, "table").normal(size=(80, 3)).round(6)
    lines = ['size,"it\'s ""new""",weight', *(",".join(map(str, row)) for row in values)]
    (tmp_path / "points.csv").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    names = read_table(Path("points.csv").read_bytes()).names
    chosen = (names[2], names[1])
    mixture = MixtureConfig(components=2, covariance="diag")
    code = mixture_recipe(PointsConfig(), mixture, columns=chosen)
    check_mixture(code, values[:, [2, 1]], mixture)
    code = mixture_recipe(PointsConfig(), mixture, [(0.0, 1.0)], chosen)
    check_mixture(code, np.concatenate([[[0.0, 1.0]], values[:, [2, 1]]]), mixture)


def test_a_bench_gives_the_same_outcomes(tmp_path, monkeypatch):
    points, config = (
        PointsConfig(dataset="moons", n=200),
        BenchConfig(share=0.5, gaps="mar", scaling="robust", stretch=3.0),
    )
    mixture = MixtureConfig(components=4)
    names, printed = execute(bench_recipe(points, config, mixture))
    *_, last = try_ways(make_points(points).x, config, mixture)
    assert list(names["tried"].outcomes) == list(last.outcomes)
    for way, outcome in last.outcomes.items():
        assert names["tried"].outcomes[way].log_likelihood == outcome.log_likelihood
        assert way in printed
    text = "when,a,b,c\n" + "\n".join(f"x,{i % 7},{i * i % 11},{'' if i % 5 else i}" for i in range(60))
    (tmp_path / "points.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    names, _ = execute(bench_recipe(points, config, mixture, ("c", "a")))
    assert names["x"].shape == (60, 2)
    assert np.isnan(names["x"][:, 0]).sum() == 48


def test_a_recipe_is_short_and_only_says_what_was_chosen():
    code = mixture_recipe(PointsConfig(), MixtureConfig(components=4))
    assert "MixtureConfig(components=4)" in code
    assert "PointsConfig()" in code
    assert len(code.splitlines()) <= 10
    assert max(map(len, code.splitlines())) <= 120


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("family", MODELS)
def test_the_recipe_of_a_run_trains_the_same_weights(family, schedule, tmp_path):
    model = small(
        family, labels=family not in ("ae", "classifier", "masked"), average=0.9, latent_dim=16, noise=0.2, d_steps=2
    )
    config = TrainConfig(epochs=2, batch_size=32, seed=9, schedule=schedule, device="cpu")
    settings = RunSettings(family, model, config)
    # The recipe as it stands, but for fewer images.
    code = run_recipe(settings).replace("load_images()", f"load_images({write_folder(tmp_path / 'few')!r})")
    before = torch.get_num_threads()
    try:
        names, printed = execute("from pathlib import PosixPath, WindowsPath\n" + code)
        run = Run.new(family, settings.model, settings.train)
        for _ in train(run, load_images(tmp_path / "few")):
            pass
    finally:
        torch.set_num_threads(before)
    again = names["run"]
    assert again.step == run.step == 2 * (88 // 32)
    assert again.model.state_dict().keys() == run.model.state_dict().keys()
    for name, tensor in run.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], tensor), name
    assert re.match(r"0 validation \{'(loss|real)': -?\d", printed)


def again_in_python(code, folder):
    """The run that the recipe trains, on the few images of a folder."""
    before = torch.get_num_threads()
    code = code.replace("load_images()", f"load_images({folder!r})")
    try:
        return execute("from pathlib import PosixPath, WindowsPath\n" + code)[0]["run"]
    finally:
        torch.set_num_threads(before)


def again_on_the_command_line(command, images, monkeypatch):
    """The run folder that the command makes, on the few images."""
    words = shlex.split(command)
    assert words[0] == "genlib"
    monkeypatch.setattr(recording, "load_data", lambda *_: images)
    assert cli.main(words[1:]) == 0
    return list_runs()[-1]


def check_same(model, weights):
    assert model.state_dict().keys() == weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(model.state_dict()[name], tensor), name


def recorded(settings, images, *acts, until_step=None):
    """A run that rests at a step, where its owner acts, and so on; and all its statuses."""
    run, acts = RunFolder.create(settings.to_json(), KEY), list(acts)
    run.steer(KEY, until_step=until_step)
    for status in record(run, run.claim(run.status), images=images):
        if status.state == "paused" and status.acknowledged == run.wish.sequence and acts:
            run.steer(KEY, **acts.pop(0))
    assert acts == []
    return run


def test_a_steered_run_is_told_again_bit_for_bit(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "few")
    images = load_images(folder)  # two batches of 32
    config = TrainConfig(epochs=4, batch_size=32, seed=3, device="cpu")
    settings = RunSettings("vae", VAEConfig(hidden_dim=16), config)
    run = recorded(
        settings,
        images,
        {"want": "pause", "knobs": {"learning_rate": 0.0003}},
        {"want": "run", "until_step": 4},  # a single step
        {"want": "run", "knobs": {"beta": 4.0}},  # to the end of its budget
        until_step=3,
    )
    assert (run.status.state, run.status.step) == ("done", 8)
    python, command = of_run(run)
    assert "until" not in python + command
    check_same(again_in_python(python, folder).model, checkpoint.load_model(run.path).state_dict())
    # One more epoch.
    run.steer(KEY, want="run", until_step=10)
    assert list(record(run, run.claim(run.status), images=images))[-1].state == "done"
    python, command = of_run(run)
    assert "until_step=10)" in python
    assert command.endswith("--change 3:learning_rate=0.0003 --change 4:beta=4.0 --until-step 10")
    weights = checkpoint.load_model(run.path).state_dict()
    made = again_in_python(python, folder)
    assert made.step == 10
    check_same(made.model, weights)
    twin = again_on_the_command_line(command, images, monkeypatch)
    assert (twin.status.state, twin.status.step, twin.changes()) == ("done", 10, run.changes())
    check_same(checkpoint.load_model(twin.path), weights)
    assert of_run(twin) == (python, command)


def test_the_recipe_of_a_run_that_was_stopped_or_given_in_seconds_counts_the_steps_it_made(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "few")
    images = load_images(folder)
    for budget in ("seconds", "epochs"):
        config = TrainConfig(budget=budget, seconds=500, epochs=500, batch_size=32, device="cpu")
        run = recorded(RunSettings("vae", VAEConfig(hidden_dim=16), config), images, {"want": "stop"}, until_step=7)
        assert (run.status.state, run.status.step) == ("stopped", 7)
        python, command = of_run(run)
        made = again_in_python(python, folder)
        assert made.step == 7
        check_same(made.model, checkpoint.load_model(run.path).state_dict())
        twin = again_on_the_command_line(command, images, monkeypatch)
        assert (twin.status.state, twin.status.step) == ("stopped", 7)
        check_same(checkpoint.load_model(twin.path), made.model.state_dict())


@pytest.mark.parametrize("state", ["interrupted", "failed", "stopped"])
def test_the_recipe_of_a_killed_run_gives_the_weights_that_are_left_of_it(tmp_path, state):
    folder = write_folder(tmp_path / "few")
    images = load_images(folder)  # two batches of 32
    settings = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(epochs=9, batch_size=32, device="cpu"))
    run = recorded(
        settings, images, {"want": "run", "until_step": 5, "knobs": {"beta": 2.0}}, {"want": "stop"}, until_step=3
    )
    run.steer(KEY, want="run")
    # As it stands when it was killed, or broke, two seconds later; or is stopped after that.
    run.write_status(Status(state, step=17, epoch=8.5, seconds=run.status.seconds + 2))
    python, command = of_run(run)
    assert command.endswith("--until-step 5")
    assert json.loads(archive.settings_json(run))["steps"] == 5
    made = again_in_python(python, folder)
    found = load(archive.weights(run))
    assert made.step == checkpoint.load(run.path, "cpu").step == 5
    assert found.keys() == made.model.state_dict().keys()
    assert all(np.array_equal(found[name], tensor.numpy()) for name, tensor in made.model.state_dict().items())
    other = archive.unpack(archive.pack(run))
    assert (other.status.step, other.status.epoch) == (5, 2.5)
    assert of_run(other) == (python, command)


def test_the_recipe_of_a_run_that_goes_on_is_that_of_its_end():
    run = RunFolder.create(RunSettings().to_json(), KEY)
    budget = run_recipe(RunSettings()), command_recipe(RunSettings())
    for state in ("queued", "running", "paused", "parked", "failed"):
        run.write_status(Status(state, step=700, epoch=1.5))
        assert of_run(run) == budget
    run.steer(KEY, until_step=900)
    run.write_changes([{"step": 900, "knob": "beta", "value": 2.0}, {"step": 5, "knob": "beta", "value": 99.0}])
    assert of_run(run) == (run_recipe(RunSettings(), (), 900), command_recipe(RunSettings(), (), 900))
    run.write_status(Status("interrupted", step=700, epoch=1.5))
    assert of_run(run)[1].endswith("--until-step 700")
    run.write_status(Status("done", step=4290, epoch=10.0))
    changes = [Change(900, "beta", 2.0)]
    assert of_run(run) == (run_recipe(RunSettings(), changes), command_recipe(RunSettings(), changes))


@pytest.mark.parametrize(
    "settings",
    [
        RunSettings(),
        RunSettings("ae", AutoencoderConfig(latent_dim=7, hidden_dim=33), TrainConfig(seconds=9, budget="seconds")),
        RunSettings("vae", VAEConfig(beta=0.1 + 0.2), TrainConfig(learning_rate=3e-6, seed=2**32 - 1, device="cpu")),
        RunSettings("vae", VAEConfig(labels=True, importance=5, binarise=True), TrainConfig(schedule="cosine")),
        RunSettings("gan", GANConfig(network="dense", loss="wasserstein", spectral=True, turns=2, average=0.0)),
        RunSettings("mixture", PixelMixtureConfig(components=7, regularisation=1e-5, labels=True)),
        RunSettings("classifier", ClassifierConfig(shift=0)),
    ],
)
def test_the_command_asks_for_the_same_settings(settings):
    words = shlex.split(command_recipe(settings))
    assert words[0] == "genlib"
    options = cli._parser().parse_args(words[1:])
    assert RunSettings.from_text(asked_for(options)) == settings


NEGATIVE = ((-1.5, 2.0), (0.1 + 0.2, -1e-9), *((float(i), -i / 7) for i in range(9)))
PLANES = [
    PlanePoints(PointsConfig(dataset="ring", n=40)),
    PlanePoints(PointsConfig(dataset="moons", n=40, noise=0.5, seed=3), NEGATIVE[:2]),
    PlanePoints(None, NEGATIVE),
]


@pytest.mark.parametrize(("family", "points"), list(zip(PLANE_FAMILIES, [*PLANES, PLANES[0]], strict=True)))
def test_the_recipe_of_a_run_on_points_trains_the_same_weights(family, points):
    model = PLANE_CONFIGS[family](**({} if family == "mixture2d" else {"hidden_dim": 8}))
    settings = RunSettings(family, model, TrainConfig(epochs=1, batch_size=8, device="cpu"), points=points)
    before = torch.get_num_threads()
    try:
        again = execute(run_recipe(settings))[0]["run"]
    finally:
        torch.set_num_threads(before)
    run = Run.new(family, model, settings.train)
    for _ in train(run, load_cloud(points)):
        pass
    assert again.step == run.step > 0
    check_same(again.model, run.model.state_dict())
    words = shlex.split(command_recipe(settings))
    assert RunSettings.from_text(asked_for(cli._parser().parse_args(words[1:]))) == settings


def test_no_recipe_warns_when_it_is_compiled():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for code in (
            mixture_recipe(PointsConfig(), MixtureConfig(), columns=["a\\d", "b\n"]),
            run_recipe(RunSettings()),
            run_recipe(RunSettings(), [Change(1, "beta", 2.0)], 7),
        ):
            compile(code, "recipe", "exec")


# Codes ----------------------------------------------------------------------------------------------------------------


def drawn(code):
    """The image that a recipe of a code makes, (28, 28)."""
    return execute(code)[0]["image"].detach()


@pytest.mark.parametrize("z", [(0.5, -1.25), (0.0, 0.0), (2.0, -1.0), (1e-9, 4321.125)])
@pytest.mark.parametrize("label", [None, 7])
def test_the_recipe_of_a_code_decodes_it(z, label):
    """Of a run of one's own, with numbers that are whole and numbers that are long."""
    config = small("vae", labels=label is not None)
    folder = RunFolder.create(RunSettings("vae", config, TrainConfig()).to_json(), KEY)
    state = Run.new("vae", config, TrainConfig(device="cpu"))
    assert checkpoint.save(state, folder.path)
    with torch.no_grad():
        expected = state.model.eval().decode(torch.tensor([z]), None if label is None else torch.tensor([label]))
    assert torch.equal(drawn(code_recipe(folder.id, z, label)), expected[0, 0])
