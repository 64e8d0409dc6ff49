"""Decoders in a real browser: the images that JavaScript makes of codes are those of PyTorch."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from torch import nn

from genlib.checkpoint import load_model
from genlib.export import Operation, evaluate, operations, pack_decoder, pack_model, read_decoder, write_decoder
from genlib.library import bundled
from genlib.models import build
from genlib.seeding import numpy_rng
from genlib.settings import FAMILIES, AutoencoderConfig, GANConfig, VAEConfig
from tests.e2e.conftest import scripts
from tests.models.test_contract import make
from tests.test_export import DRAWING, KINDS, pictures, trained

pytestmark = pytest.mark.e2e

torch.set_num_threads(1)

ROOT = Path(__file__).parents[2]
SCRIPTS = ("tensors.js", "decoder.js")
N = 200
DRAWN = [run.id for run in bundled() if run.settings["family"] in FAMILIES]
LARGE = {
    "dense of four layers": ("vae", VAEConfig(latent_dim=20, hidden_dim=256, layers=4, labels=True)),
    "dense generator": ("gan", GANConfig(latent_dim=20, hidden_dim=256, layers=4, network="dense")),
    "convolutional": ("ae", AutoencoderConfig(latent_dim=9, network="conv", channels=12)),
    "convolutional with labels": ("gan", GANConfig(latent_dim=20, channels=20, labels=True)),
}

OPEN = """([text]) => {
  window.decoder = makeDecoder('it', unpack(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
}"""
DECODE = """([codes, labels]) => {
  const all = new Float32Array(784 * codes.length);
  codes.forEach((z, i) => all.set(decoder.decode(z, labels[i]), 784 * i));
  const bytes = new Uint8Array(all.buffer);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}"""


def drawn(page, packed, z, labels):
    """What the browser makes of codes by a decoder in bytes, (n, 784)."""
    page.evaluate(OPEN, [base64.b64encode(packed).decode()])
    return again(page, z, labels)


def again(page, z, labels):
    answer = page.evaluate(DECODE, [z.tolist(), [each if isinstance(each, list) else int(each) for each in labels]])
    return np.frombuffer(base64.b64decode(answer), np.float32).reshape(len(z), 784)


def codes(d, size=1.0, n=N):
    return size * numpy_rng(4, "codes", str(d)).standard_normal((n, d)).astype(np.float32), np.arange(n) % 10


def off(found, expected):
    """By how many grey levels rounded images differ at most."""
    assert np.isfinite(found).all()
    return np.abs(np.rint(255 * found) - np.rint(255 * expected.reshape(found.shape))).max()


@pytest.mark.parametrize("kind", DRAWING)
def test_every_decoder_of_the_registry(page, kind, tmp_path):
    model = trained(kind)
    write_decoder(model, tmp_path / "files")
    for packed, sizes in ((pack_model(model, 6), (1, 30)), (pack_decoder(tmp_path / "files"), (1,))):
        for size in sizes:
            z, labels = codes(model.latent_dim, size)
            expected = pictures(model, z, labels)
            assert expected.std(0).max() > 0.01, "or there is nothing to compare"
            assert off(drawn(page, packed, z, labels), expected) <= 1
    told = page.evaluate("({ ...decoder, decode: 0, fetchImages: 0 })")
    conditional = KINDS[kind].labels and not kind.startswith("mixture")
    assert (told["family"], told["latentDim"], told["labels"]) == (model.family, model.latent_dim, conditional)
    assert (told["fallback"], told["error"]) == (False, "")


@pytest.mark.parametrize("name", LARGE)
def test_larger_networks_whose_normalisation_is_far_from_none(page, name):
    family, config = LARGE[name]
    model, rng = build(family, config, 0), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in (each for each in model.parameters() if each.dim() > 1):
            weight *= 3
        for each in model.modules():
            if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
                for tensor in (each.running_mean, each.weight, each.bias):
                    tensor.copy_(torch.randn(tensor.shape, generator=rng))
                each.running_var.copy_(torch.rand(each.running_var.shape, generator=rng) + 0.01)
    z, labels = codes(model.latent_dim)
    expected = pictures(model.eval(), z, labels)
    found = drawn(page, pack_model(model, 0), z, labels)
    assert expected.std(0).max() > 0.01
    assert off(found, expected) <= 1
    assert np.abs(found - expected.reshape(N, 784)).max() < 1e-3


@pytest.mark.parametrize("name", DRAWN)
def test_every_bundled_model(page, name):
    folder = ROOT / "assets" / "models" / name
    model = load_model(folder)
    z, labels = codes(model.latent_dim)
    for size in (1, 10) if model.family in ("ae", "vae") else (1,):
        assert off(drawn(page, pack_decoder(folder), size * z, labels), pictures(model, size * z, labels)) <= 1


def packed_by_hand(d, steps):
    arrays = {f"{i}.{name}": array for i, each in enumerate(steps) for name, array in each.arrays.items()}
    made = [{"kind": o.kind, "shape": o.shape, "arrays": {n: a.shape for n, a in o.arrays.items()}} for o in steps]
    told = json.dumps({"family": "ae", "latent_dim": d, "labels": False, "step": 3, "operations": made}).encode()
    return len(told).to_bytes(4, "little") + told + save(arrays)


def test_operations_in_an_order_that_no_model_has(page):
    """Images that are not square, out of rows of numbers, and back into them with all channels."""
    rng = numpy_rng(0, "by hand")

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    steps = [
        Operation("linear", (60,), {"weight": normal(60, 3), "bias": normal(60)}),
        Operation("reshape", (5, 3, 4), {}),
        Operation("relu", (5, 3, 4), {}),
        Operation("conv_transpose", (3, 6, 8), {"weight": normal(5, 3, 4, 4) / 5, "bias": normal(3)}),
        Operation("silu", (3, 6, 8), {}),
        Operation("reshape", (2, 8, 9), {}),
        Operation("reshape", (144,), {}),
        Operation("linear", (784,), {"weight": normal(784, 144) / 100, "bias": normal(784)}),
        Operation("reshape", (1, 28, 28), {}),
        Operation("clamp", (1, 28, 28), {}),
    ]
    z, labels = codes(3)
    found, expected = drawn(page, packed_by_hand(3, steps), z, labels), evaluate(steps, z)
    np.testing.assert_allclose(found, expected.reshape(N, 784), atol=1e-5)
    assert {0.0, 1.0} < set(found.ravel())


def test_half_precision_is_unpacked_exactly(page):
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    found = page.evaluate("(halves) => Array.from(unpacked(Uint16Array.from(halves)))", halves.view(np.uint16).tolist())
    np.testing.assert_array_equal(np.array(found), halves.astype(np.float64))


def test_numbers_beyond_reason_stay_images(page):
    model = trained("vae-conv-labels")
    z = np.array([[1e6] * 3, [-1e6] * 3, [0.0] * 3], np.float32)
    found = drawn(page, pack_model(model, 0), z, [0, 9, 5])
    assert np.isfinite(found).all()
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize("kind", ["gan-dense-labels", "vae-conv-labels"])
def test_a_label_may_lie_between_two_digits(page, kind):
    model = trained(kind)
    z, _ = codes(model.latent_dim, n=20)
    shares = [0.0] * 10
    shares[3], shares[8] = 0.25, 0.75
    found = drawn(page, pack_model(model, 0), z, [shares] * len(z))
    mixed = [
        replace(each, arrays={"table": np.tile(np.float32(shares) @ each.arrays["table"], (10, 1))})
        if each.kind == "shift"
        else each
        for each in operations(model)
    ]
    assert off(found, evaluate(mixed, z, np.zeros(len(z), int))) <= 1
    one = [[float(digit == 7) for digit in range(10)]] * len(z)
    np.testing.assert_array_equal(again(page, z, one), again(page, z, [7] * len(z)))


def test_buffers_are_made_once_and_keep_nothing(page):
    model = trained("gan-wasserstein")
    z, labels = codes(model.latent_dim, n=2)
    first, second = drawn(page, pack_model(model, 0), z, labels)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(again(page, z[::-1], labels[::-1]), [second, first])
    assert page.evaluate("decoder.decode([0, 0, 0]) === decoder.decode([1, 1, 1])")


# Served ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(browser, server):
    """A blank page of the app's own server, with the decoder."""
    opened = browser.new_page()
    opened.route(f"{server.url}/blank", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    opened.goto(f"{server.url}/blank")
    opened.add_script_tag(content=scripts(*SCRIPTS))
    yield opened
    opened.close()


def load(page, name):
    return page.evaluate(
        "async (name) => { window.decoder = await loadDecoder(name); "
        "return { ...decoder, decode: typeof decoder.decode, fetchImages: 0 }; }",
        name,
    )


@pytest.mark.parametrize("name", ["gan-labels", "mixture"])
def test_the_server_sends_it(served, name):
    told = load(served, name)
    folder = ROOT / "assets" / "models" / name
    decoder = read_decoder(folder)
    assert told["step"] == json.loads((folder / "status.json").read_text())["step"]
    assert (told["latentDim"], told["labels"], told["decode"]) == (decoder.latent_dim, decoder.labels, "function")
    z, labels = codes(decoder.latent_dim)
    assert off(again(served, z, labels), evaluate(decoder.operations, z, labels)) <= 1


def test_the_atlas_comes_as_arrays(served):
    found = served.evaluate(
        "async () => Object.fromEntries(Object.entries(await loadAtlas('vae-2d')).map(([n, a]) => [n, Array.from(a)]))"
    )
    from genlib.latent import read_atlas

    atlas = read_atlas(ROOT / "assets" / "models" / "vae-2d")
    for name, values in found.items():
        np.testing.assert_array_equal(np.array(values, np.float32), getattr(atlas, name).ravel().astype(np.float32))
    assert {"codes", "labels", "directions"} < set(found)


def test_what_cannot_be_had_is_one_sentence(served):
    for call in ("loadDecoder('nothing')", "loadAtlas('../runs')", "loadDecoder('classifier')"):
        error = served.evaluate(f"{call}.then(() => '', (error) => error.message)")
        assert error.endswith(".")
        assert "JSON" not in error


def test_without_the_server_it_is_one_sentence(served):
    served.route("**/genlib/models/**", lambda route: route.abort())
    assert "cannot be reached" in served.evaluate("loadDecoder('gan').catch((error) => error.message)")


def test_what_cannot_be_evaluated_here_is_decoded_by_the_server(served):
    """As of a model with a layer that JavaScript does not know; its images still come, many at a time."""
    strange = make("vae-importance")
    strange.decoder.rest.append(nn.Tanh())
    model = load_model(ROOT / "assets" / "models" / "vae-labels")
    told = json.loads(pack_model(strange, 8)[4:])
    packed = json.dumps(told | {"latent_dim": model.latent_dim}).encode()
    body = len(packed).to_bytes(4, "little") + packed
    served.route("**/vae-labels/decoder", lambda route: route.fulfill(body=body))
    told = load(served, "vae-labels")
    assert told["fallback"]
    assert told["decode"] == "undefined"
    assert "Tanh" in told["error"]
    z, _ = codes(model.latent_dim, n=600)  # more than one address holds
    asked: list[str] = []
    served.on("request", lambda request: asked.append(request.url))
    found = served.evaluate(
        "async (codes) => (await decoder.fetchImages(codes, 4)).map((image) => Array.from(image))", z.tolist()
    )
    assert off(np.array(found), pictures(model, z, [4] * len(z))) <= 1
    assert len(asked) > 1
    assert max(map(len, asked)) < 8000
