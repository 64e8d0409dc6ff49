"""Checkpoints: whole or refused, whatever happens to the files."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from genlib.checkpoint import load, load_model, save, save_model
from genlib.data.images import load_images
from genlib.knobs import InputError
from genlib.settings import MODEL_CONFIGS, TrainConfig
from genlib.training import Run, train

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

TENSORS, DESCRIPTION = "tensors.safetensors", "checkpoint.json"


def trained(family="vae", steps=2):
    mnist = load_images()
    small = replace(mnist, train=mnist.train[:64], validation=mnist.validation[:8], test=mnist.test[:20])
    config = TrainConfig(batch_size=32, device="cpu", learning_rate=0.002)
    run = Run.new(family, MODEL_CONFIGS[family](latent_dim=2, hidden_dim=16), config)
    for _ in train(run, small, until_step=steps):
        pass
    return run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder whose newest checkpoint is of step 4 and the one before of step 2, and the newest run."""
    folder = tmp_path_factory.mktemp("saved")
    save(trained(steps=2), folder)
    run = trained(steps=4)
    save(run, folder)
    return folder, run


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved[0], tmp_path / "run")


def refusal(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "/" not in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize("family", MODEL_CONFIGS)
def test_everything_comes_back_bit_for_bit(tmp_path, family):
    run = trained(family)
    assert save(run, tmp_path)
    back = load(tmp_path, "cpu")
    for name in ("family", "model_config", "train_config", "step", "seconds", "device"):
        assert getattr(back, name) == getattr(run, name)
    pairs = zip(run.model.state_dict().items(), back.model.state_dict().items(), strict=True)
    assert all(name == other and torch.equal(a, b) for (name, a), (other, b) in pairs)
    old, new = run.optimizers["adam"].state_dict(), back.optimizers["adam"].state_dict()
    assert old["param_groups"] == new["param_groups"]
    assert old["state"].keys() == new["state"].keys() == set(range(8))
    for index, parts in old["state"].items():
        assert parts.keys() == new["state"][index].keys() == {"step", "exp_avg", "exp_avg_sq"}
        assert all(torch.equal(value, new["state"][index][key]) for key, value in parts.items())


def test_a_run_before_its_first_step_is_saved_too(tmp_path):
    run = Run.new("vae", MODEL_CONFIGS["vae"](), TrainConfig(device="cpu"))
    assert save(run, tmp_path)
    assert load(tmp_path, "cpu").step == 0


def test_model_alone_is_ready_to_sample(saved):
    folder, run = saved
    model = load_model(folder)
    assert not model.training
    z = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.decode(z), run.model.decode(z))


def test_description_tells_what_was_running(saved):
    description = json.loads((saved[0] / "checkpoint" / DESCRIPTION).read_text())
    assert description["threads"] == 1
    assert description["versions"]["torch"] == torch.__version__
    assert description["family"] == "vae"
    assert TrainConfig.from_json(description["train_config"]).learning_rate == 0.002


@pytest.mark.parametrize("name", [TENSORS, DESCRIPTION])
@pytest.mark.parametrize("change", ["cut", "flip"])
def test_damage_anywhere_falls_back_to_the_one_before(folder, name, change):
    path = folder / "checkpoint" / name
    whole = path.read_bytes()
    assert load(folder, "cpu").step == 4
    for i in range(40):
        place = len(whole) * i // 40
        flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        path.write_bytes(whole[:place] if change == "cut" else flipped)
        assert load(folder, "cpu").step == 2
    path.write_bytes(whole)
    assert load(folder, "cpu").step == 4


@pytest.mark.parametrize("name", [TENSORS, DESCRIPTION])
def test_damage_to_both_is_one_sentence(folder, name):
    for checkpoint in ("checkpoint", "checkpoint.previous"):
        path = folder / checkpoint / name
        path.write_bytes(path.read_bytes()[:-1])
    assert "neither the newest nor the one before" in refusal(load, folder, "cpu")
    refusal(load_model, folder)


@pytest.mark.parametrize("lost", ["checkpoint", f"checkpoint/{TENSORS}", f"checkpoint/{DESCRIPTION}"])
def test_missing_newest_falls_back(folder, lost):
    path = folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert load(folder, "cpu").step == 2
    shutil.rmtree(folder)
    refusal(load, folder, "cpu")


def forge(folder, **changes):
    """A description with right checksums that says something else."""
    from genlib.checkpoint import _digest

    path = folder / "checkpoint" / DESCRIPTION
    description = json.loads(path.read_text()) | changes
    del description["own_sha256"]
    path.write_text(json.dumps(description | {"own_sha256": _digest(description)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"family": "nothing"},
        {"family": ["vae"]},
        {"model_config": {"latent_dim": 3}},
        {"model_config": None},
        {"train_config": {"learning_rate": -1}},
        {"step": "four"},
        {"step": -1},
        {"seconds": float("nan")},
        {"seconds": 10**400},
        {"changes": 3},
    ],
)
def test_forged_descriptions_are_not_believed(folder, changes):
    forge(folder, **changes)
    assert load(folder, "cpu").step == 2
    shutil.rmtree(folder / "checkpoint.previous")
    refusal(load, folder, "cpu")


@pytest.mark.parametrize("content", ['"text"', "[]", "3", "null", "[" * 100_000])
def test_a_description_that_is_no_object_falls_back_too(folder, content):
    (folder / "checkpoint" / DESCRIPTION).write_text(content)
    assert load(folder, "cpu").step == 2
    load_model(folder)
    shutil.rmtree(folder / "checkpoint.previous")
    refusal(load, folder, "cpu")
    refusal(load_model, folder)


def test_a_model_saved_alone_is_not_trained_on(saved, tmp_path):
    folder, run = saved
    save_model(folder, tmp_path)
    refusal(load, tmp_path, "cpu")
    back = load(tmp_path, "cpu", trainable=False)
    assert (back.step, back.settings) == (run.step, run.settings)
    for model in (back.model, load_model(tmp_path)):
        pairs = zip(model.state_dict().values(), run.model.state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_broken_weights_are_never_written(folder, bad):
    run = load(folder, "cpu")
    with torch.no_grad():
        next(iter(run.model.parameters()))[0, 0] = bad
    run.step = 6
    assert save(run, folder) is False
    assert load(folder, "cpu").step == 4
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint", "checkpoint.previous"]


def test_two_checkpoints_stay_however_often_one_is_written(folder):
    run = load(folder, "cpu")
    for step in (5, 6, 7):
        run.step = step
        assert save(run, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint", "checkpoint.previous"]
    assert load(folder, "cpu").step == 7
    shutil.rmtree(folder / "checkpoint")
    assert load(folder, "cpu").step == 6


def test_crash_between_the_renames_leaves_one_and_the_next_save_heals(folder):
    run = load(folder, "cpu")
    shutil.rmtree(folder / "checkpoint.previous")
    (folder / "checkpoint").rename(folder / "checkpoint.previous")
    (folder / "checkpoint.new").mkdir()
    (folder / "checkpoint.new" / TENSORS).write_bytes(b"half")
    assert load(folder, "cpu").step == 4
    run.step = 5
    assert save(run, folder)
    assert load(folder, "cpu").step == 5
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint", "checkpoint.previous"]


def test_disk_that_refuses_is_one_sentence(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert "could not be written" in refusal(save, trained(), blocked)
