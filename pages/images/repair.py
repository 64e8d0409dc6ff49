"""The repair studio: every family mends the same hole."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.data.masks import make_mask
from genlib.data.own import list_own
from genlib.knobs import InputError
from genlib.recipe import repair_recipe
from genlib.repair import METHODS
from genlib.runs import RunFolder, saved_step
from genlib.settings import MNIST, DamageConfig, HoleConfig
from pages.ui import presenting, seen
from pages.ui.address import choose
from pages.ui.brush import brush
from pages.ui.cards import COMMAND, PYTHON, SEE, WORKS, cards, empty
from pages.ui.controls import Controls
from pages.ui.explain import method
from pages.ui.mending import Hole, Task
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, mine
from pages.ui.own import whose
from pages.ui.owner import ask_key, visitor_key
from pages.ui.picker import Picked, inline, pick
from pages.ui.repairs import closer, compared, figures, row
from pages.ui.tools import heading

FIRST = 17  # a test image: a 7 that is easy to read
SIZES = (1, 4, 10)
WHOSE = "What is mended, and what the methods have learned from."


def main() -> None:
    heading(
        "Repair studio",
        "Part of an image is missing, or it is noisy, blurred or small: methods from a plain average to a GAN mend it.",
        "paint your own hole, and look closer at one method that has several answers.",
        "which method comes nearest, and which one looks best?",
    )
    key = visitor_key()
    notices = st.container()
    bare = presenting.without_controls()  # then there is nothing to choose beside what is damaged
    left, right = (st.container(), st.container()) if bare else st.columns(2, gap="large")
    with left:
        if not bare:
            st.markdown("**The image**")
        at_hand = [each for each in mine(key) if saved_step(each.run.path) is not None]
        data = whose([*(each.id for each in list_own(key)), *(each.settings.data for each in at_hand)], WHOSE)
        picked = pick("image", FIRST, data)
        own = [each for each in at_hand if each.own and each.settings.data == data]
        told = known(data, own) if picked is not None else None
    with right:
        st.markdown("**The damage**")
        config, missing = damaged(picked)
    task = None
    if picked is None:
        empty("There is no image yet: choose a test image, draw one or upload one.", "image")
    elif missing is None or not missing.any():
        empty("Nothing is missing yet: paint a hole on the image, or choose one by its name.", "healing")
    else:
        task = Task(picked.pixels, (~missing).tobytes(), told, config, data, menders(own, told))
        if task.holed and missing.all():
            st.info("Everything is missing: what is drawn below is no repair, but a plain sample of each model.")
        found = row(task)
        closer(task, found)
        figures(task, found)
    if data == MNIST:
        compared()
    cards(
        {
            SEE: lambda: st.markdown(seen.REPAIR),
            WORKS: lambda: method(*dict.fromkeys(each.source for each in METHODS.values())),
            PYTHON: lambda: st.code(in_python(task, picked), "python"),
            COMMAND: lambda: st.code("genlib bench-repair --n 2000", "bash"),
        }
    )
    with notices:
        show(keep=key is None)
    ask_key()


def in_python(task: Task | None, picked: Picked | None) -> str:
    """The same repairs, or those of the usual hole where nothing is damaged yet."""
    if task is None or picked is None:
        return repair_recipe(list(METHODS), FIRST, HoleConfig())
    able = [name for name in METHODS if not task.why_not(name)]
    named = {name: task.runs[METHODS[name].family].id for name in able if METHODS[name].family in task.runs}
    return repair_recipe(able, picked.number, task.seen if task.holed else task.config, task.label, task.data, named)


def known(data: str, own: list[Opened]) -> int | None:
    """The digit or class that models with labels are told, if they are; of a visitor's images if there are such."""
    if data == MNIST:
        key, text, names = "repair_digit", "Tell the models which digit it is", tuple("0123456789")
        more = "Optional. Mixture, VAE and GAN have twins that were trained with labels: these are used then."
    elif any(each.settings.model.labels for each in own):
        key, text, names = f"repair_class_{data}", "Tell the models what it shows", own[0].classes
        more = "Optional. Your runs that were trained with labels are used then."
    else:
        return None
    return choose(st.pills, text, range(len(names)), "told", None, key=key, names=names.__getitem__, wrap=True,
                  help=more)  # fmt: skip


def menders(own: list[Opened], told: int | None) -> dict[str, RunFolder]:
    """Of each family the newest run of the visitor's that can mend: told the class, one with labels if there is any."""
    found: dict[str, RunFolder] = {}
    for each in sorted(own, key=lambda each: each.settings.model.labels != (told is not None)):
        if told is not None or not each.settings.model.labels:
            found.setdefault(each.settings.family, each.run)
    return found


def damaged(picked: Picked | None) -> tuple[DamageConfig, Hole | None]:
    """What is wrong with the image, and the missing pixels, true where one is; of other damage none is as it was."""
    kinds, holes = Controls(DamageConfig), Controls(HoleConfig)
    with st.container(horizontal=True):
        kinds.draw("damage")
        config = kinds.config(DamageConfig)
        if config.damage == "hole":
            holes.draw("hole")
    if config.damage == "hole":
        return config, hole(picked, holes)
    with st.container(horizontal=True):
        kinds.draw(*(name for name in ("noise", "radius", "side", "noise_seed") if name not in config.unused()))
    config = kinds.config(DamageConfig)
    missing = np.ones((28, 28), bool)
    if picked is not None:
        image = Task(picked.pixels, missing.tobytes(), None, config).damaged
        st.html(inline(image, "The damaged image", 280))
    return config, missing


def hole(picked: Picked | None, controls: Controls) -> Hole | None:
    """The missing pixels, true where one is: chosen by name, and painted upon."""
    with st.container(horizontal=True):
        config = controls.config(HoleConfig)
        controls.draw(*(name for name in ("share", "seed") if name not in config.unused()))
    config = controls.config(HoleConfig)
    if picked is None:
        return None
    try:
        painted = brush(
            key="hole",
            label="Paint the hole",
            shape=(28, 28),
            sizes=SIZES,
            under=picked.image,
            start=(~make_mask(config)).astype("uint8") * 255,
            address="painted",
            turn="-".join(f"{value}" for value in config.to_json().values()).replace(".", "-"),
        )
    except InputError as error:
        tell(str(error))
        return None
    return None if painted is None else painted > 127


main()
