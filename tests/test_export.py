"""Decoders as plain operations: what they give is what the model gives, and damaged files are refused."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save
from torch import nn

from genlib import checkpoint
from genlib.export import (
    Operation,
    evaluate,
    is_exported,
    operations,
    pack_decoder,
    pack_model,
    read_decoder,
    write_decoder,
)
from genlib.knobs import InputError
from genlib.models import build
from genlib.seeding import torch_rng
from genlib.settings import GANConfig, TrainConfig, VAEConfig
from genlib.training import Run
from tests.models.test_contract import DRAWING, KINDS, D, make, step

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

DESCRIPTION, ARRAYS = "decoder.json", "decoder.safetensors"
GREY = 1 / 255


def trained(kind, seed=0):
    model = make(kind, seed)
    optimizers = model.configure_optimizers(TrainConfig(learning_rate=0.02))
    for t in range(6):
        step(model, t, optimizers)
    return model.eval()


@torch.no_grad()
def pictures(model, z, labels):
    return model.decode(torch.as_tensor(z, dtype=torch.float32), torch.as_tensor(labels)).numpy()


def codes(n=200, d=D, name="z"):
    z = torch.randn(n, d, generator=torch_rng(3, name)).numpy()
    return z, torch.randint(10, (n,), generator=torch_rng(3, name, "labels")).numpy()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    write_decoder(trained("gan-dense-labels"), folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "decoder")


def refusal(call, *arguments):
    with pytest.raises(InputError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "/" not in text
    assert text.endswith(".")
    assert "\n" not in text
    return text


# The same images ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DRAWING)
def test_operations_give_the_images_of_the_model(kind):
    model = trained(kind)
    steps = operations(model.train())
    for size in (1, 5, 1000):
        z, labels = codes()
        expected = pictures(model, size * z, labels)
        assert expected.std(0).max() > 0.01
        found = evaluate(steps, size * z, labels)
        assert (found.dtype, found.shape) == (np.float32, (200, 1, 28, 28))
        assert np.abs(found - expected).max() <= (1e-4 if size < 1000 else 1e-2)


@pytest.mark.parametrize("kind", DRAWING)
def test_files_give_them_within_one_grey_level(kind, tmp_path):
    model = trained(kind)
    write_decoder(model, tmp_path)
    decoder = read_decoder(tmp_path)
    conditional = KINDS[kind].labels and not kind.startswith("mixture")
    assert (decoder.family, decoder.latent_dim, decoder.labels) == (model.family, D, conditional)
    z, labels = codes(2000, name="other")
    found, expected = evaluate(decoder.operations, z, labels), pictures(model, z, labels)
    assert np.abs(found - expected).max() < GREY
    assert np.abs(np.rint(255 * found) - np.rint(255 * expected)).max() <= 1
    arrays = load((tmp_path / ARRAYS).read_bytes())
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    numbers = sum(array.size for operation in operations(model) for array in operation.arrays.values())
    assert 2 * numbers < (tmp_path / ARRAYS).stat().st_size < 2 * numbers + 2000
    told = json.loads((tmp_path / DESCRIPTION).read_text())
    assert told["labels"] is conditional
    listed = {f"{i}.{n}": s for i, each in enumerate(told["operations"]) for n, s in each["arrays"].items()}
    assert listed == {name: list(array.shape) for name, array in arrays.items()}


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("labels", [True, False])
def test_normalisation_is_folded_whatever_its_numbers(network, labels):
    config = GANConfig(latent_dim=4, hidden_dim=48, layers=3, channels=4, network=network, labels=labels, average=0.0)
    model, rng = build("gan", config, 0), torch_rng(0, "norms")
    norms = [each for each in model.generator.modules() if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert len(norms) == (3 if network == "dense" else 2)
    with torch.no_grad():
        for norm in norms:
            for tensor in (norm.running_mean, norm.weight, norm.bias):
                tensor.copy_(torch.randn(tensor.shape, generator=rng))
            norm.running_var.copy_(torch.rand(norm.running_var.shape, generator=rng) + 0.01)
    steps = operations(model.eval())
    assert {each.kind for each in steps} <= {"linear", "shift", "relu", "reshape", "conv_transpose", "sigmoid"}
    z, digits = codes(d=4)
    np.testing.assert_allclose(evaluate(steps, z, digits), pictures(model, z, digits), atol=1e-4)


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1), (3, 5, 2, 7, 7), (2, 4, 1, 3, 6)])
def test_transposed_convolution_agrees_with_pytorch(sizes):
    b, inputs, outputs, height, width = sizes
    rng = torch_rng(0, "convolution")
    layer = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    x = torch.randn(b, inputs, height, width, generator=rng)
    arrays = {"weight": layer.weight.detach().numpy(), "bias": layer.bias.detach().numpy()}
    found = evaluate([Operation("conv_transpose", (outputs, 2 * height, 2 * width), arrays)], x.numpy())
    np.testing.assert_allclose(found, layer(x).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize(("kind", "meaning"), [("silu", nn.functional.silu), ("sigmoid", torch.sigmoid)])
def test_curves_agree_with_pytorch(kind, meaning):
    x = torch.cat([torch.linspace(-100, 100, 4001), torch.tensor([-1e30, 1e30])])
    found = evaluate([Operation(kind, (4003,), {})], x.numpy())
    np.testing.assert_allclose(found, meaning(x).numpy(), rtol=1e-6, atol=2e-6)


def test_what_was_exported_stays_when_the_model_learns_on():
    model = trained("vae")
    steps, (z, labels) = operations(model), codes(5)
    before = evaluate(steps, z, labels)
    step(model, learning_rate=0.1)
    assert np.array_equal(evaluate(steps, z, labels), before)
    assert not np.allclose(evaluate(operations(model), z, labels), before, atol=1e-3)


def test_an_image_does_not_depend_on_the_others():
    steps, (z, labels) = operations(trained("gan")), codes(50)
    np.testing.assert_allclose(evaluate(steps, z[7:8], labels[7:8]), evaluate(steps, z, labels)[7:8], atol=1e-6)


def test_a_digit_has_to_be_named():
    assert "say which digit" in refusal(evaluate, operations(make("vae-conv-labels")), codes(1)[0])


@pytest.mark.parametrize("kind", ["gan-dense-labels", "vae-conv-labels", "ae-labels"])
def test_a_digit_may_be_shares_of_two(kind):
    steps, (z, labels) = operations(trained(kind)), codes()
    one = np.eye(10)[labels]
    np.testing.assert_allclose(evaluate(steps, z, one), evaluate(steps, z, labels), atol=1e-6)
    shares = 0.5 * (one + np.eye(10)[(labels + 1) % 10])
    # Halfway is the mean of what both digits add, in front of all curves: a table that has such a row gives the same.
    at = next(i for i, each in enumerate(steps) if each.kind == "shift")
    table = steps[at].arrays["table"]
    between = Operation("shift", steps[at].shape, {"table": (table + np.roll(table, -1, 0)) / 2})
    found = evaluate(steps, z, shares)
    np.testing.assert_allclose(found, evaluate([*steps[:at], between, *steps[at + 1 :]], z, labels), atol=1e-5)
    mean = (evaluate(steps, z, labels) + evaluate(steps, z, (labels + 1) % 10)) / 2
    assert np.abs(found - mean).max() > 1e-3, "a mean of images is something else"


def test_what_draws_nothing_is_not_exported(tmp_path):
    assert "draws no images" in refusal(write_decoder, make("classifier"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


# Half precision -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "layer"), [(300.0, "last"), (1e7, "last"), (1e7, "first")])
def test_arrays_keep_single_precision_where_half_shows(tmp_path, factor, layer):
    """Steep decoders turn rounding into other greys, and half precision ends at 65,504."""
    model = build("vae", VAEConfig(latent_dim=D, hidden_dim=32), 0).eval()
    steep = model.decoder.rest[-2] if layer == "last" else model.decoder.first
    with torch.no_grad():
        steep.weight.mul_(factor)
    write_decoder(model, tmp_path)
    kept = {str(array.dtype) for array in load((tmp_path / ARRAYS).read_bytes()).values()}
    assert kept == {"float16", "float32"}
    z, labels = codes(2000, name="other")
    found = evaluate(read_decoder(tmp_path).operations, z, labels)
    rounding = np.abs(evaluate(operations(model), z, labels) - pictures(model, z, labels)).max()
    assert np.abs(found - pictures(model, z, labels)).max() < GREY + rounding


def test_numbers_too_large_for_half_precision_are_kept_even_if_nobody_sees_it(tmp_path):
    model = make("vae").eval()
    with torch.no_grad():
        model.decoder.rest[-2].bias[:100] = 1e6
    write_decoder(model, tmp_path)
    z, labels = codes()
    images = evaluate(read_decoder(tmp_path).operations, z, labels)
    assert np.all(images.reshape(200, -1)[:, :100] == 1)
    assert np.abs(images - pictures(model, z, labels)).max() < GREY


def test_numbers_that_are_none_are_not_written(tmp_path):
    model = make("ae")
    with torch.no_grad():
        model.decoder.first.weight[0, 0] = float("nan")
    assert "not finite" in refusal(write_decoder, model, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_disk_that_refuses(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "could not be written" in refusal(write_decoder, make("ae"), tmp_path / "file")
    (tmp_path / ARRAYS).mkdir()
    assert "could not be written" in refusal(write_decoder, make("ae"), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [ARRAYS, "file"]


def test_writing_again_replaces_and_leaves_nothing_behind(tmp_path):
    for kind in ("gan", "vae"):
        write_decoder(make(kind), tmp_path)
        assert read_decoder(tmp_path).family == kind
        assert sorted(path.name for path in tmp_path.iterdir()) == [DESCRIPTION, ARRAYS]


def test_reading_needs_no_torch(written):
    code = (
        "import sys; from pathlib import Path; import numpy as np; from genlib.export import evaluate, read_decoder\n"
        "decoder = read_decoder(Path(sys.argv[1]))\n"
        "evaluate(decoder.operations, np.zeros((2, decoder.latent_dim)), np.array([3, 4]))\n"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code, str(written)], cwd=root, check=False).returncode == 0


# In one piece ---------------------------------------------------------------------------------------------------------


def unpacked(packed):
    start = 4 + int.from_bytes(packed[:4], "little")
    assert start % 8 == 0
    return json.loads(packed[4:start]), packed[start:]


def saved(config, folder, step=12):
    state = Run.new("vae", config, TrainConfig(device="cpu"))
    state.step = step
    assert checkpoint.save(state, folder)
    return state.model


@pytest.mark.parametrize("kind", DRAWING)
def test_a_packed_model_can_be_read_as_files(kind, tmp_path):
    model = trained(kind)
    told, content = unpacked(pack_model(model, 5))
    assert told.pop("step") == 5
    (tmp_path / DESCRIPTION).write_text(json.dumps(told))
    (tmp_path / ARRAYS).write_bytes(content)
    for each, expected in zip(read_decoder(tmp_path).operations, operations(model), strict=True):
        assert (each.kind, each.shape) == (expected.kind, expected.shape)
        for name, array in expected.arrays.items():
            np.testing.assert_array_equal(each.arrays[name], array)  # nothing is rounded


def test_files_are_packed_as_they_are_with_the_step_of_the_checkpoint(tmp_path):
    config = VAEConfig(latent_dim=3, hidden_dim=32)
    model = saved(config, tmp_path)
    assert not is_exported(tmp_path)
    from_checkpoint = unpacked(pack_decoder(tmp_path))
    assert from_checkpoint[0]["step"] == 12
    write_decoder(model, tmp_path)
    assert is_exported(tmp_path)
    told, content = unpacked(pack_decoder(tmp_path))
    assert told == json.loads((tmp_path / DESCRIPTION).read_text()) | {"step": 12}
    assert content == (tmp_path / ARRAYS).read_bytes()
    assert len(content) < 0.6 * len(from_checkpoint[1])
    path = tmp_path / "checkpoint" / "checkpoint.json"
    path.write_text(path.read_text().replace('"step": 12', '"step": "x"'))
    assert unpacked(pack_decoder(tmp_path))[0]["step"] == 0


def test_what_cannot_be_packed_is_refused(tmp_path, folder):
    assert "no checkpoint" in refusal(pack_decoder, tmp_path)
    assert "draws no images" in refusal(pack_model, make("classifier"), 3)
    (folder / ARRAYS).write_bytes(b"")
    assert "damaged" in refusal(pack_decoder, folder)


@pytest.mark.parametrize(("kind", "labels"), [("gan", False), ("gan-dense-labels", True)])
def test_a_model_that_cannot_be_exported_says_so_and_what_it_takes(kind, labels):
    model = make(kind)
    for net in (model.generator, *model.averages.values()):
        net.rest.append(nn.Tanh())
    told, content = unpacked(pack_model(model, 8))
    assert "Tanh" in told.pop("error")
    assert told == {"family": "gan", "latent_dim": D, "labels": labels, "step": 8, "fallback": True}
    assert content == b""


# Damaged files --------------------------------------------------------------------------------------------------------


def change(folder, **values):
    path = folder / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def change_arrays(folder, arrays):
    """Other arrays, whose checksum is right."""
    content = save(arrays)
    (folder / ARRAYS).write_bytes(content)
    change(folder, sha256=hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("name", [DESCRIPTION, ARRAYS])
def test_files_that_are_missing_cut_or_too_long(folder, name):
    whole = (folder / name).read_bytes()
    for i in range(20):
        (folder / name).write_bytes(whole[: len(whole) * i // 20])
        assert "damaged" in refusal(read_decoder, folder)
    (folder / name).write_bytes(whole + b" " * 2**26)
    assert "damaged" in refusal(read_decoder, folder)
    (folder / name).unlink()
    assert "missing" in refusal(read_decoder, folder)


def test_a_changed_number_is_noticed(folder):
    whole = (folder / ARRAYS).read_bytes()
    for place in range(0, len(whole), len(whole) // 50):
        (folder / ARRAYS).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert "damaged" in refusal(read_decoder, folder)


@pytest.mark.parametrize("number", [0, 2, "1", None, 10**400])
def test_another_version_is_named(folder, number):
    change(folder, format=number)
    assert "another version" in refusal(read_decoder, folder)


@pytest.mark.parametrize(
    "values",
    [
        *({"latent_dim": d} for d in (0, 4, 3.0, "3", None, True)),
        *({"labels": told} for told in (False, 1, None)),
        *({"family": family} for family in ("classifier", "gan9", 3, ["gan"], None)),
        *(
            {"operations": made}
            for made in ([], None, {}, 3, [3], [{}], [{"kind": "relu", "shape": [D], "arrays": {}}])
        ),
    ],
)
def test_descriptions_that_fit_no_arrays(folder, values):
    change(folder, **values)
    assert "damaged" in refusal(read_decoder, folder)


def test_every_operation_has_to_fit_the_one_before(folder):
    made = json.loads((folder / DESCRIPTION).read_text())["operations"]
    for i, each in enumerate(made):
        wrong = [[*each["shape"], 1], each["shape"][:-1], [-size for size in each["shape"]], [2**20]]
        for other in [*({"shape": shape} for shape in wrong), {"kind": "softmax"}, {"kind": "conv_transpose"}]:
            change(folder, operations=[*made[:i], each | other, *made[i + 1 :]])
            assert "damaged" in refusal(read_decoder, folder)
    relu = {"kind": "relu", "shape": [1, 28, 28], "arrays": {}}
    for more in ([relu], [relu] * 40 + made[-1:]):
        change(folder, operations=made + more)
        assert "damaged" in refusal(read_decoder, folder)
    # Shapes that come right again in the end, or never do.
    reshapes = [{"kind": "reshape", "shape": shape, "arrays": {}} for shape in ([5], [1, 28, 28])]
    flat = [{"kind": kind, "shape": [784], "arrays": {}} for kind in ("reshape", "sigmoid")]
    for more in ([*reshapes, made[-1]], flat):
        change(folder, operations=made[:-1] + more)
        assert "damaged" in refusal(read_decoder, folder)
    change(folder, operations=made[:-1] + [relu, made[-1]])
    assert len(read_decoder(folder).operations) == len(made) + 1


def test_transposed_convolutions_double_the_image(tmp_path):
    write_decoder(make("vae-conv-labels"), tmp_path)
    made = json.loads((tmp_path / DESCRIPTION).read_text())["operations"]
    middle = [each for each in made if each["shape"][1:] == [14, 14]]
    assert [each["kind"] for each in middle] == ["conv_transpose", "silu"]
    for each in middle:
        each["shape"] = [each["shape"][0], 7, 28]
    change(tmp_path, operations=made)
    assert "damaged" in refusal(read_decoder, tmp_path)


@pytest.mark.parametrize("kind", ["vae-conv-labels", "gan-dense-labels"])
def test_arrays_of_other_shapes(tmp_path, kind):
    write_decoder(make(kind), tmp_path)
    arrays, told = load((tmp_path / ARRAYS).read_bytes()), json.loads((tmp_path / DESCRIPTION).read_text())
    for place, array in arrays.items():
        number, _, name = place.partition(".")
        for other in (array[1:], array[..., 1:], array.reshape(-1, 1), array[None]):
            made = json.loads(json.dumps(told["operations"]))
            made[int(number)]["arrays"][name] = list(other.shape)
            change(tmp_path, operations=made)
            change_arrays(tmp_path, arrays)  # it says something else than the file has
            assert "damaged" in refusal(read_decoder, tmp_path)
            change_arrays(tmp_path, arrays | {place: np.ascontiguousarray(other)})  # both say what does not fit
            assert "damaged" in refusal(read_decoder, tmp_path)
    change(tmp_path, operations=told["operations"])
    change_arrays(tmp_path, {place: array.astype(np.float32) for place, array in arrays.items()})
    assert read_decoder(tmp_path).labels


def test_arrays_that_no_decoder_has(folder):
    arrays = load((folder / ARRAYS).read_bytes())
    name, array = next((name, array) for name, array in arrays.items() if name.endswith("weight"))
    infinite = array.copy()
    infinite[0, 0] = np.inf
    for other in (array.astype(np.int16), array.astype(np.float64), infinite):
        change_arrays(folder, arrays | {name: other})
        assert "damaged" in refusal(read_decoder, folder)
    for other in (arrays | {"99.weight": array}, {n: a for n, a in arrays.items() if n != name}):
        change_arrays(folder, other)
        assert "damaged" in refusal(read_decoder, folder)
    made = json.loads((folder / DESCRIPTION).read_text())["operations"]
    for i, each in enumerate(made):
        change(folder, operations=[*made[:i], each | {"arrays": each["arrays"] | {"more": [2]}}, *made[i + 1 :]])
        change_arrays(folder, arrays | {f"{i}.more": np.zeros(2, np.float16)})
        assert "damaged" in refusal(read_decoder, folder)


FUZZ = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def try_read(folder):
    """Either one sentence, or a decoder that makes images."""
    try:
        decoder = read_decoder(folder)
    except InputError as error:
        assert str(error).endswith(".")
        return
    images = evaluate(decoder.operations, np.zeros((2, decoder.latent_dim)), np.array([0, 9]))
    assert images.shape == (2, 1, 28, 28)
    assert 0 <= images.min() <= images.max() <= 1


@given(
    st.sampled_from([DESCRIPTION, ARRAYS]), st.binary(max_size=500) | JSON.map(lambda value: json.dumps(value).encode())
)
@FUZZ
def test_any_bytes_in_place_of_a_file(written, tmp_path, name, content):
    for each in (DESCRIPTION, ARRAYS):
        shutil.copy(written / each, tmp_path / each)
    (tmp_path / name).write_bytes(content)
    refusal(read_decoder, tmp_path)
    if name == ARRAYS:
        change(tmp_path, sha256=hashlib.sha256(content).hexdigest())
        refusal(read_decoder, tmp_path)


@given(st.data())
@FUZZ
def test_any_value_in_place_of_any_other(written, tmp_path, data):
    told = json.loads((written / DESCRIPTION).read_text())
    where, key = told, data.draw(st.sampled_from(sorted(told)))
    while isinstance(where[key], dict | list) and where[key] and data.draw(st.integers(0, 4)):
        where = where[key]
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
    where[key] = data.draw(JSON | st.integers(0, 2000) | st.sampled_from(["relu", "linear", "reshape", "clamp"]))
    shutil.copy(written / ARRAYS, tmp_path / ARRAYS)
    (tmp_path / DESCRIPTION).write_text(json.dumps(told))
    try_read(tmp_path)
