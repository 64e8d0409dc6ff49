"""Checkpoints: whole or refused, whatever happens to the files."""

import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch
from few import few_images, small

from genlib.checkpoint import load, load_model, save, save_model
from genlib.knobs import InputError
from genlib.models import MODELS
from genlib.sampling import sample_images
from genlib.settings import TrainConfig
from genlib.training import Run, train

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

TENSORS, DESCRIPTION = "tensors.safetensors", "checkpoint.json"


def trained(family="vae", steps=2, **settings):
    config = TrainConfig(batch_size=32, device="cpu", learning_rate=0.002)
    run = Run.new(family, small(family, **settings), config)
    for _ in train(run, few_images(64, 8), until_step=steps):
        pass
    run.seconds = 0.25  # of a longer number the last digit may be changed and mean the same
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


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("family", MODELS)
def test_everything_comes_back_bit_for_bit(tmp_path, family, average):
    run = trained(family, average=average)
    assert save(run, tmp_path)
    back = load(tmp_path, "cpu")
    for name in ("family", "model_config", "train_config", "step", "seconds", "device"):
        assert getattr(back, name) == getattr(run, name)
    pairs = zip(run.model.state_dict().items(), back.model.state_dict().items(), strict=True)
    assert all(name == other and torch.equal(a, b) for (name, a), (other, b) in pairs)
    assert run.optimizers.keys() == back.optimizers.keys()
    for name in run.optimizers:
        old, new = run.optimizers[name].state_dict(), back.optimizers[name].state_dict()
        assert old["param_groups"] == new["param_groups"]
        learnt = sum(len(group["params"]) for group in old["param_groups"])
        assert old["state"].keys() == new["state"].keys() == set(range(learnt))
        assert learnt > 0
        for index, parts in old["state"].items():
            assert parts.keys() == new["state"][index].keys() == {"step", "exp_avg", "exp_avg_sq"}
            assert all(torch.equal(value, new["state"][index][key]) for key, value in parts.items())


def test_a_vae_keeps_the_state_of_all_its_weights_and_of_no_average():
    states = [len(trained(average=average).optimizers["adam"].state) for average in (0.0, 0.9)]
    assert states == [8, 8]  # four layers with a weight and a bias


@pytest.mark.parametrize("family", MODELS)
def test_a_run_before_its_first_step_is_saved_too(tmp_path, family):
    run = Run.new(family, small(family), TrainConfig(device="cpu"))
    assert save(run, tmp_path)
    assert load(tmp_path, "cpu").step == 0


@pytest.mark.parametrize("turns", [1, 2])
def test_a_run_of_two_players_of_whom_one_waits_goes_on(tmp_path, turns):
    """The optimiser of the one that waits has no state yet."""
    whole, part = (trained("gan", steps, turns=turns) for steps in (4, 2))
    assert sorted(len(optimizer.state) > 0 for optimizer in part.optimizers.values()) == [False, True]
    assert save(part, tmp_path)
    resumed = load(tmp_path, "cpu")
    for _ in train(resumed, few_images(64, 8), until_step=4):
        pass
    pairs = zip(whole.model.state_dict().items(), resumed.model.state_dict().items(), strict=True)
    assert all(name == other and torch.equal(a, b) for (name, a), (other, b) in pairs)


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


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("family", MODELS)
def test_a_model_saved_alone_is_what_is_shown_in_half_the_precision(tmp_path, family, average):
    run, whole, alone = trained(family, average=average), tmp_path / "whole", tmp_path / "alone"
    assert save(run, whole)
    save_model(whole, alone)
    if run.optimizers:
        refusal(load, alone, "cpu")
    tensors = safetensors.torch.load((alone / "checkpoint" / TENSORS).read_bytes())
    own = run.model.state_dict()
    halved = MODELS[family].halves
    # Each once: an average in the place of what it is of, and nothing for training on.
    assert {name.removeprefix("model.") for name in tensors} == {n for n in own if not n.startswith("averages.")}
    for name, tensor in tensors.items():
        name = name.removeprefix("model.")
        shown = own.get(f"averages.{name}", own[name])
        expected = shown.half() if halved and shown.is_floating_point() else shown
        assert tensor.dtype == expected.dtype
        assert torch.equal(tensor, expected), name
    back = load(alone, "cpu", trainable=False)
    assert (back.step, back.settings) == (run.step, run.settings)
    for model in (back.model, load_model(alone)):
        for name, tensor in model.state_dict().items():
            shown = own.get(f"averages.{name}", own[name])
            assert tensor.dtype == shown.dtype
            expected = shown.half().to(shown.dtype) if halved and shown.is_floating_point() else shown
            assert torch.equal(tensor, expected), name


@pytest.mark.parametrize("family", [family for family in MODELS if MODELS[family].can_sample])
@pytest.mark.parametrize("network", ["dense", "conv"])
def test_half_the_precision_is_not_seen(tmp_path, family, network):
    settings = {"network": network, "labels": True, "average": 0.9, "latent_dim": 8, "hidden_dim": 64}
    run, whole, alone = trained(family, 10, **settings), tmp_path / "whole", tmp_path / "alone"
    assert save(run, whole)
    save_model(whole, alone)
    first, second = (sample_images(folder, 40, 0).astype(int) for folder in (whole, alone))
    assert np.abs(first - second).max() <= 1
    # What is compared is the average: with the weights themselves the samples are others.
    if list(getattr(run.model, "averages", ())):
        weights = {n: t for n, t in run.model.state_dict().items() if not n.startswith("averages.")}
        run.model.load_state_dict(
            weights | {f"averages.{n}": t for n, t in weights.items() if f"averages.{n}" in run.model.state_dict()}
        )
        assert save(run, tmp_path / "other")
        assert np.abs(sample_images(tmp_path / "other", 40, 0).astype(int) - first).max() > 1


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
