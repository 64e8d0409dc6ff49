"""Portraits: a face that follows the hand, and what a model of 320 photographs can and cannot show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from genlib.knobs import InputError
from genlib.plots import entanglement_chart
from genlib.portraits import HOLES, LEARNT, METHODS, PEOPLE, READINGS, SIDE, hole, load_gallery, photograph
from genlib.recipe import faces_recipe, hole_recipe, tangle_recipe
from genlib.sampling import difference, sheet
from pages.ui import cached, seen
from pages.ui.address import choose
from pages.ui.brush import brush
from pages.ui.cards import PYTHON, SEE, WORKS, awaited, cards, empty
from pages.ui.explain import method
from pages.ui.faces import blend, explorer, somebody
from pages.ui.figure import figure, pictures
from pages.ui.notices import show, tell
from pages.ui.picker import inline
from pages.ui.tools import heading
from pages.ui.words import unlinked

VIEWS = {
    "explore": "Explore",
    "between": "Between two people",
    "repair": "Repair",
    "tangle": "What hangs together",
    "good": "How good is it?",
    "about": "About the photographs",
}
PAINTED = "own"
_SHEET = 225  # pixels across
_TILE, _ANSWER = 110, 96
_MEASURED = 64  # faces
CODE = [
    "genlib.portraits.model:Portraits",
    "genlib.portraits.steering:plain_directions",
    "genlib.portraits.steering:untangled_directions",
    "genlib.portraits.steering:entanglement",
    "genlib.portraits.codes:several_codes",
    "genlib.portraits.mending:conditional_mean",
]
TITLES = {
    "bent": "This model: draws and bends",
    "straight": "The same without bending",
    "pca": "Eigenfaces and mixture",
}


def main() -> None:
    heading(
        "Portraits",
        "A model that has seen 320 photographs of 32 people draws faces of nobody.",
        "move a slider, and watch what changes with it.",
        "can a beard grow and nothing else change?",
    )
    notices = st.container()
    view = choose(st.segmented_control, "View", VIEWS, "view", "explore", key="portraits_view",
                  names=VIEWS.__getitem__, required=True, label_visibility="collapsed")  # fmt: skip
    fresh = st.session_state.get("portraits_before") != "explore"
    st.session_state["portraits_before"] = view
    views: dict[str, Callable[[], str]] = {
        "explore": lambda: explorer(fresh), "between": between, "repair": repair, "tangle": tangle, "good": good,
        "about": about,
    }  # fmt: skip
    code = ""
    try:
        code = views[str(view)]()
    except InputError as error:
        tell(str(error))
    cards(
        {
            SEE: lambda: st.markdown(seen.PORTRAITS),
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(code or tangle_recipe(), "python"),
        }
    )
    with notices:
        show()


def between() -> str:
    """The way from one photograph to another; the same in Python."""
    left, right = st.columns(2, gap="large")
    with left:
        a = somebody("a", "Person A", range(PEOPLE), (26, 0))
    with right:
        b = somebody("b", "Person B", range(PEOPLE), (4, 4))
    blend(a, b)
    st.caption(
        "Every photograph has a code, found by search; the way is the straight line between two codes. People from "
        f"{LEARNT + 1} on were never learnt from: their drawings are likenesses of others."
    )
    return faces_recipe(a, b)


def repair() -> str:
    """A hole in the photograph of somebody whom the model has never seen; the same in Python."""
    left, right = st.columns([1, 2], gap="large")
    with left:
        number = somebody("of", "Person", range(LEARNT, PEOPLE), (37, 1))
        image = photograph(number)
        names = {name: title for name, (title, _) in HOLES.items()} | {PAINTED: "My own"}
        kind = choose(st.pills, "Hole", names, "hole", "eyes", key="portraits_hole", names=names.__getitem__,
                      required=True, wrap=True)  # fmt: skip
        if kind == PAINTED:
            mask = painted(number, image)
        else:
            mask = hole(str(kind))
            st.html(inline(np.where(mask, image, 0).astype(np.uint8), "The photograph with its hole", 260))
    code = hole_recipe(number, None if kind == PAINTED else str(kind))
    if mask is None:
        with right:
            empty("Nothing is missing yet: paint over what is to be mended.", "brush")
        return code
    with right:
        try:
            with awaited("Searching", "faced", 360):
                found = cached.faced(number, mask.tobytes())
        except InputError as error:
            empty(unlinked(str(error)), "healing")
            return code
        with st.container(horizontal=True, gap="small"):
            for name, (title, how) in METHODS.items():
                with st.container(width=_TILE, gap="small"):
                    st.html(inline(found.repairs[name], f"Repaired: {title}, {found.psnr[name]:.1f} dB", _TILE))
                    st.markdown(f"**{title}**  \n{found.psnr[name]:.1f} dB", help=how[0].upper() + how[1:] + ".")
            with st.container(width=_TILE, gap="small"):
                st.html(inline(image, "The photograph as it was", _TILE))
                st.markdown("**As it was**")
        st.markdown("**Other answers of this model, and where its first one is wrong**")
        others = {f"Answer {i}": each for i, each in enumerate(found.answers, 1)}
        others["Where this model is wrong"] = difference(image, found.repairs["bent"])
        st.html(" ".join(inline(each, title, _ANSWER) for title, each in others.items()))
        pictures(
            {f"Repaired {METHODS[name][0]}": each for name, each in found.repairs.items()}
            | {"As it was": image}
            | others,
            "face_repairs",
        )
        st.caption(
            "dB: how near the repair is inside the hole (PSNR), more is better; it likes blur. Orange: too bright, "
            "blue: too dark. Nobody can know what was behind the hole. The answers differ less than they should: the "
            "model takes its errors at neighbouring pixels for independent of each other, and is surer than it may be."
        )
    return code


def painted(number: int, image: np.ndarray) -> np.ndarray | None:
    """A hole of the visitor's, true where a pixel is seen."""
    drawing = brush(key="face_hole", label="Paint the hole", shape=(SIDE, SIDE), sizes=(3, 8, 20), under=image,
                    turn=f"face-{number}", address="painted")  # fmt: skip
    return None if drawing is None else drawing <= 127


def tangle() -> str:
    """The entanglement matrix, with and without taking apart what goes together."""
    gallery, names = load_gallery(), [each.name for each in READINGS.values()]
    st.markdown(
        "**Move one slider by one, and measure everything on the face that is drawn.** Each row is a slider, each "
        "column a reading, in standard deviations of the photographs. A perfect slider has 1 in its own column and 0 "
        "elsewhere."
    )
    for column, key, directions, title, text in zip(
        st.columns(2, gap="large"),
        ("plain", "untangled"),
        (gallery.plain, gallery.untangled),
        ("All that goes with it", "Nothing else"),
        (
            "How those with more of it differ from those with less, whatever else they differ in.",
            "How they differ among people who are alike in all other readings: by Gauss, the likeliest such change.",
        ),
        strict=True,
    ):
        with column:
            st.markdown(f"**{title}.** {text}")
            figure(entanglement_chart(directions, names), f"tangle_{key}")
            st.caption(
                f"All this is a mean over {_MEASURED} faces: at one of them, an entry is off it by "
                f"{np.sqrt(np.square(directions.spread).mean()):.2f}."
            )
    with st.expander("What is measured"):
        st.markdown("\n".join(f"- **{each.name}**: {each.how}. More is {each.more}." for each in READINGS.values()))
        st.caption("Readings know pixels, not people: a dark wall beside a bald head is hair to them.")
    return tangle_recipe()


def good() -> str:
    """The choice between models, the memorisation test, and the fixed sheets."""
    gallery = load_gallery()
    models, copies = gallery.told["models"], gallery.told["copies"]
    rows = [{"Model": title, **figures(models[name], copies[name])} for name, title in TITLES.items()]
    rows.append({"Model": "Photographs of unseen people", **figures({}, copies["unseen"])})
    st.table(rows)
    st.caption(
        f"Each with {gallery.config.latent_dim} numbers a face. **Off by**: root mean squared, in grey levels of 255, "
        "how far a pixel of a rebuilt photograph is off, with the best code that a search finds. The model was chosen "
        "by four unseen people; four others were kept to the end. **Copies**: of "
        f"{gallery.told['drawn']:,} made faces the share that is nearer to a photograph than half of the photographs "
        f"are to another one of the same person ({copies['threshold']:.0f}); **nearest** is the median distance. These "
        "are draws as they come, where *New face* leaves out the oddest. A blurred face is near to many: see the "
        "sheets, too."
    )
    shown = {"photographs": photographs(), **{name: gallery.sheets[name] for name in TITLES}}
    titles = {"photographs": "Photographs", **TITLES}
    for column, (name, images) in zip(st.columns(len(shown)), shown.items(), strict=True):
        with column:
            st.markdown(f"**{titles[name]}**")
            st.html(inline(sheet(images), f"36 faces: {titles[name]}", _SHEET))
    pictures({titles[name]: sheet(images) for name, images in shown.items()}, "face_sheets")
    st.caption("Drawn once with seed 0, never picked.")
    return tangle_recipe()


def figures(model: dict[str, Any], copies: dict[str, Any]) -> dict[str, str]:
    """What is told of a model, by column; "–" where there is nothing to tell."""

    def levels(kind: str, part: str) -> str:
        squared = model.get(kind, {}).get(part)
        return "–" if squared is None else f"{255 * squared**0.5:.1f}"

    return {
        "Off by, seen": levels("best", "train"),
        "unseen, chosen by": levels("best", "validation"),
        "unseen, kept": levels("best", "test"),
        "kept, encoder alone": levels("encoder", "test"),
        "Copies": f"{100 * copies['share']:.1f} %",
        "Nearest": f"{copies['median']:.0f}",
    }


def photographs() -> np.ndarray:
    """36 of them, spread over all people."""
    return np.stack([photograph(10 * (i * PEOPLE // 36) + i % 10) for i in range(36)])


def about() -> str:
    """Whose faces these are, and what follows from it."""
    st.markdown(seen.PHOTOGRAPHS)
    return ""


main()
