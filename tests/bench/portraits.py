"""Portraits under the hand: how long a face takes to decode and draw, and whether it keeps up.

Targets: decode and draw p95 <= 8 ms; >= 95 % of the animation frames during a drag show the newest place of the slider.
Training is told by ``genlib pretrain portraits``. Run: python -m tests.bench.portraits
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.served import Server, launch

MOVES = 300
# At the end of each frame: where the slider stands, what was drawn for it, how long that took, the sum of its pixels.
WATCH = """host => {
  const slider = host.querySelectorAll(".slider input")[4];
  const output = host.querySelectorAll(".slider output:not(.read)")[4];
  const image = host.querySelector("canvas.image").getContext("2d");
  window.seen = [];
  const frame = () => {
    requestAnimationFrame(frame);
    const at = slider.valueAsNumber;
    const after = new MessageChannel();
    after.port1.onmessage = () => {
      const pixels = image.getImageData(0, 0, 64, 64).data.reduce((sum, value, i) => sum + value * (i % 97), 0);
      window.seen.push([at, Number(output.textContent.replace("−", "-")), Number(host.dataset.took), pixels]);
    };
    after.port2.postMessage(0);
  };
  frame();
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home")
        chromium = launch(playwright)
        page = chromium.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(f"{server.url}/portraits")
        page.wait_for_selector(".portraits[data-state=whole]")
        page.locator(".portraits").evaluate(WATCH)
        box = page.get_by_role("slider", name="Beard").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        for x in 0.5 + 0.45 * np.sin(np.linspace(0, 6 * np.pi, MOVES)):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + box["height"] / 2)
        page.mouse.up()
        seen = np.array(page.evaluate("() => window.seen"))
        moved = np.flatnonzero(np.abs(np.diff(seen[:, 0])) > 0.05) + 1
        newest = np.abs(seen[moved, 0] - seen[moved, 1]) < 0.051  # what is written is rounded to one digit
        redrawn = seen[moved, 3] != seen[moved - 1, 3]
        p50, p95 = np.percentile(seen[moved, 2], [50, 95])
        print(f"decode and draw: p50 {p50:.2f}, p95 {p95:.2f} ms (target 8)")
        print(
            f"of {len(moved)} frames in which the slider moved, {100 * newest.mean():.1f} % show its newest place, "
            f"{100 * redrawn.mean():.1f} % have other pixels than the frame before (target 95 %)"
        )
        chromium.close()
        server.stop()


if __name__ == "__main__":
    main()
