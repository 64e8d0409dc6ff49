"""Take the README's pictures anew, and its film: python -m tests.pictures [name ...]."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.served import ROOT, Server, launch

FOLDER = ROOT / "assets" / "pictures"
WIDTH, HEIGHT = 1060, 720
# The menu and the head take room that the pictures need.
BARE = """
[data-testid=stSidebar], [data-testid=stHeader] { display: none }
[data-testid=stMainBlockContainer] { padding: 1.5rem 2.5rem !important }
"""


def sort_some(page: Page) -> None:
    """A round of real or made, by somebody who has some idea."""
    for place in (1, 3, 6, 7, 12, 14, 15):
        page.locator(".sorter .hand button").nth(place).click()
    page.locator("[data-do=check]").click()
    page.get_by_text("The network has learned").wait_for()


def grow_a_beard(page: Page) -> None:
    """One slider moved."""
    for _ in range(3):
        page.get_by_role("slider", name="Beard").press("PageUp")


def train(page: Page) -> None:
    """A run that has come most of its way."""
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(re.compile(r"epoch [5-9]\.")).wait_for()


def predict(page: Page) -> None:
    """An answer given and checked; what comes of it played to its end."""
    page.get_by_text("One or none.").click()
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Yes").first.wait_for()
    page.wait_for_timeout(6000)


def lower(selector: str) -> Callable[[Page], None]:
    """Have the picture begin at an element below the page's introduction."""
    return lambda page: page.locator(selector).first.evaluate("e => e.scrollIntoView()")


# Address, what to wait for, and what to do then.
PICTURES: dict[str, tuple[str, str, Callable[[Page], None] | None]] = {
    "home": ("/", ".hero[data-state=live]", None),
    "lessons": ("/lessons?lesson=gan&step=2", ".stage-host[data-state=shown]", predict),
    "lab": ("/lab?drawn=data,samples,surface,grid", ".lane[data-shown]", None),
    "latent": ("/latent", ".studio[data-state=whole]", None),
    "train": ("/train?family=vae&latent_dim=2&budget=epochs&epochs=10", "canvas.samples", train),
    "mixture": ("/mixture?data_dataset=pinwheel&components=5", ".flipbook canvas", None),
    "repair": ("/repair?image=18&hole=right", ".st-key-repairs img >> nth=11", lower(".st-key-repairs")),
    "scores": ("/scores", "text=Most like real ones", None),
    "portraits": ("/portraits", ".portraits[data-state=whole]", grow_a_beard),
    "compare": ("/compare", ".lane:nth-of-type(4)[data-shown]", None),
    "beat": ("/beat", ".sorter .hand button", sort_some),
    "bench": ("/bench", "text=Learned from", None),
}


def opened(browser: Browser, address: str, wait: str, width: int = WIDTH, height: int = HEIGHT) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page.set_default_timeout(300_000)
    page.goto(address)
    page.wait_for_selector(wait)
    page.add_style_tag(content=BARE)
    return page


def picture(browser: Browser, url: str, name: str) -> None:
    """One page, as somebody sees it."""
    address, wait, act = PICTURES[name]
    page = opened(browser, url + address, wait)
    page.wait_for_timeout(2500)  # until the last chart has settled
    if act is not None:
        act(page)
        page.wait_for_timeout(1500)
    seen(page).save(FOLDER / f"{name}.webp", quality=84, method=6)
    page.close()


def seen(page: Page, around: Sequence[str] = (), edge: int = 4) -> Image.Image:
    """The screen; or of it what is as high as the first of some elements, and as wide as all of them."""
    clip = None
    if boxes := [box for each in around if (box := page.locator(each).first.bounding_box())]:
        left, right = min(box["x"] for box in boxes), max(box["x"] + box["width"] for box in boxes)
        clip = {"x": left - edge, "y": boxes[0]["y"] - edge}
        clip |= {"width": right - left + 2 * edge, "height": boxes[0]["height"] + 2 * edge}
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


FRAMES, REST = 52, 12  # eight a second; and so many rest on what the GAN has learned
# A round trip over the map of the bundled VAE: 0, 2, 1, 3, 8, 7, 9, 6, as shares of its width and height.
TRIP = [(0.23, 0.36), (0.5, 0.25), (0.8, 0.35), (0.62, 0.42), (0.57, 0.53), (0.48, 0.8), (0.42, 0.66), (0.36, 0.48)]


def film(browser: Browser, url: str) -> None:
    """Beside each other: a GAN learns the ring of eight; a hand drags over the map of a VAE's codes."""
    lab = opened(browser, f"{url}/lab?drawn=data,samples,surface", ".lane[data-shown]", 1060, 900)
    studio = opened(browser, f"{url}/latent", ".studio[data-state=whole]", 1060, 900)
    lab.wait_for_timeout(4000)  # until all frames are there
    slider = lab.locator(".lab input[type=range]")
    last = int(slider.get_attribute("max") or 0)
    # Most happens in the beginning.
    steps = [round(last * (i / (FRAMES - 1)) ** 2) for i in range(FRAMES)] + [last] * REST
    box = studio.locator(".over").bounding_box()
    assert box is not None
    frames = []
    for i, ((x, y), step) in enumerate(zip(round_trip(len(steps)), steps, strict=True)):
        slider.evaluate("(range, at) => { range.value = at; range.dispatchEvent(new Event('input')) }", step)
        studio.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if i == 0:
            studio.mouse.down()
        for page in (lab, studio):
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        learning = seen(lab, (".field canvas", ".readings"))
        frames.append(beside(learning, seen(studio, (".over", "canvas.image"))))
    studio.mouse.up()
    first, *others = frames
    first.save(FOLDER / "film.webp", save_all=True, append_images=others, duration=125, loop=0, quality=72, method=4)


def round_trip(count: int) -> np.ndarray:
    """So many places on a smooth closed curve through those of the trip, (count, 2)."""
    places = np.array([*TRIP, TRIP[0]])
    way = np.stack([np.interp(np.linspace(0, len(TRIP), 20 * count), range(len(places)), side) for side in places.T], 1)
    kernel = np.hanning(2 * count + 1) / np.hanning(2 * count + 1).sum()
    smooth = [np.convolve(np.pad(side, count, mode="wrap"), kernel, "valid") for side in way.T]
    return np.stack(smooth, 1)[::20]


def beside(left: Image.Image, right: Image.Image, gap: int = 24, width: int = 1200) -> Image.Image:
    """Two pictures of one height on white, and together so wide."""
    right = right.resize((round(right.width * left.height / right.height), left.height), Image.Resampling.LANCZOS)
    both = Image.new("RGB", (left.width + gap + right.width, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + gap, 0))
    return both.resize((width, round(both.height * width / both.width)), Image.Resampling.LANCZOS)


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser, server = launch(playwright), Server(Path(home))
        for name in sys.argv[1:] or ["film", *PICTURES]:
            film(browser, server.url) if name == "film" else picture(browser, server.url, name)
        browser.close()
        server.stop()


if __name__ == "__main__":
    main()
