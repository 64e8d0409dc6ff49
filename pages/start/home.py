"""Home: digits that are being made, three ways in, and the four families in one picture."""

from __future__ import annotations

import base64
from concurrent.futures import Future, ThreadPoolExecutor
from html import escape

import numpy as np
import streamlit as st

from genlib.colours import FAMILIES
from genlib.device import available, processor
from genlib.drift import drift
from genlib.facts import LABELS, READ, STORY, TASKS, Task, formula_html
from genlib.film import Film
from genlib.library import find_model
from genlib.sampling import png, sheet
from pages.ui.hero import demand, hero
from pages.ui.server import compute
from pages.ui.tools import LESSONS

# Page, address, name, icon, and what happens there.
DOORS: tuple[tuple[str, dict[str, str], str, str, str], ...] = (
    (LESSONS, {"lesson": "tour"}, "Show me in five minutes", "play_circle", "A tour that runs by itself."),
    (LESSONS, {}, "Teach a class", "school", "Lessons to project, step by step."),
    ("images/train.py", {}, "Play", "model_training", "Train a model of your own, live."),
)


def main() -> None:
    st.title("See generative models work")
    st.markdown("Four kinds of model have learned handwritten digits. Here they write new ones, in your browser, now.")
    with st.container(key="main"):
        hero(key="hero")
        if not st.context.is_embedded:  # a lesson needs no door to lessons
            doors()
        with st.container(key="story"):
            st.html(f'<div class="story">{"".join(map(story, STORY))}</div>')
        tasks()
    device()


def doors() -> None:
    """Three ways in."""
    with st.container(key="doors"):
        for page, query, name, icon, line in DOORS:
            label = f"**{name}**  \n{line}"
            st.page_link(page, label=label, icon=f":material/{icon}:", query_params=query, width="stretch")


def story(family: str) -> str:
    """One family under its canvas."""
    fact = STORY[family]
    return (
        f'<section style="--own: {FAMILIES[family]}"><h2>{escape(fact.title)}</h2><p>{escape(fact.learns)}</p>'
        f'<p class="formula">{formula_html(fact.formula)}</p><p class="note">{escape(fact.note)}</p>'
        f"<p><b>Good at:</b> {escape(fact.good)}</p><p><b>Bad at:</b> {escape(fact.bad)}</p></section>"
    )


def tasks() -> None:
    """Generating against predicting, with labels and without."""
    columns = st.columns(3, gap="medium")
    for column, task in zip(columns, TASKS, strict=True):
        with column:
            st.html(words(task))
    with columns[0]:
        st.html(drawn())
    with columns[1]:
        demand(key="demand")
    with columns[2]:
        st.html(read())
    st.markdown(LABELS)
    st.page_link("images/labels.py", label="The same model with labels and without", icon=":material/label:")


def words(task: Task) -> str:
    """A task in words."""
    return (
        f'<div class="task"><h2>{escape(task.title)} <span class="formula">{formula_html(task.formula)}</span></h2>'
        f"<p>{escape(task.says)}</p></div>"
    )


@st.cache_resource(show_spinner=False)
def drawn() -> str:
    """What nobody asked for."""
    fact = STORY["gan"]
    images = drift(find_model(fact.model), fact.seed).images[:10]
    sheets = picture(sheet(images, 5), "Ten digits that a GAN drew, as they came")
    return f'<div class="pictures"><div class="made" style="--own: {FAMILIES["gan"]}">{sheets}</div></div>'


@st.cache_resource(show_spinner=False)
def read() -> str:
    """Real digits, and what the classifier says they are."""
    images = Film(find_model(STORY["vae"].model).path / "frames").constants()["originals"]
    pairs = zip(images, READ, strict=False)
    figures = "".join(f"<figure>{picture(x, 'A real digit, read as')}{digit}</figure>" for x, digit in pairs)
    return f'<div class="pictures">{figures}</div>'


def picture(image: np.ndarray, words: str) -> str:
    """An image as part of the page."""
    return f'<img src="data:image/png;base64,{base64.b64encode(png(image, 4)).decode()}" alt="{words}">'


def device() -> None:
    """What trains here: the processor is known at once, a graphics card only to the worker, a little later."""
    found = finding()
    st.fragment(told, run_every=None if found.done() else 2.0)(found.done())


def told(known: bool) -> None:
    found = finding()
    if found.done() and not known:
        st.rerun()
    words = found.result() if found.done() else processor().words
    st.caption(f"Models train on this device: {words}. Nothing is fetched from the internet.")


@st.cache_resource(show_spinner=False)
def finding() -> Future[str]:
    return ThreadPoolExecutor(1, "device").submit(fastest)


def fastest() -> str:
    try:
        return compute(available)[0].words
    except Exception:  # whatever befell the worker: the processor is there
        return processor().words


main()
