"""The command line: the same results as the pages, and a sentence for everything that cannot be used."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from few import small
from PIL import Image

from genlib import __version__, checkpoint
from genlib.changes import Change, read_changes
from genlib.cli import main
from genlib.data.images import load_images
from genlib.library import bundled
from genlib.models import MODELS
from genlib.runs import Dispatcher, LocalBackend, RunFolder, Status, home, list_runs
from genlib.sampling import sample_images, sheet
from genlib.settings import MODEL_CONFIGS, PLANE_CONFIGS, RunSettings, TrainConfig, VAEConfig
from genlib.training import Run, train

ROOT = Path(__file__).parent.parent
TINY = ["--hidden-dim", "16", "--batch-size", "4096", "--epochs", "1", "--device", "cpu"]
TINY_SETTINGS = RunSettings("vae", VAEConfig(hidden_dim=16), TrainConfig(batch_size=4096, epochs=1, device="cpu"))


@pytest.fixture
def call(capsys):
    """Run a command in this process; gives its exit status, and what it wrote to standard output and error."""

    def run(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


def check_refused(answer, *parts):
    status, out, error = answer
    assert (status, out) == (2, "")
    assert error.count("\n") == 1
    sentence = error.strip()
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    assert str(ROOT) not in sentence
    assert str(home()) not in sentence
    assert [part for part in parts if part not in sentence] == []


@pytest.mark.fast
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["COMMAND", "genlib --help"]),
        (["fly"], ["'fly'", "train", "sample"]),
        (["train", "--epochs", "0"], ["Epochs cannot be 0", "a whole number from 1 to 1000"]),
        (["train", "--epochs", "many"], ["Epochs cannot be 'many'"]),
        (["train", "--learning-rate", "nan"], ["Learning rate cannot be nan", "from 1e-06 to 100"]),
        (["train", "--seed", "4294967296"], ["Seed cannot be 4294967296", "from 0 to 4294967295"]),
        (["train", "--family", "gun"], ["'gun'", "vae"]),
        (["train", "--family", "ae", "--beta", "2"], ["Autoencoder has no beta"]),
        (["train", "--family", "mixture", "--hidden-dim", "16"], ["Pixel mixture has no hidden_dim"]),
        (["train", "--family", "gan", "--turns", "3"], ["Who learns cannot be 3", "0 (Both), 1 (D alone)"]),
        (["train", "--labels", "perhaps"], ["With labels cannot be 'perhaps'", "true or false"]),
        (["train", "--importance", "5", "--beta", "2"], ["has no β", "choose β = 1"]),
        (["train", "--binarise", "true", "--likelihood", "gaussian"], ["need the Bernoulli likelihood"]),
        (["train", "--family", "gan", "--loss", "hinge", "--smoothing", "0.1"], ["Label smoothing", "set it to 0"]),
        (["train", "--family", "classifier", "--labels", "true"], ["cannot be told them"]),
        (["train", "--schedule", "cosine", "--budget", "seconds"], ["must know its end", "in epochs"]),
        (["train", "--importance", "5", "--change", "7:beta=2"], ["'beta' stays as it is"]),
        (["train", "--family", "mixture", "--change", "7:learning_rate=2"], ["stays as it is, like all its settings"]),
        (["train", "--family", "gan", "--change", "7:turns=0.5"], ["Who learns cannot be 0.5"]),
        (["train", "--speed", "2"], ["--speed"]),
        (["train", "0123"], ["There is no run 0123"]),
        (["train", "../../etc"], ["There is no run of this name"]),
        (["train", "--attempt", "x", "0123"], ["--attempt"]),
        (["train", "--until-step", "x"], ["--until-step"]),
        (["train", "--until-step", "-1"], ["step cannot be -1"]),
        (["train", "--change", "soon"], ["'soon'", "STEP:KNOB=VALUE"]),
        (["train", "--change", "7:beta=21"], ["Beta β cannot be 21.0"]),
        (["train", "--change", "7:seed=2"], ["'seed' stays as it is", "beta or learning_rate"]),
        (["train", "--family", "ae", "--change", "7:beta=2"], ["'beta' stays as it is"]),
        (["sample"], ["MODEL"]),
        (["sample", "nobody"], ["There is no model of that name", "vae-2d"]),
        (["sample", "vae-2d", "--n", "0"], ["cannot be 0", "from 1 to 10000"]),
        (["sample", "vae-2d", "--n", "10001"], ["cannot be 10001"]),
        (["sample", "vae-2d", "--n", "1.5"], ["--n", "1.5"]),
        (["sample", "vae-2d", "--seed", "x"], ["--seed"]),
        (["models", "--jsonn"], ["--jsonn"]),
        (["info", "extra"], ["extra"]),
        (["app", "--port", "0"], ["port cannot be 0", "from 1 to 65535"]),
        (["app", "--port", "99999"], ["port cannot be 99999"]),
        (["app", "--port", "web"], ["--port"]),
        (["app", "--address", "192.0.2.1"], ["no address '192.0.2.1'", "0.0.0.0"]),
        (["app", "--address", "no such place"], ["no address 'no such place'"]),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(call, arguments, parts):
    check_refused(call(*arguments), *parts)
    assert list_runs() == []


def flag_of(knob):
    return f"{knob.flag}{knob.name.upper()}"


@pytest.mark.fast
def test_the_help_says_which_family_it_means(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    told = dict(re.findall(r"^  --([a-z-]+) [A-Z_]+\s+(.*)$", call("train", "--help")[1], re.MULTILINE))
    few, many = ("a whole number from 1 to 64; default 2", "a whole number from 1 to 100; default 50")
    assert told["latent-dim"].startswith(
        f"How many numbers describe one image. (Autoencoder, VAE, Masked autoencoder: {few} | "
        f"Pixel mixture: {many}) GAN: How many"
    )
    # What is the same to all is said of none, and what only one has is said of that one.
    assert told["epochs"].startswith("How often each training image is seen. (a whole number from 1 to 1000; default")
    assert told["labels"].startswith("The model is told which digit each image is")
    assert told["noise"].startswith("Autoencoder, 2-D autoencoder: Spread of the noise")
    assert told["turns"].endswith("(one of 0 (Both), 1 (D alone), 2 (G alone); default 0)")
    assert "Autoencoder: How far a rebuilt image" in told["likelihood"]
    assert "VAE: What a decoded grey level says" in told["likelihood"]


@pytest.mark.fast
def test_the_help_tells_each_setting_with_its_range(call):
    status, out, _ = call("train", "--help")
    told = re.sub(r"\s+", "", out)
    configs = (TrainConfig, *MODEL_CONFIGS.values(), *PLANE_CONFIGS.values())
    knobs = [knob for config in configs for knob in config.knobs()]
    assert status == 0
    assert len(knobs) > 8
    # Of the list, after the line of usage, what stands behind each flag.
    sections = {knob.name: told.partition("options:")[2].partition(flag_of(knob))[2] for knob in knobs}
    for name, section in sections.items():
        ends = [section.find(flag_of(knob)) for knob in knobs if knob.name != name and flag_of(knob) in section]
        sections[name] = section[: min(ends)] if ends else section
    for knob in knobs:
        for text in (knob.help, f"{knob.allowed};default{knob.text(knob.default)}"):
            assert re.sub(r"\s+", "", text) in sections[knob.name], text
    assert "--attempt" not in out
    status, out, _ = call("--help")
    assert status == 0
    assert all(command in out for command in ("train", "sample", "info", "models", "app"))
    assert call("--version") == (0, f"genlib {__version__}\n", "")


@pytest.mark.fast
def test_what_is_broken_off_ends_without_a_word(call, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("genlib.data.images.load_images", broken)
    assert call("info") == (130, "", "")


@pytest.mark.fast
def test_the_models_at_hand(call):
    run = RunFolder.create(TINY_SETTINGS.to_json())
    checkpoint.save(Run.new("vae", TINY_SETTINGS.model, TINY_SETTINGS.train), run.path)
    RunFolder.create(TINY_SETTINGS.to_json())  # nothing saved yet
    for settings in ([], {"family": "gun"}, {"family": ["vae"]}):
        odd = RunFolder.create(TINY_SETTINGS.to_json())
        checkpoint.save(Run.new("vae", TINY_SETTINGS.model, TINY_SETTINGS.train), odd.path)
        odd.write_json("run.json", {"settings": settings})
    status, out, error = call("models", "--json")
    found = json.loads(out)
    assert (status, error) == (0, "")
    assert [entry["name"] for entry in found] == [*(each.id for each in bundled()), run.id]
    for entry in found:
        assert list(entry) == ["name", "family", "conditional", "bytes"]
        assert (entry["family"] in MODEL_CONFIGS, type(entry["conditional"])) == (True, bool)
    weights = run.path / "checkpoint" / "tensors.safetensors"
    assert found[-1]["bytes"] == len(weights.read_bytes())
    status, out, _ = call("models")
    assert [line.split()[0] for line in out.splitlines()] == [entry["name"] for entry in found]


@pytest.mark.fast
def test_what_is_found_on_this_machine(call):
    RunFolder.create(TINY_SETTINGS.to_json())
    status, out, _ = call("info", "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["genlib"], found["torch"], found["runs"]) == (__version__, torch.__version__, 1)
    assert found["images"] == {"train": 55_000, "validation": 5_000, "test": 10_000}
    assert found["default"] == found["devices"][0]["kind"]
    assert found["devices"][-1]["kind"] == "cpu"
    _, out, _ = call("info")
    assert "55,000 train" in out
    assert found["devices"][-1]["words"] in out


@pytest.mark.fast
def test_samples_are_a_picture_that_the_seed_decides(call, tmp_path):
    model = next(run for run in bundled() if run.id == "vae-2d")

    def picture(*arguments):
        out = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        status, said, error = call("sample", model.id, "--n", 10, "--out", out, *arguments)
        assert status == 0
        return out, said, error

    first, _, error = picture()
    assert error == f"10 samples of {model.id} written to {first}.\n"
    with Image.open(first) as opened:
        assert opened.format == "PNG"
        assert np.array_equal(np.asarray(opened), sheet(sample_images(model.path, 10, 0)))
    again, said, _ = picture("--seed", 0, "--json")
    assert json.loads(said) == {"model": model.id, "n": 10, "seed": 0, "file": str(again)}
    assert again.read_bytes() == first.read_bytes()
    assert picture("--seed", 1)[0].read_bytes() != first.read_bytes()
    check_refused(call("sample", model.id, "--out", tmp_path / "no" / "x.png"), "x.png cannot be written", "--out")


@pytest.mark.fast
def test_training_ends_done_with_the_weights_of_the_library(call):
    status, out, error = call("train", *TINY, "--json")
    answer = json.loads(out)
    run = list_runs()[0]
    assert (status, error) == (0, "")
    assert answer == {"run": run.id, "state": "done", "step": 13, "message": ""}
    assert run.settings == TINY_SETTINGS.to_json()
    assert (run.status.state, run.status.attempt, run.status.step) == ("done", 1, 13)
    unbroken = Run.new("vae", TINY_SETTINGS.model, TINY_SETTINGS.train)
    for _ in train(unbroken, load_images()):
        pass
    weights = checkpoint.load_model(run.path).state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in unbroken.model.state_dict().items())
    # Nobody's browser started it, and what is done stays done.
    assert run.asked["owner"] is None
    check_refused(call("train", run.id), "is done", "only a new, parked, stopped or interrupted run")


@pytest.mark.fast
@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=[pytest.mark.slow] * (name == "masked")) for name in MODELS]
)
def test_every_family_is_trained_and_drawn_from(call, tmp_path, family):
    sizes = {knob.name: str(value) for knob in MODEL_CONFIGS[family].knobs()
             for value in [getattr(small(family, network="dense"), knob.name)] if value != knob.default}  # fmt: skip
    flags = [word for name, value in sizes.items() for word in ("--" + name.replace("_", "-"), value)]
    training = ["--batch-size", "4096", "--epochs", "1", "--device", "cpu"]
    status, out, error = call("train", "--family", family, *flags, *training, "--json")
    run = list_runs()[0]
    assert (status, error) == (0, "")
    assert json.loads(out) == {"run": run.id, "state": "done", "step": 13, "message": ""}
    assert RunSettings.from_json(run.settings).model == small(family, network="dense")
    out = tmp_path / "sheet.png"
    answer = call("sample", run.id, "--n", 4, "--out", out)
    if MODELS[family].can_sample:
        assert answer[0] == 0
        with Image.open(out) as opened:
            assert np.array_equal(np.asarray(opened), sheet(sample_images(run.path, 4, 0)))
    else:
        check_refused(answer, "has no distribution to draw from", "choose a VAE")
        assert not out.exists()
    status, out, _ = call("models", "--json")
    entry = json.loads(out)[-1]
    assert (entry["name"], entry["family"], entry["conditional"]) == (run.id, family, False)


@pytest.mark.fast
def test_a_conditional_run_is_told_to_be_one(call):
    assert call("train", *TINY, "--labels", "true", "--until-step", 1)[0] == 0
    assert list_runs()[0].settings["model"]["labels"] is True
    entry = json.loads(call("models", "--json")[1])[-1]
    assert (entry["name"], entry["conditional"]) == (list_runs()[0].id, True)


@pytest.mark.fast
def test_a_run_that_breaks_is_told_by_the_exit_status(call):
    status, _, error = call("train", *TINY, "--learning-rate", 100)
    run = list_runs()[0]
    assert (status, run.status.state) == (1, "failed")
    assert error == f"Run {run.id} is failed at step {run.status.step}. {run.status.message}\n"
    assert "choose a smaller one." in error


@pytest.mark.fast
def test_a_run_goes_on_by_its_id_or_the_beginning_of_it(call):
    run = RunFolder.create(TINY_SETTINGS.to_json())
    run.write_status(Status("stopped"))
    run.ask(want="stop")  # as it was left
    check_refused(call("train", run.id, "--epochs", 2), "The settings of a run never change")
    status, _, error = call("train", run.id[:6])
    assert (status, run.status.state) == (0, "done")
    assert error == f"Run {run.id} is done at step 13.\n"


@pytest.mark.fast
def test_a_run_is_trained_to_a_step_and_on_with_its_changes(call):
    status, out, _ = call("train", *TINY, "--until-step", 3, "--change", "5:beta=2", "--change", "1:beta=3", "--json")
    run = list_runs()[0]
    assert (status, json.loads(out)) == (0, {"run": run.id, "state": "stopped", "step": 3, "message": ""})
    assert [(line["step"], line["value"]) for line in run.changes()] == [(1, 3.0), (5, 2.0)]
    check_refused(call("train", run.id, "--change", "9:beta=1"), "The settings of a run never change")
    # To the end of its budget, and beyond it.
    assert (call("train", run.id)[0], run.status.state, run.status.step) == (0, "done", 13)
    check_refused(call("train", run.id), "is done")
    check_refused(call("train", run.id, "--until-step", 13), "is done")
    assert (call("train", run.id, "--until-step", 14)[0], run.status.state, run.status.step) == (0, "done", 14)
    assert checkpoint.load(run.path, "cpu").settings.value("beta") == 2.0


@pytest.mark.fast
def test_a_parked_run_can_be_taken(call):
    run = RunFolder.create(TINY_SETTINGS.to_json())
    run.ask(want="pause")
    run.write_status(Status("parked"))
    status, _, _ = call("train", run.id, "--until-step", 2)
    assert (status, run.status.state, run.status.step) == (0, "stopped", 2)


@pytest.mark.fast
def test_a_run_that_somebody_trains_is_left_to_him(call):
    run = RunFolder.create(TINY_SETTINGS.to_json())
    for state in ("starting", "running", "paused"):
        run.write_status(Status(state, pid=os.getpid()))
        check_refused(call("train", run.id), run.id, "is being trained already")
    run.write_status(Status("queued"))
    check_refused(call("train", run.id, "--attempt", 1), "Attempt 1 does not hold run")
    (run.path / "attempts" / "1").touch()  # claimed this instant
    check_refused(call("train", run.id), "was just taken by another process")
    assert run.status == Status("queued")


# Processes ------------------------------------------------------------------------------------------------------------


def start(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "genlib", *arguments], env=environment, stderr=subprocess.PIPE, text=True, **options
    )


def wait_for(condition, process=None, seconds=90):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        assert process is None or process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


@pytest.mark.fast
def test_a_tied_trainer_saves_and_ends_when_its_starter_is_gone():
    endless = replace(TINY_SETTINGS, train=TrainConfig(epochs=1000, device="cpu"))
    run = RunFolder.create(endless.to_json())
    with start("train", run.id, "--tied", stdin=subprocess.PIPE) as process:
        wait_for(lambda: run.status.step > 0, process)
        assert run.status.pid == process.pid
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
    assert run.status.state == "interrupted"
    assert run.status.message == "Training was interrupted and saved: it can go on from here."
    assert checkpoint.load(run.path, "cpu").step == run.status.step > 0


@pytest.mark.fast
def test_a_terminated_trainer_saves_and_can_go_on(call):
    flags = ["--hidden-dim", "16", "--budget", "seconds", "--seconds", "1", "--device", "cpu"]
    with start("train", *flags, stdin=subprocess.DEVNULL) as process:
        wait_for(lambda: list_runs() and list_runs()[0].status.step > 0, process)
        run = list_runs()[0]
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
        assert process.returncode == 0
    assert run.status.state == "interrupted"
    step = run.status.step
    assert f"Run {run.id} is interrupted at step {step:,}. Training was interrupted and saved" in error
    assert checkpoint.load(run.path, "cpu").step == step
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert call("train", run.id)[0] == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == handlers
    assert (run.status.state, run.status.attempt) == ("done", 2)
    assert run.status.step > step
    steps = [line["step"] for line in run.metrics()[0] if line["split"] == "train"]
    assert steps == sorted(set(steps))


def kill_at(moments, file):
    """Kill trainers at so many random moments; the figures of what came of it."""
    command = [sys.executable, "-m", "tests.load.killed", "--json", file, "--kills", str(moments)]
    seed = str(random.SystemRandom().randrange(10**6))
    ended = subprocess.run(
        [*command, "--seed", seed], cwd=ROOT, capture_output=True, text=True, timeout=220, check=False
    )
    assert ended.returncode == 0, f"seed {seed}: {ended.stdout} {ended.stderr}"
    rows = json.loads(file.read_text("utf-8"))["load.killed"]["rows"]
    assert rows[0]["value"] == moments
    return {row["name"].removeprefix("killed at random moments: "): row["value"] for row in rows[1:]}


@pytest.mark.fast
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks, so that torch is imported once")
def test_killed_at_random_moments_it_reads_and_ends_in_the_same_weights(tmp_path):
    assert kill_at(3, tmp_path / "told.json")["the latest step saved"] > 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks, so that torch is imported once")
def test_killed_at_fifty_random_moments_it_reads_and_ends_in_the_same_weights(tmp_path):
    told = kill_at(50, tmp_path / "told.json")
    assert told["different steps saved"] > 5
    assert told["changes of knobs made"] > 0


SERVER = """
import sys, time
from genlib.runs import Dispatcher, LocalBackend, RunFolder, find
dispatcher = Dispatcher(LocalBackend(), 1)
dispatcher.recover()
if len(sys.argv) > 1:
    dispatcher.resume(find(sys.argv[1]), "k" * 32)
dispatcher.watch(0.05)
time.sleep(600)
"""


@contextmanager
def serve(folder, *arguments):
    # From a folder in which Python would not find genlib by itself, as a server may be started.
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{SERVER}", *arguments]
    with subprocess.Popen(command, cwd=folder) as server:
        try:
            yield server
        finally:
            server.kill()


@pytest.mark.e2e
def test_a_server_that_is_killed_loses_nothing(tmp_path):
    endless = replace(TINY_SETTINGS, train=TrainConfig(epochs=1000, device="cpu"))
    runs = [RunFolder.create(endless.to_json(), "k" * 32) for _ in range(2)]
    with serve(tmp_path) as server:
        wait_for(lambda: runs[0].status.step > 0, server)
        assert runs[0].status.pid != server.pid
        assert runs[1].status.state == "queued"
    wait_for(lambda: runs[0].status.state == "interrupted")
    step = runs[0].status.step
    assert checkpoint.load(runs[0].path, "cpu").step == step > 0
    with serve(tmp_path, runs[0].id) as server:
        # The queue is kept, and what was interrupted and resumed comes back first, being the older.
        wait_for(lambda: runs[0].status.step > step, server)
        assert (runs[0].status.attempt, runs[1].status.state) == (2, "queued")
        runs[0].steer("k" * 32, want="stop")
        wait_for(lambda: runs[1].status.step > 0, server)
        assert runs[0].status.state == "stopped"
        os.kill(runs[1].status.pid, signal.SIGKILL)
        wait_for(lambda: runs[1].status.state == "interrupted", server)
        assert runs[1].status.message == "The training process ended unexpectedly; what it had saved is kept."


@pytest.mark.e2e
def test_a_run_that_was_parked_ends_in_the_same_weights(call):
    key = "k" * 32
    dispatcher = Dispatcher(LocalBackend(), 1, parked=0.0)
    first = RunFolder.create(TINY_SETTINGS.to_json(), key)
    first.steer(key, until_step=4, knobs={"beta": 2.0})
    dispatcher.watch(0.05)
    try:
        wait_for(lambda: (first.status.state, first.status.step) == ("paused", 4))
        first.steer(key, knobs={"learning_rate": 0.002})
        second = dispatcher.submit(replace(TINY_SETTINGS, train=TrainConfig(epochs=1000, device="cpu")).to_json(), key)
        wait_for(lambda: (first.status.state, second.status.state) == ("parked", "running"))
        assert first.status.pid is None
        dispatcher.resume(first, key)
        wait_for(lambda: dispatcher.place(first) == 1)
        second.steer(key, want="stop")
        wait_for(lambda: first.status.state == "done")
    finally:
        dispatcher.close()
    assert (first.status.attempt, first.status.step, second.status.state) == (2, 13, "stopped")
    settings = RunSettings.from_json(first.settings)
    unbroken = Run.new("vae", settings.model, settings.train)
    unbroken.changes = [Change(0, "beta", 2.0), Change(4, "learning_rate", 0.002)]
    assert read_changes(first.changes(), settings) == unbroken.changes
    for _ in train(unbroken, load_images()):
        pass
    weights = checkpoint.load_model(first.path).state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in unbroken.model.state_dict().items())
