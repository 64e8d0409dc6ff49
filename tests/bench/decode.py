"""Drawing digits in the browser: decoding a code and painting it, for each bundled model; how long until a decoder is
there; and decoding in the server's worker instead.

Targets: decode and draw p95 <= 4 ms fully connected, <= 8 ms convolutional; ready <= 0.5 s; worker p95 <= 150 ms.
Run: python -m tests.bench.decode [--models NAME ...] [--json FILE]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from genlib.export import read_decoder
from genlib.library import bundled
from genlib.settings import FAMILIES, RunSettings
from tests.bench.figures import Figures, begun
from tests.served import ROOT, Server, launch

SCRIPTS = "".join((ROOT / "pages" / "ui" / name).read_text("utf-8") for name in ("tensors.js", "decoder.js"))
PREPARE = """
const canvas = document.body.appendChild(Object.assign(document.createElement('canvas'), { width: 28, height: 28 }));
const context = canvas.getContext('2d');
const image = context.createImageData(28, 28);
image.data.fill(255);
const draw = (picture) => {
  for (let i = 0; i < 784; i++) image.data.fill(255 * picture[i] + 0.5, 4 * i, 4 * i + 3);
  context.putImageData(image, 0, 0);
};
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const code = () => Float64Array.from({ length: decoder.latentDim }, normal);
"""
READY = """
async (name) => {
  const began = performance.now();
  window.decoder = await loadDecoder(name);
  return performance.now() - began;
}
"""
# One digit in an animation frame, as a hand that drags would ask for them.
DRAG = """
async () => {
  const times = [];
  for (let i = 0; i < 320; i++) {
    const z = code();
    await new Promise(requestAnimationFrame);
    const began = performance.now();
    draw(decoder.decode(z, i % 10));
    times.push(performance.now() - began);
  }
  return times.slice(20);
}
"""
AFAR = """
async () => {
  const times = [];
  for (let i = 0; i < 110; i++) {
    const began = performance.now();
    draw((await decoder.fetchImages([code()], i % 10))[0]);
    times.push(performance.now() - began);
  }
  return times.slice(10);
}
"""


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def measure(figures: Figures, page: Page, name: str, folder: Path) -> None:
    figures.row(f"{name}: the decoder loaded into the browser", [page.evaluate(READY, name) for _ in range(5)], "ms",
                "<= 500")  # fmt: skip
    convolutional = any(each.kind == "conv_transpose" for each in read_decoder(folder).operations)
    figures.row(f"{name}: a digit decoded and drawn in the browser, p95", p95(page.evaluate(DRAG)), "ms",
                f"<= {8 if convolutional else 4}", headline=name in ("vae-2d", "gan"))  # fmt: skip
    figures.row(f"{name}: the same by the server's worker, p95", p95(page.evaluate(AFAR)), "ms", "<= 150")


def main() -> int:
    every = tuple(run.id for run in bundled() if RunSettings.from_json(run.settings).family in FAMILIES)
    asked, figures = begun(__doc__, models=every)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser, server = launch(playwright), Server(Path(home))
        page = browser.new_page()
        blank = f"{server.url}/blank"
        page.route(blank, lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body>"))
        page.goto(blank)
        page.add_script_tag(content=SCRIPTS)
        page.add_script_tag(content=PREPARE)
        for run in bundled():
            if run.id in asked.models:
                measure(figures, page, run.id, run.path)
        browser.close()
        server.stop()
    return figures.end()


if __name__ == "__main__":
    sys.exit(main())
