"""All figures of speed, one measurement after the other, each into one file: docs/measured.json.

    python -m tests.bench [--short] [--only NAME ...] [--json FILE]

About an hour; --short takes one round of each where there are several, about a quarter of an hour, and belongs into
another file. On a machine that does nothing else: each row tells the load. Then `python -m tests.tables` writes the
tables of the README and of docs/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import MEASURED
from tests.served import ROOT

QUALITY = "bench.plane_gan_quality"
# Each with what makes it short.
SPEED = {
    "bench.cold_start": "--rounds 1",
    "bench.em_speed": "--rounds 1",
    "bench.vae_speed": "--rounds 1 --seconds 4",
    "bench.gan_speed": "--rounds 1 --seconds 4",
    "bench.plane_gan_speed": "--rounds 1 --seconds 4",
    QUALITY: "--seeds 0",
    "bench.decode": "--models vae-2d gan",
    "bench.latent_drag": "--models vae-2d",
    "bench.portraits": "",
    "bench.scrub": "--rounds 1",
    "bench.live_panel": "--rounds 1",
    "bench.data_bench": "--rounds 1",
    "bench.scoring": "--models gan --rounds 1",
    "bench.memory": "--seconds 40",
    "load.watchers": "--rounds 1",
    "load.submitted": "--visitors 6",
    "load.killed": "--kills 10",
    "load.restarted": "--rounds 2",
    "load.faults": "",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="one round of each")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=list(SPEED), choices=list(SPEED), help="some")
    parser.add_argument("--json", type=Path, metavar="FILE", default=MEASURED, help=f"default {MEASURED.name}")
    asked = parser.parse_args()
    missed = []
    for name in asked.only:
        command = [sys.executable, "-m", f"tests.{name}", "--json", str(asked.json.resolve())]
        command += ["--presets", "gan2d"] * (name == QUALITY)  # the others take half an hour
        print(f"\n== {name}", flush=True)
        if subprocess.run(command + asked.short * SPEED[name].split(), cwd=ROOT, check=False).returncode:
            missed.append(name)
        time.sleep(5)  # until the load of this one does not count for the next
    print(f"\nnot all as aimed at, or broken: {', '.join(missed)}" if missed else "\nall as aimed at")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
