"""`genlib evaluate`: the same numbers as the library, and a sentence for everything that cannot be used."""

import json

import pytest
import torch

from genlib.cli import main
from genlib.evaluation import nll
from genlib.library import bundled, find_model

pytestmark = pytest.mark.fast

torch.set_num_threads(1)

FEW = ["--nll", "--k", "20", "--n", "30"]


@pytest.fixture
def call(capsys):
    """Run a command in this process; gives its exit status, and what it wrote to standard output and error."""

    def run(*arguments):
        try:
            status = main(["evaluate", *arguments])
        except SystemExit as end:
            status = end.code
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


def test_it_answers_what_the_library_finds(call):
    status, out, error = call("vae-2d", *FEW, "--seed", "3", "--json")
    (answer,) = json.loads(out)
    assert (status, error) == (0, "")
    assert list(answer) == ["model", "nll", "k", "n", "seed", "stderr", "elbo", "gap_stderr"]
    *_, expected = nll(find_model("vae-2d").path, k=20, seed=3, n=30)
    assert answer == expected.to_json()
    assert (answer["model"], answer["k"], answer["n"], answer["seed"]) == ("vae-2d", 20, 30, 3)
    assert answer["stderr"] > 0
    assert answer["elbo"] > answer["nll"] > 50


def test_it_tells_people_a_sentence(call):
    status, out, error = call("vae-2d", *FEW)
    *_, expected = nll(find_model("vae-2d").path, k=20, n=30)
    assert (status, error) == (0, "")
    assert out.startswith(f"vae-2d: {expected.nll:.2f} ± {expected.stderr:.2f} nats an image, ")
    assert "30 test images, by 20 importance samples each, seed 0." in out
    assert out.count("\n") == 1


def test_every_bundled_model_is_evaluated_or_says_why_not(call):
    for model in bundled():
        status, out, error = call(model.id, "--nll", "--k", "2", "--n", "2", "--json")
        if model.settings["family"] in ("vae", "mixture"):
            assert status == 0, model.id
            exact = model.settings["family"] == "mixture"
            assert [json.loads(out)[0][name] is None for name in ("k", "elbo", "gap_stderr")] == [exact] * 3
        else:
            assert (status, out) == (2, ""), model.id
            assert error.strip().endswith("cannot say how probable an image is; choose a VAE or a pixel mixture.")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["vae-2d", "--n", "49"], "images cannot be 49: choose a whole number from 50 to 10000."),
        (["vae-2d", "--n", "10001"], "images cannot be 10001"),
        (["vae-2d", "--seed", "-1"], "-1"),
        (["masked", "--n", "100"], "draws no new images"),
        (["nothing", "--nll"], "There is no model of that name"),
        (["vae-2d", "--nll", "--k", "0"], "importance samples cannot be 0: choose a whole number from 1 to 100000."),
        (["vae-2d", "--nll", "--n", "0"], "test images cannot be 0: choose a whole number from 1 to 10000."),
        (["vae-2d", "--nll", "--n", "10001"], "test images cannot be 10001"),
        (["vae-2d", "--nll", "--seed", "-1"], "-1"),
        (["vae-2d", "--nll", "--k", "many"], "many"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(call, arguments, text):
    status, out, error = call(*arguments)
    assert (status, out) == (2, "")
    assert error.count("\n") == 1
    assert text in error
    assert "Traceback" not in error
