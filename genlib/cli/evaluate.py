"""The command that measures what models are worth."""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import product
from typing import Any

from genlib.data.images import data_of, images_of
from genlib.knobs import InputError
from genlib.library import bundled, find_model
from genlib.progress import Progress
from genlib.runs import RunFolder, Status
from genlib.scoring.figures import FEATURES
from genlib.settings import FAMILIES, RunSettings

__all__ = ["add_evaluate"]

_SHOWN = ("frechet", "precision", "recall", "density", "coverage", "copied")


def add_evaluate(commands: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """Add the command to those of a parser, and return its own."""
    evaluate = commands.add_parser("evaluate", help="measure whether what models draw matches the data")
    text = "names from `genlib models` (default all that come with genlib and draw)"
    evaluate.add_argument("models", nargs="*", metavar="MODEL", help=text)
    evaluate.add_argument("--nll", action="store_true", help="only the negative log-likelihood, nats per image")
    evaluate.add_argument("--k", type=int, default=5000, help="with --nll: importance samples an image (default 5000)")
    text = "how many images, drawn and real (default 10000, or all test images); several may be given"
    evaluate.add_argument("--n", type=int, nargs="+", metavar="N", help=text)
    evaluate.add_argument("--seed", type=int, default=0, help="of all draws (default 0)")
    text = "what images are compared by (default classifier); several may be given"
    evaluate.add_argument(
        "--features", nargs="+", default=["classifier"], metavar="NAME", help=f"{' or '.join(FEATURES)}: {text}"
    )
    evaluate.set_defaults(command=_evaluate)
    return evaluate


def _evaluate(options: argparse.Namespace) -> int:
    from genlib.device import set_threads
    from genlib.scoring import check_score

    asked = [find_model(name) for name in dict.fromkeys(options.models)]
    families = ("vae", "mixture") if options.nll else FAMILIES
    runs = asked or [run for run in bundled() if RunSettings.from_json(run.settings).family in families]
    counts = options.n or [min(10_000, *(len(images_of(run.path).test) for run in runs))]
    if not options.nll:
        for run, n, features in product(runs, counts, options.features):
            check_score(n, options.seed, features, data_of(run.path))
    set_threads()  # two threads on two busy cores wait for each other: measured, twelve times as long as one
    if options.nll:
        found = [_likelihood(run, n, options) for n in counts for run in runs]
    else:
        found = [_score(run, n, by, options) for by in options.features for n in counts for run in runs]
    if options.json:
        sys.stdout.write(json.dumps([answer for answer, _ in found], indent=1) + "\n")
    else:
        sys.stdout.writelines(line + "\n" for _, line in found)
    return 0


def _likelihood(run: RunFolder, n: int, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from genlib.evaluation import nll

    began = time.monotonic()
    with Progress(run.id, quiet=options.json) as progress:
        for found in nll(run.path, options.k, options.seed, n):
            rate = found.n / (time.monotonic() - began)
            progress.show(Status(progress=found.n / n, rate=rate, left=(n - found.n) / rate))
    by = "exactly" if found.k is None else f"by {found.k:,} importance samples each"
    return found.to_json(), (
        f"{run.id}: {found.nll:.2f} ± {found.stderr:.2f} nats an image, the negative log-likelihood of "
        f"{found.n:,} test images, {by}, seed {found.seed}."
    )


def _score(run: RunFolder, n: int, features: str, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from genlib.scoring import score

    with Progress(run.id, quiet=options.json) as progress:
        for scoring in score(run, n, options.seed, features):
            progress.show(Status(state=scoring.what, progress=scoring.done))
    found = scoring.score
    if found is None:
        raise InputError(f"{run.id} was not scored: try again.")
    parts = [
        f"{name} {found.metrics[name]:.4g} ± {found.stderr[name]:.2g} (real {found.real_vs_real[name]:.4g}, "
        f"noise {found.bad[name]:.4g})"
        for name in _SHOWN
    ]
    still = ", still in training" if found.training else ""
    return found.to_json(), f"{run.id} at step {found.step:,}{still}, n {n:,}, seed {options.seed}: {'; '.join(parts)}."
