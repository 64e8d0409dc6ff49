"""What the four families are, in the words and formulas with which they are introduced everywhere: facts as data.

A formula is plain text, ``_k`` or ``_{...}`` what stands low: it is read as it is, and shown by :func:`formula_html`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["FRECHET", "LABELS", "READ", "RUN", "STORY", "TASKS", "Fact", "Task", "formula_html"]


@dataclass(frozen=True)
class Fact:
    """One family.

    Arguments:
        title: What to call it.
        learns: What it learns, in a sentence.
        formula: What it maximises or minimises, or what it is.
        note: What must be said with the formula.
        good: What it is good at.
        bad: What it is bad at.
        model: The bundled model that shows it.
        seed: Of the codes that it is shown with.
        way: How it comes to these, in a few words.
    """

    title: str
    learns: str
    formula: str
    note: str
    good: str
    bad: str
    model: str
    seed: int
    way: str


@dataclass(frozen=True)
class Task:
    """One thing to ask of a model: its formula, its name, and what it is."""

    title: str
    formula: str
    says: str


STORY = {
    "mixture": Fact(
        title="Mixture",
        learns="Bell curves that, added up, put their weight where the data lies.",
        formula="p(x) = ∑_k α_k N(x; μ_k, Σ_k)",
        note="EM finds the weights α, the middles μ and the shapes Σ.",
        good="Exact: it can say how likely an image is, and fill a hole from what is around it.",
        bad="Bell curves are too plain for images: digits with ghosts.",
        model="mixture",
        seed=4,
        way="drawn from 30 bell curves",
    ),
    "ae": Fact(
        title="Autoencoder",
        learns="To squeeze an image into a few numbers, its code, and to rebuild it from them.",
        formula="min E ‖x − Dec(Enc(x))‖²",
        note="Nothing in it says where codes are to lie.",
        good="Rebuilds well; short codes; steady to train.",
        bad="No sampler: between its codes are holes, and a code picked at random may decode to no digit.",
        model="ae-denoising",
        seed=0,
        way="among codes of real digits",
    ),
    "vae": Fact(
        title="VAE",
        learns="The same, with codes spread like one bell curve, so that a code drawn from it decodes to a new image.",
        formula="log p(x) ≥ E_{q(z|x)}[log p(x|z)] − KL(q(z|x) ‖ p(z))",
        note="The right side, a lower bound, is what it maximises.",
        good="New images and a code for each image, from one steady training.",
        bad="Unsure, it draws the average: images are soft.",
        model="vae-20d",
        seed=0,
        way="drawn from one bell curve",
    ),
    "gan": Fact(
        title="GAN",
        learns="A game: G turns noise into images, D tells them from real ones, each learns from the other.",
        formula="min_G max_D E[log D(x)] + E[log(1 − D(G(z)))]",
        note="In practice G maximises log D(G(z)): the same aim, and it learns faster at first.",
        good="The sharpest images.",
        bad="The game can fail, as when G draws one digit only; no likelihood, and no code for an image.",
        model="gan",
        seed=0,
        way="drawn from noise",
    ),
}

TASKS = (
    Task(
        "Generate",
        "p(x)",
        "Draw something new that could be data. This takes no labels, only images; so nobody can ask for a certain "
        "digit.",
    ),
    Task(
        "Generate on demand",
        "p(x|y)",
        "Draw a digit that was asked for. The model was told the label of each image while it learned.",
    ),
    Task(
        "Predict",
        "p(y|x)",
        "Say which digit an image shows. A classifier learns this from images with labels, and can draw nothing.",
    ),
)
READ = (7, 2, 1, 0, 4)  # what the bundled classifier says of the first test images, rightly
LABELS = (
    "A model that generates on demand predicts as well, by Bayes’ rule: p(y|x) ∝ p(x|y) p(y). The way back is closed: "
    "from p(y|x) alone nothing can be drawn."
)
RUN = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/genlib app"
FRECHET = (
    "The Fréchet distance is measured in the features of our own digit classifier: it compares these models with one "
    "another and is never comparable to an Inception FID."
)

_LOW = re.compile(r"_\{([^}]*)\}|_(\w)")
_LETTER = re.compile(r"(?<!\w)([A-DF-Za-zα-ωΑ-Ω])(?!\w)")  # a letter alone; E is an expectation
_BETWEEN = re.compile(r" (?=[=≥+−] )")  # where a line may break, outside of brackets


def formula_html(formula: str) -> str:
    """A formula of this file as HTML: single letters in italics, what stands low as a subscript."""
    terms = [""]
    for part in _BETWEEN.split(formula):
        inside = terms[-1].count("(") > terms[-1].count(")") or terms[-1].count("[") > terms[-1].count("]")
        terms = [*terms[:-1], f"{terms[-1]} {part}".strip()] if inside or not terms[-1] else [*terms, part]
    return " ".join(f'<span style="white-space: nowrap">{_term(term)}</span>' for term in terms)


def _term(text: str) -> str:
    parts: list[str] = []
    end = 0
    for low in _LOW.finditer(text):
        parts += [_italic(text[end : low.start()]), f"<sub>{_italic(low[1] or low[2])}</sub>"]
        end = low.end()
    return "".join([*parts, _italic(text[end:])])


def _italic(text: str) -> str:
    return _LETTER.sub(r"<i>\1</i>", text)
