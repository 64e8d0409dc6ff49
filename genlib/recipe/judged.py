"""Judgements in Python: scores, repairs, readers, a rival, images that were brought, measurements of pixels."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from genlib.recipe.calls import call
from genlib.recipe.codes import picture
from genlib.settings import MNIST, DamageConfig, HoleConfig

__all__ = [
    "brought_recipe",
    "evaluate_command",
    "labels_recipe",
    "pixels_recipe",
    "repair_recipe",
    "rival_recipe",
    "runs_recipe",
    "score_recipe",
]


def score_recipe(names: Sequence[str], n: int, features: str) -> str:
    """Python that gives the same scores.

    Arguments:
        names: Of bundled models, or ids of runs.
        n: Drawings of each.
        features: What they are compared by.
    """
    return f"""from genlib.device import set_threads
from genlib.library import find_model
from genlib.scoring import score

set_threads()
for name in {list(names)!r}:
    *_, last = score(find_model(name), n={n}, features={json.dumps(features)})
    print(name, last.score.metrics)
""".replace("'", '"')


def evaluate_command(names: Sequence[str], n: int, features: str) -> str:
    """The same on the command line."""
    return f"genlib evaluate {shlex.join(names)} --n {n} --features {features} --json"


def repair_recipe(
    methods: Sequence[str],
    number: int | None,
    damage: DamageConfig | HoleConfig | NDArray[np.bool_],
    label: int | None = None,
    data: str = MNIST,
    runs: Mapping[str, str] | None = None,
) -> str:
    """Python that damages the same image in the same way, and has the same methods repair it.

    Arguments:
        methods: Names in :data:`genlib.repair.METHODS`.
        number: Of a test image; None for a picture of the visitor's own.
        damage: A hole by its name, one that was painted, (28, 28), true where a pixel is seen, or what else was done.
        label: What the methods are told.
        data: Whose images.
        runs: Of a visitor's data set the id of the run that mends, by method.
    """
    imports, image = picture(data, number)
    whole = isinstance(damage, DamageConfig)
    lines = [*imports]
    if isinstance(damage, DamageConfig):
        lines += ["from genlib.data.damage import damage"]
        names, settings, how = ["restore", "score"], "DamageConfig", [f"config = {call(damage)}"]
        how += ["known = damage(image[None], config)", "seen = image > 255  # no pixel is as it was"]
    elif isinstance(damage, HoleConfig):
        lines += ["from genlib.data.masks import make_mask"]
        names, settings, how = ["mend", "score"], "HoleConfig", [f"seen = make_mask({call(damage)})"]
    else:
        lines = ["import numpy as np", *lines]
        packed = np.packbits(damage).tobytes().hex()
        names, settings = ["mend", "score"], ""
        how = [f'rows = ("{packed[:98]}",', f'        "{packed[98:]}")']
        how += ['bits = np.frombuffer(bytes.fromhex("".join(rows)), np.uint8)']
        how += ["seen = np.unpackbits(bits).reshape(28, 28).astype(bool)"]
    told = "" if label is None else f", label={label}"
    learnt = f", learnt=Learnt({json.dumps(data)}, models.get(method))" if data != MNIST else ""
    if data != MNIST:
        names, lines = ["Learnt", *names], [*lines, "from genlib.library import find_model"]
        found = ", ".join(
            f"{json.dumps(name)}: find_model({json.dumps(run)}).path" for name, run in (runs or {}).items()
        )
        how += [f"models = {{{found}}}"]
    lines += [f"from genlib.repair import {', '.join(names)}"]
    lines += [f"from genlib.settings import {settings}"] if settings else []
    given = "known, config" if whole else "image[None], seen"
    lines += ["", f"image = {image}", *how, f"for method in {list(methods)!r}:".replace("'", '"')]
    lines += [f"    *_, last = {names[-2]}({given}, method{told}{learnt})"]
    lines += ["    print(method, score(last.images[0], image, seen))", ""]
    return "\n".join(lines)


def labels_recipe(names: Sequence[str], readers: Sequence[str]) -> str:
    """Python that asks models for digits, and has others read them.

    Arguments:
        names: Models, or ids of runs, that are asked for 100 drawings of each digit.
        readers: Models that read test images.
    """
    return f"""from genlib.library import find_model
from genlib.reading import obedience, reader

for name in {list(names)!r}:
    print(name, obedience(find_model(name).path).shares)  # of 0 to 9, which a classifier reads as asked for
for name in {list(readers)!r}:
    found = reader(find_model(name).path)
    print(name, found.right, found.stderr, found.parameters)
""".replace("'", '"')


def rival_recipe(name: str, number: int, marked: Sequence[bool] | None = None) -> str:
    """Python that deals the same round, and has a network learn to tell what is made.

    Arguments:
        name: Whose drawings are to be found out.
        number: Of the round.
        marked: What the visitor took for made, (20,), if they did.
    """
    yours = ""
    if marked is not None:
        places = [i for i, each in enumerate(marked) if each]
        yours = f"marked = np.isin(np.arange(20), {places})\nprint(verdict(whole.made[chosen], marked))  # you\n"
    return f"""{"import numpy as np" + chr(10) + chr(10) if yours else ""}from genlib.library import find_model
from genlib.metrics import verdict
from genlib.scoring import deal, deck, teach

run = find_model({json.dumps(name)})
whole = deck(run)
chosen = deal(whole, {number})
{yours}*_, taught = teach(run)
print(verdict(whole.made[chosen], taught.called[chosen]))  # the network
"""


def brought_recipe(files: Sequence[str], crop: str, inverted: bool) -> str:
    """Python that reads the same files, and makes the same images of them.

    Arguments:
        files: Their names.
        crop: How pictures were cropped.
        inverted: Whether black and white were exchanged.
    """
    turned = ".inverted()" if inverted else ""
    names = json.dumps(list(files), ensure_ascii=False)
    return f"""from pathlib import Path

from genlib.data.own import collect

files = [(name, Path(name).read_bytes()) for name in {names}]
*_, last = collect(files, {json.dumps(crop)})
found = last.found{turned}
print(found.classes, found.images.shape)  # (N, 28, 28), one byte a pixel
"""


def pixels_recipe(number: int) -> str:
    """Python that shows a test image as three kinds of numbers, and what was measured of models that learned them."""
    return f"""from genlib.data.images import load_images
from genlib.pixel_study import load_study, three_ways

study = load_study()
for kind, x in three_ways(load_images().test[{number}], study).items():
    print(kind, x.min(), x.max())
for kind, fit in study.vaes.items():
    print(kind, fit.nll, fit.squared_error, fit.frechet)  # a figure for each of three seeds
for kind, contest in study.gans.items():
    print(kind, [seed[-1] for seed in contest.frechet])
"""


def runs_recipe(name: str | None = None) -> str:
    """Python that lists runs, and draws with one of them."""
    drawn = ""
    if name:
        drawn = (
            f"images = sample_images(find_model({json.dumps(name)}).path, 16, 0)  # (16, 28, 28), one byte a pixel\n"
        )
    more = "from genlib.library import find_model\n" if name else ""
    last = "from genlib.sampling import sample_images\n" if name else ""
    return f"""{more}from genlib.runs import list_runs
{last}
for run in list_runs():
    print(run.id, run.name, run.status.state, run.status.step)
{drawn}"""
