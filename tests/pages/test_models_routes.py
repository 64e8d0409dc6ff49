"""Decoders, atlases and images that elements of the browser ask for, without a browser."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load
from starlette.requests import Request

from genlib import checkpoint
from genlib.data.images import load_images
from genlib.export import operations
from genlib.knobs import InputError
from genlib.latent import atlas_bytes, atlas_images, parse_atlas, read_atlas
from genlib.library import bundled
from genlib.runs import RunFolder
from genlib.settings import FAMILIES, ClassifierConfig, PixelMixtureConfig, RunSettings, TrainConfig, VAEConfig
from genlib.training import Run
from pages.ui.models import MOST_CODES, MOST_NEIGHBOURS, codes_from_text
from pages.ui.routes import ROUTES
from tests.pages.conftest import KEY

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "assets" / "models"
ENDPOINTS = {route.path.rpartition("/")[2]: route.endpoint for route in ROUTES if "/models/" in route.path}
NEAREST = ENDPOINTS.pop("nearest")  # alone in waiting for a body
DRAWN = [run.id for run in bundled() if run.settings["family"] in FAMILIES]
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

torch.set_num_threads(1)


def ask(what, name, query="", **headers):
    lines = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    scope = {"type": "http", "path_params": {"name": name}, "query_string": query.encode(), "headers": lines}
    return ENDPOINTS[what](Request(scope))


def refused(answer, status=422):
    """The one sentence with which a question was refused."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    told = json.loads(answer.body)
    assert list(told) == ["error"]
    assert told["error"].endswith(".")
    assert "/" not in told["error"]
    assert "\n" not in told["error"]
    return told["error"]


def unpacked(answer):
    """What is told, and the bytes of the arrays."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    start = 4 + int.from_bytes(answer.body[:4], "little")
    assert start % 8 == 0
    return json.loads(answer.body[4:start]), answer.body[start:]


def saved(family, config, step, seed=0):
    """The state of a run after some steps, none of which was made."""
    state = Run.new(family, config, TrainConfig(device="cpu", seed=seed))
    state.step = step
    if family == "mixture":
        images = torch.randint(0, 256, (50, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
        state.model.prepare(images, torch.arange(50) % 10, torch.Generator().manual_seed(seed))
    return state


def own(family="vae", config=VAEConfig(latent_dim=3, hidden_dim=32, labels=True), step=7):  # noqa: B008
    run = RunFolder.create(RunSettings(family, config, TrainConfig()).to_json(), KEY)
    state = saved(family, config, step)
    assert checkpoint.save(state, run.path)
    return run, state.model


@pytest.fixture
def copied(home):
    """A bundled model as a run of ours, with all its files."""
    run = home / "runs" / f"{0xC0DE:016x}"
    shutil.copytree(MODELS / "vae-2d", run)
    return RunFolder(run)


# Decoders -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_a_bundled_decoder_comes_as_its_files_are(name):
    told, content = unpacked(ask("decoder", name))
    step = json.loads((MODELS / name / "status.json").read_text())["step"]
    assert told == json.loads((MODELS / name / "decoder.json").read_text()) | {"step": step}
    assert content == (MODELS / name / "decoder.safetensors").read_bytes()


def test_a_run_of_ones_own_is_exported_in_the_worker():
    run, model = own()
    told, content = unpacked(ask("decoder", run.id))
    assert (told["family"], told["latent_dim"], told["labels"], told["step"]) == ("vae", 3, True, 7)
    arrays = load(content)
    for i, each in enumerate(operations(model)):
        assert (told["operations"][i]["kind"], tuple(told["operations"][i]["shape"])) == (each.kind, each.shape)
        for key, array in each.arrays.items():
            np.testing.assert_array_equal(arrays[f"{i}.{key}"], array)


def test_while_it_trains_the_newest_state_comes():
    run, _ = own(step=7)
    before = ask("decoder", run.id)
    assert ask("decoder", run.id).body == before.body
    assert checkpoint.save(saved("vae", VAEConfig(latent_dim=3, hidden_dim=32, labels=True), 9, seed=1), run.path)
    told, content = unpacked(ask("decoder", run.id))
    assert told["step"] == 9
    assert content != unpacked(before)[1]


def test_many_who_ask_at_once_get_the_same():
    run, _ = own()
    calls = [("decoder", ""), ("decode", "z=0,0,0&label=1")] * 6
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda call: ask(call[0], run.id, call[1]).body, calls))
    assert len(set(answers[::2])) == len(set(answers[1::2])) == 1


def test_what_the_browser_has_is_not_sent_again():
    answer = ask("decoder", "mixture")
    tag = answer.headers["etag"]
    again = ask("decoder", "mixture", if_none_match=tag)
    assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", tag)
    assert ask("decoder", "gan", if_none_match=tag).status_code == 200


def test_a_run_that_has_saved_nothing(run):
    for what, query in (("decoder", ""), ("atlas", ""), ("decode", "z=0,0,0,0,0,0,0")):
        assert "saved no weights yet" in refused(ask(what, run.id, query))


def test_files_that_were_altered(copied):
    whole = (copied.path / "decoder.safetensors").read_bytes()
    (copied.path / "decoder.safetensors").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "damaged" in refused(ask("decoder", copied.id))
    (copied.path / "decoder.safetensors").unlink()
    assert "missing" in refused(ask("decoder", copied.id))
    told = json.loads((copied.path / "decoder.json").read_text())
    (copied.path / "decoder.safetensors").write_bytes(whole)
    (copied.path / "decoder.json").write_text(json.dumps(told | {"format": 2}))
    assert "another version" in refused(ask("decoder", copied.id))
    (copied.path / "decoder.json").unlink()
    assert unpacked(ask("decoder", copied.id))[0]["latent_dim"] == 2, "its checkpoint is still there"
    (copied.path / "checkpoint" / "tensors.safetensors").write_bytes(whole)
    assert "checkpoint" in refused(ask("decoder", copied.id))
    assert "checkpoint" in refused(ask("decode", copied.id, "z=0,0"))
    (copied.path / "atlas.safetensors").write_bytes(whole)
    assert "damaged" in refused(ask("atlas", copied.id))
    (copied.path / "run.json").write_text("{}")
    assert refused(ask("decoder", copied.id), 404)


def test_a_model_that_draws_nothing():
    run, _ = own("classifier", ClassifierConfig(latent_dim=8, channels=4))
    for name in ("classifier", "masked", run.id):
        for what in ("decoder", "atlas"):
            assert refused(ask(what, name))
        assert refused(ask("decode", name, f"z={','.join(['0'] * ({run.id: 8, 'classifier': 128}.get(name, 2)))}"))


@given(st.text(max_size=40).filter(lambda name: name not in [run.id for run in bundled()]))
@FUZZ
def test_only_the_whole_name_of_a_model_opens_it(name):
    for what in ENDPOINTS:
        assert refused(ask(what, name, "z=0,0"), 404)
        assert refused(ask(what, "0123456789abcdef"), 404)
    assert refused(post(bytes(784), name=name)[0], 404)


# Atlases --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_a_bundled_atlas_comes_as_it_is(name):
    assert ask("atlas", name).body == atlas_bytes(read_atlas(MODELS / name))


def test_the_atlas_of_a_run_is_made_in_the_worker():
    run, model = own("mixture", PixelMixtureConfig(latent_dim=4, components=2))
    found = parse_atlas(ask("atlas", run.id).body)
    assert found.codes.shape[1] == model.latent_dim
    assert ask("atlas", run.id).body == atlas_bytes(found)


# Images ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vae-labels", "ae-2d", "mixture-labels"])
def test_images_are_those_of_the_model(name):
    model = checkpoint.load_model(MODELS / name)
    z = np.random.default_rng(0).normal(size=(5, model.latent_dim)).astype(np.float32)
    text = ";".join(",".join(map(str, row)) for row in z.tolist())
    answer = ask("decode", name, f"z={text}&label=8")
    with torch.no_grad():
        expected = model.decode(torch.tensor(z), torch.full((5,), 8))[:, 0].numpy()
    found = np.frombuffer(answer.body, np.uint8).reshape(5, 28, 28)
    assert np.abs(found - 255 * expected).max() <= 0.501


ZEROS = ",".join(["0"] * 20)


@pytest.mark.parametrize("label", ["", "10", "-1", "x", "1.0", "٣", "01", "0;1"])
def test_a_digit_that_is_none(label):
    assert "label from 0 to 9" in refused(ask("decode", "vae-labels", f"z={ZEROS}&label={label}"))


@pytest.mark.parametrize(
    "text",
    ["", ",", ";", "1", "1,2,3", "1,2;", ";1,2", "1,2;3", "1,x", "1,2 3", "0x1,2", "1,", "1;2", "1,2," * 10**4]
    + [";".join(["1,2"] * (MOST_CODES + 1)), ";" * 10**5],
)
def test_codes_of_another_size_or_number(text):
    with pytest.raises(InputError, match="2 numbers each"):
        codes_from_text(text, 2)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e7", "-1000001", "1e999", "9" * 400])
def test_numbers_that_no_code_has(number):
    with pytest.raises(InputError, match="1,000,000"):
        codes_from_text(f"0,{number}", 2)


NUMBERS = st.floats(-1e6, 1e6, width=32)


@given(st.integers(1, 5).flatmap(lambda d: st.lists(st.lists(NUMBERS, min_size=d, max_size=d), min_size=1, max_size=9)))
@FUZZ
def test_codes_in_an_address_round_trip(rows):
    text = ";".join(",".join(map(repr, row)) for row in rows)
    np.testing.assert_array_equal(codes_from_text(text, len(rows[0])), np.array(rows, np.float32))


# Digits of the data ---------------------------------------------------------------------------------------------------


def post(*parts, name="vae-2d"):
    """Ask for the training images nearest to what comes in these parts; also how many of them were taken."""
    taken = 0

    async def receive():
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": parts[taken - 1], "more_body": taken < len(parts)}

    async def ask():
        scope = {"type": "http", "method": "POST", "path_params": {"name": name}, "headers": []}
        return await NEAREST(Request(scope, receive))

    # In a thread of its own: where browser tests ran before, this one has an event loop that never ends.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result(), taken


@pytest.mark.parametrize("cuts", [[], [1], [0, 300, 300, 783]])
def test_the_nearest_training_images(cuts):
    images = load_images()
    image = images.test[3]
    ends = [0, *cuts, 784]
    parts = [image.tobytes()[start:end] for start, end in pairwise(ends)]
    answer, _ = post(*parts)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = json.loads(answer.body)
    near = np.frombuffer(base64.b64decode(told["images"]), np.uint8).reshape(-1, 28, 28)
    apart = np.sqrt(((images.train.astype(np.float32) - image) ** 2).mean((1, 2)))
    first = np.argsort(apart, kind="stable")[:MOST_NEIGHBOURS]
    np.testing.assert_array_equal(near, images.train[first])
    assert told["labels"] == images.train_labels[first].tolist()
    np.testing.assert_allclose(told["distances"], apart[first], rtol=1e-5)


def test_a_training_image_is_its_own_neighbour():
    told = json.loads(post(load_images().train[11].tobytes())[0].body)
    assert (told["distances"][0], told["labels"][0]) == (0, int(load_images().train_labels[11]))


@pytest.mark.parametrize("size", [0, 1, 783, 785, 28 * 28 * 4])
def test_what_is_no_image_has_no_neighbours(size):
    assert "28 x 28" in refused(post(bytes(size))[0])


def test_no_more_is_read_than_an_image_has():
    answer, taken = post(*[bytes(500)] * 1000)
    assert "28 x 28" in refused(answer)
    assert taken == 2


def test_neighbours_are_asked_for_by_posting_only():
    route = next(route for route in ROUTES if route.path.endswith("/nearest"))
    assert route.methods == {"POST"}


def test_the_digits_of_the_atlases():
    answer = ask("tests", "ae-2d")
    images = load_images()
    chosen = atlas_images(images)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    found = np.frombuffer(answer.body, np.uint8).reshape(-1, 28, 28)
    np.testing.assert_array_equal(found, images.test[chosen])
    np.testing.assert_array_equal(read_atlas(MODELS / "ae-2d").labels, images.test_labels[chosen])


ASKED = """
import json, sys
from starlette.requests import Request
from genlib.library import bundled
from pages.ui.routes import atlas, decoder

for run in bundled():
    if run.settings["family"] not in ("classifier", "masked"):
        for endpoint in (decoder, atlas):
            scope = {"type": "http", "path_params": {"name": run.id}, "query_string": b"", "headers": []}
            assert endpoint(Request(scope)).status_code == 200
sys.exit(", ".join({"torch", "sklearn", "scipy"} & set(sys.modules)) or 0)
"""


def test_bundled_models_need_no_torch():
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
