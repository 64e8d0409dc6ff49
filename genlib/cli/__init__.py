"""The command line: the same settings and the same results as the pages."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from genlib import __version__
from genlib.cli.app import add_app
from genlib.cli.claim import claim
from genlib.cli.evaluate import add_evaluate
from genlib.cli.film import add_film
from genlib.cli.repair import add_bench_repair
from genlib.data import assets
from genlib.ending import Ending
from genlib.flags import add_flags
from genlib.knobs import InputError, shown
from genlib.progress import Progress
from genlib.runs import Limits, Status, home, list_runs
from genlib.runs.workers import look, scheduler
from genlib.settings import FAMILY_NAMES, TrainConfig

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 for a run that failed, 2 for something that cannot be used, 130
    for one that was broken off.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.command(options))
    except InputError as error:
        _say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130  # as shells have it
    except BrokenPipeError:
        # The reader of our output has enough, as in `genlib models | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _say(f"The disk refused ({error.strerror}): free some space and try again.")
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _say(f"{message[:1].upper()}{message[1:]}: see {self.prog} --help.")
        raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("genlib", description="See generative models work.")
    parser.add_argument("--version", action="version", version=f"genlib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    train = commands.add_parser("train", help="train a new run, or go on with one")
    train.add_argument("run", nargs="?", metavar="RUN", help="id of a run to go on with")
    train.add_argument("--until-step", type=int, metavar="N", help="train until so many updates are made in all")
    text = "of a new run: from update STEP on, KNOB is VALUE, as in 700:learning_rate=0.0003; may be given often"
    train.add_argument("--change", action="append", default=[], metavar="STEP:KNOB=VALUE", help=text)
    add_flags(train)
    train.add_argument("--tied", action="store_true", help=argparse.SUPPRESS)
    train.add_argument("--attempt", type=int, help=argparse.SUPPRESS)
    train.set_defaults(command=_train)

    sample = commands.add_parser("sample", help="write samples of a model as a picture")
    sample.add_argument("model", metavar="MODEL", help="a name from `genlib models`")
    sample.add_argument("--n", type=int, default=64, help="how many (default 64)")
    sample.add_argument("--seed", type=int, default=0, help="the same seed gives the same samples (default 0)")
    sample.add_argument("--out", type=Path, default=Path("samples.png"), help="PNG to write (default samples.png)")
    sample.set_defaults(command=_sample)

    info = commands.add_parser("info", help="this machine, and what genlib finds on it")
    text = "test within a minute that all is ready, as before a class"
    info.add_argument("--check", action="store_true", help=text)
    info.set_defaults(command=_info)
    models = commands.add_parser("models", help="the models at hand")
    models.set_defaults(command=_models)
    for command in (train, sample, add_evaluate(commands), add_bench_repair(commands), info, models):
        command.add_argument("--json", action="store_true", help="answer as JSON")

    add_film(commands)
    pretrain = commands.add_parser("pretrain", help="make the models that come with genlib anew")
    pretrain.add_argument("names", nargs="*", metavar="NAME", help="which of them (default all)")
    pretrain.set_defaults(command=_pretrain)

    add_app(commands)
    return parser


def _train(options: argparse.Namespace) -> int:
    folder, attempt = claim(options)
    # Before torch is imported, which takes seconds in which the process may be asked to end, too; and torch only now,
    # so that a wrong flag is answered at once.
    with Ending(options.tied) as ending:
        from genlib.recorder import record

        status = Status()
        with Progress(folder.id, quiet=options.tied or options.json) as progress:
            for status in record(folder, attempt, ending.is_set, rests=options.tied):
                progress.show(status)
    if options.json:
        _print({"run": folder.id, "state": status.state, "step": status.step, "message": status.message})
    elif not options.tied:
        _say(f"Run {folder.id} is {status.state} at step {status.step:,}. {status.message}".strip())
    unasked = status.state == "interrupted" and not ending.is_set()
    return 1 if status.state == "failed" or unasked else 0


def _pretrain(options: argparse.Namespace) -> int:
    from genlib.pixel_study import make_study
    from genlib.portraits.making import make_gallery
    from genlib.pretrain import BUNDLED, PLANE, pretrain, write_pca

    others = {"portraits": make_gallery, "pixels": make_study}
    known = [*BUNDLED, *PLANE, *others]
    names = options.names or known
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"No model called {shown(unknown[0])} comes with genlib: choose of {', '.join(known)}.")
    for name in names:
        folder = assets() / ("plane" if name in PLANE else "models")
        making = others[name](assets() / name) if name in others else pretrain(name, folder / name)
        with Progress(name) as progress:
            for status in making:
                progress.show(status)
        _say(f"{name} made anew.")
    write_pca(assets() / "models")
    return 0


def _sample(options: argparse.Namespace) -> int:
    from genlib.library import find_model

    if not 1 <= options.n <= 10_000:
        raise InputError(f"The number of samples cannot be {options.n}: choose a whole number from 1 to 10000.")
    seed = TrainConfig.knob("seed").check(options.seed)
    folder = find_model(options.model)

    from genlib.sampling import sample_images, save_sheet

    save_sheet(sample_images(folder.path, options.n, seed), options.out)
    if options.json:
        _print({"model": folder.id, "n": options.n, "seed": options.seed, "file": str(options.out)})
    else:
        _say(f"{options.n} samples of {folder.id} written to {options.out}.")
    return 0


def _info(options: argparse.Namespace) -> int:
    if options.check:
        return _check(options)
    import torch

    from genlib.data.images import load_images
    from genlib.device import available

    images, devices, limits = load_images(), available(), Limits.from_environment()
    cluster = look(scheduler()) if scheduler() else None
    places = limits.at_once(cluster.places if cluster else None)
    counts = {part: len(getattr(images, part)) for part in ("train", "validation", "test")}
    if options.json:
        found: dict[str, Any] = {
            "genlib": __version__,
            "torch": torch.__version__,
            "devices": [asdict(device) for device in devices],
        }
        found |= {"default": devices[0].kind, "images": counts, "runs": len(list_runs()), "home": str(home())}
        _print(found | {"limits": limits.to_json() | {"slots": places}, "cluster": cluster and asdict(cluster)})
        return 0
    for device in devices:
        _out(f"{device.kind:8} {device.words}")
    _out("images   MNIST, whole: " + ", ".join(f"{count:,} {part}" for part, count in counts.items()))
    _out(f"runs     {len(list_runs())} in {home()}")
    _out(f"app      trains {places} at once; {limits.words}")
    if cluster:
        _out(f"cluster  {cluster.words}")
    _out(f"versions genlib {__version__}, torch {torch.__version__}, Python {sys.version.split()[0]}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from genlib.check import checks

    found = []
    for each in checks():
        found.append(each)
        if not options.json:
            _out(f"{'good' if each.good else 'BAD':5} {each.name:9} {each.words}")
    if options.json:
        _print([asdict(each) for each in found])
    return 0 if all(each.good for each in found) else 1


def _models(options: argparse.Namespace) -> int:
    from genlib.library import entries

    found = [entry.to_json() for entry in entries()]
    if options.json:
        _print(found)
        return 0
    for entry in found:
        _out(f"{entry['name']:18} {FAMILY_NAMES[str(entry['family'])]:18} {int(entry['bytes']) / 1e6:.1f} MB")
    return 0


def _print(answer: Any) -> None:
    _out(json.dumps(answer, indent=1))


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
