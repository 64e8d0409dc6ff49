"""Repairs of one image, beside each other and one of them closer."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import numpy as np
import streamlit as st

from genlib.knobs import InputError
from genlib.repair import METHODS, score
from genlib.repair.bench import stored
from genlib.sampling import difference, png
from genlib.settings import MNIST, HoleConfig
from pages.ui import address, cached
from pages.ui.address import choose, number
from pages.ui.element import element, encode
from pages.ui.figure import pictures, table
from pages.ui.flipbook import film_panel, flipbook
from pages.ui.mending import Found, Task, ask
from pages.ui.picker import inline
from pages.ui.words import plain, unlinked

__all__ = ["closer", "compared", "figures", "row"]

_WIDTH = 145
_USUAL = ("vae-gibbs", "vae-search")  # of these the first that can
_WIPED = 200  # where the slider shows the repair alone
_wipe = element("wipe", "draw.js", "tensors.js", "wipe.js", html='<div class="wipe"></div>')


def row(task: Task) -> dict[str, Found]:
    """All methods beside each other; each appears as soon as it is done."""
    st.header("What each makes of it", anchor=False)
    with st.container(horizontal=True, gap="small", key="repairs"):
        for image, text in ((task.image, "Original"), (task.damaged, "With the hole" if task.holed else "Damaged")):
            with st.container(width=_WIDTH, gap="small"):
                st.html(inline(image, text, _WIDTH))
                st.markdown(f"**{text}**")
        places = {name: st.container(width=_WIDTH, gap="small").empty() for name in METHODS}
    for name, place in places.items():
        place.markdown(f":gray[{METHODS[name].title} …]")
    found = {}
    for name, place in places.items():
        if why_not := task.why_not(name):
            place.markdown(f":gray[**{METHODS[name].title}**  \n{why_not}]")
            continue
        try:
            found[name] = each = ask(task, name)
        except InputError as error:
            place.warning(unlinked(str(error)))
            continue
        with place.container(gap="small"):
            words = told(each, task)
            st.html(inline(each.image, f"Repaired by {METHODS[name].title}: {' '.join(words.split())}", _WIDTH))
            st.markdown(f"**{METHODS[name].title}**  \n{words}")
    shown = {"original": task.image, "damaged": task.damaged}
    pictures(shown | {METHODS[name].title: each.image for name, each in found.items()}, "repaired")
    return found


def told(found: Found, task: Task) -> str:
    """How near it is and what it reads, in two short lines."""
    near = "perfect" if np.isinf(found.score.psnr) else f"{found.score.psnr:.1f} dB"
    return f"{near}  \n{reads(found, task)}"


def reads(found: Found, task: Task) -> str:
    """What the classifier reads; of a visitor's images the class of the training image that is most like it."""
    if found.sure is not None:
        return f"reads {found.digit} ({100 * found.sure:.0f} %)"
    return plain(f"like {task.classes[found.digit]}") if len(task.classes) > 1 else ""


def closer(task: Task, found: dict[str, Found]) -> None:
    """One repair closer: original, hole and repair under one slider, its several answers, and where it is unsure."""
    if not found:
        return
    st.header("Look closer", anchor=False)
    usual = next(each for each in (*_USUAL, *found) if each in found)
    name = choose(st.selectbox, "Method", found, "closer", usual, key="closer",
                  names=lambda each: METHODS[each].title)  # fmt: skip
    each = found[name]
    st.caption(METHODS[name].how)
    works = len(each.steps) > 2
    wipe, *film, answers = st.columns([1.1, 1.1, 1.3] if works else [1, 2], gap="medium")
    with wipe:
        layers = [
            np.repeat(task.image[:, :, None], 3, axis=2),
            task.damaged,
            np.repeat(each.image[:, :, None], 3, axis=2),
        ]
        damage = "Hole" if task.holed else "Damage"
        at = number("wipe", 0, _WIPED)
        data = {
            "layers": [encode(layer, np.uint8) for layer in layers],
            "damage": damage,
            "at": _WIPED if at is None else at,
        }
        wiped(_wipe(key="wipe", data=data).get("at"))
        st.download_button(
            "Repair as PNG", png(each.image, 10), f"repair-{name}.png", "image/png", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
    with answers:
        wrong = difference(task.image, each.image)
        pictures, words = [wrong], ["Orange: too bright. Blue: too dark."]
        if len(each.mended.samples):
            pictures.append(np.minimum(each.mended.spread[0] * 510, 255).astype(np.uint8))
            words.append("Bright: where its answers differ.")
        with st.container(horizontal=True):
            for picture, text in zip(pictures, words, strict=True):
                with st.container(width=_WIDTH, gap="small"):
                    st.html(inline(picture, text, _WIDTH))
                    st.caption(text)
        if len(each.mended.samples):
            lesson(task, each)
        else:
            st.caption("It has one answer, and does not say how sure it is.")
    if works:
        with film[0]:
            work(each)


def wiped(at: Any) -> None:
    """Have the address tell how far the slider between original, damage and repair is, if that is news."""
    if isinstance(at, int | float) and 0 <= at <= _WIPED:
        address.told("wipe", "" if at == _WIPED else f"{at:g}")


def work(found: Found) -> None:
    """The guesses of a method on its way, as a film."""
    last = len(found.steps) - 1
    labels = ["at first", *(f"after {100 * i // last} %" for i in range(1, last)), "at the end"]
    panel = film_panel("Watch it work", found.steps[:, None], labels, 1)
    flipbook([panel], key="work", plain=True, least=120, prefix="work_")


def lesson(task: Task, found: Found) -> None:
    """Several answers, and what their mean is worth against each."""
    samples = found.mended.samples[:, 0]
    st.markdown("**Several answers, each as it may have been**")
    st.html(" ".join(inline(sample, f"Answer {i}", 74) for i, sample in enumerate(samples, 1)))
    pictures({f"answer {i}": sample for i, sample in enumerate(samples, 1)}, "answers")
    if (samples == samples[0]).all():
        st.caption("They are all the same here: one code explains what is seen so much better that it alone counts.")
        return
    each = [score(sample, task.image, task.seen).psnr for sample in samples]
    mean = np.round(samples.mean(axis=0)).astype(np.uint8)
    one, all_of_them = "", ""
    if task.data == MNIST:
        (digit, sure), *others = cached.read(np.stack([mean, *samples]).tobytes())
        one = f", and the classifier is {100 * fmean(other[1] or 0 for other in others):.0f} % sure of what it reads"
        all_of_them = f"; there it reads {digit}, {100 * (sure or 0):.0f} % sure"
    st.markdown(
        f"**PSNR likes blur.** One answer alone has {np.mean(each):.1f} dB on average (best {max(each):.1f}){one}. "
        f"The mean of these {len(samples)} has {score(mean, task.image, task.seen).psnr:.1f} dB{all_of_them}."
    )


def figures(task: Task, found: dict[str, Found]) -> None:
    """All scores as a table."""
    rows = [
        {
            "Method": METHODS[name].title,
            "PSNR (dB)": round(each.score.psnr, 1),
            "SSIM": round(each.score.ssim, 2),
            "RMSE": round(each.score.rmse, 3),
            "Reads": reads(each, task).removeprefix("reads "),
        }
        for name, each in found.items()
    ]
    with st.expander("All figures, inside the hole" if task.holed else "All figures"):
        table(rows, "How near each repair is")
        pixels = f"{int((~task.seen).sum())} of 784 pixels missing" if task.holed else "over all its pixels"
        st.caption(f"Of this one image, {pixels}; another may turn the order round.")


def compared() -> None:
    """How all methods do over many test images, as it was measured once."""
    st.header("Holes in many images", anchor=False)
    try:
        rows = stored()
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    titles = {**HoleConfig.knob("hole").names, "random75": "75 % at random"}
    holes = list(dict.fromkeys(each.hole for each in rows))
    rows_of = []
    for name in dict.fromkeys(each.method for each in rows):
        mine = {each.hole: each for each in rows if each.method == name}
        held = [each.calibration for each in mine.values() if each.calibration is not None]
        rows_of.append(
            {"Method": METHODS[name].title}
            | {titles[hole]: f"{mine[hole].psnr_db:.2f} ± {mine[hole].stderr:.2f}" for hole in holes}
            | {
                "Images": f"{min(each.n for each in mine.values()):,}",
                "Read right": f"{100 * np.mean([each.reads for each in mine.values()]):.0f} %",
                "Milliseconds an image": _milliseconds(1000 * fmean(each.seconds_per_image for each in mine.values())),
                "In its 90 % interval": f"{100 * np.mean(held):.0f} %" if held else "one answer",
            }
        )
    table(rows_of, "How near the repairs of many test images are, by method and hole")
    st.caption(
        "PSNR in the hole, dB: the mean over that many test images, and its standard error; measured once, on one "
        "thread, in batches of 64. The other columns are means over the four holes. An honest method holds about 90 of "
        "100 missing pixels between the 5 % and the 95 % quantile of its samples; fewer: it is too sure of itself."
    )


def _milliseconds(value: float) -> str:
    return "below 0.1" if value < 0.1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"
