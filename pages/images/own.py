"""Images of one's own: brought as files, made small and grey, looked at, kept, and trained on."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.data.own import CROPS, FEWEST, KEPT_DAYS, Collected, OwnSet, keep, list_own, remove, sweep
from genlib.knobs import InputError
from genlib.recipe import brought_recipe
from genlib.runs.owners import key_hash
from pages.ui import seen
from pages.ui.cards import PYTHON, SEE, WORKS, awaited, cards, empty
from pages.ui.explain import method
from pages.ui.notices import show, tell
from pages.ui.own import collecting, counted, digest_of, file_list, rows_of, thumbnail
from pages.ui.owner import ask_key, visitor_key
from pages.ui.picker import inline
from pages.ui.tools import heading
from pages.ui.words import plain, unlinked

COLUMNS = 12
CODE = ("genlib.data.own.pictures:small", "genlib.data.own.parts:split")
HOW = (
    f"**Bring {FEWEST} images or more**: a ZIP of PNG, JPEG or WebP, or arrays as NPZ or IDX. Each becomes 28 x 28 "
    "grey pixels. In a ZIP, each folder is a class: up to ten of them, so that a model can be asked for one. A few "
    "hundred images that look alike, on a plain ground, teach more than a few thousand of everything."
)
PRIVATE = (
    f"At most 50 MB. What you bring stays on this server, in your lists alone, and goes {KEPT_DAYS} days after its "
    "last use (where room is short, after a day), with the last run on it, or when you remove it. A run that learned "
    "from it shows some of the images to whoever has its link, and keeps up to sixteen of them until you delete it."
)


def main() -> None:
    heading(
        "Own images",
        "Let the models learn from pictures of yours, as they do from digits.",
        "photograph or draw one kind of thing fifty times, put the pictures into a ZIP, and bring it.",
        "what survives of a picture in 28 x 28 grey pixels, and which family copes best with few?",
    )
    key = visitor_key()
    notices = st.container()
    sweep()
    brought(key)
    kept(key)
    names, crop, inverted = st.session_state.get("own_read", (["pictures.zip"], "square", False))
    cards(
        {
            SEE: lambda: st.markdown(seen.OWN),
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(brought_recipe(names, crop, inverted), "python"),
        }
    )
    with notices:
        show(keep=key is None)
    ask_key()


def brought(key: str | None) -> None:
    """Take files, show what is in them, and keep it."""
    turn = st.session_state.setdefault("own_turn", 0)
    st.markdown(HOW)
    files = st.file_uploader(
        "A ZIP, an NPZ, IDX files, or pictures", accept_multiple_files=True, max_upload_size=50, key=f"own_{turn}"
    )
    if not files:
        for name in ("own_found", "own_read"):
            st.session_state.pop(name, None)
        st.caption(PRIVATE)
        return
    crop = st.segmented_control(
        "Crop each picture to", list(CROPS), default="square", format_func=CROPS.__getitem__, key="own_crop",
        required=True, persist_state="session",
        help="The middle square suits photographs. What stands out from a plain ground, as a drawing does, is centred "
        "and scaled as the digits of MNIST are.",
    )  # fmt: skip
    try:
        found = read([(file.name, file.getvalue()) for file in files], str(crop))
    except InputError as error:
        st.warning(unlinked(str(error)), icon=":material/block:")
        return
    inverted = preview(found, files[0].name, key)
    st.session_state["own_read"] = [file.name for file in files], str(crop), inverted


def read(files: list[tuple[str, bytes]], crop: str) -> Collected:
    """What is in files; kept for this visit, so that a click on the page does not read them again."""
    mark = (digest_of(files), crop)
    before = st.session_state.get("own_found")
    if before and before[0] == mark:
        found: Collected = before[1]
        return found
    with awaited("Looking at your pictures", "own", 300) as progress:
        for reading in collecting(files, crop):
            progress(reading.done, "Looking at your pictures")
            if reading.found:
                st.session_state["own_found"] = mark, reading.found
                found = reading.found
    return found


def preview(found: Collected, file: str, key: str | None) -> bool:
    """What a model would see, and the button that keeps it; whether black and white were exchanged."""
    before = found
    n, kinds = len(found.images), len(found.classes)
    classes = f"in {kinds} classes" if kinds > 1 else "in one class"
    st.header(f"{n:,} images {classes}", anchor=False)
    if found.note:
        st.info(unlinked(found.note), icon=":material/info:")
    if found.bright:
        found = turned(found)
    with st.container(border=True):
        for title, strip in rows_of(found, COLUMNS).items():
            with st.container(gap="xsmall"):
                st.markdown(f"**{plain(title)}**" if kinds > 1 else "**A few of them**")
                picture = inline(strip, f"Images of the class {title}", 48 * COLUMNS)
                st.html(picture.replace("<img", '<img style="max-width: 100%; height: auto"', 1))  # on a phone
    skipped(found)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stem = file.rsplit(".", 1)[0].replace("_", " ")[:40]
        name = st.text_input("Name", stem, max_chars=60, key=f"own_name_{file}", width=320)
        st.button("Keep these images", type="primary", icon=":material/save:", disabled=key is None, key="own_keep",
                  on_click=put, args=(found, name, key))  # fmt: skip
    return found is not before


def turned(found: Collected) -> Collected:
    """Offer to turn dark on light round, with one image before and after."""
    few = found.images[:: max(1, len(found.images) // 6)][:6]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.html(inline(np.hstack(list(few)), "As they came", 252), width="content")
        st.markdown(":material/arrow_forward:", width="content")
        st.html(inline(np.hstack(list(255 - few)), "Light on dark", 252), width="content")
        text = "The ground of digits is black, and models learn fastest so. Leave photographs as they are."
        on = st.toggle("Turn them light on dark", True, key="own_invert", help=text)
    return found.inverted() if on else found


def skipped(found: Collected) -> None:
    if found.alike:
        images = "image is" if found.alike == 1 else "images are"
        st.caption(f"{found.alike:,} {images} the same as another and left out: it would be learnt and tested at once.")
    if found.left_out:
        files = "file was" if found.left_out == 1 else "files were"
        with st.expander(f"{found.left_out:,} {files} left out", icon=":material/warning:", expanded=True):
            st.markdown("\n".join(f"- {plain(line)}" for line in file_list(found)))


def put(found: Collected, name: str, key: str) -> None:
    """Keep what is shown; the uploader is empty again."""
    try:
        own = keep(found, name, key)
    except InputError as error:
        tell(str(error))
        return
    tell(f"{own.name(key_hash(key))} is kept: train on it below.", good=True)
    st.session_state["own_turn"] += 1
    st.session_state.pop("own_found", None)


def kept(key: str | None) -> None:
    """The visitor's data sets."""
    sets = list_own(key)
    if not sets:
        if not st.session_state.get("own_read"):
            empty("Nothing of yours is kept yet: choose files above, and look at what becomes of them.",
                  "add_photo_alternate")  # fmt: skip
        return
    st.header("Kept for you", anchor=False)
    for own in sets:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
            card(own, key)


def card(own: OwnSet, key: str | None) -> None:
    """One data set: what it is, and what can be done with it."""
    name = own.name(key_hash(key) if key else None)
    try:
        st.image(thumbnail(own.id), width=112, alt=f"Sixteen images of {name}.")
    except InputError as error:
        st.warning(unlinked(str(error)))
    with st.container(width="stretch"):
        st.markdown(f"**{plain(name)}**")
        size = f"{max(0.1, own.bytes / 1e6):.1f} MB"
        st.caption(plain(f"{own.n:,} images: {counted(own)} · {size} · goes in {own.days_left} days unless used"))
    with st.container(width="content", horizontal=True, vertical_alignment="center"):
        st.page_link("images/train.py", label="Train on it", icon=":material/model_training:",
                     query_params={"data": own.id})  # fmt: skip
        st.page_link("images/repair.py", label="Mend", icon=":material/healing:", query_params={"data": own.id},
                     help="Holes, noise and blur in them, by plain methods and by your runs.")  # fmt: skip
        with st.popover("Remove", icon=":material/delete:", key=f"own_more_{own.id}"):
            st.markdown(
                "Runs that learned from it stay to be watched, but cannot go on. Each keeps up to sixteen of the "
                "images in its film: delete the run, and they go too."
            )
            st.button("Remove for good", key=f"own_remove_{own.id}", on_click=drop, args=(own.id, name, key))


def drop(data: str, name: str, key: str | None) -> None:
    try:
        remove(data, key)
    except InputError as error:
        tell(str(error))
        return
    tell(f"{name} is removed.", good=True)
    if st.session_state.get("data") == data:
        st.session_state.pop("data")


main()
