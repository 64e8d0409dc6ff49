"""With labels and without: the same model twice, asked for digits; and generating against predicting."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from genlib.knobs import InputError
from genlib.library import find_model
from genlib.presets import PRESETS
from genlib.recipe import command_recipe, labels_recipe
from genlib.runs import ACTIVE, saved_status
from genlib.settings import RunSettings, TrainConfig
from pages.ui import cached, seen
from pages.ui.address import choose
from pages.ui.cards import COMMAND, PYTHON, SEE, WORKS, awaited, cards, empty
from pages.ui.controls import Controls
from pages.ui.explain import method
from pages.ui.families import swatches
from pages.ui.figure import strip, table
from pages.ui.notices import show, tell
from pages.ui.opened import Opened, opened
from pages.ui.owner import ask_key, visitor_key
from pages.ui.room import training_room
from pages.ui.steering import button, closing, keep_running, submit, together
from pages.ui.tools import heading
from pages.ui.words import unlinked

BUNDLED = {"vae": ("vae-20d", "vae-labels"), "gan": ("gan", "gan-labels"), "mixture": ("mixture", "mixture-labels")}
NAMES = {"vae": "VAE", "gan": "GAN", "mixture": "Mixture", "ae": "AE"}
USUAL = {"vae": "vae-labels", "gan": "gan", "mixture": "mixture", "ae": "ae-sharp"}  # presets
JUDGED = {
    "classifier": ("Classifier", "Only predicts: p(y|x) in one pass"),
    "vae-labels": ("Conditional VAE", "Bayes' rule, p(x|y) from 16 importance samples a digit"),
    "mixture-labels": ("Mixture for each digit", "Bayes' rule, p(x|y) exact"),
}
CODE = ("genlib.reading:obedience", "genlib.reading:reader", "genlib.evaluation:bayes_classify")


def main() -> None:
    heading(
        "With labels and without",
        "The same model, seed and time, twice: once it is told which digit each image is, once it is not.",
        "ask another family for digits, or train both for a minute and watch them part.",
        "does knowing the digit make new digits better, or only more obedient?",
    )
    key = visitor_key()
    notices = st.container()
    wanted = ask()
    pair = chosen(wanted[0].family)
    toolbar(wanted, pair, key)
    if pair:
        told = training_room(pair, key="labels")
        active = any(news["active"] for news in told)
        st.fragment(obedience, run_every=2.0 if active else None)(pair)
    st.divider()
    prediction()
    models = [each.run.id for each in pair if saved_status(each.run.path, each.run.status) is not None]
    cards(
        {
            SEE: lambda: st.markdown(seen.LABELS),
            WORKS: lambda: method(*CODE),
            PYTHON: lambda: st.code(labels_recipe(models, list(JUDGED)), "python"),
            COMMAND: lambda: st.code("\n".join(command_recipe(each) for each in wanted), "bash"),
        }
    )
    with notices:
        show(keep=key is None)
    ask_key()


def ask() -> list[RunSettings]:
    """One model with labels and one without, of the same family, for the same time."""
    train = Controls(TrainConfig)
    with st.container(horizontal=True, gap="medium"):
        swatches("labels_family", NAMES)
        family = choose(st.pills, "Family", NAMES, "family", "vae", key="labels_family", names=NAMES.__getitem__,
                        required=True, on_change=leave)  # fmt: skip
        for name in ("seconds", "seed"):
            with st.container(width=240):
                train.draw(name)
    usual = PRESETS[USUAL[family]].settings
    length = {name: train.values[name] for name in ("seconds", "seed")}
    settings = replace(usual, train=replace(usual.train, budget="seconds", **length))
    return [replace(settings, model=replace(settings.model, labels=labels)) for labels in (False, True)]


def leave() -> None:
    """Another family has other runs."""
    st.query_params.pop("runs", None)


def chosen(family: str) -> list[Opened]:
    """The two runs of the address, or those that come with genlib; without labels first."""
    asked = st.query_params.get("runs", "")
    pair = []
    for name in asked.split(",")[:2] if asked else BUNDLED.get(family, ()):
        try:
            pair.append(opened(name))
        except InputError as error:
            tell(str(error))
    return sorted(pair, key=lambda each: each.settings.model.labels)


def toolbar(wanted: list[RunSettings], pair: list[Opened], key: str | None) -> None:
    mine = [each.run for each in pair if each.run.may_steer(key) and each.run.status.state in ACTIVE]
    with st.container(horizontal=True, vertical_alignment="center"):
        text = "Trains the model without labels and then with them, for the same time each."
        idle = key is None or bool(mine)
        button("Train both", "play_arrow", start, wanted, key, type="primary", disabled=idle, help=text)
        together([each.run for each in pair], key, "both")
        if st.query_params.get("runs"):
            closing(leave, "Back to the models that came with genlib; you find yours under My runs.")
        keep_running(mine, key)
    if not pair:
        empty("No pair of this family comes with genlib: press Train both, and it is shown here.", "label")


def start(wanted: list[RunSettings], key: str) -> None:
    if names := submit(wanted, key):
        st.query_params["runs"] = ",".join(names)


def obedience(pair: list[Opened]) -> None:
    """How often the classifier reads what was asked for."""
    st.header("Asked for a digit, does it draw that digit?", anchor=False)
    found = []
    try:
        with awaited("A classifier reads what was drawn", "obeys", 200):
            for each in pair:
                if (saved := saved_status(each.run.path, each.run.status)) is not None:
                    found.append((each.settings.model.labels, cached.obeys(each.run.path, saved.step)))
    except InputError as error:
        st.warning(unlinked(str(error)))
        return
    if not found:
        empty("Told as soon as a model is saved, which is every ten seconds.", "hourglass_empty")
        return
    rows = [
        {"Of 100 drawings asked for as": "With labels" if labels else "Without"}
        | {str(digit): f"{100 * share:.0f}" for digit, share in enumerate(counted.shares)}
        | {"all": f"{100 * counted.shares.mean():.1f} %"}
        for labels, counted in found
    ]
    table(rows, "How many of 100 drawings a classifier reads as the digit asked for")
    st.caption(
        "So many a classifier reads as the digit asked for. It was trained apart, on real digits only. What was never "
        "told labels cannot be asked: its drawings fit by chance, one in ten."
    )
    labels, counted = found[-1]
    if labels and len(counted.misread):
        st.markdown("**Read as another digit than was asked for**")
        pairs = [f"{asked} → {read}" for asked, read in zip(counted.asked, counted.read, strict=True)]
        strip(counted.misread, pairs, "Asked for and read", "labels_misread")


def prediction() -> None:
    """Models that generate, used to predict, beside one that only predicts."""
    st.header("Generating against predicting", anchor=False)
    st.markdown(
        "A model that knows how each digit looks can also read: by Bayes' rule, the digit under which the image is the "
        r"most probable, $p(y|x) \propto p(x|y)\,p(y)$. A classifier learns $p(y|x)$ alone, and can draw nothing. "
        "**Predict:** who reads better, and who needs fewer weights for it?"
    )
    rows, wrong = [], {}
    for name, (title, words) in JUDGED.items():
        try:
            with awaited(f"{title}: reads 1,000 test images", f"reads_{name}", 120):
                counted = cached.reads(find_model(name).path)
        except InputError as error:
            st.warning(unlinked(str(error)))
            continue
        wrong[title] = counted
        rows.append(
            {
                "Model": title,
                "Read right": f"{100 * counted.right:.1f} % ± {100 * counted.stderr:.1f}",
                "Milliseconds an image": f"{1000 * counted.seconds / counted.n:.2g}",
                "Weights": f"{counted.parameters:,}",
                "How": words,
            }
        )
    table(rows, "Who reads how many of 1,000 test images right")
    st.caption("1,000 test images, spread evenly over the test set; ± is one standard error of the share.")
    for title, counted in wrong.items():
        st.markdown(f"**Misread by the {title[:1].lower()}{title[1:]}**")
        pairs = [f"{t} → {r}" for t, r in zip(counted.truth, counted.read, strict=True)][:12]
        strip(counted.misread[:12], pairs, "What it is and what is read", f"misread_{title}")


main()
